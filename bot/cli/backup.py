"""`backup`: copies the database while the bot works. What is restored from the copy starts paused."""

import argparse
import sqlite3
import sys
from pathlib import Path

from bot.cli.database import Cannot, with_database
from storage.backup import back_up
from storage.db.transactions import Database, StorageUnavailable
from storage.place import sqlite_path

_POSTGRESQL = (
    "backup copies a SQLite file. For PostgreSQL run deploy/backup-postgresql.sh, which calls pg_dump; what pg_restore "
    "makes of its file starts paused, too."
)


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `backup` to the commands."""
    parser = commands.add_parser("backup", help="copy a SQLite database while the bot works; the copy starts paused")
    parser.add_argument("file", metavar="FILE", type=Path, help="a new file for the copy")
    parser.set_defaults(run=lambda args: with_database(lambda database: _backup(database, args.file)))


def _backup(database: Database, target: Path) -> int:
    if not database.is_sqlite:
        raise Cannot(_POSTGRESQL)
    with database.read() as session:
        source = sqlite_path(session.connection())
    try:
        head = back_up(source, target)
    except FileExistsError:
        raise Cannot(f"there is a file {target} already: name a new one.") from None
    except (OSError, sqlite3.DatabaseError, StorageUnavailable) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Cannot(f"{target} cannot be written: {why}.") from None
    events = f"audit {head.short()}" if head else "no event yet"
    sys.stdout.write(f"Copied to {target}, {target.stat().st_size / 1e6:,.1f} MB, up to {events}.\n")
    return 0
