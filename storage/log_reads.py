"""Which orders' logs are due to be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage import log_rest
from storage import order_lines as lines
from storage.db.columns import UtcDateTime
from storage.db.transactions import Transaction
from storage.enums import Outcome
from storage.models import OrderLine, Request
from storage.order_lines import OrderRow
from storage.ranges import as_ranges, within

READ_WITHIN = timedelta(seconds=8)
"""Whoever takes orders to read their logs and dies loses them to another after this long."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Orders of one request whose logs are due."""

    lines: Sequence[OrderLine]
    may_be_read: bool = True
    """False: log reads rest, and these have waited as long as they may."""
    probed_until: datetime | None = None
    """Until when all others wait for what this read meets, where a rest was over."""


def are_due(session: Session, now: datetime, waits: float) -> bool:
    """Whether there is any to `take`. A read: it never takes the write lock."""
    query = select(col(OrderLine.position)).where(col(OrderLine.due_at) <= now)
    if log_rest.state(session, now).rests:
        query = query.where(*_has_waited(now, waits))
    return session.connection().execute(query.limit(1)).first() is not None


def take(transaction: Transaction, most: int, waits: float) -> Taken:
    """At most so many orders, of one request, whose logs are due; they are not due again for `READ_WITHIN`.

    Those that count as cancelled by Fincart's word come last: nobody waits for their logs, and there may be thousands.
    While log reads rest, only those in doubt that have waited for so many seconds; once that is over one probes.
    """
    now = transaction.now()
    rest = log_rest.state(transaction.session, now)
    if rest.rests:
        return _those_that_waited(transaction, now, most, waits)
    taken = _probe(transaction, now) if rest.probes else _most_awaited(transaction, now, most)
    if taken:
        rest = log_rest.probe(transaction, now, READ_WITHIN.total_seconds())
    if rest.rests:
        return Taken(())  # Another process probes just now.
    for line in taken:
        line.due_at = now + READ_WITHIN
    return Taken(taken, probed_until=rest.probed_until)


def _most_awaited(transaction: Transaction, now: datetime, most: int) -> Sequence[OrderLine]:
    outcome = col(OrderLine.outcome)
    waited_for = _take(transaction, now, most, or_(outcome.is_(None), outcome != Outcome.CANCELLED))
    return waited_for or _take(transaction, now, most, outcome == Outcome.CANCELLED)


def _probe(transaction: Transaction, now: datetime) -> Sequence[OrderLine]:
    """One order to probe with, preferring one whose log has not failed yet: a single log that Fincart never answers
    must not block all the others."""
    return _take(transaction, now, 1, col(OrderLine.waits_since).is_(None)) or _most_awaited(transaction, now, 1)


def _those_that_waited(transaction: Transaction, now: datetime, most: int, waits: float) -> Taken:
    taken = _take(transaction, now, most, *_has_waited(now, waits))
    for line in taken:
        line.waits_since = line.waits_since or line.due_at
        line.due_at = now + READ_WITHIN
    return Taken(taken, may_be_read=False)


def _has_waited(now: datetime, waits: float) -> tuple[ColumnElement[bool], ...]:
    since = func.coalesce(col(OrderLine.waits_since), col(OrderLine.due_at), type_=UtcDateTime())
    return col(OrderLine.outcome).is_(None), since <= now - timedelta(seconds=waits)


def _take(transaction: Transaction, now: datetime, most: int, *those: ColumnElement[bool]) -> Sequence[OrderLine]:
    due = col(OrderLine.due_at)
    query = select(OrderLine).where(due <= now, *those).order_by(due)
    first = transaction.session.scalars(query.limit(1).with_for_update(skip_locked=True)).first()
    if first is None:
        return ()
    query = query.where(col(OrderLine.request_seq) == first.request_seq)
    return transaction.session.scalars(query.limit(most).with_for_update(skip_locked=True)).all()


def read_before(session: Session, request_seq: int, positions: str) -> list[str]:
    """One of these orders whose log could be read once, and the last such order of any other request, if any."""
    seen = and_(col(OrderLine.seen_status).is_not(None), col(OrderLine.seen_status) != lines.ABSENT)
    query = select(col(OrderLine.order_id)).where(or_(seen, col(OrderLine.log).contains('"log_was_read": true')))
    here = query.where(col(OrderLine.request_seq) == request_seq, within(positions))
    # By the primary key, backwards: no index tells when logs were read, and any that can still be read says the same.
    last = query.order_by(col(OrderLine.request_seq).desc(), col(OrderLine.position).desc())
    found = [session.scalars(each.limit(1)).first() for each in (here, last)]
    return list(dict.fromkeys(order_id for order_id in found if order_id is not None))


def reload(transaction: Transaction, request: Request, taken: Sequence[OrderLine]) -> list[OrderRow]:
    """The same orders as they stand now, in the same sequence."""
    positions = [line.position for line in taken]
    found = {line.position: line for line in lines.at(transaction, request, as_ranges(positions))}
    return [found[position] for position in positions]


def check_again(transaction: Transaction, request: Request) -> int:
    """Have the logs of every unknown order read now; returns how many there are."""
    query = select(OrderLine).where(
        col(OrderLine.request_seq) == request.seq, col(OrderLine.outcome) == Outcome.UNKNOWN
    )
    unknown = transaction.session.scalars(query).all()
    now = transaction.now()
    for line in unknown:
        line.due_at = now
    transaction.wake("logs")
    return len(unknown)
