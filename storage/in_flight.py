"""Claims on orders: an order is never in flight for two requests at once."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import and_, bindparam, delete, literal, select
from sqlmodel import col

from storage.db.insert_ignore import insert_into
from storage.db.transactions import Transaction
from storage.models import InFlight, OrderLine, Request
from storage.ranges import as_ranges, bounds, within


def claim(transaction: Transaction, request: Request, positions: Sequence[int]) -> dict[int, str]:
    """Claim the orders at these positions for this request.

    Returns the positions that another request has claimed, with that request's id.
    """
    ours = and_(col(OrderLine.request_seq) == request.seq, within(as_ranges(positions)))
    # Always in the same order, so that two requests with the same orders never deadlock.
    rows = select(col(OrderLine.order_id), literal(request.seq)).where(ours).order_by(col(OrderLine.order_id))
    new = insert_into(transaction.connection, InFlight).from_select(["order_id", "request_seq"], rows)
    claimed = transaction.connection.execute(new.on_conflict_do_nothing())
    if claimed.rowcount == len(positions):
        return {}
    query = (
        select(col(OrderLine.position), col(Request.public_id))
        .join(InFlight, col(InFlight.order_id) == col(OrderLine.order_id))
        .join(Request, col(Request.seq) == col(InFlight.request_seq))
        .where(ours, col(InFlight.request_seq) != request.seq)
    )
    return {row.position: row.public_id for row in transaction.connection.execute(query)}


def of_others(transaction: Transaction, request: Request, order_ids: Collection[str]) -> set[str]:
    """Which of these orders another request has claimed."""
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
    """Release this request's claims on the orders at these positions."""
    ranges = [{"seq": request.seq, "first": first, "last": last} for first, last in bounds(as_ranges(positions))]
    transaction.connection.execute(_RELEASE, ranges)
