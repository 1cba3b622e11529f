"""The audit log: an append-only hash chain of events.

An event's hash is SHA-256 over its number, the previous hash and its payload exactly as stored. A changed, removed,
inserted or moved event therefore breaks the chain from there on. A cut tail or a wholesale rewrite shows only against a
head stored elsewhere; every result message in Slack ends with one.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from storage.audit.texts import set_apart
from storage.enums import EventKind

GENESIS = "0" * 64
SHORT_HEAD = 16
"""Hexadecimal digits of a hash shown to people: too many to brute-force."""

_CHAIN_LOCK = 4_812_907_311
"""The chain's key among PostgreSQL's advisory locks."""

EVENTS_AT_A_TIME = 5000


@dataclass(frozen=True, slots=True)
class Event:
    """An audit event before it has its number: what happened, who did it, to which request."""

    kind: EventKind
    who: str | None
    request: str | None
    details: Mapping[str, Any]
    person: str | None = None
    """The person that Slack says `who` stands for; None: `who` itself."""
    at: datetime | None = None
    """The time also stored in a row; None: the time of chaining."""


@dataclass(frozen=True, slots=True)
class Head:
    """Number and hash of the chain at one event."""

    seq: int
    hash: str

    def short(self) -> str:
        """As people see it: `1042 · 9f3c2a417be05d21`."""
        return f"{self.seq} · {self.hash[:SHORT_HEAD]}"


class StoredEvent(NamedTuple):
    """An audit event as stored. A tuple, because a verification reads a million."""

    seq: int
    payload: str
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The first event at which the chain breaks, and why."""

    seq: int
    why: str


def canonical(value: Mapping[str, Any]) -> str:
    """A payload's canonical JSON: sorted keys, no blanks, no character that a database cannot store."""
    spelled = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return spelled.replace("\\u0000", "\ufffd").encode("utf-8", "replace").decode()


def digest(text: str) -> str:
    """SHA-256 in 64 hexadecimal digits, which an event holds in place of a long text."""
    return hashlib.sha256(text.encode()).hexdigest()


def event_hash(seq: int, prev_hash: str, payload: str) -> str:
    """The hash of an event: 64 hexadecimal digits over its number, the previous hash and its payload."""
    return hashlib.sha256(f"{seq}\n{prev_hash}\n{payload}".encode()).hexdigest()


def append(connection: Connection, at: datetime, events: list[Event]) -> Head | None:
    """Chain events in the transaction of the change they record, and return the new head. Takes the chain's lock, so
    call it last."""
    if not events:
        return None
    details = [set_apart(connection, event.details, event.request, event.who) for event in events]
    lock_chain(connection)
    head = last_head(connection) or Head(0, GENESIS)
    rows = []
    for event, its_details in zip(events, details, strict=True):
        payload = canonical(
            {
                "at": (event.at or at).isoformat(timespec="microseconds"),
                "kind": event.kind.value,
                "who": event.who,
                **({} if event.person is None else {"person": event.person}),
                "request": event.request,
                "details": its_details,
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
    return head


def lock_chain(connection: Connection) -> None:
    """Keep other writers from the chain until the transaction ends. On SQLite a writer is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})


def last_head(connection: Connection) -> Head | None:
    """The chain's last event, or None before the first."""
    row = connection.execute(text("SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1")).first()
    return Head(row.seq, row.hash) if row else None


_EVENTS = text("SELECT seq, payload, prev_hash, hash FROM audit_event WHERE seq > :after ORDER BY seq LIMIT :page")
_EVENTS_OF_REQUEST = text(
    "SELECT seq, payload, prev_hash, hash FROM audit_event"
    " WHERE request = :request AND seq > :after ORDER BY seq LIMIT :page"
)


def stored_events(connection: Connection, after: int = 0, request: str | None = None) -> Iterator[StoredEvent]:
    """Events in the chain's order, read some thousands at a time to bound memory."""
    while True:
        events = event_page(connection, after, request)
        yield from events
        if len(events) < EVENTS_AT_A_TIME:
            return
        after = events[-1].seq


def event_page(connection: Connection, after: int = 0, request: str | None = None) -> list[StoredEvent]:
    """The next `EVENTS_AT_A_TIME` events, of one request or of all. Fewer means the end."""
    query, parameters = (_EVENTS, {}) if request is None else (_EVENTS_OF_REQUEST, {"request": request})
    rows = connection.execute(query, {"after": after, "page": EVENTS_AT_A_TIME, **parameters})
    return list(map(StoredEvent._make, rows))


def verify(
    events: Iterator[StoredEvent], witness: Head | None = None, start: Head = Head(0, GENESIS)
) -> Head | Broken | None:
    """Check the chain after `start`, and that it contains a head stored elsewhere (whose hash may be short).

    Returns the chain's head, None for an empty chain, or the first event at which it breaks.
    """
    end, end_hash = start.seq, start.hash
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
