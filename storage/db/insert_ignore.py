"""Inserts rows unless their keys are taken, on both databases.

An acknowledgement waits for `InsertIgnore`, and SQLAlchemy's session or compiled statement takes longer than the row.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from storage.db.sqlite_lock import take_lock

Bind = Callable[[Any], Any]


def insert_into(connection: Connection, model: Any) -> postgresql.Insert | sqlite.Insert:
    """An insert that can say what to do if a key is taken (`on_conflict_…`)."""
    return postgresql.insert(model) if connection.dialect.name == "postgresql" else sqlite.insert(model)


class InsertIgnore:
    """Inserts rows of one table unless the key is taken. Compiled once."""

    def __init__(self, table: Table) -> None:
        """Read the table's columns and how their values are stored."""
        self._postgresql = postgresql.insert(table).on_conflict_do_nothing().returning(*table.primary_key)
        dialect = sqlite.dialect(paramstyle="named")
        self._sqlite = str(sqlite.insert(table).on_conflict_do_nothing().compile(dialect=dialect))
        self._absent: dict[str, Any] = dict.fromkeys(column.name for column in table.columns)
        binds = {each.name: each.type.dialect_impl(dialect).bind_processor(dialect) for each in table.columns}
        self._binds: dict[str, Bind] = {name: bind for name, bind in binds.items() if bind is not None}

    def run(self, connection: Connection, row: Mapping[str, Any]) -> bool:
        """Insert the row as its transaction's only statement. Returns False if its key is taken."""
        if connection.dialect.name == "postgresql":
            return connection.execute(self._postgresql, row).first() is not None
        assert not connection.in_transaction()
        stored = {**self._absent, **row}
        for name, bind in self._binds.items():
            stored[name] = bind(stored[name])
        # In autocommit mode SQLite has committed and synced a statement when it returns.
        return take_lock(connection, self._sqlite, stored).rowcount == 1
