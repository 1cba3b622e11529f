"""Attempts: one row a batch. It is queued, then planned and committed before the call, then ended."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from storage.db.columns import UtcDateTime
from storage.db.transactions import Transaction
from storage.enums import AnswerKind, HoldKind
from storage.models import Attempt, Hold, OrderLine, Request
from storage.order_lines import OrderRow
from storage.ranges import as_ranges, bounds, contain, every, within
from storage.send_gate import FAILURES_UNTIL_DOWN

# On the table, not the class: statements on the class run through the ORM, which costs more than the row.
_ATTEMPT = SQLModel.metadata.tables[str(Attempt.__tablename__)]


def queue(
    transaction: Transaction,
    request: Request,
    lines: Sequence[OrderRow],
    due_at: datetime,
    *,
    sends: int = 0,
    parent: Attempt | None = None,
) -> None:
    """Queue these orders as one batch, due after the given time.

    Ids unlike Fincart's go into a second batch, never with others.
    """
    for unlike in (False, True):
        positions = [line.position for line in lines if line.unlike_fincart is unlike]
        if positions:
            waits = Attempt(
                request_seq=_seq(request),
                parent_id=parent.id if parent else None,
                positions=as_ranges(positions),
                order_count=len(positions),
                sends=sends,
                due_at=due_at,
            )
            transaction.session.add(waits)
    transaction.session.flush()


_QUEUED = (
    select(Attempt)
    .where(col(Attempt.request_seq) == bindparam("seq"), col(Attempt.planned_at).is_(None))
    .order_by(col(Attempt.due_at), col(Attempt.id))
    .execution_options(autoflush=False)
)


def queued(transaction: Transaction, request: Request) -> Sequence[Attempt]:
    """Queued batches, the next due first."""
    return transaction.session.scalars(_QUEUED, {"seq": request.seq}).all()


def withdraw(transaction: Transaction, request: Request, lines: Sequence[OrderRow]) -> None:
    """Remove these orders from the queued batches, to decide again what happens to them."""
    positions = {line.position for line in lines}
    for waiting in queued(transaction, request):
        carried = set(every(bounds(waiting.positions)))
        left = carried - positions
        if not left:
            transaction.session.delete(waiting)
        elif len(left) < len(carried):
            waiting.positions, waiting.order_count = as_ranges(left), len(left)
    transaction.session.flush()


def drop_queued(transaction: Transaction, request: Request) -> None:
    """Delete the queued batches: sending is over."""
    transaction.session.execute(
        delete(Attempt).where(col(Attempt.request_seq) == request.seq, col(Attempt.planned_at).is_(None))
    )


def plan_queued(transaction: Transaction, request: Request, waiting: Attempt) -> Attempt:
    """Mark a queued batch as planned: it is about to be sent."""
    waiting.planned_at = transaction.now()
    waiting.lease_token = request.lease_token
    return waiting


def plan_first(transaction: Transaction, request: Request, slices: Sequence[Sequence[int]]) -> list[Attempt]:
    """Plan the first call for the orders at these positions, one attempt for each batch."""
    if not slices:
        return []
    now = transaction.now()
    attempts = [
        Attempt(
            request_seq=_seq(request),
            positions=as_ranges(positions),
            order_count=len(positions),
            lease_token=request.lease_token,
            planned_at=now,
        )
        for positions in slices
    ]
    transaction.session.add_all(attempts)
    return attempts


def unplan(transaction: Transaction, attempt: Attempt) -> bool:
    """Requeue a planned batch that was not sent. Returns False if another owner took it over meanwhile."""
    waits = transaction.connection.execute(
        update(Attempt)
        .where(col(Attempt.id) == attempt.id, col(Attempt.ended_at).is_(None))
        .values(planned_at=None, lease_token=None, due_at=transaction.now())
    )
    return waits.rowcount > 0


def _may_go(at: ColumnElement[datetime]) -> Select[Any]:
    holds = or_(
        and_(col(Hold.kind) != HoldKind.DOWN, or_(col(Hold.until).is_(None), col(Hold.until) > at)),
        and_(col(Hold.kind) == HoldKind.DOWN, col(Hold.failures) >= FAILURES_UNTIL_DOWN),
    )
    return select(col(Request.seq)).where(
        col(Request.seq) == bindparam("seq"),
        col(Request.lease_token) == bindparam("token"),
        col(Request.stopped_at).is_(None),
        col(Request.held_at).is_(None),
        or_(col(Request.valid_until).is_(None), col(Request.valid_until) > at),
        ~exists().where(holds),
    )


_MAY_GO = _may_go(bindparam("now", type_=UtcDateTime()))
_MAY_GO_BY_ITS_CLOCK = _may_go(func.clock_timestamp())


def may_go(session: Session, request_seq: int, token: int, now: datetime) -> bool:
    """Whether a planned batch may still be sent: neither its request nor everything is stopped or held."""
    connection = session.connection()
    by_its_clock = connection.dialect.name == "postgresql"
    given = {"seq": request_seq, "token": token} | ({} if by_its_clock else {"now": now})
    return connection.execute(_MAY_GO_BY_ITS_CLOCK if by_its_clock else _MAY_GO, given).first() is not None


def under_way(transaction: Transaction, request: Request) -> Sequence[Attempt]:
    """Attempts that are planned and have not ended."""
    query = select(Attempt).where(
        col(Attempt.request_seq) == request.seq, col(Attempt.planned_at).is_not(None), col(Attempt.ended_at).is_(None)
    )
    return transaction.session.scalars(query.order_by(col(Attempt.id))).all()


def are_open(session: Session, request: Request) -> bool:
    """Whether any batch is queued or under way."""
    query = select(col(Attempt.id)).where(col(Attempt.request_seq) == request.seq, col(Attempt.ended_at).is_(None))
    return session.scalars(query.limit(1)).first() is not None


def ended(transaction: Transaction, request: Request) -> Sequence[Attempt]:
    """Every ended attempt of a request, oldest first."""
    query = select(Attempt).where(col(Attempt.request_seq) == request.seq, col(Attempt.ended_at).is_not(None))
    return transaction.session.scalars(query.order_by(col(Attempt.id))).all()


def is_first(attempt: Attempt) -> bool:
    """Whether no earlier call carried any of its orders, and no later one does before it is settled."""
    return attempt.parent_id is None and attempt.sends == 0 and not attempt.was_lost


def carriers(transaction: Transaction, request: Request, attempt: Attempt) -> Sequence[Attempt]:
    """Ended attempts that may have carried an order of this one, oldest first."""
    # A run has thousands of attempts. Where no other attempt can match, they are not read.
    return (attempt,) if is_first(attempt) else ended(transaction, request)


def order_ids(transaction: Transaction, request: Request, attempts: Sequence[Attempt]) -> list[tuple[str, ...]]:
    """Order ids that each of these attempts carries."""
    ranges = [bounds(attempt.positions) for attempt in attempts]
    query = select(col(OrderLine.position), col(OrderLine.order_id)).where(
        col(OrderLine.request_seq) == request.seq, within(as_ranges(every(*ranges)))
    )
    ids = {row[0]: row[1] for row in transaction.connection.execute(query)}
    return [tuple(ids[position] for position in every(each)) for each in ranges]


_END = (
    update(_ATTEMPT)
    .where(_ATTEMPT.c.id == bindparam("its_id"), _ATTEMPT.c.ended_at.is_(None))
    .values(
        ended_at=bindparam("now"),
        open_until=bindparam("its_open_until"),
        result=bindparam("its_result"),
        http_status=bindparam("its_status"),
        words=bindparam("its_words"),
    )
)


def end(
    transaction: Transaction,
    attempt: Attempt,
    result: AnswerKind,
    http_status: int | None,
    words: str,
    open_until: datetime | None = None,
) -> Attempt:
    """Store how a call ended. An answer to a call already counted as lost is stored and marked as late.

    `open_until`: the call's end is unknown, and it may be in flight until then.
    """
    result_columns = {"its_result": result, "its_status": http_status, "its_words": words, "its_open_until": open_until}
    now = transaction.now()
    if transaction.connection.execute(_END, {"its_id": attempt.id, "now": now, **result_columns}).rowcount:
        attempt.ended_at, attempt.result, attempt.http_status, attempt.words = now, result, http_status, words
        attempt.open_until = open_until
        return attempt
    row = transaction.session.get(Attempt, attempt.id, populate_existing=True)
    assert row is not None
    row.was_lost, row.result, row.http_status, row.words = True, result, http_status, words
    transaction.session.flush()
    return row


def refused_alone(transaction: Transaction, http_status: int, words: str) -> int:
    """Count the calls of single orders, of any request, that were refused with this status and words.

    Counts from the last call that Fincart accepted or whose token it rejected.
    """
    ended_at, result = col(Attempt.ended_at), col(Attempt.result)
    last = select(func.max(ended_at)).where(result.in_((AnswerKind.OK, AnswerKind.TOKEN))).scalar_subquery()
    query = select(func.count()).where(
        result == AnswerKind.REFUSED,
        col(Attempt.http_status) == http_status,
        col(Attempt.words) == words,
        col(Attempt.order_count) == 1,
        or_(last.is_(None), ended_at > last),
    )
    return transaction.connection.execute(query).scalar_one()


def carries(attempt: Attempt, line: OrderRow) -> bool:
    """Whether a call carries this order. Both belong to the same request."""
    return contain(bounds(attempt.positions), line.position)


def _seq(request: Request) -> int:
    assert request.seq is not None
    return request.seq
