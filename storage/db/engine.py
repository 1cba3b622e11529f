"""Engine: the connections to SQLite or PostgreSQL, each bounded in how long it waits and how long it is waited for."""

from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url

from storage.db import sqlite_lock

_LOCK_MS = int(sqlite_lock.WITHIN_SECONDS * 1000)
_IDLE_MS = 5000
"""How long PostgreSQL lets a process be idle in a transaction before it takes its locks away: one that is frozen, or on
a machine that is gone, would keep every other from the rows it has locked."""

_NETWORK = {
    "connect_timeout": "2",
    "tcp_user_timeout": "2000",
    "keepalives_idle": "3",
    "keepalives_interval": "1",
    "keepalives_count": "3",
}
"""A network that has swallowed PostgreSQL is noticed within seconds; by itself TCP would try for a quarter of an hour
(PostgreSQL's documentation, libpq, *Parameter Key Words*). An address that names one of them keeps its own."""


_READ_ONLY = "25006"
"""SQLSTATE of a write that was refused because the server, or the session, only reads: after a failover, a server that
is the primary no more."""


def engine_of(url: str) -> Engine:
    """The engine of this address; it connects when it is first used."""
    return _postgresql(url) if url.startswith("postgresql") else _sqlite(url)


def _postgresql(url: str) -> Engine:
    query = make_url(url).query
    network = {name: value for name, value in _NETWORK.items() if name not in query}
    if _hosts(url) > 1 and "target_session_attrs" not in query:
        network["target_session_attrs"] = "read-write"
    engine = create_engine(url, connect_args=network, pool_size=20, max_overflow=20, pool_timeout=5, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def _bound(connection: Any, _: Any) -> None:
        connection.autocommit = True
        connection.execute(f"SET lock_timeout = {_LOCK_MS}; SET idle_in_transaction_session_timeout = {_IDLE_MS}")
        connection.autocommit = False

    @event.listens_for(engine, "handle_error")
    def _leave_a_server_that_only_reads(context: ExceptionContext) -> None:
        # It answers for ever, so that no connection to it would ever be given up: all of the pool's are, and the next
        # one looks for the primary anew.
        if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
            context.is_disconnect = True

    return engine


def _hosts(url: str) -> int:
    """How many servers an address names: of several, libpq is to look for the one that takes writes."""
    address = make_url(url)
    named = address.query.get("host", address.host or "")
    return len(named.split(",") if isinstance(named, str) else named)


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, pool_size=20, max_overflow=20, pool_timeout=5)

    @event.listens_for(engine, "connect")
    def _settle(connection: Any, _: Any) -> None:
        # The driver must not open transactions by itself: writers have to begin IMMEDIATE.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_LOCK_MS}"):
            connection.execute(f"PRAGMA {pragma}")
        # REPLACE would delete an audit event without its DELETE trigger unless triggers recurse.
        connection.execute("PRAGMA recursive_triggers=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("writes"):
            sqlite_lock.take_lock(connection, "BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN DEFERRED")

    return engine
