"""Readiness: tries to read and write the database, at most once a second."""

import logging
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from storage.db.compatibility import incompatible
from storage.db.migrate import revision_of
from storage.db.servers import ONLY_READS
from storage.db.shared_read import SharedRead
from storage.db.transactions import Database, StorageUnavailable
from storage.enums import HoldKind
from storage.log_events import LogEvent, about
from storage.models import CommitMark, Hold

log = logging.getLogger(__name__)

_CACHE_SECONDS = 1.0
"""At most one write a second however many ask: a commit waits for the disk."""

_WITHIN_SECONDS = 3.0

_ROOM = 65_536
"""Bytes to reserve in a SQLite file. A full disk could still take a small change of a row."""

_NOT_WRITTEN = {
    "read-only": ": it is read-only",
    "readonly": ": it is read-only",
    "full": ": its disk is full",
    "No space left": ": its disk is full",
    "locked": ": another writer keeps it locked",
    "had been recorded": ": it lacks events that had been recorded",
    "lock timeout": ": another writer keeps it locked",
    "kept the database": ": another writer keeps it locked",
}
"""Database error text, and what a public page says instead. The log has the rest."""


_NO_PRIMARY = "no database server takes writes: those that answer only read, as a standby does until it is promoted"
_NO_ANSWER = "the database does not answer"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a try has found."""

    trouble: str
    """Why the database cannot be used, without its URL; empty if it can."""
    refused_by_slack: str
    """Why Slack refuses the bot's token, as last stored; empty if it does not."""


class Readiness:
    """Tries the database on behalf of all who ask. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._file = _file_of(database)
        self._tries = SharedRead(self._try, _CACHE_SECONDS, _WITHIN_SECONDS)
        self._last = Tried("", "")
        self._compatible_at: str | None = None
        self._writer = f"readiness:{secrets.token_hex(8)}"

    def cached(self) -> Tried | None:
        """The last try, if it is recent; returns at once."""
        return self._tries.cached()

    def tried(self) -> Tried:
        """The last try, or a new one; returns within three seconds."""
        return self._tries.get() or replace(self._last, trouble=_NO_ANSWER)

    def _try(self) -> Tried:
        refused, doing = self._last.refused_by_slack, "read"
        try:
            with self._database.read() as session:
                trouble = self._incompatible(session.connection())
                if not trouble:
                    hold = session.get(Hold, HoldKind.SLACK)
                    refused = (hold.why or "refused") if hold is not None else ""
            doing = "written"
            if not trouble:
                self._write()
            if not trouble and _file_of(self._database) != self._file:
                trouble = "the database cannot be written: its file was removed or replaced; restart the bot"
        except StorageUnavailable as unavailable:
            why = next((words for code, words in _NOT_WRITTEN.items() if code in str(unavailable)), "")
            trouble = f"the database cannot be {doing}{why}" if ONLY_READS not in str(unavailable) else _NO_PRIMARY
            if trouble != self._last.trouble:
                log.warning("not ready: %s (%s)", trouble, unavailable, extra=about(LogEvent.DATABASE_AWAY))
        self._last = Tried(trouble, refused)
        return self._last

    def _incompatible(self, connection: Connection) -> str:
        """Looks at the tables once for each revision."""
        revision = revision_of(connection)
        trouble = "" if revision == self._compatible_at else incompatible(connection)
        if not trouble:
            self._compatible_at = revision
        return trouble

    def _write(self) -> None:
        """Commit a row and delete it again."""
        with self._database.write() as transaction:
            size = _ROOM if self._database.is_sqlite else 1
            row = CommitMark(writer=self._writer, mark="x" * size, left_at=transaction.now())
            transaction.session.add(row)
            transaction.session.flush()
            transaction.session.delete(row)


def _file_of(database: Database) -> tuple[int, int] | None:
    """Which file SQLite's address leads to: commits to one that was removed or replaced succeed, and are lost."""
    path = database.engine.url.database if database.is_sqlite else None
    try:
        found = Path(path or "").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
