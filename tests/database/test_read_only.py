"""A database that has become read-only, as after a failover, or has no room: told, and left as soon as it can be."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import psycopg
import pytest
from sqlalchemy import event, make_url
from world import ANN, FIRST, StartWorld, World

from storage.db.engine import engine_of
from storage.db.readiness import Readiness

TOLD = "This could not be recorded, so nothing was sent"


def _ready(world: World) -> tuple[int, str]:
    page = httpx.get(f"{world.url}/readyz")
    return page.status_code, page.text.strip()


@contextmanager
def _new_sessions_only_read(world: World) -> Iterator[None]:
    """The server drops every connection, as one that becomes a standby does; those made from now on only read."""
    name = make_url(world.database_url).database
    address = world.database_url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True, options="-c default_transaction_read_only=off") as admin:
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        yield
        admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")


only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@only_postgresql
def test_a_server_that_only_reads_is_left_for_one_that_writes(world: World) -> None:
    with _new_sessions_only_read(world):
        told = world.answer(ANN, FIRST)
        pages = world.until(lambda: page if (page := _ready(world))[0] == 503 else None)

    assert TOLD in told.text
    assert (503, "the database cannot be written: it is read-only") == pages
    # The sessions made meanwhile would go on reading only: the first write that fails on one gives up all of them.
    world.until(lambda: _ready(world) == (200, "ready"))
    assert "Cancel 1 order?" in world.preview(ANN, FIRST).text


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("host=a:5432&host=b:5432", "read-write"),
        ("host=a,b", "read-write"),
        ("host=a&host=b&target_session_attrs=any", "any"),
        ("host=a", None),
    ],
)
def test_of_several_servers_the_one_that_writes_is_looked_for(query: str, wanted: str | None) -> None:
    asked: list[dict[str, object]] = []
    engine = engine_of(f"postgresql+psycopg:///d?{query}")

    @event.listens_for(engine, "do_connect")
    def connect(_: object, __: object, ___: object, given: dict[str, object]) -> None:
        asked.append(dict(given))
        raise psycopg.OperationalError("not in this test")

    with pytest.raises(Exception, match="not in this test"):
        engine.connect()

    assert wanted == asked[0].get("target_session_attrs")


def test_a_sqlite_file_without_room_is_not_ready(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world()
    engine = world.bot.context.database.engine
    [(pages,)] = world.rows("PRAGMA page_count")

    @event.listens_for(engine, "connect")
    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    engine.dispose()

    assert (503, "the database cannot be written: its disk is full") == world.until(
        lambda: page if (page := _ready(world))[0] == 503 else None
    )


def test_a_sqlite_database_that_may_not_be_written_is_not_ready(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world()
    engine = world.bot.context.database.engine

    @event.listens_for(engine, "connect")
    def forbid(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA query_only=ON")

    engine.dispose()

    assert (503, "the database cannot be written: it is read-only") == world.until(
        lambda: page if (page := _ready(world))[0] == 503 else None
    )
    event.remove(engine, "connect", forbid)
    engine.dispose()
    assert (200, "ready") == world.until(lambda: page if (page := _ready(world))[0] == 200 else None)


def test_a_database_that_another_program_keeps_locked_is_not_ready(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world()
    with closing(sqlite3.connect(world.database_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        page = world.until(lambda: page if (page := _ready(world))[0] == 503 else None)
        other.execute("ROLLBACK")

    assert (503, "the database cannot be written: another writer keeps it locked") == page


def test_a_thousand_questions_are_one_write_a_second_and_leave_nothing_behind(world: World) -> None:
    written: list[str] = []

    @event.listens_for(world.bot.context.database.engine, "before_cursor_execute")
    def count(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("INSERT INTO commit_mark"):
            written.append(statement)

    readiness = Readiness(world.bot.context.database)
    began = time.monotonic()
    troubles = {readiness.trouble() for _ in range(1000)}
    took = time.monotonic() - began

    assert {""} == troubles
    assert 1 <= len(written) <= took + 1
    assert [] == world.rows("SELECT writer FROM commit_mark WHERE substr(writer, 1, 9) = 'readiness'")
