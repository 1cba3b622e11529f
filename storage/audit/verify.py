"""Verification: the chain of events checked from end to end, and every row that events speak of held to them.

Streaming: a group of requests at a time, each group with its events from one state of the database, so that it may
run beside a working bot.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, and_, exists, func, or_, select, type_coerce
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from storage.audit.log import EVENTS_AT_A_TIME, Broken, Head, StoredEvent, event_page, last_head, verify
from storage.audit.replay import Disagreement
from storage.audit.verify_common import common_disagreements
from storage.audit.verify_request import Row, disagreements
from storage.db.columns import EnumText, PayloadField
from storage.db.transactions import Database
from storage.models import AuditEvent, Decision, OrderLine, Request

REQUESTS_AT_A_TIME = 500
ORDERS_AT_A_TIME = 10_000

OpenSession = Callable[[], AbstractContextManager[Session]]
"""Opens a session that sees one state of the database for as long as it is open."""

Columns = Mapping[str, ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found, and the seconds that each of its halves took."""

    chain: Head | Broken | None
    """The chain's end, None for an empty one, or its first event that does not hold."""
    chain_seconds: float
    rows: Disagreement | None
    """The row that disagrees with the earliest event; None where all agree, or the chain is broken already."""
    rows_seconds: float

    def first_bad(self) -> int | None:
        """The number of the first event that does not hold or that a row disagrees with; None: all is well."""
        if isinstance(self.chain, Broken):
            return self.chain.seq
        return self.rows.seq if self.rows else None


def verify_all(database: Database, witness: Head | None = None) -> Verification:
    """Check the chain, `witness` being a head of it that was kept elsewhere, and then hold the rows to it.

    Raises `StorageUnavailable` where the database cannot be read.
    """
    started = time.perf_counter()
    chain = verify(_chain(database), witness)
    chained = time.perf_counter()
    rows = None if isinstance(chain, Broken) else first_disagreement(lambda: _one_state(database))
    return Verification(chain, chained - started, rows, time.perf_counter() - chained)


def _chain(database: Database) -> Iterator[StoredEvent]:
    """Every event, each page in a transaction of its own: a long reader keeps SQLite from tidying up."""
    after = 0
    while True:
        with database.read() as session:
            events = event_page(session.connection(), after)
        yield from events
        if len(events) < EVENTS_AT_A_TIME:
            return
        after = events[-1].seq


def first_disagreement(open_session: OpenSession) -> Disagreement | None:
    """Of all rows that are not as their events tell, the one whose event comes first; None where all are."""
    return min(_disagreements(open_session), default=None)


def _disagreements(open_session: OpenSession) -> Iterator[Disagreement]:
    after = 0
    while True:
        with open_session() as session:
            head = last_head(session.connection()) or Head(0, "")
            requests = _rows(session, _REQUEST, col(Request.seq) > after, Request.seq, limit=REQUESTS_AT_A_TIME)
            for group in _groups(requests):
                yield from _of_group(session, group, head.seq)
        if not requests:
            break
        after = requests[-1]["seq"]
    with open_session() as session:
        head = last_head(session.connection()) or Head(0, "")
        yield from common_disagreements(session, head.seq)
    with open_session() as session:
        yield from _strays(session)


