"""Finds out whether a commit succeeded when the connection to PostgreSQL broke.

Code that assumes a rollback would do the work twice, or never do what it had planned. So such a transaction writes a
marker row, which exists afterwards only if the commit succeeded. PostgreSQL's `txid_status` does not suffice: after a
crash a transaction's number is reused.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, text
from sqlalchemy.exc import DBAPIError, TimeoutError
from sqlmodel import col

from storage.models import CommitMark

RETENTION = timedelta(days=7)
_PAUSE = 0.1
_PROCESS = secrets.token_hex(8)

# Each thread has a row. A query for it waits for a transaction under way that has inserted or updated it.
_LEAVE = text(
    "INSERT INTO commit_mark (writer, mark, left_at) VALUES (:writer, :mark, now())"
    " ON CONFLICT (writer) DO UPDATE SET mark = excluded.mark, left_at = excluded.left_at"
)
_FIND_MARK = text(
    "INSERT INTO commit_mark (writer, mark, left_at) VALUES (:writer, '', now())"
    " ON CONFLICT (writer) DO UPDATE SET left_at = excluded.left_at RETURNING mark"
)


@dataclass(frozen=True, slots=True)
class CommitMarker:
    """A value unique to one transaction."""

    writer: str
    mark: str


def leave(connection: Connection) -> CommitMarker:
    """Write a marker in the current transaction; on PostgreSQL only."""
    mark = CommitMarker(f"{_PROCESS}:{threading.get_ident()}", secrets.token_hex(16))
    connection.execute(_LEAVE, {"writer": mark.writer, "mark": mark.mark})
    return mark


def was_committed(engine: Engine, mark: CommitMarker, wait: Callable[[float], bool]) -> bool | None:
    """Whether the transaction with this marker was committed. Retries until PostgreSQL answers.

    `wait` sleeps for so many seconds between tries. Returns None once `wait` says that the process is stopping.
    """
    while True:
        try:
            # Committed, so that a synchronous standby has what is found here: a server that comes back after a crash
            # shows commits that its standby may never have got.
            with engine.begin() as connection:
                stored: str = connection.execute(_FIND_MARK, {"writer": mark.writer}).scalar_one()
            return stored == mark.mark
        except (DBAPIError, TimeoutError):
            if wait(_PAUSE):
                return None


def forget(connection: Connection, now: datetime) -> None:
    """Delete the markers of threads that ended long ago."""
    connection.execute(delete(CommitMark).where(col(CommitMark.left_at) < now - RETENTION))
