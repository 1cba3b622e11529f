"""What people read of a request that is in an archive, and what its old buttons do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from world import ANN, BO, FIRST, SECOND, THIRD, Clock, StartWorld, World, of_owner, request_id

from bot.execution.reconciliation import comparisons
from bot.sandbox.slack.state import Post
from storage.archive import archive
from storage.audit.verify import verify_all
from storage.db.transactions import Database


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.advance(-60 * 86_400)
    return clock


@pytest.fixture
def world(start_sqlite_world: StartWorld, clock: Clock) -> World:
    """Sixty days ago; on SQLite, as PostgreSQL has a clock of its own, by which leases end."""
    return start_sqlite_world(clock=clock)


def _archived(world: World, clock: Clock, folder: Path) -> Post:
    """A request of then with an order that Fincart rejected, archived now."""
    world.fincart.add(SECOND, title="Processing", age=3600.0)
    ended = world.cancelled(ANN, f"{FIRST} {SECOND} because duplicate")
    world.until(lambda: not world.rows("SELECT 1 FROM order_line WHERE due_at IS NOT NULL"))
    world.until(lambda: not world.rows("SELECT 1 FROM slack_message WHERE shown < wanted"))
    clock.advance(60 * 86_400)
    database = Database(of_owner(world.database_url), clock)
    done = archive(database, clock() - timedelta(days=40), folder / "old.jsonl.gz", "operator:me")
    database.close()
    assert done.checkpoint is not None
    return ended


def test_an_archived_request_its_buttons_and_every_figure_without_it_say_where_it_is(
    world: World, clock: Clock, tmp_path: Path
) -> None:
    ended = _archived(world, clock, tmp_path)
    public_id = request_id(ended)
    calls = len(world.fincart.cancel_calls)
    shown = [
        world.answer(BO, f"show {public_id}").text,
        world.press(ANN, ended, "Retry 1 order").text,
        world.answer(BO, "history").text,
        world.answer(BO, "report since:90d by:person").text,
    ]
    lately = world.answer(BO, "report since:7d").text

    assert [f"{public_id} is archived. Nothing was done."] * 2 == [text.splitlines()[0] for text in shown[:2]]
    assert all("old.jsonl.gz" in text for text in shown)
    assert ["1 request that ended before"] * 2 == [
        found for text in shown[2:] for found in ["1 request that ended before"] if found in text
    ]
    assert "old.jsonl.gz" not in lately
    assert calls == len(world.fincart.cancel_calls)
    assert [] == [each for found in comparisons(world.bot.context, None, [FIRST]) for each in found.differences]


def test_what_is_archived_on_its_own_day_goes_on_counting_against_that_day(
    start_world: StartWorld, tmp_path: Path
) -> None:
    world = start_world(MAX_ORDERS_PER_PERSON_PER_DAY="2")
    world.cancelled(ANN, f"{FIRST} {SECOND}")
    world.until(lambda: not world.rows("SELECT 1 FROM order_line WHERE due_at IS NOT NULL"))
    world.until(lambda: not world.rows("SELECT 1 FROM slack_message WHERE shown < wanted"))
    database = Database(of_owner(world.database_url))
    done = archive(database, datetime.now(UTC) + timedelta(days=1), tmp_path / "today.jsonl.gz", "operator:me")
    found = verify_all(database)
    database.close()

    assert (1, None) == (done.checkpoint and done.checkpoint.requests, found.rows)
    assert "of which 2 are used today" in world.told(ANN, lambda: world.type(ANN, THIRD)).text


def test_what_was_answered_privately_is_gone_after_thirty_days_and_the_message_in_the_channel_goes_on(
    world: World, clock: Clock
) -> None:
    first = world.cancelled(ANN, f"{FIRST} because duplicate")
    page = world.answer(ANN, "history")
    world.cancelled(ANN, f"{SECOND} because duplicate")
    world.until(lambda: not world.rows("SELECT 1 FROM slack_message WHERE shown < wanted"))
    clock.advance(31 * 86_400)
    world.restart()
    world.until(lambda: not world.rows("SELECT 1 FROM delivery"))
    left = {kind for (kind,) in world.rows("SELECT kind FROM slack_message")}
    answer = world.press(ANN, page, "Share in channel")

    assert left.isdisjoint({"history", "preview"})
    assert "This button is too old." in answer.text
    assert "1 cancelled" in world.ended(request_id(first)).text
