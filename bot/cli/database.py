"""Opens the configured database for a command, and words the failure if it cannot be used."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import inspect

from bot.cli.database_file import sqlite_file
from bot.settings.logging import set_up_logging
from bot.settings.model import Need, load_settings
from storage.db.compatibility import incompatible
from storage.db.transactions import Database, StorageUnavailable


class Cannot(Exception):
    """The command failed; the text says why."""


def _complain(why: str) -> None:
    sys.stderr.write(f"{why}\n")


def with_database(act: Callable[[Database], int], complain: Callable[[str], object] = _complain) -> int:
    """Run a function on the database and return its exit code; on failure print the reason and return 1."""
    try:
        with _open() as database:
            return act(database)
    except StorageUnavailable as unavailable:
        complain(f"the database cannot be used: {unavailable}. See DATABASE_URL.")
    except Cannot as cannot:
        complain(str(cannot))
    return 1


@contextmanager
def _open() -> Iterator[Database]:
    """Open the configured database. Never create one: a mistyped path must not make an empty database."""
    settings = load_settings(need=Need.AUDIT)
    set_up_logging(settings)
    file = sqlite_file(settings.database_url)
    if file is not None and not file.is_file():
        raise Cannot(f"there is no database {file}. Correct DATABASE_URL, or go to the folder it is relative to.")
    database = Database(settings.database_url)
    try:
        with database.read() as session:
            if not inspect(session.connection()).has_table("audit_event"):
                raise Cannot("the database holds no history of this bot. Correct DATABASE_URL.")
            if why := incompatible(session.connection()):
                raise Cannot(f"{why}.")
        yield database
    finally:
        database.close()
