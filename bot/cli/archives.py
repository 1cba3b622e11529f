"""Archives at the command line: opened for `audit`, checked alone, and named where history goes on in them."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from bot.cli.database import Cannot
from bot.messages.words import counted
from storage.audit import checkpoint
from storage.audit.archive_check import as_database, check_archive
from storage.audit.archive_file import Archive, BadArchive, open_archive
from storage.db.transactions import Database


def add_files(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `--archive FILE…`."""
    parser.add_argument("--archive", nargs="+", action="extend", type=Path, metavar="FILE", help=what)


def opened(files: Sequence[Path]) -> list[Archive]:
    """These archives, each once, oldest first. Raises `Cannot` for a file that is not as it was written."""
    try:
        found = {archive.sha256: archive for archive in map(open_archive, files)}
    except BadArchive as bad:
        raise Cannot(f"{bad}.") from None
    except OSError as error:
        raise Cannot(f"{error.filename} cannot be read: {error.strerror}.") from None
    return sorted(found.values(), key=lambda archive: (archive.number, archive.first))


def within(files: Sequence[Path], act: Callable[[Database], int]) -> int:
    """Run a function on what these archives hold; needs neither the database nor settings."""
    try:
        with as_database(opened(files)) as database:
            return act(database)
    except Cannot as cannot:
        sys.stderr.write(f"{cannot}\n")
        return 1


def verify_files(args: argparse.Namespace) -> int:
    """`audit verify-archive`: check each file alone, and that they follow each other."""
    before: Archive | None = None
    try:
        for archive in opened(args.files):
            check_archive(archive)
            if before is not None and (archive.first - 1, archive.header["prev_hash"]) != (
                before.last,
                before.header["head"],
            ):
                raise Cannot(f"{archive.path} does not follow from {before.path}: a file between them is missing.")
            before = archive
            holds = f"events {archive.first} to {archive.last}, {archive.header['requests']} requests"
            sys.stdout.write(f"{archive.path} holds: {holds}, SHA-256 {archive.sha256}\n")
    except (BadArchive, Cannot) as found:
        sys.stderr.write(f"{found}\n")
        return 1
    return 0


def of_request(database: Database, public_id: str) -> str | None:
    """Where an archived request is, in words; None if it is not archived."""
    with database.read() as session:
        found = checkpoint.archive_of(session.connection(), public_id)
    return (
        None
        if found is None
        else f"{public_id} is in the archive {found}: audit show {public_id} --archive {found.file}"
    )


def lacking(database: Database, since: datetime | None = None, until: datetime | None = None) -> str:
    """Which archives have requests that were asked for in this time, in words; empty if none has."""
    with database.read() as session:
        found = checkpoint.reaching(session.connection(), since, until)
    return "; ".join(
        f"{counted(each.requests, 'request')} {'is' if each.requests == 1 else 'are'} in the archive {each}"
        for each in found
    )
