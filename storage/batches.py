"""Batches: queued, planned and committed before a call, ended after it; and the one hand that an order is in."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from storage.database import Transaction
from storage.states import AnswerKind, RequestState
from storage.tables import Attempt, InFlight, OrderLine, Request


@dataclass(frozen=True, slots=True)
class Leased:
    """A request that this owner may send for, until the lease runs out."""

    request: Request
    orphans: Sequence[Attempt]
    """Attempts of an earlier owner, whose answers never came."""


def lease(transaction: Transaction, owner: str, seconds: float) -> Leased | None:
    """The next request that is due and has no other living owner; None when there is none.

    The token that tells a later owner from an earlier one is taken under the row's lock. A request that this owner
    has already keeps its token: its threads send batches of it side by side.
    """
    now = transaction.now()
    alive = and_(col(Request.lease_until).is_not(None), col(Request.lease_until) > now)
    query = (
        select(Request)
        .where(
            col(Request.state).in_((RequestState.APPROVED, RequestState.EXECUTING)),
            or_(
                and_(col(Request.due_at) <= now, or_(~alive, col(Request.lease_owner) == owner)),
                col(Request.lease_until) <= now,
            ),
        )
        .order_by(col(Request.due_at))
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    request = transaction.session.scalars(query).first()
    if request is None:
        return None
    if request.lease_until is not None and request.lease_until > now and request.lease_owner == owner:
        return Leased(request, ())
    request.lease_owner = owner
    request.lease_token += 1
    request.lease_until = now + timedelta(seconds=seconds)
    return Leased(request, under_way(transaction, request))


def renew(transaction: Transaction, owner: str, seconds: float) -> set[int]:
    """Keep this owner's leases for so many seconds more; returns whose. One that has run out stays lost."""
    now = transaction.now()
    query = update(Request).where(col(Request.lease_owner) == owner, col(Request.lease_until) > now)
    renewed = query.values(lease_until=now + timedelta(seconds=seconds)).returning(col(Request.seq))
    return {seq for seq in transaction.session.scalars(renewed) if seq is not None}


def give_up_leases(transaction: Transaction, owner: str) -> None:
    """Leave this owner's requests to whoever comes next, at once."""
    now = transaction.now()
    transaction.session.execute(
        update(Request)
        .where(col(Request.lease_owner) == owner, col(Request.lease_until) > now)
        .values(lease_until=now)
        .execution_options(synchronize_session=False)
    )


def is_ours(transaction: Transaction, request: Request, token: int) -> bool:
    """Whether the lease with this token still holds; the request's row is locked."""
    alive = request.lease_until is not None and request.lease_until > transaction.now()
    return alive and request.lease_token == token


def let_go(request: Request, due_at: datetime | None) -> None:
    """Give the lease up; the request is due for anybody then."""
    request.lease_until = None
    request.due_at = due_at


def claim(transaction: Transaction, request: Request, order_ids: Collection[str]) -> dict[str, str]:
    """Take these orders in hand for this request; returns those in another's hand, with that request's id."""
    is_sqlite = transaction.session.get_bind().dialect.name == "sqlite"
    new = sqlite.insert(InFlight) if is_sqlite else postgresql.insert(InFlight)
    # In one order everywhere, so that two requests with the same orders never wait for each other.
    rows = [{"order_id": order_id, "request_seq": request.seq} for order_id in sorted(order_ids)]
    transaction.session.connection().execute(new.on_conflict_do_nothing(), rows)
    query = (
        select(col(InFlight.order_id), col(Request.public_id))
        .join(Request, col(Request.seq) == col(InFlight.request_seq))
        .where(col(InFlight.order_id).in_(order_ids), col(InFlight.request_seq) != request.seq)
    )
    return {row.order_id: row.public_id for row in transaction.session.execute(query)}


def release(transaction: Transaction, request: Request, order_ids: Collection[str]) -> None:
    """Let orders go out of this request's hand."""
    transaction.session.execute(
        delete(InFlight).where(col(InFlight.order_id).in_(order_ids), col(InFlight.request_seq) == request.seq)
    )


def queue(
    transaction: Transaction,
    request: Request,
    lines: Sequence[OrderLine],
    due_at: datetime,
    *,
    sends: int = 0,
    parent: Attempt | None = None,
) -> None:
    """Have these orders sent (again) as one batch, at that time at the earliest."""
    transaction.session.add(
        Attempt(
            request_seq=_seq(request),
            parent_id=parent.id if parent else None,
            positions=as_ranges(line.position for line in lines),
            order_count=len(lines),
            sends=sends,
            due_at=due_at,
        )
    )
    transaction.session.flush()


