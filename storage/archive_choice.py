"""Chooses what an archive takes: requests that have ended, of which nothing is open, in doubt or still to be shown."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.db.transactions import Database
from storage.enums import LET_RUN, OPEN_STATES
from storage.models import Attempt, AuditEvent, InFlight, OrderLine, Request
from storage.slack_models import SlackMessage

PAGE = 500


class Stays(StrEnum):
    """Why a request that was asked for before the day stays in the database."""

    NOT_OVER = "something was done about it on that day or later"
    UNKNOWN = "an order of it is unknown"
    UNDER_WAY = "a call or a log read of it is not over"
    NOT_SHOWN = "a message about it could not be delivered yet (see status)"
    SHARED = "an order of it is in a request that stays"


@dataclass(slots=True)
class Choice:
    """What an archive would take."""

    requests: list[int] = field(default_factory=list)
    """Their numbers, in order."""
    stays: Counter[Stays] = field(default_factory=Counter)
    orders: int = 0
    last: int = 0
    """The last event about any of them."""
    asked: list[datetime] = field(default_factory=list)
    """When the first and the last of them was asked for."""


def choose(database: Database, before: datetime) -> Choice:
    """Choose the requests that ended before this time. Reads page by page."""
    ended: set[int] = set()
    choice = Choice()
    for page in _pages(database, before):
        ended.update(seq for seq, why in page.items() if why is None)
        choice.stays.update(why for why in page.values() if why is not None)
    with database.read() as session:
        shared = _sharing(session, ended)
    choice.stays[Stays.SHARED] = len(shared)
    choice.requests = sorted(ended - shared)
    for seqs in parts(choice.requests):
        with database.read() as session:
            _measure(session, seqs, choice)
    return choice


def parts(seqs: Sequence[int], size: int = PAGE) -> Iterator[Sequence[int]]:
    """These numbers, some at a time."""
    return (seqs[first : first + size] for first in range(0, len(seqs), size))


def _pages(database: Database, before: datetime) -> Iterator[dict[int, Stays | None]]:
    """Requests asked for before this time, and why each of them stays; None: nothing keeps it."""
    after = 0
    columns = [condition.label(why.name) for why, condition in _CONDITIONS.items()]
    while True:
        query = select(col(Request.seq), col(Request.public_id), *columns)
        query = query.where(col(Request.seq) > after, col(Request.created_at) < before)
        with database.read() as session:
            rows = session.execute(query.order_by(col(Request.seq)).limit(PAGE)).mappings().all()
            lasts = _last_events(session, [row["public_id"] for row in rows])
        page = {}
        for row in rows:
            why = next((each for each in _CONDITIONS if row[each.name]), None)
            last_at = lasts.get(row["public_id"])
            if last_at is None or last_at >= before:
                why = Stays.NOT_OVER
            page[row["seq"]] = why
        yield page
        if len(rows) < PAGE:
            return
        after = rows[-1]["seq"]


def _last_events(session: Session, public_ids: Sequence[str]) -> dict[str, datetime]:
    query = select(col(AuditEvent.request), func.max(AuditEvent.at)).where(col(AuditEvent.request).in_(public_ids))
    return {
        str(public_id): datetime.fromisoformat(str(at))
        for public_id, at in session.execute(query.group_by(col(AuditEvent.request)))
    }


def _of_it(column: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(column == col(Request.seq), *conditions)


_UNSETTLED = and_(col(Request.state).in_(LET_RUN), col(OrderLine.outcome).is_(None))

_CONDITIONS = {
    Stays.NOT_OVER: col(Request.state).in_(OPEN_STATES),
    Stays.UNKNOWN: col(Request.unknown) > 0,
    Stays.UNDER_WAY: or_(
        _of_it(col(OrderLine.request_seq), or_(col(OrderLine.due_at).is_not(None), _UNSETTLED)),
        _of_it(col(Attempt.request_seq), col(Attempt.ended_at).is_(None)),
        _of_it(col(InFlight.request_seq)),
    ),
    Stays.NOT_SHOWN: _of_it(col(SlackMessage.request_seq), col(SlackMessage.shown) < col(SlackMessage.wanted)),
}


def _sharing(session: Session, ended: set[int]) -> set[int]:
    """Those that hold an order of a request that stays, or of another one that does so: what an order's log means
    depends on every request that may have sent it.
    """
    twice = (
        select(col(OrderLine.order_id))
        .group_by(col(OrderLine.order_id))
        .having(func.min(OrderLine.request_seq) < func.max(OrderLine.request_seq))
    )
    query = (
        select(col(OrderLine.order_id), col(OrderLine.request_seq))
        .join(Request, col(Request.seq) == col(OrderLine.request_seq))
        .where(col(OrderLine.order_id).in_(twice), col(Request.state).in_(LET_RUN))
    )
    holders: defaultdict[str, set[int]] = defaultdict(set)
    orders: defaultdict[int, set[str]] = defaultdict(set)
    for order_id, seq in session.execute(query):
        holders[order_id].add(seq)
        orders[seq].add(order_id)
    staying = [seq for seq in orders if seq not in ended]
    shared: set[int] = set()
    while staying:
        others = set[int]().union(*(holders.pop(order_id, ()) for order_id in orders[staying.pop()]))
        new = others & ended - shared
        shared |= new
        staying += new
    return shared


def _measure(session: Session, seqs: Sequence[int], choice: Choice) -> None:
    its = col(Request.seq).in_(seqs)
    orders = func.sum(col(Request.order_count))
    query = select(func.min(Request.created_at), func.max(Request.created_at), orders).where(its)
    first, last, count = session.execute(query).one()
    choice.asked = [min([first, *choice.asked[:1]]), max([last, *choice.asked[1:]])]
    choice.orders += int(count)
    public_ids = select(col(Request.public_id)).where(its)
    last_event = session.scalar(select(func.max(AuditEvent.seq)).where(col(AuditEvent.request).in_(public_ids)))
    choice.last = max(choice.last, last_event or 0)
