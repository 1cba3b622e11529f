"""History: pages of requests by keyset, newest first, and the events of one request."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.audit.log import Head
from storage.db.columns import PayloadField
from storage.enums import EventKind, HoldKind, Outcome, RequestState
from storage.models import AuditEvent, Decision, OrderLine, Request
from storage.spelling import reason_key


@dataclass(frozen=True, slots=True)
class Search:
    """A search of the history; None sets no condition. `since` is included, `until` is not."""

    person: frozenset[str] = frozenset()
    """The ids of one person who asked for it or decided on it."""
    order_id: str | None = None
    label: str | None = None
    """An order's label, ignoring case and a `#` before it. With `order_id`: either matches."""
    status: RequestState | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    """The listed reason, or the typed one of a request without a listed one, in any spelling (`reason_key`)."""
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of requests, newest first, and whether older and newer ones exist."""

    requests: Sequence[Request]
    has_older: bool
    has_newer: bool


def page(session: Session, search: Search, count: int, *, before: int | None = None, after: int | None = None) -> Page:
    """The `count` requests next older than `before`, or next newer than `after`, or the newest of all."""
    query = select(Request).where(*conditions(session, search))
    if after is not None:
        newer = session.scalars(query.where(col(Request.seq) > after).order_by(col(Request.seq)).limit(count + 1)).all()
        rows = list(reversed(newer[:count]))
        return Page(rows, has_older=True, has_newer=len(newer) > count)
    if before is not None:
        query = query.where(col(Request.seq) < before)
    older = session.scalars(query.order_by(col(Request.seq).desc()).limit(count + 1)).all()
    return Page(older[:count], has_older=len(older) > count, has_newer=before is not None)


def asked_by(session: Session, ids: Collection[str], count: int) -> Sequence[Request]:
    """The newest `count` requests of the person with these ids, newest first."""
    newest = select(Request).order_by(col(Request.seq).desc()).limit(count)
    # One after the other: with OR, SQLite reads and sorts all requests of the person.
    each_by = [col(column) == each for column in (Request.requester, Request.requester_person) for each in ids]
    found = {request.seq: request for by in each_by for request in session.scalars(newest.where(by))}
    return [found[seq] for seq in sorted(found, key=lambda seq: seq or 0, reverse=True)[:count]]


def events(session: Session, public_id: str, skip: int, count: int) -> Sequence[AuditEvent]:
    """Events of one request, oldest first."""
    query = select(AuditEvent).where(col(AuditEvent.request) == public_id).order_by(col(AuditEvent.seq))
    return session.scalars(query.offset(skip).limit(count)).all()


def event_count(session: Session, public_id: str) -> int:
    """How many events one request has."""
    query = select(func.count()).select_from(AuditEvent).where(col(AuditEvent.request) == public_id)
    return session.scalars(query).one()


def last_at(session: Session, public_id: str, kind: EventKind) -> datetime | None:
    """When an event of this kind last happened to a request."""
    query = select(col(AuditEvent.at)).where(col(AuditEvent.request) == public_id, col(AuditEvent.kind) == kind.value)
    at = session.scalars(query.order_by(col(AuditEvent.seq).desc()).limit(1)).first()
    return datetime.fromisoformat(at) if at else None


@dataclass(frozen=True, slots=True)
class PastHold:
    """A hold on everything that has ended."""

    since: datetime
    until: datetime
    why: str


def last_slack_hold(session: Session, public_id: str) -> PastHold | None:
    """The last ended hold for a token that Slack rejected, among those that began before this request finished."""
    of_slack = (col(AuditEvent.request).is_(None), PayloadField("details.hold") == HoldKind.SLACK.value)
    finished = session.scalar(
        select(func.min(AuditEvent.seq)).where(
            col(AuditEvent.request) == public_id, col(AuditEvent.kind) == EventKind.FINISHED.value
        )
    )
    began_in_time = [col(AuditEvent.seq) < finished] if finished is not None else []
    query = select(AuditEvent).where(col(AuditEvent.kind) == EventKind.HELD.value, *of_slack, *began_in_time)
    held = session.scalars(query.order_by(col(AuditEvent.seq).desc()).limit(1)).first()
    if held is None:
        return None
    query = select(AuditEvent).where(col(AuditEvent.kind) == EventKind.HOLD_ENDED.value, *of_slack)
    ended = session.scalars(query.where(col(AuditEvent.seq) > held.seq).order_by(col(AuditEvent.seq)).limit(1)).first()
    if ended is None:
        return None
    began, over = json.loads(held.payload), json.loads(ended.payload)
    since, until = (datetime.fromisoformat(each["at"]) for each in (began, over))
    return PastHold(since, until, str(began["details"]["why"]))


def final_head(session: Session, public_id: str) -> Head | None:
    """The chain's head at the event that finished or last corrected a request; None before that."""
    query = (
        select(AuditEvent)
        .where(col(AuditEvent.request) == public_id, col(AuditEvent.kind).in_(_FINAL))
        .order_by(col(AuditEvent.seq).desc())
        .limit(1)
    )
    event = session.scalars(query).first()
    return Head(event.seq, event.hash) if event else None


