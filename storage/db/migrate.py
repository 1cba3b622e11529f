"""Migrates a database to the tables of this version. Safe when several processes start at once."""

import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from storage.db import rights
from storage.db.transactions import Database, StorageUnavailable

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(4812907312)")
_WAIT_SECONDS = 30
_PAUSE_SECONDS = 0.5
"""In which those get through who waited behind a try."""
_LOCKED = "55P03"
"""SQLSTATE of a lock that was not to be had within the seconds of every connection (`storage.db.engine`)."""
_HELD = f"somebody has read or changed a table for {_WAIT_SECONDS} seconds, such as a backup: try again after it"
_STAMP = text("UPDATE alembic_version SET version_num = :revision")

UNFINISHED = "unfinished copy"
"""Stands in the place of a version in what `copy` has not finished: no version of the bot works on that."""
UNFINISHED_COPY = "the database is an unfinished copy: run copy again, as before"

_NEWER = (
    "the database was made by a newer version of the bot: start that version instead; or this one with serve "
    "--no-migrate, which starts where the newer one has only added to the tables"
)


def migrate_at(url: str, role: str | None = None) -> tuple[str | None, str | None]:
    """`migrate` the database at this address, then `grant_to` a role, if one is given."""
    database = Database(url)
    try:
        moved = migrate(database)
        if role is not None:
            grant_to(database, role)
        return moved
    finally:
        database.close()


def migrate(database: Database) -> tuple[str | None, str | None]:
    """Run the missing migrations, all or none; return the last one that had run, and the last that has run now.

    A second process waits and finds nothing to do. With none missing it only reads, so a held write lock cannot keep a
    process from starting. A table that somebody reads for long is tried again and again: whoever waits for its lock on
    PostgreSQL keeps everybody else waiting behind it. Raises `StorageUnavailable` when the database cannot be reached
    or was made by a newer version.
    """
    with suppress(StorageUnavailable), database.read() as session:
        if is_current(session.connection()):
            return _newest(), _newest()
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            return _migrate(database)
        except StorageUnavailable as unavailable:
            if unavailable.sqlstate != _LOCKED:
                raise
            if time.monotonic() > deadline or database.wait(_PAUSE_SECONDS):
                raise StorageUnavailable(_HELD) from unavailable


def _migrate(database: Database) -> tuple[str | None, str | None]:
    with database.write(within_seconds=_WAIT_SECONDS) as transaction:
        connection = transaction.session.connection()
        if not database.is_sqlite:
            connection.execute(_ONE_AT_A_TIME)
        refuse_a_newer_database(connection)
        before = revision_of(connection)
        upgrade(connection)
    return before, _newest()


def grant_to(database: Database, role: str) -> None:
    """Give a role of PostgreSQL the rights of the bot and no others, all or none; raises `rights.CannotGrant`."""
    with database.write(within_seconds=_WAIT_SECONDS) as transaction:
        transaction.connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'"))
        transaction.connection.execute(_ONE_AT_A_TIME)
        rights.grant(transaction.connection, role)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to this one that are missing."""
    command.upgrade(_config(connection), revision)


def refuse_a_newer_database(connection: Connection) -> None:
    """Raise `StorageUnavailable` when the database is at a migration that this version does not know."""
    current = revision_of(connection)
    if current == UNFINISHED:
        raise StorageUnavailable(UNFINISHED_COPY)
    if current is not None and current not in _known():
        raise StorageUnavailable(_NEWER)


def mark_unfinished(connection: Connection) -> None:
    """Have no version of the bot work on this database."""
    connection.execute(_STAMP, {"revision": UNFINISHED})


def mark_finished(connection: Connection) -> None:
    """Record that the database is of this version."""
    connection.execute(_STAMP, {"revision": _newest()})


def is_current(connection: Connection) -> bool:
    """Whether every migration of this version has run, and no other."""
    return revision_of(connection) == _newest()


def is_behind(connection: Connection) -> bool:
    """Whether an earlier version made the database and migrations are missing."""
    current = revision_of(connection)
    return current in _known() and current != _newest()


def revision_of(connection: Connection) -> str | None:
    """The last migration that has run; None before the first."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def _known() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


@cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
