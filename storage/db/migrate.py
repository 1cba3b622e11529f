"""Bring a database to the tables of this version. Safe when several processes start at once."""

from contextlib import suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from storage.db.transactions import Database, StorageUnavailable

_MIGRATION_LOCK = 4_812_907_312
_WAIT_SECONDS = 30


def migrate(database: Database) -> None:
    """Run the migrations that are missing, all or none; whoever comes second waits and finds nothing to do.

    Where none is missing it only reads: nobody who keeps the database from being written can keep a process from
    starting. Raises `StorageUnavailable` where the database cannot be reached, or was made by a newer version.
    """
    with suppress(StorageUnavailable), database.read() as session:
        if is_current(session.connection()):
            return
    with database.write(within_seconds=_WAIT_SECONDS) as transaction:
        connection = transaction.session.connection()
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        refuse_a_newer_database(connection)
        command.upgrade(_config(connection), "head")


def refuse_a_newer_database(connection: Connection) -> None:
    """Raise `StorageUnavailable` where the database stands at a migration that this version does not know."""
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config(connection)).walk_revisions()}
    if current is not None and current not in known:
        raise StorageUnavailable("the database was made by a newer version of the bot: start that version instead")


def is_current(connection: Connection) -> bool:
    """Whether every migration of this version has run."""
    heads = ScriptDirectory.from_config(_config(connection)).get_heads()
    return set(heads) == set(MigrationContext.configure(connection).get_current_heads())


def is_behind(connection: Connection) -> bool:
    """Whether an earlier version made the database, and migrations of this one have yet to run."""
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config(connection)).walk_revisions()}
    return current in known and not is_current(connection)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
