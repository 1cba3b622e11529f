"""The audit log: a chain of events that only grows.

An event's hash is SHA-256 over its number, the hash before it and its payload exactly as stored, so that a
changed, removed, inserted or moved event breaks the chain from there on. A cut tail or a wholesale rewrite shows
only against a head that somebody kept elsewhere: every result message in Slack ends with one.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

GENESIS = "0" * 64
SHORT_HEAD = 16
"""Digits of a hash shown to people: too many to grind for."""

_CHAIN_LOCK = 4_812_907_311
"""Names the chain among PostgreSQL's advisory locks."""

EVENTS_AT_A_TIME = 5000


class EventKind(StrEnum):
    """The closed vocabulary of history. docs/audit.md says what each tells; a test holds both together."""

    REQUEST_MADE = "request_made"
    REQUEST_REFUSED = "request_refused"
    PREVIEW_SHOWN = "preview_shown"
    WENT_AHEAD = "went_ahead"
    CLICK_REFUSED = "click_refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    RUN_STARTED = "run_started"
    BATCH_SETTLED = "batch_settled"
    LOGS_READ = "logs_read"
    REST_NOT_SENT = "rest_not_sent"
    STOPPED = "stopped"
    CORRECTED = "corrected"
    CHECK_ASKED = "check_asked"
    LEFT_OUT = "left_out"
    INCLUDED = "included"
    FINISHED = "finished"
    HELD = "held"
    HOLD_ENDED = "hold_ended"
    ASKED_FOR_APPROVAL = "asked_for_approval"
    APPROVED = "approved"
    DECLINED = "declined"
    EMERGENCY = "emergency"
    REMINDED = "reminded"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of history before it has its number: what happened, who did it, to which request."""

    kind: EventKind
    who: str | None
    request: str | None
    details: Mapping[str, Any]
    person: str | None = None
    """The person whom `who` stands for, where Slack said so; None: the id itself."""
    at: datetime | None = None
    """When: the very time that a row was given with it; None: when it is chained."""


@dataclass(frozen=True, slots=True)
class Head:
    """The chain's number and hash at one event."""

    seq: int
    hash: str

    def short(self) -> str:
        """As people see it: `1042 · 9f3c2a417be05d21`."""
        return f"{self.seq} · {self.hash[:SHORT_HEAD]}"


class StoredEvent(NamedTuple):
    """One line of history as stored. A tuple, for the sake of those who read a million."""

    seq: int
    payload: str
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The first event at which the chain does not hold, and why."""

    seq: int
    why: str


def canonical(value: Mapping[str, Any]) -> str:
    """The one spelling of a payload: sorted keys, no blanks, no character that a database cannot keep."""
    spelled = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return spelled.replace("\\u0000", "\ufffd").encode("utf-8", "replace").decode()


def digest(text: str) -> str:
    """What an event says of a text too long to repeat: SHA-256 of it, in 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def event_hash(seq: int, prev_hash: str, payload: str) -> str:
    """The hash of an event: 64 hexadecimal digits over its number, the hash before it and its payload."""
    return hashlib.sha256(f"{seq}\n{prev_hash}\n{payload}".encode()).hexdigest()


def append(connection: Connection, at: datetime, events: list[Event]) -> None:
    """Chain events inside the transaction of the change they tell of. Takes the chain's lock: call it last."""
    if not events:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})
    head = last_head(connection) or Head(0, GENESIS)
    rows = []
    for event in events:
        payload = canonical(
            {
                "at": (event.at or at).isoformat(timespec="microseconds"),
                "kind": event.kind.value,
                "who": event.who,
                **({} if event.person is None else {"person": event.person}),
                "request": event.request,
                "details": event.details,
            }
        )
        seq = head.seq + 1
        following = Head(seq, event_hash(seq, head.hash, payload))
        rows.append({"seq": seq, "payload": payload, "prev_hash": head.hash, "hash": following.hash})
        head = following
    connection.execute(
        text("INSERT INTO audit_event (seq, payload, prev_hash, hash) VALUES (:seq, :payload, :prev_hash, :hash)"),
        rows,
    )


def last_head(connection: Connection) -> Head | None:
    """The chain's end, or None before the first event."""
    row = connection.execute(text("SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1")).first()
    return Head(row.seq, row.hash) if row else None


_EVENTS = text("SELECT seq, payload, prev_hash, hash FROM audit_event WHERE seq > :after ORDER BY seq LIMIT :page")
_EVENTS_OF_REQUEST = text(
    "SELECT seq, payload, prev_hash, hash FROM audit_event"
    " WHERE request = :request AND seq > :after ORDER BY seq LIMIT :page"
)


def stored_events(connection: Connection, after: int = 0, request: str | None = None) -> Iterator[StoredEvent]:
    """Events in the chain's order, read some thousands at a time so that memory stays flat."""
    while True:
        events = event_page(connection, after, request)
        yield from events
        if len(events) < EVENTS_AT_A_TIME:
            return
        after = events[-1].seq


def event_page(connection: Connection, after: int = 0, request: str | None = None) -> list[StoredEvent]:
    """The next `EVENTS_AT_A_TIME` events, of one request or of all; fewer only at the end."""
    query, wanted = (_EVENTS, {}) if request is None else (_EVENTS_OF_REQUEST, {"request": request})
    rows = connection.execute(query, {"after": after, "page": EVENTS_AT_A_TIME, **wanted})
    return list(map(StoredEvent._make, rows))


def verify(events: Iterator[StoredEvent], witness: Head | None = None) -> Head | Broken | None:
    """Check the whole chain, and that it holds a head kept elsewhere (whose hash may be a short one).

    Returns the chain's end, None for an empty one, or the first event that does not hold.
    """
    end, end_hash = 0, GENESIS
    witnessed = witness is None
    for seq, payload, prev_hash, its_hash in events:
        if seq != end + 1:
            return Broken(end + 1, f"event {end + 1} is missing; event {seq} follows")
        if prev_hash != end_hash:
            return Broken(seq, "it does not follow from the event before it")
        if its_hash != event_hash(seq, prev_hash, payload):
            return Broken(seq, "its content does not match its hash")
        end, end_hash = seq, its_hash
        if witness is not None and witness.seq == seq:
            if not its_hash.startswith(witness.hash):
                return Broken(seq, "its hash is not the one that was kept elsewhere")
            witnessed = True
    if not witnessed and witness is not None:
        return Broken(end + 1, f"the chain ends at {end}, before the event {witness.seq} kept elsewhere")
    return Head(end, end_hash) if end else None
