"""Keeps the chain's head in files outside of the database, which no copy of the database brings along.

A database that lacks what its last line says is older than it was, or another one. SQLite always has such a file beside
it; AUDIT_HEAD_FILE names one on another disk or host.
"""

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from storage.audit.checkpoint import has_head
from storage.audit.log import GENESIS, Head, last_head
from storage.db.transactions import Database
from storage.log_events import LogEvent, about
from storage.place import find, sqlite_path

log = logging.getLogger(__name__)

_LINE = re.compile(rb"(\S+) ([0-9]{1,18}) ([0-9a-f]{64})\n")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class HeadFile:
    """A file of lines `time sequence head`."""

    path: Path
    keeps_all: bool
    """Lines are added; else there is one, which is replaced."""

    def write(self, at: datetime, head: Head) -> None:
        """Write a line, and have it on the disk. Raises `OSError`."""
        line = f"{at:%Y-%m-%dT%H:%M:%SZ} {head.seq} {head.hash}\n".encode()
        how = os.O_APPEND if self.keeps_all else os.O_TRUNC
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | how, 0o600)
        try:
            os.write(file, line)
            os.fsync(file)
        finally:
            os.close(file)

    def last(self) -> tuple[str, Head] | None:
        """Time and head of the last whole line; None if there is none. Raises `OSError`."""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 2 * _LONGEST))
            lines = _LINE.findall(file.read())
        if not lines:
            return None
        at, seq, its_hash = lines[-1]
        return at.decode(), Head(int(seq), its_hash.decode())


class HeadWitness:
    """Writes the head to every file once it has changed. One thread at a time."""

    def __init__(self, database: Database, outside: Path | None) -> None:
        self._database = database
        self._files = [HeadFile(outside, keeps_all=True)] if outside is not None else []
        if database.is_sqlite:
            with database.read() as session:
                self._files.append(HeadFile(_beside(sqlite_path(session.connection())), keeps_all=False))
        self._written: Head | None = None
        self._trouble = ""

    def step(self) -> None:
        """Write the head if it is another than before. What cannot be written is logged once, and tried again.

        Raises `HistoryLost` if the database lacks what this process has recorded.
        """
        with self._database.read() as session:
            self._database.compare(session.connection())
            if not self._files:
                return
            head = last_head(session.connection()) or Head(0, GENESIS)
            if head == self._written:
                return
            at = self._database.now(session)
        troubles = []
        for file in self._files:
            try:
                file.write(at, head)
            except OSError as error:
                troubles.append(f"{file.path} cannot be written: {error.strerror}")
        trouble = "; ".join(troubles)
        if trouble and trouble != self._trouble:
            words = "the audit head is not kept outside of the database: %s"
            log.error(words, trouble, extra=about(LogEvent.HEAD_NOT_WRITTEN))
        self._written, self._trouble = head if not trouble else None, trouble

    def contradiction(self) -> str | None:
        """Why the database is not the one that the files tell of, in words; None if they agree or tell of none."""
        with self._database.read() as session:
            was_used = find(session) is not None and last_head(session.connection()) is not None
            return next(self._contradictions(session.connection(), was_used=was_used), None)

    def _contradictions(self, connection: Connection, *, was_used: bool) -> Iterator[str]:
        for file in self._files:
            try:
                last = file.last()
            except FileNotFoundError:
                if was_used and not file.keeps_all:
                    yield f"the file {file.path.name}, which stands beside a database that is served, is missing"
                continue
            except OSError as error:
                log.error("%s cannot be read: %s", file.path, error.strerror, extra=about(LogEvent.HEAD_NOT_WRITTEN))
                continue
            if last is not None and not has_head(connection, last[1]):
                yield f"it lacks event {last[1].short()}, which {file.path.name} knows since {last[0]}"


def _beside(database: Path) -> Path:
    return database.with_name(f"{database.name}-head")
