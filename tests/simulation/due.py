"""What is due in the database, read from outside: which lanes have work, and how long until any has."""

from datetime import datetime

from .rows import Rows, moment

_DUE = (
    ("inbox", "delivery", ""),
    ("messages", "slack_message", ""),
    ("logs", "order_line", ""),
    ("orders", "request", "AND state IN ('approved', 'executing')"),
    ("deadlines", "request", "AND state IN ('preparing', 'confirming', 'waiting')"),
)
"""Each lane's table, and which rows of it are the lane's."""

_LEASED = "FROM request WHERE state IN ('approved', 'executing')"


def due_lanes(rows: Rows, now: datetime) -> set[str]:
    """The lanes that have something due."""
    at = rows.instant(now)
    found = {
        lane for lane, table, more in _DUE if rows.one(f"SELECT 1 FROM {table} WHERE due_at <= ? {more} LIMIT 1", at)
    }
    if rows.one(f"SELECT 1 {_LEASED} AND lease_until <= ? LIMIT 1", at):
        found.add("orders")
    return found


def next_due(rows: Rows) -> datetime | None:
    """When something falls due next, or is to be forgotten; None: never."""
    queries = [f"SELECT min(due_at) FROM {table} WHERE 1=1 {more}" for _, table, more in _DUE]
    queries += [f"SELECT min(lease_until) {_LEASED}"]
    queries += [f"SELECT min(erase_at) FROM {table}" for table in ("delivery", "slack_message")]
    found = [rows.value(query) for query in queries]
    return min((moment(each) for each in found if each is not None), default=None)
