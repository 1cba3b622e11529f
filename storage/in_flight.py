"""Claims on orders: an order is never in flight for two requests at once."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import and_, bindparam, delete, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from storage.db.transactions import Transaction
from storage.models import InFlight, OrderLine, Request
from storage.ranges import as_ranges, bounds, within


def claim(transaction: Transaction, request: Request, positions: Sequence[int]) -> dict[int, str]:
    """Take the orders at these positions in hand for this request.

    Returns the positions of those that are in another's hand, with that request's id.
    """
    is_sqlite = transaction.connection.dialect.name == "sqlite"
    new = sqlite.insert(InFlight) if is_sqlite else postgresql.insert(InFlight)
    ours = and_(col(OrderLine.request_seq) == request.seq, within(as_ranges(positions)))
    # In one order everywhere, so that two requests with the same orders never wait for each other.
    rows = select(col(OrderLine.order_id), literal(request.seq)).where(ours).order_by(col(OrderLine.order_id))
    claimed = transaction.connection.execute(
        new.from_select(["order_id", "request_seq"], rows).on_conflict_do_nothing()
    )
    if claimed.rowcount == len(positions):
        return {}
    query = (
        select(col(OrderLine.position), col(Request.public_id))
        .join(InFlight, col(InFlight.order_id) == col(OrderLine.order_id))
        .join(Request, col(Request.seq) == col(InFlight.request_seq))
        .where(ours, col(InFlight.request_seq) != request.seq)
    )
    return {row.position: row.public_id for row in transaction.connection.execute(query)}


def elsewhere(transaction: Transaction, request: Request, order_ids: Collection[str]) -> set[str]:
    """Which of these orders are in the hand of another request just now."""
    query = select(col(InFlight.order_id)).where(
        col(InFlight.order_id).in_(order_ids), col(InFlight.request_seq) != request.seq
    )
    return {row.order_id for row in transaction.connection.execute(query)}


_RELEASE = delete(InFlight).where(
    col(InFlight.request_seq) == bindparam("seq"),
    col(InFlight.order_id).in_(
        select(col(OrderLine.order_id)).where(
            col(OrderLine.request_seq) == bindparam("seq"),
            col(OrderLine.position).between(bindparam("first"), bindparam("last")),
        )
    ),
)


def release(transaction: Transaction, request: Request, positions: Iterable[int]) -> None:
    """Let the orders at these positions go out of this request's hand."""
    ranges = [{"seq": request.seq, "first": first, "last": last} for first, last in bounds(as_ranges(positions))]
    transaction.connection.execute(_RELEASE, ranges)
