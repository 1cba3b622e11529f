"""Removes the bytes of what was deleted from the database's files, as far as the database can."""

import sqlite3
import time
from contextlib import closing

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, TimeoutError

from storage.db.servers import in_words
from storage.db.transactions import Database

_WITHIN_SECONDS = 20.0

_TABLES = ("event_text", "request", "order_line", "decision", "delivery", "slack_message", "ops_notice")


def remove_deleted_bytes(database: Database) -> str | None:
    """Write SQLite's file anew and empty its log; have PostgreSQL vacuum the tables. Returns why that was not possible,
    in words; None if it was.
    """
    try:
        if database.is_sqlite:
            with closing(database.engine.raw_connection()) as connection:
                assert isinstance(connection.driver_connection, sqlite3.Connection)
                return _rewrite(connection.driver_connection)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as vacuum:
            # Of few rows PostgreSQL would leave what its indexes hold.
            vacuum.execute(text(f"VACUUM (INDEX_CLEANUP ON) {', '.join(_TABLES)}"))
    except DBAPIError as error:
        return in_words(error.orig or error)
    except (TimeoutError, sqlite3.Error) as error:
        return str(error)
    return None


def _rewrite(connection: sqlite3.Connection) -> str | None:
    connection.execute(f"PRAGMA busy_timeout={int(_WITHIN_SECONDS * 1000)}")
    connection.execute("VACUUM")
    deadline = time.monotonic() + _WITHIN_SECONDS
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > deadline:
            return "another process reads the database all the time"
        time.sleep(0.1)
    return None
