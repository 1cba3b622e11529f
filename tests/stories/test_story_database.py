"""A database that is locked or full: nothing is sent, and the person is told within a second."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
from sqlalchemy import event
from world import ANN, FIRST, SECOND, StartWorld, World, go_ahead, of_owner, order_ids, request_id

TOLD = "This could not be recorded, so nothing was sent"


@contextmanager
def _locked(world: World) -> Iterator[None]:
    """Another program writes to the database, and goes on writing."""
    if world.is_sqlite:
        with closing(sqlite3.connect(world.database_file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    with psycopg.connect(of_owner(world.database_url).replace("+psycopg", "")) as another:
        another.execute("LOCK TABLE delivery, request, order_line, attempt, audit_event IN EXCLUSIVE MODE")
        yield
        another.rollback()


def _fill(world: World) -> None:
    """Let the bot's database not grow by a page any more."""
    engine = world.bot.context.database.engine
    [(pages,)] = world.rows("PRAGMA page_count")

    @event.listens_for(engine, "connect")
    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    engine.dispose()


def test_a_command_on_a_locked_database_is_told_within_a_second(world: World) -> None:
    with _locked(world):
        started = time.monotonic()
        answer = world.answer(ANN, FIRST)
        waited = time.monotonic() - started

    assert TOLD in answer.text
    assert waited < 1
    assert [] == world.kinds()


def test_a_click_on_a_locked_database_is_told_within_a_second(world: World) -> None:
    preview = world.preview()
    with _locked(world):
        started = time.monotonic()
        answer = world.press(ANN, preview, go_ahead(preview))
        waited = time.monotonic() - started

    assert TOLD in answer.text
    assert waited < 1
    assert () == world.fincart.cancel_calls
    assert ["request_made", "preview_shown"] == world.kinds()


def test_once_the_lock_is_gone_the_same_preview_goes_ahead(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world()
    preview = world.preview()
    with _locked(world):
        world.press(ANN, preview, go_ahead(preview))
    shown = world.told(ANN, lambda: world.type(ANN, f"show {request_id(preview)}"), with_button="go_ahead")
    world.click(ANN, shown, go_ahead(shown))

    assert "2 cancelled" in world.ended(request_id(preview)).text


def test_the_form_on_a_locked_database_is_told_within_a_second(world: World) -> None:
    with _locked(world):
        started = time.monotonic()
        answer = world.answer(ANN, "")
        waited = time.monotonic() - started

    assert TOLD in answer.text
    assert waited < 1
    assert world.slack.open_view(ANN) is None


def test_an_answer_of_fincarts_outlasts_a_locked_database(world: World) -> None:
    world.fincart.settings.latency = 0.3
    preview = world.preview()
    world.click(ANN, preview, go_ahead(preview))
    assert world.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 1)
    with _locked(world):
        time.sleep(1.2)  # longer than any writer waits: what is tested is the passing of time itself

    assert "2 cancelled" in world.ended(request_id(preview)).text
    assert 1 == len(world.fincart.cancel_calls)


def test_a_command_on_a_full_database_is_told_within_a_second(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world()
    _fill(world)
    started = time.monotonic()
    answer = world.answer(ANN, " ".join(order_ids(1000)))
    waited = time.monotonic() - started

    assert TOLD in answer.text
    assert waited < 1
    assert [] == world.kinds()
    assert () == world.fincart.calls


def test_a_locked_database_leaves_help_working(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world()
    with _locked(world):
        assert "Cancel orders at Fincart" in world.answer(ANN, "help").text
        assert "Did you mean" in world.answer(ANN, f"hlep {SECOND}").text
