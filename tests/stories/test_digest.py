"""The weekly report: posted once a week, by whichever process comes first, and also when there was nothing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from world import ANN, BO, FIRST, RETURNS, SECOND, Clock, StartWorld, World

from bot.reports.digest import Digest
from bot.sandbox.slack.state import Post
from bot.settings.weekly import WeeklyTime

HOUR = 3600
DAY = 86_400


def _digest_at(clock: Clock, seconds: int) -> dict[str, str]:
    """Settings by which a report is due so many seconds from now, to the minute."""
    at = clock() + timedelta(seconds=seconds)
    return {"DIGEST_CHANNEL": RETURNS, "DIGEST_AT": str(WeeklyTime(at.weekday(), at.time().replace(second=0)))}


def _posted(world: World) -> list[Post]:
    return [post for post in world.slack.messages(RETURNS) if " to 20" in post.text.splitlines()[0]]


def _waits_for(world: World, count: int) -> list[Post]:
    return world.slack.wait_for(lambda: _posted(world) if len(_posted(world)) == count else [])


def _is_quiet(world: World) -> None:
    """A step of the digest's own finds nothing to post."""
    assert not Digest(world.bot.context).step()


def test_it_has_the_figures_of_the_seven_days_before_it(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock, **_digest_at(clock, HOUR))
    world.cancelled(ANN, f"{FIRST} because duplicate")
    world.preview(BO, f"{SECOND} because fire")
    _is_quiet(world)
    world.pass_time(HOUR)
    (first,) = _waits_for(world, 1)
    due = clock().replace(second=0, microsecond=0)

    assert first.text.startswith("2 orders in 2 requests, ")
    assert "1 cancelled" in first.text.splitlines()[0]
    assert f"{due - timedelta(days=7):%Y-%m-%d %H:%M} to {due:%Y-%m-%d %H:%M}" in first.text
    assert "Most frequent reasons: duplicate 1 · fire 1" in first.text
    assert {"data_visualization", "table"} <= {block["type"] for block in first.blocks}
    assert [] == first.buttons()
    assert "Days and times are those of UTC." in first.text


def test_it_comes_once_a_week_and_says_when_there_was_nothing(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock, **_digest_at(clock, HOUR))
    world.pass_time(HOUR)
    _waits_for(world, 1)
    world.pass_time(6 * DAY)
    _is_quiet(world)
    world.pass_time(DAY)
    first, second = _waits_for(world, 2)

    assert first.text.startswith("No requests, ")
    assert "Nobody asked to cancel anything in these seven days." in second.text


def test_a_channel_shared_with_another_organisation_gets_no_report(
    start_world: StartWorld, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    world = start_world(clock=clock, **_digest_at(clock, HOUR))
    world.slack.state.channels[RETURNS].is_ext_shared = True
    clock.advance(HOUR)
    world.until(lambda: "no weekly report: DIGEST_CHANNEL is shared with another organisation" in caplog.text)
    _is_quiet(world)

    assert [] == _posted(world)


def test_another_time_in_the_settings_posts_no_second_report_of_the_week(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock, **_digest_at(clock, HOUR))
    world.pass_time(HOUR)
    _waits_for(world, 1)
    world.restart(**_digest_at(clock, HOUR))
    world.pass_time(HOUR)
    _is_quiet(world)

    assert 1 == len(_posted(world))


def test_after_a_long_time_without_the_bot_the_latest_comes_once(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock, **_digest_at(clock, HOUR))
    world.pass_time(HOUR)
    _waits_for(world, 1)
    world.until_all_is_shown()
    world.shut_down()
    clock.advance(26 * DAY)
    world.start()
    _, late = _waits_for(world, 2)
    world.restart()
    _is_quiet(world)
    until = datetime.fromisoformat(late.text.splitlines()[0].split(" to ")[1][:16] + "+00:00")

    assert timedelta(days=5) == timedelta(days=(clock() - until).days)
    assert 2 == len(_posted(world))


@pytest.mark.parametrize(("seconds", "count"), [(-HOUR, 1), (-3 * DAY, 0)], ids=["an hour ago", "days ago"])
def test_the_first_one_is_not_of_long_ago(start_world: StartWorld, seconds: int, count: int) -> None:
    clock = Clock()
    world = start_world(clock=clock, **_digest_at(clock, seconds))
    world.until(lambda: len(_posted(world)) == count)
    _is_quiet(world)

    assert count == len(world.rows("SELECT 1 FROM slack_message WHERE kind = 'digest'"))


def test_any_number_of_processes_post_it_once(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock)
    context = world.bot.context
    asked = {"digest_channel": RETURNS, "digest_at": WeeklyTime(clock().weekday(), clock().time().replace(second=0))}
    mine = [Digest(replace(context, settings=context.settings.model_copy(update=asked))) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(Digest.step, mine))
    _waits_for(world, 1)
    world.until_all_is_shown()

    assert 1 == len(_posted(world))
    assert [(1,)] == world.rows("SELECT count(*) FROM slack_message WHERE kind = 'digest'")


def test_where_no_channel_is_named_none_is_posted(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock, DIGEST_AT=_digest_at(clock, 0)["DIGEST_AT"])
    _is_quiet(world)

    assert [] == world.rows("SELECT 1 FROM slack_message WHERE kind = 'digest'")


def test_its_times_are_those_of_the_zone_that_was_set(start_world: StartWorld) -> None:
    clock = Clock()
    at = clock() + timedelta(hours=6)  # Dhaka is 6 hours ahead all year
    weekly = WeeklyTime(at.weekday(), at.time().replace(second=0))
    world = start_world(clock=clock, DIGEST_CHANNEL=RETURNS, DIGEST_AT=str(weekly), TIMEZONE="Asia/Dhaka")
    (posted,) = _waits_for(world, 1)

    assert f"to {at:%Y-%m-%d %H:%M}" in posted.text.splitlines()[0]
    assert "Days and times are those of Asia/Dhaka." in posted.text


def test_where_slack_draws_no_chart_it_is_still_posted(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock, **_digest_at(clock, HOUR))
    world.slack.state.refused_blocks[:] = ["data_visualization", "table"]
    world.cancelled(ANN, FIRST)
    world.pass_time(HOUR)
    (posted,) = _waits_for(world, 1)

    assert [] == posted.blocks
    assert "Cancelled: 1" in posted.text.splitlines()


def test_a_digest_waits_for_its_channel_to_be_opened_again(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock, **_digest_at(clock, HOUR))
    world.slack.state.channels[RETURNS].is_archived = True
    clock.advance(HOUR)
    world.until(lambda: world.rows("SELECT 1 FROM slack_message WHERE kind = 'digest' AND trouble = 'is_archived'"))
    world.slack.state.channels[RETURNS].is_archived = False
    clock.advance(HOUR)

    assert _waits_for(world, 1)
