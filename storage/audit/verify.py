"""Verification: checks the whole chain of events, and every row that events describe against them.

It streams groups of requests. Each group and its events come from one snapshot, so it may run beside a working bot.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, and_, exists, func, or_, select, type_coerce
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from storage.archive_models import ArchivedRequest
from storage.audit.archive_file import Archive
from storage.audit.log import Broken, Head, StoredEvent, last_head
from storage.audit.replay import Disagreement
from storage.audit.texts import EventText, of_requests
from storage.audit.verify_chain import verify_chain
from storage.audit.verify_common import common_disagreements
from storage.audit.verify_request import Row, disagreements
from storage.db.columns import EnumText, PayloadField
from storage.db.transactions import Database
from storage.models import AuditEvent, Decision, OrderLine, Request

REQUESTS_AT_A_TIME = 500
ORDERS_AT_A_TIME = 10_000

OpenSession = Callable[[], AbstractContextManager[Session]]
"""Opens a session that reads from one snapshot."""

Columns = Mapping[str, ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found, and the seconds that each half took."""

    chain: Head | Broken | None
    """The chain's head, None for an empty chain, or the event at which it breaks."""
    chain_seconds: float
    rows: Disagreement | None
    """The row that disagrees with the earliest event; None where all agree or the chain is broken."""
    rows_seconds: float


def verify_all(
    database: Database, witness: Head | None = None, archives: Sequence[Archive] | None = None
) -> Verification:
    """Check the chain, including a `witness` head stored elsewhere, then check the rows against it.

    Without `archives` the chain begins after the last archived event; with the files of all of them, at its first.
    Raises `StorageUnavailable` when the database cannot be read.
    """
    started = time.perf_counter()
    chain = verify_chain(database, witness, archives)
    chained = time.perf_counter()
    rows = None if isinstance(chain, Broken) else first_disagreement(lambda: _one_state(database))
    return Verification(chain, chained - started, rows, time.perf_counter() - chained)


def first_disagreement(open_session: OpenSession) -> Disagreement | None:
    """The disagreement with the earliest event; None where all rows agree."""
    return min(_disagreements(open_session), default=None)


def _disagreements(open_session: OpenSession) -> Iterator[Disagreement]:
    yield from request_disagreements(open_session)
    with open_session() as session:
        head = last_head(session.connection()) or Head(0, "")
        yield from common_disagreements(session, head.seq)
    with open_session() as session:
        yield from _strays(session)


def request_disagreements(open_session: OpenSession) -> Iterator[Disagreement]:
    """Every disagreement of a request's rows with its events."""
    after = 0
    while True:
        with open_session() as session:
            head = last_head(session.connection()) or Head(0, "")
            requests = _rows(session, _REQUEST, col(Request.seq) > after, Request.seq, limit=REQUESTS_AT_A_TIME)
            for group in _groups(requests):
                yield from _of_group(session, group, head.seq)
        if not requests:
            return
        after = requests[-1]["seq"]


@contextmanager
def _one_state(database: Database) -> Iterator[Session]:
    with database.read() as session:
        if not database.is_sqlite:
            # Otherwise each statement would see its own snapshot, and a working bot would seem to contradict itself.
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def _groups(requests: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Group requests so that each group has a bounded number of orders."""
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
    public_ids = [request["public_id"] for request in group]
    events, texts = _events(session, first, last), of_requests(session, public_ids)
    within = col(OrderLine.request_seq).between(first, last)
    orders = _by_request(_rows(session, _ORDER, within, OrderLine.request_seq, OrderLine.position))
    decided = col(Decision.request_seq).between(first, last)
    decisions = _by_request(_rows(session, _DECISION, decided, Decision.request_seq))
    for request in group:
        seq, public_id = request["seq"], request["public_id"]
        its_events, its_texts = events.get(seq, []), texts.get(public_id, {})
        its_orders, its_decisions = orders.get(seq, []), decisions.get(seq, [])
        yield from disagreements(request, its_orders, its_decisions, its_events, its_texts, head)


def _events(session: Session, first: int, last: int) -> dict[int, list[StoredEvent]]:
    """The events of these requests, by the request's number."""
    found: dict[Any, list[StoredEvent]] = {}
    columns = (Request.seq, AuditEvent.seq, AuditEvent.payload, AuditEvent.prev_hash, AuditEvent.hash)
    query = select(*map(col, columns)).join(Request, col(Request.public_id) == col(AuditEvent.request))
    query = query.where(col(Request.seq).between(first, last)).order_by(col(AuditEvent.seq))
    for request_seq, *event in session.connection().execute(query).all():
        found.setdefault(request_seq, []).append(StoredEvent._make(event))
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
    found = session.connection().execute(query.order_by(*map(col, order)).limit(limit)).all()
    return [dict(zip(columns, row, strict=True)) for row in found]


def _columns(table: type[SQLModel], *names: str) -> Columns:
    """Columns without their enum types: an unknown word must be reported, not refused."""
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
    """Events whose columns differ from their payload, and rows of no request: no walk over requests finds these."""
    generated = [
        col(getattr(AuditEvent, name)).is_distinct_from(PayloadField(name)) for name in ("at", "kind", "who", "request")
    ]
    edited = session.scalar(select(func.min(AuditEvent.seq)).where(or_(*generated)))
    if edited is not None:
        yield Disagreement(edited, f"audit_event {edited}", "its columns are not those of its payload")
    of_event = exists().where(col(Request.public_id) == col(AuditEvent.request))
    archived = exists().where(col(ArchivedRequest.public_id) == col(AuditEvent.request))
    of_request = and_(col(AuditEvent.request).is_not(None), ~of_event, ~archived)
    lost = session.scalar(select(func.min(AuditEvent.seq)).where(of_request))
    if lost is not None:
        name = session.scalar(select(col(AuditEvent.request)).where(col(AuditEvent.seq) == lost))
        yield Disagreement(lost, f"request {name}", "it is missing")
    head = (last_head(session.connection()) or Head(0, "")).seq
    of_none = ~exists().where(col(Request.public_id) == col(EventText.request))
    stray_text = session.scalar(select(func.min(EventText.request)).where(of_none))
    if stray_text is not None:
        yield Disagreement(head, f"event_text of request {stray_text}", "there is no such request")
    for table in (OrderLine, Decision):
        request_seq = col(table.request_seq)
        stray = session.scalar(select(request_seq).where(~exists().where(col(Request.seq) == request_seq)).limit(1))
        if stray is not None:
            yield Disagreement(head, f"{table.__tablename__} of request number {stray}", "there is no such request")