@contextmanager
def _one_state(database: Database) -> Iterator[Session]:
    with database.read() as session:
        if not database.is_sqlite:
            # Otherwise each statement sees a state of its own, and a working bot would seem to contradict itself.
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def _groups(requests: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Requests in groups with not too many orders together."""
    group: list[Row] = []
    orders = 0
    for request in requests:
        if group and orders + request["order_count"] > ORDERS_AT_A_TIME:
            yield group
            group, orders = [], 0
        group.append(request)
        orders += request["order_count"]
    if group:
        yield group


def _of_group(session: Session, group: Sequence[Row], head: int) -> Iterator[Disagreement]:
    first, last = group[0]["seq"], group[-1]["seq"]
    events = _events(session, [request["public_id"] for request in group])
    within = col(OrderLine.request_seq).between(first, last)
    orders = _by_request(_rows(session, _ORDER, within, OrderLine.request_seq, OrderLine.position))
    decided = col(Decision.request_seq).between(first, last)
    decisions = _by_request(_rows(session, _DECISION, decided, Decision.request_seq))
    for request in group:
        seq, public_id = request["seq"], request["public_id"]
        its_events = events.get(public_id, [])
        yield from disagreements(request, orders.get(seq, []), decisions.get(seq, []), its_events, head)


def _events(session: Session, public_ids: Sequence[str]) -> dict[str, list[StoredEvent]]:
    found: dict[str, list[StoredEvent]] = {}
    query = (
        select(
            *map(col, (AuditEvent.request, AuditEvent.seq, AuditEvent.payload, AuditEvent.prev_hash, AuditEvent.hash))
        )
        .where(col(AuditEvent.request).in_(public_ids))
        .order_by(col(AuditEvent.seq))
    )
    for public_id, *event in session.execute(query):
        found.setdefault(str(public_id), []).append(StoredEvent._make(event))
    return found


def _by_request(rows: Sequence[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row["request_seq"], []).append(row)
    return found


def _rows(
    session: Session, columns: Columns, where: ColumnElement[bool], *order: Any, limit: int | None = None
) -> Sequence[Row]:
    query = select(*(column.label(name) for name, column in columns.items())).where(where)
    found = session.execute(query.order_by(*map(col, order)).limit(limit)).mappings()
    return [{str(name): value for name, value in row.items()} for row in found]


def _columns(table: type[SQLModel], *names: str) -> Columns:
    """Columns as stored: a word outside its set is to be reported, not refused."""
    found = {name: getattr(table, name) for name in names}
    return {
        name: type_coerce(column, String) if isinstance(column.type, EnumText) else column
        for name, column in found.items()
    }


_REQUEST = _columns(
    Request,
    *(
        "seq",
        "public_id",
        "team_id",
        "requester",
        "requester_person",
        "channel_id",
        "origin",
        "retry_of",
        "reason",
        "reason_listed",
        "order_count",
    ),
    *("state", "revision", "verdict", "approvals_needed", "created_at", "expires_at", "not_before", "valid_until"),
    *(
        "decided_at",
        "decided_by",
        "decided_by_person",
        "finished_at",
        "cancelled",
        "rejected",
        "not_sent",
        "unknown",
        "confirmed",
    ),
    *("stopped_at", "stopped_by", "stopped_by_person", "stop_why", "stop_reason"),
    *("held_at", "held_by", "held_why", "hold_reason", "emergency"),
)
_ORDER = _columns(OrderLine, "request_seq", "position", "order_id", "outcome", "proof", "words", "settled_at")
_DECISION = _columns(Decision, "request_seq", "person", "stands_for", "verdict", "comment", "rule", "at")


def _strays(session: Session) -> Iterator[Disagreement]:
    """What no walk over the requests meets: events whose columns are not their payload's, and rows of no request."""
    generated = [
        col(getattr(AuditEvent, name)).is_distinct_from(PayloadField(name)) for name in ("at", "kind", "who", "request")
    ]
    edited = session.scalar(select(func.min(AuditEvent.seq)).where(or_(*generated)))
    if edited is not None:
        yield Disagreement(edited, f"audit_event {edited}", "its columns are not those of its payload")
    of_event = exists().where(col(Request.public_id) == col(AuditEvent.request))
    lost = session.scalar(select(func.min(AuditEvent.seq)).where(and_(col(AuditEvent.request).is_not(None), ~of_event)))
    if lost is not None:
        name = session.scalar(select(col(AuditEvent.request)).where(col(AuditEvent.seq) == lost))
        yield Disagreement(lost, f"request {name}", "it is missing")
    head = (last_head(session.connection()) or Head(0, "")).seq
    for table in (OrderLine, Decision):
        request_seq = col(table.request_seq)
        stray = session.scalar(select(request_seq).where(~exists().where(col(Request.seq) == request_seq)).limit(1))
        if stray is not None:
            yield Disagreement(head, f"{table.__tablename__} of request number {stray}", "there is no such request")
