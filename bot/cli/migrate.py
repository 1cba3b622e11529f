"""`migrate`, and `serve --no-migrate`, which starts only on tables that fit."""

import argparse
import sys
from typing import Any

_NO_ROLES = (
    "a SQLite file has no roles to grant to; whoever may write the file may change it. --grant-to is for PostgreSQL."
)


def add_commands(commands: Any) -> None:
    """Add `migrate` to the commands."""
    parser = commands.add_parser("migrate", help="make the tables of this version, or bring earlier ones to it")
    parser.add_argument(
        "--grant-to", metavar="ROLE", help="then give this role of PostgreSQL what the bot needs, and nothing else"
    )
    parser.set_defaults(run=_migrate)


def _migrate(args: argparse.Namespace) -> int:
    from bot.settings.logging import set_up_logging
    from bot.settings.model import Need, load_settings
    from storage.db.arrival import wait_for_server
    from storage.db.migrate import migrate_at
    from storage.db.transactions import StorageUnavailable

    settings = load_settings(need=Need.AUDIT)
    set_up_logging(settings)
    if args.grant_to is not None and settings.database_url.startswith("sqlite"):
        sys.stderr.write(f"nothing was done: {_NO_ROLES}\n")
        return 1
    try:
        wait_for_server(settings.database_url)
        before, after = migrate_at(settings.database_url)
    except StorageUnavailable as unavailable:
        sys.stderr.write(f"the database cannot be migrated: {unavailable}. See DATABASE_URL.\n")
        return 1
    moved = f"is migrated from {before or 'nothing'} to {after}"
    sys.stdout.write(f"The database {moved if before != after else f'is at {after} already: nothing to do'}.\n")
    return 0 if args.grant_to is None else _grant(settings.database_url, args.grant_to)


def _grant(database_url: str, role: str) -> int:
    from storage.db.migrate import grant_to
    from storage.db.rights import CannotGrant
    from storage.db.transactions import Database, StorageUnavailable

    database = Database(database_url)
    try:
        grant_to(database, role)
    except (CannotGrant, StorageUnavailable) as error:
        sys.stderr.write(f"nothing was granted: {error}.\n")
        return 1
    finally:
        database.close()
    sys.stdout.write(
        f"The role {role} may do what the bot does, and nothing else: it adds to the history and changes none.\n"
    )
    return 0


def prepare(database_url: str, *, as_it_is: bool) -> None:
    """Bring the database to this version; or change nothing, and raise `SettingsError` where it does not fit.

    Raises `StorageUnavailable` when it cannot be read or brought to this version.
    """
    from bot.settings.consistency import Problem
    from bot.settings.model import SettingsError
    from storage.db.migrate import migrate_at

    if not as_it_is:
        migrate_at(database_url)
    if why := _unfit(database_url):
        raise SettingsError((Problem("DATABASE_URL", why, "Nothing was begun."),))


def _unfit(database_url: str) -> str:
    from bot.cli.database_file import sqlite_file
    from storage.db.compatibility import incompatible
    from storage.db.rights import lacking
    from storage.db.transactions import Database

    file = sqlite_file(database_url)
    if file is not None and not file.is_file():
        return f"there is no database {file}: run migrate, or correct the path"
    database = Database(database_url)
    try:
        with database.read() as session:
            return incompatible(session.connection()) or lacking(session.connection())
    finally:
        database.close()
