"""What people typed, kept apart from the chain, which holds its salted hash: so it can be erased."""

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, String, Text, insert, or_, select
from sqlalchemy.orm import Session
from sqlmodel import Field, SQLModel, col

from storage.enums import EventKind
from storage.models import AuditEvent

Details = Mapping[str, Any]

HASH = "text_hash"
"""In an event's details, `{"text_hash": "…"}` stands in place of a text."""

TYPED: Mapping[str, tuple[str, ...]] = {
    EventKind.REQUEST_MADE.value: ("reason", "set_aside"),
    EventKind.EMERGENCY.value: ("reason",),
    EventKind.APPROVED.value: ("comment",),
    EventKind.DECLINED.value: ("comment",),
}
"""Details of a request's events that people typed: versions before migration 0021 wrote them in the clear."""


class TypedText(str):
    """A detail of an event that somebody typed: the chain gets its hash."""

    __slots__ = ()


class EventText(SQLModel, table=True):
    """A text of an audit event, until it is erased."""

    __tablename__ = "event_text"

    hash: str = Field(sa_column=Column(String(64), primary_key=True))
    """SHA-256 over salt and text: what the event holds."""
    request: str | None = Field(default=None, sa_column=Column(String(8), index=True))
    who: str | None = Field(default=None, sa_column=Column(String(80), index=True))
    """The id that the event names."""
    salt: str = Field(sa_column=Column(String(32), nullable=False))
    """Random, so that after the erasure nobody can try a guess against the hash."""
    text: str = Field(sa_column=Column(Text, nullable=False))


class StoredText(NamedTuple):
    """A text as stored."""

    salt: str
    text: str


def typed(text: str | None) -> TypedText | None:
    """A text of a person, for an event's details."""
    return None if text is None else TypedText(text)


def typed_words(words: Sequence[str]) -> TypedText | Sequence[str]:
    """Several words of a person, for an event's details."""
    return TypedText(json.dumps(list(words), ensure_ascii=False)) if words else ()


def text_hash(salt: str, text: str) -> str:
    """What an event holds in place of a text: 64 hexadecimal digits."""
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


def erased_on(at: datetime) -> str:
    """What stands in place of a text that was erased then."""
    return f"erased on {at:%Y-%m-%d}"


def set_apart(connection: Connection, details: Details, request: str | None, who: str | None) -> Details:
    """Store the texts of an event, and return its details with their hashes."""
    chained, rows = dict(details), []
    for key, value in details.items():
        if isinstance(value, TypedText):
            # As no database takes it otherwise.
            text, salt = value.replace("\0", "\ufffd").encode("utf-8", "replace").decode(), secrets.token_hex(16)
            row = {"hash": text_hash(salt, text), "request": request, "who": who, "salt": salt, "text": text}
            chained[key] = {HASH: row["hash"]}
            rows.append(row)
    if rows:
        connection.execute(insert(EventText), rows)
    return chained


def hash_of(value: object) -> str | None:
    """The hash that stands in place of a text; None if the value is anything else."""
    return str(value[HASH]) if isinstance(value, dict) and value.keys() == {HASH} else None


def hashes_in(details: object) -> dict[str, str]:
    """The hashes that stand in place of texts in an event's details, by their keys."""
    found = {key: hash_of(value) for key, value in details.items()} if isinstance(details, dict) else {}
    return {key: its_hash for key, its_hash in found.items() if its_hash is not None}


def of_requests(session: Session, public_ids: Collection[str | None]) -> dict[str | None, dict[str, StoredText]]:
    """The texts of these requests by their hashes; of None, those of no request."""
    found: dict[str | None, dict[str, StoredText]] = {}
    if not public_ids:
        return found
    columns = (EventText.request, EventText.hash, EventText.salt, EventText.text)
    named = col(EventText.request).in_([each for each in public_ids if each is not None])
    of_none = [col(EventText.request).is_(None)] if None in public_ids else []
    rows = session.execute(select(*map(col, columns)).where(or_(named, *of_none))).all()
    for request, its_hash, salt, text in map(tuple, rows):
        found.setdefault(request, {})[its_hash] = StoredText(salt, text)
    return found


def readable(session: Session, events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """These payloads of events with their texts, or `erased on 2026-11-28`, in place of the hashes."""
    typed_in = [event for event in events if _keys(event)]
    stored = of_requests(session, {event["request"] for event in typed_in})
    texts = {its_hash: text.text for found in stored.values() for its_hash, text in found.items()}
    not_there = [event for event in typed_in if not texts.keys() >= set(hashes_in(event["details"]).values())]
    old = [event for event in typed_in if in_the_clear(event["kind"], event["details"])]
    requests_at, hashes_at = _erased_at(session, {event["request"] for event in (*not_there, *old)})

    def _text(event: Mapping[str, Any], key: str) -> Any:
        value = event["details"][key]
        if (its_hash := hash_of(value)) is None:
            at = requests_at.get(event["request"])
        elif its_hash in texts:
            return read_text(key, texts[its_hash])
        else:
            at = hashes_at.get(its_hash)
        return value if at is None else erased_on(at)

    return [
        {**event, "details": {**event["details"], **{key: _text(event, key) for key in keys}}} if keys else dict(event)
        for event, keys in ((event, _keys(event)) for event in events)
    ]


def _keys(event: Mapping[str, Any]) -> list[str]:
    """The keys of an event's texts; none for one that was tampered with so that nothing can be read."""
    kind, details = event.get("kind"), event.get("details")
    if not isinstance(kind, str) or not isinstance(details, dict):
        return []
    return [*hashes_in(details), *in_the_clear(kind, details)]


def read_text(key: str, text: str) -> Any:
    """A text as the detail with this key has it."""
    return json.loads(text) if key == "set_aside" else text


def _erased_at(
    session: Session, public_ids: Collection[str | None]
) -> tuple[Mapping[str | None, datetime], Mapping[str, datetime]]:
    """When the texts of these requests, and those with these hashes, were erased."""
    if not public_ids:
        return {}, {}
    ids = [each for each in public_ids if each is not None]
    of_these = or_(col(AuditEvent.request).in_(ids), col(AuditEvent.request).is_(None))
    query = select(col(AuditEvent.payload)).where(col(AuditEvent.kind) == EventKind.ERASED.value, of_these)
    requests: dict[str | None, datetime] = {}
    hashes: dict[str, datetime] = {}
    for payload in map(json.loads, session.scalars(query)):
        at = datetime.fromisoformat(payload["at"])
        hashes |= dict.fromkeys(payload["details"]["texts"], at)
        if payload["request"] is not None:
            requests[payload["request"]] = at
    return requests, hashes


def in_the_clear(kind: str, details: Details) -> list[str]:
    """The keys of the texts that an event of an earlier version holds itself."""
    return [key for key in TYPED.get(kind, ()) if details.get(key) and hash_of(details[key]) is None]
