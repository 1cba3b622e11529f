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
from typing import Any

from sqlalchemy import Connection, Text, bindparam, text

GENESIS = "0" * 64
SHORT_HEAD = 16
"""Digits of a hash shown to people: too many to grind for."""

_CHAIN_LOCK = 4_812_907_311
"""Names the chain among PostgreSQL's advisory locks."""


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
    REST_NOT_SENT = "rest_not_sent"
    FINISHED = "finished"
    HELD = "held"
    HOLD_ENDED = "hold_ended"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of history before it has its number: what happened, who did it, to which request."""

    kind: EventKind
    who: str | None
    request: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """The chain's number and hash at one event."""

    seq: int
    hash: str

    def short(self) -> str:
        """As people see it: `1042 · 9f3c2a417be05d21`."""
        return f"{self.seq} · {self.hash[:SHORT_HEAD]}"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One line of history as stored."""

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
                "at": at.isoformat(timespec="microseconds"),
                "kind": event.kind.value,
                "who": event.who,
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


def stored_events(connection: Connection, after: int = 0, request: str | None = None) -> Iterator[StoredEvent]:
    """Events in the chain's order, read a thousand at a time so that no reader pins the database."""
    query = text(
        "SELECT seq, payload, prev_hash, hash FROM audit_event"
        " WHERE seq > :after AND (:request IS NULL OR request = :request) ORDER BY seq LIMIT 1000"
    ).bindparams(bindparam("request", type_=Text))
    while True:
        rows = connection.execute(query, {"after": after, "request": request}).all()
        for row in rows:
            yield StoredEvent(row.seq, row.payload, row.prev_hash, row.hash)
        if len(rows) < 1000:
            return
        after = rows[-1].seq


def verify(events: Iterator[StoredEvent], witness: Head | None = None) -> Head | Broken | None:
    """Check the whole chain, and that it holds a head kept elsewhere (whose hash may be a short one).

    Returns the chain's end, None for an empty one, or the first event that does not hold.
    """
    head = Head(0, GENESIS)
    witnessed = witness is None
    for event in events:
        if event.seq != head.seq + 1:
            return Broken(head.seq + 1, f"event {head.seq + 1} is missing; event {event.seq} follows")
        if event.prev_hash != head.hash:
            return Broken(event.seq, "it does not follow from the event before it")
        if event.hash != event_hash(event.seq, event.prev_hash, event.payload):
            return Broken(event.seq, "its content does not match its hash")
        head = Head(event.seq, event.hash)
        if witness is not None and witness.seq == event.seq:
            if not event.hash.startswith(witness.hash):
                return Broken(event.seq, "its hash is not the one that was kept elsewhere")
            witnessed = True
    if not witnessed and witness is not None:
        return Broken(head.seq + 1, f"the chain ends at {head.seq}, before the event {witness.seq} kept elsewhere")
    return head if head.seq else None
