"""What the database holds, read beside the bot through the driver alone: SQLite's or PostgreSQL's."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg

from storage.db.compatibility import all_tables

Row = dict[str, Any]


class Rows:
    """A connection of its own to one database. Queries mark their values with `?`."""

    def __init__(self, url: str) -> None:
        self._is_sqlite = url.startswith("sqlite")
        self._connection: Any
        if self._is_sqlite:
            file = f"file:{url.removeprefix('sqlite:///')}?mode=ro"
            self._connection = sqlite3.connect(file, uri=True, isolation_level=None)
        else:
            self._connection = psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)

    def all(self, query: str, *values: object) -> list[Row]:
        """Every row that it finds."""
        return list(self._each(query, values))

    def one(self, query: str, *values: object) -> Row | None:
        """The first row, if there is any."""
        return next(self._each(query, values), None)

    def value(self, query: str, *values: object) -> Any:
        """The first value of the first row; None where there is no row."""
        row = self.one(query, *values)
        return None if row is None else next(iter(row.values()))

    def everything(self) -> str:
        """All that is kept, as text."""
        return "\n".join(str(row) for table in all_tables() for row in self.all(f"SELECT * FROM {table}"))

    def instant(self, at: datetime) -> object:
        """A moment as this database compares it with those it keeps."""
        return f"{at:%Y-%m-%d %H:%M:%S.%f}" if self._is_sqlite else at

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def _each(self, query: str, values: tuple[object, ...]) -> Iterator[Row]:
        cursor = self._connection.execute(query if self._is_sqlite else query.replace("?", "%s"), values)
        names = [column[0] for column in cursor.description]
        return (dict(zip(names, row, strict=True)) for row in cursor)


def moment(kept: str | datetime) -> datetime:
    """A moment as the database keeps it."""
    return kept.astimezone(UTC) if isinstance(kept, datetime) else datetime.fromisoformat(kept).replace(tzinfo=UTC)