def queued(transaction: Transaction, request: Request) -> Sequence[Attempt]:
    """Batches that wait to be sent, the next due first."""
    query = select(Attempt).where(col(Attempt.request_seq) == request.seq, col(Attempt.planned_at).is_(None))
    return transaction.session.scalars(query.order_by(col(Attempt.due_at), col(Attempt.id))).all()


def drop_queued(transaction: Transaction, request: Request) -> None:
    """Forget the batches that wait: sending is over."""
    transaction.session.execute(
        delete(Attempt).where(col(Attempt.request_seq) == request.seq, col(Attempt.planned_at).is_(None))
    )


def plan_queued(transaction: Transaction, request: Request, waiting: Attempt) -> Attempt:
    """Write ahead that a batch that waited is about to be sent."""
    waiting.planned_at = transaction.now()
    waiting.lease_token = request.lease_token
    return waiting


def plan_first(
    transaction: Transaction, request: Request, lines: Sequence[OrderLine], first_sent_at: datetime | None
) -> Attempt:
    """Write ahead that these orders are about to be sent for the first time, at this moment in Fincart's time."""
    positions = as_ranges(line.position for line in lines)
    attempt = Attempt(
        request_seq=_seq(request),
        positions=positions,
        order_count=len(lines),
        lease_token=request.lease_token,
        planned_at=transaction.now(),
    )
    transaction.session.add(attempt)
    if first_sent_at is not None:
        transaction.session.execute(
            update(OrderLine)
            .where(col(OrderLine.request_seq) == request.seq, within(positions))
            .values(first_sent_at=first_sent_at)
            .execution_options(synchronize_session=False)
        )
    transaction.session.flush()
    return attempt


def unplan(transaction: Transaction, attempt: Attempt) -> None:
    """Nothing of this batch was handed over after all: let it wait again."""
    transaction.session.execute(
        update(Attempt)
        .where(col(Attempt.id) == attempt.id, col(Attempt.ended_at).is_(None))
        .values(planned_at=None, lease_token=None, due_at=transaction.now())
        .execution_options(synchronize_session=False)
    )


def under_way(transaction: Transaction, request: Request) -> Sequence[Attempt]:
    """Attempts that were planned and have not ended."""
    query = select(Attempt).where(
        col(Attempt.request_seq) == request.seq, col(Attempt.planned_at).is_not(None), col(Attempt.ended_at).is_(None)
    )
    return transaction.session.scalars(query.order_by(col(Attempt.id))).all()


def ended(transaction: Transaction, request: Request) -> Sequence[Attempt]:
    """Every attempt of a request that has ended, oldest first."""
    query = select(Attempt).where(col(Attempt.request_seq) == request.seq, col(Attempt.ended_at).is_not(None))
    return transaction.session.scalars(query.order_by(col(Attempt.id))).all()


def lines_of(transaction: Transaction, attempt: Attempt) -> Sequence[OrderLine]:
    """The orders that an attempt carries."""
    query = select(OrderLine).where(col(OrderLine.request_seq) == attempt.request_seq, within(attempt.positions))
    return transaction.session.scalars(query.order_by(col(OrderLine.position))).all()


def end(transaction: Transaction, attempt: Attempt, result: AnswerKind, http_status: int | None, words: str) -> Attempt:
    """Write down how a call ended. An answer to a call that was counted as lost is kept, with that said."""
    row = transaction.session.get(Attempt, attempt.id, populate_existing=True)
    assert row is not None
    if row.ended_at is not None:
        row.was_lost = True
    else:
        row.ended_at = transaction.now()
    row.result, row.http_status, row.words = result, http_status, words
    transaction.session.flush()
    return row


def as_ranges(positions: Iterable[int]) -> str:
    """Positions in the form that an attempt's row keeps them: `0-99` or `4,7-9`."""
    ranges: list[list[int]] = []
    for position in sorted(positions):
        if ranges and position == ranges[-1][1] + 1:
            ranges[-1][1] = position
        else:
            ranges.append([position, position])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def bounds(ranges: str) -> list[tuple[int, int]]:
    """The first and last position of each range that `as_ranges` wrote."""
    parts = [part.partition("-") for part in ranges.split(",")]
    return [(int(first), int(last or first)) for first, _, last in parts]


def within(ranges: str) -> ColumnElement[bool]:
    """The condition that an order's position lies in these ranges."""
    return or_(*(col(OrderLine.position).between(first, last) for first, last in bounds(ranges)))


def _seq(request: Request) -> int:
    assert request.seq is not None
    return request.seq
