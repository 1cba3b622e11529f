"""What `/healthz` and `/readyz` say of a process that something ails."""

import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event, text
from world import ANN, FIRST, QUICK, StartWorld, World, go_ahead, of_owner

from bot.sandbox.fincart.faults import Endpoint, Fault, FaultKind
from bot.worker.lane_steps import LaneSteps
from storage.db.transactions import Database

IMPATIENT = replace(QUICK, stuck_after=1.0)
"""A lane is stuck after a second."""


def page(world: World, name: str) -> tuple[int, str]:
    answer = httpx.get(f"{world.url}/{name}")
    return answer.status_code, answer.text


def pages(world: World, name: str, seconds: float) -> set[tuple[int, str]]:
    """Every answer of the page within so many seconds."""
    ends_at, found = time.monotonic() + seconds, set[tuple[int, str]]()
    while time.monotonic() < ends_at:
        found.add(page(world, name))
        threading.Event().wait(0.02)
    return found


def changed_by_a_newer_version(url: str, *statements: str) -> None:
    database = Database(of_owner(url))
    with database.write(within_seconds=10.0) as transaction:
        for statement in ("UPDATE alembic_version SET version_num = 'later'", *statements):
            transaction.connection.execute(text(statement))
    database.close()


def test_a_lane_that_hangs_fails_both_pages_until_it_steps_again(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world(timings=IMPATIENT)
    world.cancelled(ANN, FIRST)
    world.fincart.inject(Fault(FaultKind.HANG, Endpoint.LOGS, times=None))
    world.until(lambda: page(world, "healthz")[0] == 503)
    bodies = [page(world, name) for name in ("healthz", "readyz")]
    world.fincart.clear_faults()

    assert [503, 503] == [status for status, _ in bodies]
    assert all("the worker's lane logs has not stepped for " in body for _, body in bodies)
    world.until(lambda: (200, "ok\n") == page(world, "healthz"))


def test_an_idle_process_stays_healthy(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world(timings=IMPATIENT)

    assert {(200, "ok\n")} == pages(world, "healthz", 2.5)


def test_a_fincart_that_takes_long_is_no_lane_that_hangs(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world(timings=IMPATIENT, FINCART_MAX_CONCURRENCY="1", FINCART_TIMEOUT_SECONDS="60")
    world.fincart.inject(Fault(FaultKind.HANG, times=None))
    preview = world.preview(ANN, FIRST)
    world.click(ANN, preview, go_ahead(preview))
    world.until(lambda: any(call.ids == (FIRST,) for call in world.fincart.calls))

    assert {(200, "ok\n")} == pages(world, "healthz", 2.5)


@pytest.mark.long
def test_a_database_that_is_away_is_no_reason_to_restart(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world(timings=replace(QUICK, stuck_after=5.0))
    engine = world.bot.context.database.engine

    preview = world.preview(ANN, FIRST)
    world.fincart.inject(Fault(FaultKind.SLOW, seconds=0.5))
    world.click(ANN, preview, go_ahead(preview))
    world.until(lambda: world.fincart.faults_met)

    @event.listens_for(engine, "connect")
    def forbid(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA query_only=ON")

    engine.dispose()
    world.until(lambda: page(world, "readyz")[0] == 503)
    healthy = pages(world, "healthz", 7.0)
    event.remove(engine, "connect", forbid)
    engine.dispose()

    assert {(200, "ok\n")} == healthy


def test_a_process_that_stops_is_not_ready_and_not_unhealthy(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world()
    world.bot.stop()

    assert (503, "stopping\n") == page(world, "readyz")
    assert (200, "ok\n") == page(world, "healthz")


def test_everything_that_ails_it_is_told_in_a_line_each(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world()
    world.slack.state.refuses_token = "account_inactive"
    world.type(ANN, "waiting")
    world.until(lambda: "account_inactive" in page(world, "readyz")[1])
    changed_by_a_newer_version(world.database_url, "ALTER TABLE quota RENAME TO quotas")
    world.until(lambda: "newer" in page(world, "readyz")[1])
    _, body = page(world, "readyz")
    changed_by_a_newer_version(world.database_url, "ALTER TABLE quotas RENAME TO quota")

    assert [
        "the database is of a newer version, which has changed the table quota: start that version, or this one on a "
        "copy made before the upgrade",
        "Slack refuses the bot's token (account_inactive); install the app again, or correct SLACK_BOT_TOKEN",
    ] == body.splitlines()


def test_a_newer_version_that_only_added_leaves_this_one_ready_and_at_work(world: World) -> None:
    added = "ALTER TABLE request ADD COLUMN later TEXT", "CREATE TABLE later (x INTEGER NOT NULL)"
    counted = "ALTER TABLE order_line ADD COLUMN later_count INTEGER NOT NULL DEFAULT 0"
    changed_by_a_newer_version(world.database_url, *added, counted)
    end = world.cancelled(ANN, FIRST)
    found = pages(world, "readyz", 1.5)

    assert "1 cancelled" in end.text
    assert {(200, "ready\n")} == found


@pytest.mark.parametrize(
    "change",
    ["ALTER TABLE commit_mark RENAME COLUMN left_at TO at", "ALTER TABLE hold ADD COLUMN later INTEGER NOT NULL"],
    ids=["renamed", "needed"],
)
def test_a_newer_version_that_took_something_away_is_told(database_url: str, change: str) -> None:
    if "NOT NULL" in change and database_url.startswith("sqlite"):
        change = "DROP TABLE hold"  # SQLite adds no such column
    world = World(database_url)
    changed_by_a_newer_version(database_url, change)
    world.until(lambda: "newer" in page(world, "readyz")[1])
    status, body = page(world, "readyz")
    world.stop()

    assert 503 == status
    assert body.startswith("the database is of a newer version, which has changed the table ")


def test_a_file_that_was_replaced_is_not_ready_though_writing_succeeds(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world()
    file = Path(world.database_file)
    page(world, "readyz")
    kept = file.rename(file.with_name("kept.db"))
    world.until(lambda: page(world, "readyz")[0] == 503)
    found = page(world, "readyz")
    kept.rename(file)

    assert (503, "the database cannot be written: its file was removed or replaced; restart the bot\n") == found


def test_a_lane_that_waits_for_the_database_has_not_stopped_stepping() -> None:
    steps = LaneSteps(threading.Event())
    steps.stepped("messages")
    began = steps.ages()["messages"]
    steps.wait(0.05)
    waited = steps.ages()["messages"]
    steps.wait(0.0)

    assert steps.ages()["messages"] < waited
    assert began < waited


def test_many_who_ask_while_the_database_hangs_wait_for_one_try_and_for_three_seconds(
    start_sqlite_world: StartWorld,
) -> None:
    world = start_sqlite_world()
    before = threading.active_count()
    with world.bot.context.database.write(within_seconds=10.0):
        world.until(lambda: page(world, "readyz")[0] == 503)
        began = time.monotonic()
        asking = [threading.Thread(target=page, args=(world, "readyz")) for _ in range(8)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        took, threads = time.monotonic() - began, threading.active_count()

    assert took < 5
    assert threads <= before + 12
