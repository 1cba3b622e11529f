"""What a database holds, read by its driver alone, so that a SQLite file and a PostgreSQL database can be compared."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime

import psycopg
from psycopg.rows import dict_row

Rows = dict[str, list[str]]
"""Of each table what its rows hold, spelled alike for both databases."""


def rows_of_file(path: str) -> Rows:
    """All rows of all tables of a SQLite file."""
    with closing(sqlite3.connect(path)) as file:
        file.row_factory = sqlite3.Row
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: _spelled(map(dict, file.execute(f"SELECT * FROM {name}"))) for name in tables}


def rows_of_server(address: str) -> Rows:
    """All rows of all tables of a PostgreSQL database."""
    with psycopg.connect(address.replace("+psycopg", ""), row_factory=dict_row) as server:
        server.execute("SET TIME ZONE 'UTC'")
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        tables = [row["table_name"] for row in server.execute(query)]
        return {name: _spelled(server.execute(f"SELECT * FROM {name}")) for name in tables}


def _spelled(rows: Iterable[dict[str, object]]) -> list[str]:
    return sorted(str({name: _plain(value) for name, value in sorted(row.items())}) for row in rows)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    return int(value) if isinstance(value, bool) else value
