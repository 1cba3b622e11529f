"""`copy`: moves the record from SQLite to PostgreSQL. Both start paused."""

import argparse
import sys
from pathlib import Path

from sqlalchemy import URL, make_url

from bot.cli.audit import in_words
from bot.cli.database import Cannot, with_database
from bot.cli.operator import operator
from bot.settings import addresses, secret_files
from bot.settings.values import Wrong
from storage import moving, processes
from storage.audit.log import Head
from storage.audit.verify import verify_all
from storage.db.transactions import Database, StorageUnavailable
from storage.row_copy import RowRefused

_ONLY = (
    "copy moves a SQLite database to PostgreSQL. A SQLite file is copied by backup, a PostgreSQL database by "
    "deploy/backup-postgresql.sh."
)


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `copy` to the commands."""
    parser = commands.add_parser("copy", help="move the record from SQLite to PostgreSQL; both are paused then")
    to = parser.add_mutually_exclusive_group(required=True)
    to.add_argument("--to", metavar="URL", help="an empty database: postgresql+psycopg://user@host/name")
    to.add_argument("--to-file", metavar="FILE", type=Path, help="the file that holds this URL, as one with a password")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    try:
        url = addresses.database_url(args.to if args.to_file is None else secret_files.read_secret(args.to_file))
    except Wrong as wrong:
        sys.stderr.write(f"--to{'' if args.to_file is None else '-file'} {wrong.what}. {wrong.fix}\n")
        return 2
    return with_database(lambda database: _copy(database, str(url)))


def _copy(source: Database, url: str) -> int:
    if not source.is_sqlite or not url.startswith("postgresql"):
        raise Cannot(_ONLY)
    target = Database(url)
    try:
        head = _move(source, target, _where(url))
        trouble = in_words(verify_all(target, head))
    except (moving.CannotMove, RowRefused) as error:
        raise Cannot(f"{_where(url)} cannot take the record: {error}.") from None
    except StorageUnavailable as unavailable:
        raise Cannot(f"copy broke off: {unavailable}. Run it again.") from None
    finally:
        target.close()
    if trouble:
        raise Cannot(f"The copy is whole, and {trouble}, as in the original.")
    _say("The history holds there. Set DATABASE_URL to it, start serve, then resume. This database stays paused.")
    for each in _still_serving(source):
        _say(f"End the process {each}, which still serves this one.")
    return 0


def _move(source: Database, target: Database, where: str) -> Head | None:
    from bot.requests.global_pause import pause_to_move

    try:
        moving.examine(source, target)
        there = moving.make_tables(target)
    except StorageUnavailable as unavailable:
        raise moving.CannotMove(str(unavailable)) from None
    with source.write(within_seconds=10.0) as transaction:
        pause_to_move(transaction, operator(), there, f"moved to {where}")
    _say(f"Paused: moved to {where}.")
    moving.wait_for_calls(source)
    tables, head = moving.move(source, target)
    for name, table in tables.items():
        if table.rows:
            _say(f"{name:16} {table.rows:>12,} rows  {table.hash[:16]}")
    total = sum(table.rows for table in tables.values())
    _say(f"{total:,} rows are the same in both, up to {f'audit {head.short()}' if head else 'no event yet'}.")
    return head


def _still_serving(source: Database) -> list[str]:
    with source.read() as session:
        since = source.now(session) - processes.PRESENT
        return [f"{each.owner} ({each.pid})" for each in processes.all_alive(session) if each.seen_at > since]


def _where(url: str) -> str:
    """The address without who may read it: it is shown in Slack."""
    given = make_url(url)
    hosts = given.host or given.query.get("host", "")
    host = hosts if isinstance(hosts, str) else ",".join(hosts)
    named = None if host.startswith("/") else host or None
    return URL.create("postgresql", host=named, port=given.port, database=given.database).render_as_string()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
