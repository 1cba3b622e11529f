"""Readiness: whether the database can be read and written just now. It is tried, and at most once a second."""

import logging
import secrets
import threading
import time

from storage.db.migrate import is_current
from storage.db.transactions import Database, StorageUnavailable
from storage.enums import HoldKind
from storage.models import CommitMark, Hold

log = logging.getLogger(__name__)

_KEPT_SECONDS = 1.0
"""A thousand questions in a second are one write: a commit waits for the disk."""

_ROOM = 65_536
"""Bytes that a SQLite file is asked to find room for: where none are left, a small change of a row would still fit."""

_NOT_WRITTEN = {
    "read-only": ": it is read-only",
    "readonly": ": it is read-only",
    "full": ": its disk is full",
    "No space left": ": its disk is full",
    "locked": ": another writer keeps it locked",
    "lock timeout": ": another writer keeps it locked",
    "kept the database": ": another writer keeps it locked",
}
"""What a database says, and what a page that anybody may read says of it. The log has the rest."""


class Readiness:
    """Tries the database for all who ask. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._until = 0.0
        self._found = ""
        self.refused_by_slack = ""
        """Why Slack refuses the bot's token, as the database had it at the last try; empty where it does not."""
        self._writer = f"readiness:{secrets.token_hex(8)}"

    def trouble(self, within_seconds: float = 3.0) -> str:
        """Why the database cannot be used, in words without its address; empty where it can."""
        if not self._lock.acquire(timeout=within_seconds):
            return "the database does not answer"
        try:
            if time.monotonic() >= self._until:
                self._found = self._try()
                self._until = time.monotonic() + _KEPT_SECONDS
            return self._found
        finally:
            self._lock.release()

    def _try(self) -> str:
        try:
            with self._database.read() as session:
                if not is_current(session.connection()):
                    return "the database is of another version"
                hold = session.get(Hold, HoldKind.SLACK)
                self.refused_by_slack = (hold.why or "refused") if hold is not None else ""
        except StorageUnavailable as unavailable:
            return self._logged("the database cannot be read", unavailable)
        try:
            self._write()
        except StorageUnavailable as unavailable:
            why = (words for said, words in _NOT_WRITTEN.items() if said in str(unavailable))
            return self._logged(f"the database cannot be written{next(why, '')}", unavailable)
        return ""

    def _write(self) -> None:
        """Commit a row that is taken away again: nothing of it stays."""
        with self._database.write() as transaction:
            size = _ROOM if self._database.is_sqlite else 1
            row = CommitMark(writer=self._writer, mark="x" * size, left_at=transaction.now())
            transaction.session.add(row)
            transaction.session.flush()
            transaction.session.delete(row)

    def _logged(self, words: str, unavailable: StorageUnavailable) -> str:
        if words != self._found:
            log.warning("not ready: %s (%s)", words, unavailable)
        return words
