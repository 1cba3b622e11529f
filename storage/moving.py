"""Moves the record from SQLite to PostgreSQL: both are known by the place that the source was paused for."""

import time
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, inspect, select, text
from sqlmodel import col

from storage import place
from storage.audit.log import Head, last_head
from storage.db.compatibility import all_tables
from storage.db.migrate import UNFINISHED, is_current, mark_finished, mark_unfinished, migrate, revision_of
from storage.db.transactions import Database
from storage.models import Request
from storage.row_copy import TableDigest, copy_rows, digests, set_sequences

_CALLS_END_WITHIN = 60.0
"""Seconds: longer than a dead process's lease, or most calls to Fincart, take to end."""

_WITHIN_SECONDS = 10.0


class CannotMove(Exception):
    """Why the record cannot be moved, in words."""


def examine(source: Database, target: Database) -> None:
    """Raise `CannotMove` unless the target is empty, or a copy of this source that nobody has used. Changes nothing."""
    ours = {"alembic_version", *(table.name for table in all_tables())}
    with source.read() as session:
        others = sorted(set(inspect(session.connection()).get_table_names()) - ours)
        if others or not is_current(session.connection()):
            raise CannotMove(f"this version of the bot does not know {', '.join(others) or 'the database'}")
        moved_to = place.moved_to(session)
    with target.read() as session:
        encoding = session.scalar(text("SHOW server_encoding"))
        if encoding != "UTF8":
            raise CannotMove(f"its encoding is {encoding}: make it with ENCODING 'UTF8'")
        names = set(inspect(session.connection()).get_table_names())
        filled = sorted(names - ours) or _filled(session.connection(), names)
        is_its_copy = "audit_event" in names and moved_to == place.here(session.connection())
        is_used = is_its_copy and place.find(session) is not None and place.moved_to(session) != moved_to
    if is_used:
        raise CannotMove("it is a whole copy already, and the record goes on there")
    if filled and not is_its_copy:
        raise CannotMove(f"it is not empty: there is {', '.join(filled)}. Name a new database")


def make_tables(target: Database) -> str:
    """Make the tables if there are none. Returns the place of the target."""
    with target.read() as session:
        is_begun = revision_of(session.connection()) == UNFINISHED
    if not is_begun:
        migrate(target)
    with target.read() as session:
        return place.here(session.connection())


def wait_for_calls(source: Database) -> None:
    """Wait until no process sends for any request. The source is paused. Raises `CannotMove` if that takes too long."""
    deadline = time.monotonic() + _CALLS_END_WITHIN
    while True:
        with source.read() as session:
            leased = select(col(Request.public_id)).where(col(Request.lease_until) > source.now(session))
            public_id = session.scalars(leased.limit(1)).first()
        if public_id is None:
            return
        if time.monotonic() > deadline:
            raise CannotMove(f"a process still waits for Fincart's answer for {public_id}. Run copy again")
        time.sleep(0.1)


def move(source: Database, target: Database) -> tuple[Mapping[str, TableDigest], Head | None]:
    """Copy all rows that are not there yet, and compare. Returns the tables' digests and the head of both.

    Nobody else writes to the source meanwhile. Raises `CannotMove` if both are not the same at the end.
    """
    with source.write(within_seconds=_WITHIN_SECONDS) as transaction:
        with target.write() as begun:
            mark_unfinished(begun.connection)
        copy_rows(transaction.connection, target)
        here, head = digests(transaction.connection), last_head(transaction.connection)
        with target.write() as finished:
            there = digests(finished.connection)
            if different := [name for name in here if here[name] != there[name]]:
                raise CannotMove(f"its rows are not what was copied to it: {', '.join(different)}")
            set_sequences(finished.connection)
            mark_finished(finished.connection)
    return here, head


def _filled(connection: Connection, names: Iterable[str]) -> list[str]:
    """The tables of ours among these that have a row."""
    tables = [table for table in all_tables() if table.name in names]
    return [table.name for table in tables if connection.execute(select(table).limit(1)).first() is not None]
