"""Copies a SQLite database while it is in use."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import update
from sqlmodel import col

from storage import place
from storage.audit.log import Head, last_head
from storage.db.transactions import Database
from storage.slack_models import Delivery, SlackMessage


def back_up(source: Path, target: Path) -> Head | None:
    """Copy the database to a new file, whole or not at all, marked as a copy. Returns the copy's head.

    Other processes read and write meanwhile. Raises `FileExistsError` if there is such a file, and `OSError`,
    `sqlite3.DatabaseError` or `StorageUnavailable` if it cannot be written.
    """
    if os.path.lexists(target):
        raise FileExistsError(target)
    with _unfinished(target) as copy:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as original,
            closing(sqlite3.connect(copy)) as written,
        ):
            # All pages in one step: one snapshot, for which no writer has to wait.
            original.backup(written)
        head = _mark(copy)
        _sync(copy)
        _name(copy, target)
    _sync(target.parent)
    return head


def _mark(copy: Path) -> Head | None:
    """Record that it is a copy, and erase the secrets that would expire only where it is served."""
    database = Database(f"sqlite:///{copy}")
    try:
        with database.write() as transaction:
            transaction.connection.exec_driver_sql("PRAGMA secure_delete=ON")
            for table in (SlackMessage, Delivery):
                erased = update(table).where(col(table.response_url).is_not(None))
                transaction.session.execute(erased.values(response_url=None, erase_at=None))
            place.copied(transaction)
            return last_head(transaction.connection)
    finally:
        database.close()


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """A file beside the target that only its owner may read, and that is gone at the end."""
    path = target.with_name(f".{target.name}.{os.getpid()}")
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield path
    finally:
        for end in ("", "-journal", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(f"{path.name}{end}").unlink()


def _name(copy: Path, target: Path) -> None:
    """Give the finished copy its name, at once and without replacing a file."""
    try:
        os.link(copy, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        copy.rename(target)


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
