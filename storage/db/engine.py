"""Engine: connections to SQLite or PostgreSQL, with timeouts for statements, locks and the network."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from storage.db import servers, sqlite_lock

_LOCK_MS = int(sqlite_lock.WITHIN_SECONDS * 1000)
_IDLE_MS = 5000
"""How long PostgreSQL lets a transaction stay idle before it ends the session. A frozen process, or one on a machine
that is gone, would otherwise keep its row locks for ever.
"""

_BOUNDS = (f"lock_timeout = {_LOCK_MS}", f"idle_in_transaction_session_timeout = {_IDLE_MS}")

_POOLED = "pooled"

_NETWORK = {
    "connect_timeout": "2",
    "tcp_user_timeout": "2000",
    "keepalives_idle": "3",
    "keepalives_interval": "1",
    "keepalives_count": "3",
}
"""Detects a dead network within seconds. TCP's own default is a quarter of an hour (PostgreSQL's documentation, libpq,
*Parameter Key Words*). Values in the database URL win.
"""


POOL_SIZE = 10
"""Connections to PostgreSQL that one process holds at most. Eight processes leave 17 of the 97 that a server lets
ordinary roles have by default: for commands, a ninth process during an upgrade, and psql.
"""


def engine_of(url: str, pool_size: int = POOL_SIZE) -> Engine:
    """Create the engine for this URL. It connects on first use, to PostgreSQL at most `pool_size` times."""
    return _postgresql(url, pool_size) if url.startswith("postgresql") else _sqlite(url)


def _postgresql(url: str, pool_size: int) -> Engine:
    query = make_url(url).query
    network = {name: value for name, value in _NETWORK.items() if name not in query}
    engine = create_engine(
        url,
        connect_args=network | servers.parameters(url) | _prepared(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,
        hide_parameters=True,  # an error may be logged, and what people typed must not
    )

    @event.listens_for(engine, "connect")
    def _bound(connection: Any, record: ConnectionPoolEntry) -> None:
        connection.autocommit = True
        if _is_pooled(connection):
            # Each transaction may have another of the pooler's sessions: nothing can be left in one.
            record.info[_POOLED] = True
            connection.prepare_threshold = None
        else:
            connection.execute("; ".join(f"SET {bound}" for bound in _BOUNDS))
        connection.autocommit = False

    @event.listens_for(engine, "begin")
    def _bound_transaction(connection: Connection) -> None:
        if _POOLED in connection.info:
            connection.exec_driver_sql("; ".join(f"SET LOCAL {bound}" for bound in _BOUNDS))

    servers.follow_the_primary(engine)
    return engine


def _is_pooled(connection: Any) -> bool:
    """Whether a pooler such as PgBouncer is in between: it greets with a process number of its own."""
    (backend,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    return bool(backend != connection.info.backend_pid)


def _prepared(url: str) -> dict[str, int | None]:
    """The driver's `prepare_threshold`, if the URL has it: `none` switches prepared statements off."""
    asked = str(make_url(url).query.get("prepare_threshold", ""))
    return {"prepare_threshold": int(asked) if asked.isdecimal() else None} if asked else {}


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, pool_size=20, max_overflow=20, pool_timeout=5, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _settle(connection: Any, _: Any) -> None:
        # The driver must not open transactions itself: writers begin with IMMEDIATE.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_LOCK_MS}"):
            connection.execute(f"PRAGMA {pragma}")
        # REPLACE skips the DELETE trigger on audit events unless triggers are recursive.
        connection.execute("PRAGMA recursive_triggers=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("writes"):
            sqlite_lock.take_lock(connection, "BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN DEFERRED")

    return engine
