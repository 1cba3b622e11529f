"""Copies the rows of every table to PostgreSQL, and hashes them on both ends."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Row, String, Table, collate, delete, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from storage.db.compatibility import all_tables
from storage.db.transactions import Database, StorageUnavailable

ROWS_AT_A_TIME = 1000

_Columns = Sequence[Column[Any]]
_Row = Row[*tuple[Any, ...]]
_Rows = Sequence[_Row]
_Key = tuple[Any, ...]

_GO_ON = "SELECT setval(pg_get_serial_sequence('{0}', '{1}'), greatest(max({1}), 1), max({1}) >= 1) FROM {0}"


class RowRefused(Exception):
    """A row that PostgreSQL does not take; the text says of which table, and why."""


class TableDigest(NamedTuple):
    """How many rows a table has, and a hash over all of them in the order of their keys."""

    rows: int
    hash: str


def copy_rows(source: Connection, target: Database) -> None:
    """Make the target's rows those of the source, some at a time: what is there already of a copy that broke off stays.

    Raises `RowRefused`, or `StorageUnavailable` if the source cannot be read.
    """
    for table in reversed(all_tables()):
        with _named(table):
            _delete_others(source, target, table)
    for table in all_tables():
        with _named(table):
            _copy(source, target, table)


def digests(connection: Connection) -> Mapping[str, TableDigest]:
    """Count and hash the rows of every table."""
    return {table.name: _digest(connection, table) for table in all_tables()}


def set_sequences(connection: Connection) -> None:
    """Have PostgreSQL number new rows after those that are there."""
    for table in all_tables():
        if (column := table.autoincrement_column) is not None:
            connection.execute(text(_GO_ON.format(table.name, column.name)))


@contextmanager
def _named(table: Table) -> Iterator[None]:
    try:
        yield
    except (StorageUnavailable, IntegrityError) as error:
        why = error.orig if isinstance(error, IntegrityError) else error
        raise RowRefused(f"table {table.name}: {why}") from error


def _delete_others(source: Connection, target: Database, table: Table) -> None:
    keys = list(table.primary_key)
    with target.read() as session:
        for rows in _stream(session.connection(), table, keys):
            others = {tuple(row) for row in rows} - _find(source, table, keys, rows).keys()
            if others:
                with target.write() as transaction:
                    transaction.connection.execute(delete(table).where(_is_one_of(table, others)))


def _copy(source: Connection, target: Database, table: Table) -> None:
    columns = [column for column in table.columns if column.computed is None]
    new = insert(table)
    others = {column.name: new.excluded[column.name] for column in columns if not column.primary_key}
    keys = list(table.primary_key)
    upsert = new.on_conflict_do_update(index_elements=keys, set_=others) if others else new.on_conflict_do_nothing()
    with target.read() as session:
        goes_on = session.execute(select(*keys).limit(1)).first() is not None
    for rows in _stream(source, table, columns):
        with target.write() as transaction:
            there = _find(transaction.connection, table, columns, rows) if goes_on else {}
            missing = [row._asdict() for row in rows if there.get(_key(table, row)) != row]
            if missing:
                transaction.connection.execute(upsert, missing)


def _digest(connection: Connection, table: Table) -> TableDigest:
    count, hashed = 0, hashlib.sha256()
    for rows in _stream(connection, table, list(table.columns)):
        count += len(rows)
        for row in rows:
            hashed.update(repr(row).encode())
    return TableDigest(count, hashed.hexdigest())


def _stream(connection: Connection, table: Table, columns: _Columns) -> Iterator[_Rows]:
    """All rows in the order of their keys, which is the same on both databases."""
    by = [_by_bytes(connection, column) for column in table.primary_key]
    query = select(*columns).order_by(*by).execution_options(yield_per=ROWS_AT_A_TIME)
    return connection.execute(query).partitions()


def _by_bytes(connection: Connection, column: Column[Any]) -> ColumnElement[Any]:
    is_text = isinstance(getattr(column.type, "impl", column.type), String)
    return collate(column, "C") if is_text and connection.dialect.name == "postgresql" else column


def _find(connection: Connection, table: Table, columns: _Columns, rows: _Rows) -> dict[_Key, _Row]:
    """The rows with the same keys as these, by key."""
    query = select(*columns).where(_is_one_of(table, [_key(table, row) for row in rows]))
    return {_key(table, row): row for row in connection.execute(query)}


def _key(table: Table, row: _Row) -> _Key:
    return tuple(row._mapping[column.name] for column in table.primary_key)


def _is_one_of(table: Table, keys: Collection[_Key]) -> ColumnElement[bool]:
    return tuple_(*table.primary_key).in_(keys)
