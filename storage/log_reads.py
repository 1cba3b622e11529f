"""Which orders' logs are due to be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage import log_rest, order_lines
from storage.db.columns import UtcDateTime
from storage.db.transactions import Ago, Transaction
from storage.enums import ABSENT, Outcome
from storage.models import OrderLine, Request
from storage.order_lines import OrderRow
from storage.place import IS_RESTORED
from storage.ranges import as_ranges, within

READ_WITHIN = timedelta(seconds=8)
"""How long a claim on log reads lasts when its owner dies."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Orders of one request whose logs are due."""

    lines: Sequence[OrderLine]
    may_be_read: bool = True
    """False: log reads are paused, and these orders have waited as long as they may."""
    probed_until: datetime | None = None
    """When this read is a probe: until when all other reads wait for it."""


def any_due(ago: Ago, waits: float) -> ColumnElement[bool]:
    """The condition that any log read is due."""
    is_due = exists().where(~IS_RESTORED, col(OrderLine.due_at) <= ago(0))
    return and_(is_due, or_(~log_rest.rests(ago), is_due.where(*_has_waited(ago(waits)))))


def take(transaction: Transaction, most: int, waits: float) -> Taken:
    """Claim up to `most` orders of one request whose logs are due; they are not due again for `READ_WITHIN`.

    Orders that Fincart's answer counts as cancelled come last: nobody waits for their logs, and there may be thousands.
    While log reads are paused, takes only orders in doubt that have waited for so many seconds. After the pause one
    read probes.
    """
    now = transaction.now()
    rest = log_rest.state(transaction.session, now)
    if rest.rests:
        return _those_that_waited(transaction, now, most, waits)
    taken = _probe(transaction, now) if rest.probes else _most_awaited(transaction, now, most)
    if taken:
        rest = log_rest.probe(transaction, now, READ_WITHIN.total_seconds())
    if rest.rests:
        return Taken(())  # Another process probes.
    for line in taken:
        line.due_at = now + READ_WITHIN
    return Taken(taken, probed_until=rest.probed_until)


def _most_awaited(transaction: Transaction, now: datetime, most: int) -> Sequence[OrderLine]:
    outcome = col(OrderLine.outcome)
    waited_for = _take(transaction, now, most, or_(outcome.is_(None), outcome != Outcome.CANCELLED))
    return waited_for or _take(transaction, now, most, outcome == Outcome.CANCELLED)


def _probe(transaction: Transaction, now: datetime) -> Sequence[OrderLine]:
    """One order to probe with. Prefers one whose log has not failed yet: a log that Fincart never answers must not
    block the others.
    """
    return _take(transaction, now, 1, col(OrderLine.waits_since).is_(None)) or _most_awaited(transaction, now, 1)


def _those_that_waited(transaction: Transaction, now: datetime, most: int, waits: float) -> Taken:
    taken = _take(transaction, now, most, *_has_waited(now - timedelta(seconds=waits)))
    for line in taken:
        line.waits_since = line.waits_since or line.due_at
        line.due_at = now + READ_WITHIN
    return Taken(taken, may_be_read=False)


def _has_waited(long_ago: datetime | ColumnElement[datetime]) -> tuple[ColumnElement[bool], ...]:
    since = func.coalesce(col(OrderLine.waits_since), col(OrderLine.due_at), type_=UtcDateTime())
    return col(OrderLine.outcome).is_(None), since <= long_ago


def _take(transaction: Transaction, now: datetime, most: int, *those: ColumnElement[bool]) -> Sequence[OrderLine]:
    due = col(OrderLine.due_at)
    query = select(OrderLine).where(~IS_RESTORED, due <= now, *those).order_by(due)
    first = transaction.session.scalars(query.limit(1).with_for_update(skip_locked=True)).first()
    if first is None:
        return ()
    query = query.where(col(OrderLine.request_seq) == first.request_seq)
    return transaction.session.scalars(query.limit(most).with_for_update(skip_locked=True)).all()


def read_before(session: Session, request_seq: int, positions: str) -> list[str]:
    """One of these orders whose log was read, and the last such order of any other request."""
    was_previewed = and_(col(OrderLine.seen_status).is_not(None), col(OrderLine.seen_status) != ABSENT)
    query = select(col(OrderLine.order_id)).where(
        or_(was_previewed, col(OrderLine.log).contains('"log_was_read": true'))
    )
    here = query.where(col(OrderLine.request_seq) == request_seq, within(positions))
    # Backwards along the primary key: no index has the time of a log read, and any readable log will do.
    last = query.order_by(col(OrderLine.request_seq).desc(), col(OrderLine.position).desc())
    ids = [session.scalars(each.limit(1)).first() for each in (here, last)]
    return list(dict.fromkeys(order_id for order_id in ids if order_id is not None))


def reload(transaction: Transaction, request: Request, taken: Sequence[OrderLine]) -> list[OrderRow]:
    """Reload the same orders in the same sequence."""
    positions = [line.position for line in taken]
    found = {line.position: line for line in order_lines.at(transaction, request, as_ranges(positions))}
    return [found[position] for position in positions]


def check_again(transaction: Transaction, request: Request) -> int:
    """Make the logs of every unknown order due now. Returns how many."""
    query = select(OrderLine).where(
        col(OrderLine.request_seq) == request.seq, col(OrderLine.outcome) == Outcome.UNKNOWN
    )
    unknown = transaction.session.scalars(query).all()
    now = transaction.now()
    for line in unknown:
        line.due_at = now
    transaction.wake("logs")
    return len(unknown)
