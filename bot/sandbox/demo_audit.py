"""The audit history as the demo shows it, read from the bot's own database."""

import json
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from bot.messages.facts import EventFacts
from storage.audit import Broken, stored_events, verify
from storage.database import Database


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of history, with the request it is about and the hash that binds it to the line before."""

    facts: EventFacts
    request: str | None
    hash: str


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """Whether the chain holds, in words."""

    holds: bool
    words: str


def audit_events(database: Database, most: int = 500) -> tuple[AuditEvent, ...]:
    """The newest events, oldest first."""
    with database.read() as session:
        newest = deque(stored_events(session.connection()), maxlen=most)
    return tuple(_read(event.seq, event.payload, event.hash) for event in newest)


def audit_verdict(database: Database) -> AuditVerdict:
    """Check the whole chain, as `python -m bot audit verify` does."""
    with database.read() as session:
        found = verify(stored_events(session.connection()))
    if found is None:
        return AuditVerdict(True, "nothing has been recorded yet")
    if isinstance(found, Broken):
        return AuditVerdict(False, f"event {found.seq} does not hold: {found.why}")
    return AuditVerdict(True, f"{found.seq} events, unbroken, ending at audit {found.short()}")


def _read(seq: int, payload: str, digest: str) -> AuditEvent:
    told = json.loads(payload)
    at = datetime.fromisoformat(told["at"])
    return AuditEvent(EventFacts(seq, at, told["kind"], told["who"], told["details"]), told["request"], digest)
