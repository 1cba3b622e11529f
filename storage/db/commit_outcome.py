"""Finds out whether a commit succeeded when the connection to PostgreSQL broke.

A connection that breaks off in a commit leaves that open, and whoever then takes it for undone does it twice, or never
does what it had written ahead. So such a transaction leaves a mark of its own, which is there afterwards if all the
rest is. PostgreSQL's `txid_status` would not do: after a crash the number of a transaction is given out again.
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

KEPT_FOR = timedelta(days=7)
_PAUSE = 0.1
_PROCESS = secrets.token_hex(8)

# Each thread has a row. Whoever asks waits for a transaction under way that has changed it, or has made it.
_LEAVE = text(
    "INSERT INTO commit_mark (writer, mark, left_at) VALUES (:writer, :mark, now())"
    " ON CONFLICT (writer) DO UPDATE SET mark = excluded.mark, left_at = excluded.left_at"
)
_LOOK = text(
    "INSERT INTO commit_mark (writer, mark, left_at) VALUES (:writer, '', now())"
    " ON CONFLICT (writer) DO UPDATE SET left_at = excluded.left_at RETURNING mark"
)


@dataclass(frozen=True, slots=True)
class CommitMarker:
    """What one transaction has left, and nothing else ever does."""

    writer: str
    mark: str


def leave(connection: Connection) -> CommitMarker:
    """Leave a mark in the transaction under way; on PostgreSQL only."""
    mark = CommitMarker(f"{_PROCESS}:{threading.get_ident()}", secrets.token_hex(16))
    connection.execute(_LEAVE, {"writer": mark.writer, "mark": mark.mark})
    return mark


def was_committed(engine: Engine, mark: CommitMarker, wait: Callable[[float], bool]) -> bool | None:
    """Whether the transaction that left this mark was committed, asked until PostgreSQL can tell.

    `wait` waits so many seconds between two questions; None: it said that nobody waits for the answer any more.
    """
    while True:
        try:
            with engine.connect() as connection:
                found: str = connection.execute(_LOOK, {"writer": mark.writer}).scalar_one()
            return found == mark.mark
        except (DBAPIError, TimeoutError):
            if wait(_PAUSE):
                return None


def forget(connection: Connection, now: datetime) -> None:
    """Forget the marks of threads that ended long ago."""
    connection.execute(delete(CommitMark).where(col(CommitMark.left_at) < now - KEPT_FOR))
