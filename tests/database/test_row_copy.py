"""Rows copied from SQLite to PostgreSQL: whatever a column may hold comes out the same."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from plain_rows import rows_of_file, rows_of_server
from sqlalchemy import BigInteger, Column, String, Table, select
from sqlalchemy.types import TypeEngine
from sqlmodel import col

from bot.requests.global_pause import pause_a_restored_copy, resume_all
from storage import moving, place
from storage.audit.witness import HeadWitness
from storage.db.columns import EnumText, UtcDateTime
from storage.db.compatibility import all_tables
from storage.db.transactions import Database
from storage.slack_models import Delivery

ODD = "tab\t line\n ' \" \\ % :x {} é e\u0301 أمر 😀 \u200b"


@pytest.fixture
def source(sqlite_url: str) -> Iterator[Database]:
    """A file."""
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def target(empty_postgresql: str) -> Iterator[Database]:
    """An empty database."""
    database = Database(empty_postgresql)
    yield database
    database.close()


def at_its_limit(table: Table, column: Column[object]) -> object:
    """The oddest or largest value that a column takes; keys that are referred to are 1."""
    if column.foreign_keys or column.name == "seq":
        return 1
    if column.name == "payload" and table.name == "audit_event":
        return f'{{"at":"now","kind":"{ODD[:3]}","who":"é😀","request":null,"details":{{}}}}'
    if isinstance(column.type, EnumText):
        return list(column.type.words)[-1]
    stored: TypeEngine[object] = getattr(column.type, "impl", column.type)
    if isinstance(stored, String):
        return ODD[: stored.length]
    if isinstance(column.type, UtcDateTime):
        return datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)
    limits = {
        bool: True,
        int: 2**63 - 1 if isinstance(column.type, BigInteger) else 2**31 - 1,
        float: 0.1,
        bytes: b"\x00\xff",
    }
    return limits[column.type.python_type]


def test_every_column_of_every_table_is_the_same_at_its_limit(
    source: Database, target: Database, sqlite_url: str, empty_postgresql: str
) -> None:
    with source.write() as transaction:
        for table in all_tables():
            columns = [column for column in table.columns if column.computed is None]
            row = {column.name: at_its_limit(table, column) for column in columns}
            transaction.connection.execute(table.insert(), row)
    moving.make_tables(target)
    moving.move(source, target)

    assert rows_of_file(sqlite_url.removeprefix("sqlite:///")) == rows_of_server(empty_postgresql)
    assert {1} == {len(rows) for rows in rows_of_server(empty_postgresql).values()}


def test_what_nobody_had_handled_before_the_move_is_handled_after_it(source: Database, target: Database) -> None:
    with source.write() as transaction:
        due = transaction.now()
        transaction.session.add(Delivery(id="d", kind="command", payload="{}", received_at=due, due_at=due))
    there = moving.make_tables(target)
    with source.write() as transaction:
        place.move_to(transaction, there)
    moving.move(source, target)
    starts_paused = pause_a_restored_copy(target, "operator:op", HeadWitness(target, Path("/nowhere")))
    with target.read() as session:
        is_due = session.scalar(select(col(Delivery.due_at))) is not None
    with target.write() as transaction:
        resume_all(transaction, "operator:op")
    starts_again = pause_a_restored_copy(target, "operator:op", HeadWitness(target, Path("/nowhere")))

    assert "moved here by copy" in str(starts_paused)
    assert is_due
    assert starts_again is None
