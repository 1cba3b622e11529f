"""`archive`: moves requests that ended long ago into a file, and leaves a checkpoint in the history."""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bot.cli.database import Cannot, with_database
from bot.cli.operator import operator
from bot.messages.words import counted
from storage import place
from storage.archive import Archived, CannotArchive, archive
from storage.archive_choice import Choice
from storage.audit.archive_file import BadArchive
from storage.db.transactions import Database


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `archive` to the commands."""
    parser = commands.add_parser("archive", help="move requests that ended long ago into a file")
    parser.add_argument("--before", required=True, type=_day, metavar="DATE", help="ended before this day: 2025-11-01")
    parser.add_argument("file", metavar="FILE", type=Path, help="a new file, or the one of a run that broke off")
    parser.set_defaults(run=lambda args: with_database(lambda database: _archive(database, args.before, args.file)))


def _archive(database: Database, before: datetime, file: Path) -> int:
    with database.read() as session:
        here = place.find(session)
        if here is not None and (here.restored_at or here.moved_to):
            what = "is a restored copy that nobody has resumed" if not place.is_moved(session) else "was moved by copy"
            raise Cannot(f"this database {what}: archive where the bot is served.")
    try:
        done = archive(database, before, file, operator())
    except (CannotArchive, BadArchive) as refused:
        raise Cannot(f"{refused}. Nothing was removed.") from None
    except OSError as error:
        raise Cannot(f"{file} cannot be written: {error.strerror}. Nothing was removed.") from None
    for line in _words(done, before, file):
        sys.stdout.write(f"{line}\n")
    return 0


def _words(done: Archived, before: datetime, file: Path) -> Iterator[str]:
    made = done.checkpoint
    if made is None:
        yield f"Nothing to archive: no request that ended before {before:%Y-%m-%d} can go. No file was written."
    else:
        what = f"{counted(made.requests, 'request')} with {counted(made.orders, 'order')}"
        yield f"Archived {what} in {file}, {file.stat().st_size / 1e6:,.1f} MB: events {made.first:,} to {made.last:,}."
        yield f"Its checkpoint is audit {made.seq}; its SHA-256 is {made.sha256}."
    if done.choice is not None:
        yield from _staying(done.choice)


def _staying(choice: Choice) -> Iterator[str]:
    for why, count in choice.stays.items():
        if count:
            yield f"{counted(count, 'request')} of before that day {'stays' if count == 1 else 'stay'}: {why.value}."


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day like 2025-11-01") from None
