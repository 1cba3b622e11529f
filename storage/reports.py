"""Reports: the database sums the requests that a search finds. docs/data.md says what the figures rest on."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.db.columns import PayloadField
from storage.enums import EventKind, Outcome, RequestState
from storage.history import Search, conditions
from storage.models import AuditEvent, Decision, Request

OUTCOMES = (Outcome.CANCELLED, Outcome.REJECTED, Outcome.NOT_SENT, Outcome.UNKNOWN)


class TallyRow(NamedTuple):
    """The requests with one key and state: how many there are, their orders, and the outcomes of those."""

    key: str | None
    listed: bool
    """Whether the key is a reason from the list."""
    state: RequestState
    requests: int
    orders: int
    ended: tuple[int, ...]
    """Orders with each outcome, in the order of `OUTCOMES`."""
    holding: tuple[int, ...]
    """Requests with such an order."""


_REASON = func.coalesce(col(Request.reason_listed), col(Request.reason))


def in_all(session: Session, search: Search) -> list[TallyRow]:
    """One tally for all requests found."""
    return _tally(session, search, literal(""))


def by_requester(session: Session, search: Search) -> list[TallyRow]:
    """A tally for each requester id; a person may have several ids (`spoken_for`)."""
    return _tally(session, search, col(Request.requester))


def by_channel(session: Session, search: Search) -> list[TallyRow]:
    """A tally for each channel in which requests were made."""
    return _tally(session, search, col(Request.channel_id))


def by_reason(session: Session, search: Search) -> list[TallyRow]:
    """A tally for each reason as it was spelled: the listed one, or else the typed one."""
    return _tally(session, search, _REASON, col(Request.reason_listed).is_not(None))


def first_asked(session: Session, search: Search) -> datetime | None:
    """When the first request found was made."""
    asked = select(col(Request.created_at)).where(*conditions(session, search))
    return session.scalars(asked.order_by(col(Request.created_at)).limit(1)).first()


def approval_waits(session: Session, search: Search) -> list[timedelta]:
    """How long each request found that others approved had waited for its approval."""
    asked_or_approved = col(AuditEvent.kind).in_((EventKind.ASKED_FOR_APPROVAL.value, EventKind.APPROVED.value))
    let_run = PayloadField("details.valid_until").is_not(None)
    matching = and_(asked_or_approved, or_(col(AuditEvent.kind) != EventKind.APPROVED.value, let_run))
    query = select(col(AuditEvent.request), col(AuditEvent.kind), col(AuditEvent.at)).where(matching)
    times: dict[str, dict[str, datetime]] = {EventKind.ASKED_FOR_APPROVAL.value: {}, EventKind.APPROVED.value: {}}
    for request, kind, at in session.execute(_about(session, search, query)):
        times[kind][request] = datetime.fromisoformat(at)
    asked, approved = times.values()
    return [at - asked[request] for request, at in approved.items() if request in asked]


def corrections(session: Session, search: Search) -> int:
    """How many reported outcomes of the requests found were corrected later."""
    query = select(col(AuditEvent.payload)).where(col(AuditEvent.kind) == EventKind.CORRECTED.value)
    payloads = session.scalars(_about(session, search, query))
    return sum(len(json.loads(payload)["details"]["orders"]) for payload in payloads)


def _tally(session: Session, search: Search, key: Any, listed: ColumnElement[bool] | None = None) -> list[TallyRow]:
    is_listed = case((listed, 1), else_=0) if listed is not None else literal(0)
    counters = [getattr(Request, outcome.value) for outcome in OUTCOMES]
    sums = [func.sum(col(counter)) for counter in (Request.order_count, *counters)]
    holding = [func.sum(case((col(counter) > 0, 1), else_=0)) for counter in counters]
    query = select(key.label("key"), is_listed.label("listed"), col(Request.state), func.count(), *sums, *holding)
    found = query.where(*conditions(session, search)).group_by("key", "listed", col(Request.state))
    return [
        TallyRow(row[0], bool(row[1]), row[2], row[3], int(row[4]), tuple(map(int, row[5:9])), tuple(map(int, row[9:])))
        for row in session.execute(found)
    ]


_FIRST_FEW = 100
"""More than can be made at the same moment: of those, any may come first in the audit."""


def _about(session: Session, search: Search, events: Any) -> Any:
    """Which of these events are about a request found. None is older than the first request found, so older events are
    not read."""
    few = select(col(Request.public_id)).where(*conditions(session, search)).order_by(col(Request.created_at))
    first = select(func.min(AuditEvent.seq)).where(col(AuditEvent.request).in_(few.limit(_FIRST_FEW)))
    joined = events.join(Request, col(Request.public_id) == col(AuditEvent.request))
    return joined.where(*conditions(session, search), col(AuditEvent.seq) >= first.scalar_subquery())


def spoken_for(session: Session) -> Iterator[tuple[str, str]]:
    """Each id that acted for a person with another id, and that person."""
    for acted, stands_for in ((Request.requester, Request.requester_person), (Decision.person, Decision.stands_for)):
        # Unlike `IS NOT NULL`, this has SQLite go by the index, in which there is next to nothing outside a Grid.
        query = select(col(acted), col(stands_for)).where(col(stands_for) > "", col(stands_for) != col(acted))
        yield from {(each, person) for each, person in session.execute(query) if person is not None}