_FINAL = (EventKind.FINISHED.value, EventKind.CORRECTED.value)


def same_person(session: Session, ids: Collection[str]) -> frozenset[str]:
    """These ids and all others that the record knows to be the same person's."""
    both = ((Request.requester, Request.requester_person), (Decision.person, Decision.stands_for))
    known = set(ids)
    for acted, stands_for in both:
        known |= {person for each in ids for person in _each(session, stands_for, col(acted) == each)}
    # Rows of an earlier version have only the ids that acted.
    for acted, stands_for in both:
        known |= {each for person in tuple(known) for each in _each(session, acted, col(stands_for) == person)}
    return frozenset(known)


def _each(session: Session, column: Any, *where: ColumnElement[bool]) -> Iterator[str]:
    """Each value of this column, once. Skips along an index from one to the next: they are few, and the rows many."""
    smallest = select(func.min(col(column))).where(*where)
    last = session.scalar(smallest.where(col(column).is_not(None)))
    while last is not None:
        yield last
        last = session.scalar(smallest.where(col(column) > last))


def _any_of(ids: Collection[str], *columns: Any) -> ColumnElement[bool]:
    return or_(*(col(column).in_(ids) for column in columns))


def used_reasons(session: Session) -> tuple[str, ...]:
    """Every listed reason that a request ever carried, as spelled then."""
    return tuple(_each(session, Request.reason_listed))


def conditions(session: Session, search: Search) -> Iterator[ColumnElement[bool]]:
    """Conditions that a request must meet."""
    if search.person:
        yield _by_person(search.person)
    yield from _by_orders(search)
    if search.status is not None:
        yield col(Request.state) == search.status
    if search.outcome is not None:
        # As the indexes of the few requests with some outcomes spell it, which a bound value does not match on SQLite.
        yield getattr(Request, search.outcome.value) > literal_column("0")
    if search.reason is not None:
        yield _by_reason(session, search)
    if search.text is not None:
        yield col(Request.reason).icontains(search.text, autoescape=True)
    if search.since is not None:
        yield col(Request.created_at) >= search.since
    if search.until is not None:
        yield col(Request.created_at) < search.until


def _by_reason(session: Session, search: Search) -> ColumnElement[bool]:
    key = reason_key(search.reason or "")
    listed, has_listed = col(Request.reason_listed), col(Request.reason_listed).is_not(None)
    others = select(col(Request.reason)).where(~has_listed, *conditions(session, replace(search, reason=None)))
    typed = [each for each in session.scalars(others.distinct()) if reason_key(each or "") == key]
    of_list = listed.in_([each for each in used_reasons(session) if reason_key(each) == key])
    return or_(of_list, and_(~has_listed, col(Request.reason).in_(typed)))


def _by_person(ids: frozenset[str]) -> ColumnElement[bool]:
    its = Request.requester, Request.requester_person, Request.decided_by, Request.decided_by_person
    decided = _any_of(ids, Decision.person, Decision.stands_for)
    return or_(_any_of(ids, *its), exists().where(col(Decision.request_seq) == col(Request.seq), decided))


def _by_orders(search: Search) -> Iterator[ColumnElement[bool]]:
    # Starts from the orders' indexes; a subquery for each request would scan them all for an old order.
    named = []
    if search.order_id is not None:
        named.append(select(col(OrderLine.request_seq)).where(col(OrderLine.order_id) == search.order_id))
    if search.label is not None:
        bare = search.label.lower()
        labelled = select(col(OrderLine.request_seq)).where(col(OrderLine.label).is_not(None))
        named.append(labelled.where(func.lower(col(OrderLine.label)).in_((bare, f"#{bare}"))))
    if named:
        yield or_(*(col(Request.seq).in_(holding) for holding in named))
