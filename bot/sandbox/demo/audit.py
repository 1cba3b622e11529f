"""The audit history as the demo shows it, read from the bot's own database."""

import json
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.messages.view_models import EventFacts
from storage.audit.log import Broken, StoredEvent, stored_events
from storage.audit.texts import readable
from storage.audit.verify import verify_all
from storage.db.transactions import Database


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """One line of history, with the request it is about and the hash that binds it to the line before."""

    facts: EventFacts
    request: str | None
    hash: str


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """Whether the chain holds, in words."""

    holds: bool
    words: str


def audit_events(database: Database, most: int = 500) -> tuple[ShownEvent, ...]:
    """The newest events, oldest first."""
    with database.read() as session:
        newest = deque(stored_events(session.connection()), maxlen=most)
        payloads = readable(session, [json.loads(event.payload) for event in newest])
    return tuple(_read(event, payload) for event, payload in zip(newest, payloads, strict=True))


def audit_verdict(database: Database) -> AuditVerdict:
    """Check the whole chain and hold the rows to it, as `python -m bot audit verify` does."""
    found = verify_all(database)
    if found.chain is None:
        return AuditVerdict(True, "nothing has been recorded yet")
    if isinstance(found.chain, Broken):
        return AuditVerdict(False, f"event {found.chain.seq} does not hold: {found.chain.why}")
    if found.rows is not None:
        return AuditVerdict(False, f"{found.rows.row} disagrees with event {found.rows.seq}: {found.rows.why}")
    end = found.chain
    return AuditVerdict(True, f"{end.seq} events, unbroken, every row as they tell, ending at audit {end.short()}")


def _read(event: StoredEvent, payload: dict[str, Any]) -> ShownEvent:
    at = datetime.fromisoformat(payload["at"])
    facts = EventFacts(event.seq, at, payload["kind"], payload["who"], payload["details"])
    return ShownEvent(facts, payload["request"], event.hash)
