"""Waits for SQLite's write lock while another process has it."""

import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

WITHIN_SECONDS = 0.7
"""How long anybody waits for the lock; Slack gives a click three seconds."""

TRY_EVERY_SECONDS = 0.002

_UNTIL = "waits for the write lock until"


def wait_until(connection: Connection, deadline: float) -> None:
    """Set the deadline of `take_lock` on this connection, by the monotonic clock."""
    connection.info[_UNTIL] = deadline


def take_lock(connection: Connection, statement: str, given: Mapping[str, Any] | None = None) -> sqlite3.Cursor:
    """Execute a statement that takes the write lock. Raises `sqlite3.OperationalError` at the deadline.

    SQLite's own busy handler retries at most ten times a second, and would starve behind a process that writes one
    transaction after another.
    """
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                cursor: sqlite3.Cursor = driver.execute(statement, given or {})
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() >= connection.info.get(_UNTIL, 0.0):
                    raise
            else:
                return cursor
            time.sleep(TRY_EVERY_SECONDS)
    finally:
        driver.execute(f"PRAGMA busy_timeout={int(WITHIN_SECONDS * 1000)}")
