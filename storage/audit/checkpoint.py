"""Checkpoints: the events by which the chain says what an archive took out of the database.

An archive holds every event from the end of the one before it to its own last event. Of these, the database keeps those
of requests that stay and of no request; the checkpoint has their number and digest. After an archive's last event the
database has every event.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from storage.audit.log import EVENTS_AT_A_TIME, GENESIS, Broken, Head, StoredEvent, event_hash
from storage.enums import EventKind


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the event of an archive says."""

    seq: int
    """The event's number."""
    at: datetime
    number: int
    """Of the archive, from 1."""
    file: str
    sha256: str
    """Of the whole file."""
    first: int
    last: int
    head: str
    """The chain's hash at `last`."""
    before: datetime
    """Every request in it ended before."""
    requests: int
    orders: int
    asked_from: datetime
    """When the first and the last of its requests was asked for."""
    asked_until: datetime
    stay: int
    """How many events up to `last` the database keeps."""
    stay_digest: str

    def details(self) -> dict[str, Any]:
        """The details of its event."""
        times = {name: getattr(self, name).isoformat() for name in ("before", "asked_from", "asked_until")}
        names = ("number", "file", "sha256", "first", "last", "head", "requests", "orders", "stay", "stay_digest")
        return {name: getattr(self, name) for name in names} | times

    def __str__(self) -> str:
        return f"{self.file} (events {self.first} to {self.last}, requests that ended before {self.before:%Y-%m-%d})"


_CHECKPOINTS = text("SELECT seq, payload FROM audit_event WHERE kind = :kind ORDER BY seq")


def checkpoints(connection: Connection) -> list[Checkpoint]:
    """Every checkpoint, oldest first. Checkpoints stay in the database."""
    rows = connection.execute(_CHECKPOINTS, {"kind": EventKind.ARCHIVED.value}).all()
    return [_read(row.seq, json.loads(row.payload)) for row in rows]


def _read(seq: int, payload: dict[str, Any]) -> Checkpoint:
    details = dict(payload["details"])
    for name in ("before", "asked_from", "asked_until"):
        details[name] = datetime.fromisoformat(details[name])
    return Checkpoint(seq=seq, at=datetime.fromisoformat(payload["at"]), **details)


def latest(connection: Connection) -> Checkpoint | None:
    """The last checkpoint; None before the first archive."""
    return next(reversed(checkpoints(connection)), None)


def start_of_chain(checkpoint: Checkpoint | None) -> Head:
    """From where on the database has every event."""
    return Head(checkpoint.last, checkpoint.head) if checkpoint else Head(0, GENESIS)


_STAYING = text(
    "SELECT seq, payload, prev_hash, hash FROM audit_event e WHERE seq > :after AND seq <= :last AND NOT EXISTS"
    " (SELECT 1 FROM archived_request a WHERE a.public_id = e.request AND a.archive <= :number)"
    " ORDER BY seq LIMIT :page"
)


def staying_page(connection: Connection, after: int, last: int, number: int) -> list[StoredEvent]:
    """The next events up to `last` of no request that this archive or an earlier one holds. Fewer than
    `EVENTS_AT_A_TIME` means the end.
    """
    which = {"after": after, "last": last, "number": number, "page": EVENTS_AT_A_TIME}
    return list(map(StoredEvent._make, connection.execute(_STAYING, which)))


class StayDigest:
    """Counts events that stay, and hashes their numbers and hashes."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.sha256()

    def add(self, events: Sequence[StoredEvent]) -> None:
        """Take the next events."""
        self.count += len(events)
        self._digest.update("".join(f"{event.seq} {event.hash}\n" for event in events).encode())

    @property
    def hexdigest(self) -> str:
        """The digest of all of them."""
        return self._digest.hexdigest()


def check_staying(pages: Iterator[Sequence[StoredEvent]], checkpoint: Checkpoint) -> Broken | None:
    """The first event before the checkpoint that is not as it was; None if all that stay are there."""
    digest = StayDigest()
    for events in pages:
        for event in events:
            if event.hash != event_hash(event.seq, event.prev_hash, event.payload):
                return Broken(event.seq, "its content does not match its hash")
        digest.add(events)
    if (digest.count, digest.hexdigest) != (checkpoint.stay, checkpoint.stay_digest):
        has = f"{digest.count} events up to {checkpoint.last} are here"
        return Broken(checkpoint.seq, f"{has}, not the {checkpoint.stay} that the archive {checkpoint.file} left")
    return None


_NOTED = text("SELECT archive, count(*) AS requests FROM archived_request GROUP BY archive")


def check_noted(connection: Connection, known: Sequence[Checkpoint]) -> Broken | None:
    """The first checkpoint with more or fewer requests than the database notes as its."""
    noted = {row.archive: row.requests for row in connection.execute(_NOTED)}
    for each in known:
        if noted.get(each.number, 0) != each.requests:
            has = f"{noted.get(each.number, 0)} requests are noted as archived in {each.file}"
            return Broken(each.seq, f"{has}, not {each.requests}")
    return None


def is_archived(connection: Connection, seq: int) -> bool:
    """Whether an archive holds the event with this number."""
    checkpoint = latest(connection)
    return checkpoint is not None and seq <= checkpoint.last


def has_head(connection: Connection, head: Head) -> bool:
    """Whether the chain, or an archive of it, has this event."""
    if head.seq == 0:
        return True
    found = connection.execute(text("SELECT hash FROM audit_event WHERE seq = :seq"), {"seq": head.seq}).scalar()
    return found == head.hash if found is not None else is_archived(connection, head.seq)


_OF_REQUEST = text("SELECT archive FROM archived_request WHERE public_id = :public_id")


def archive_of(connection: Connection, public_id: str) -> Checkpoint | None:
    """The archive that holds a request; None if none does."""
    number = connection.execute(_OF_REQUEST, {"public_id": public_id}).scalar()
    return next((each for each in checkpoints(connection) if each.number == number), None)


def reaching(connection: Connection, since: datetime | None, until: datetime | None) -> list[Checkpoint]:
    """The archives that hold requests asked for in this time; None sets no end to it."""
    return [
        each
        for each in checkpoints(connection)
        if (since is None or each.asked_until >= since) and (until is None or each.asked_from < until)
    ]
