"""A database that has become read-only, as after a failover, or has no room: told, and left as soon as it can be."""

import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import httpx
import psycopg
import pytest
from sqlalchemy import event, make_url
from world import ANN, FIRST, StartWorld, World, of_owner

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
    address = of_owner(world.database_url).replace("+psycopg", "")
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


@only_postgresql
def test_where_no_server_of_several_takes_writes_readyz_says_so_until_one_does(database_url: str) -> None:
    folder = make_url(database_url).query["host"]
    world = World(f"{database_url}&host={folder}")
    of_libpq = of_owner(database_url).replace("+psycopg", "")
    with psycopg.connect(of_libpq, autocommit=True, options="-c default_transaction_read_only=off") as admin:
        admin.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        admin.execute("SELECT pg_reload_conf()")
        page = world.until(lambda: page if "takes writes" in (page := _ready(world))[1] else None)
        admin.execute("ALTER SYSTEM RESET default_transaction_read_only")
        admin.execute("SELECT pg_reload_conf()")
    world.until(lambda: _ready(world) == (200, "ready"))
    world.stop()
    world.verify()

    words = "no database server takes writes: those that answer only read, as a standby does until it is promoted"
    assert (503, words) == page


@only_postgresql
def test_a_dead_host_before_the_living_one_costs_its_time_out_once(database_url: str) -> None:
    address = make_url(database_url)
    with _black_hole() as port:
        query = {"host": f"127.0.0.1,{address.query['host']}", "port": f"{port},5432"}
        engine = engine_of(address.set(query=query).render_as_string(hide_password=False))
        with engine.connect():
            began = time.monotonic()
            with engine.connect():
                took = time.monotonic() - began
        engine.dispose()

    assert took < 1.9


@contextmanager
def _black_hole() -> Iterator[int]:
    """A port at which connecting takes for ever: all that may wait there do."""
    with socket.socket() as listening, ExitStack() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            each = waiting.enter_context(socket.socket())
            each.setblocking(False)
            each.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


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
    troubles = {readiness.tried().trouble for _ in range(1000)}
    took = time.monotonic() - began

    assert {""} == troubles
    assert 1 <= len(written) <= took + 1
    assert [] == world.rows("SELECT writer FROM commit_mark WHERE substr(writer, 1, 9) = 'readiness'")
