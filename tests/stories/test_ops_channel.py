"""OPS_CHANNEL: one line for whoever runs the bot, for each thing that they would want to know at once."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cli_runs import CommandLine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from world import ANN, BO, FIRST, ORDERS, RETURNS, SECOND, Clock, StartWorld, World, request_id

from bot.outbox.ops_channel import AT_ONCE, OpsChannel, lines_now
from bot.outbox.retry_rules import TRIES_WHEN_REFUSED
from bot.requests.global_pause import pause_a_restored_copy
from storage.audit.witness import HeadWitness
from storage.db.transactions import Database
from storage.enums import OpsEvent
from storage.operation_models import OpsNotice
from storage.ops_notices import PostedLately

HOUR = timedelta(hours=1)


def lines(world: World) -> list[str]:
    """All lines in the channel, oldest first."""
    return [line for post in world.slack.messages(RETURNS) for line in post.text.splitlines()]


def told(world: World, words: str) -> str:
    """The line that says so, once it does."""
    found = world.slack.wait_for(lambda: [line for line in lines(world) if words in line])
    assert found
    return found[-1]


@pytest.fixture
def at_its_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line works on the database of the bot that serves, and knows of no channel."""
    monkeypatch.setenv("DATABASE_URL", database_url)


@pytest.fixture
def ops(start_world: StartWorld, at_its_database: None) -> World:
    """A bot with RETURNS as its OPS_CHANNEL."""
    return start_world(OPS_CHANNEL=RETURNS)


def test_a_pause_and_its_end_are_told_with_who_and_why(ops: World) -> None:
    ops.answer(BO, "pause because courier strike")
    begun = told(ops, "Hold begun")
    ops.answer(BO, "resume")
    ended = told(ops, "Hold ended")

    assert f"All sending is paused by <@{BO}> (courier strike)" in begun
    assert f"the pause is lifted by <@{BO}>" in ended
    assert 2 == len(lines(ops))


def test_a_restored_copy_is_told_there_and_nowhere_else(ops: World) -> None:
    ops.cancelled(ANN, FIRST)
    ops.until_all_is_shown()
    ops.shut_down()
    database = Database(ops.database_url)
    for _ in range(2):
        copy = pause_a_restored_copy(database, "operator:op", HeadWitness(database, None))
        with database.write() as transaction:
            transaction.session.execute(text("UPDATE database_place SET place = 'elsewhere'"))
    database.close()
    shown = [post.revisions for post in ops.slack.messages(ORDERS)]
    ops.start()

    assert copy is not None
    assert "restored copy: restored at " in told(ops, "Hold begun")
    assert shown == [post.revisions for post in ops.slack.messages(ORDERS)]


def test_a_pause_from_the_shell_is_told(ops: World, command: CommandLine) -> None:
    command("pause", "--because", "Slack was down")

    assert "paused by operator:" in told(ops, "Hold begun")


def test_what_happens_while_no_process_serves_is_told_by_the_next(ops: World, command: CommandLine) -> None:
    ops.shut_down()
    command("pause")
    ops.start()

    assert "paused by operator:" in told(ops, "Hold begun")


def test_a_refused_fincart_token_is_told_without_the_reason_or_the_orders(ops: World) -> None:
    ops.fincart.settings.token_rejected = True
    ops.ended(request_id(ops.confirmed(ANN, f"{FIRST} because ann's secret reason")))
    line = told(ops, "Hold begun")

    assert "renew FINCART_TOKEN" in line
    assert [] == [each for each in lines(ops) if "secret" in each or FIRST in each]


def test_a_run_that_waits_for_a_person_is_told_with_its_request(ops: World) -> None:
    ops.answer(ANN, "pause")
    shown = ops.confirmed(ANN, FIRST)
    live = ops.slack.wait_for(lambda: ops.live(request_id(shown)))
    assert live is not None
    ops.click(ANN, live, "Pause")

    assert f"{request_id(shown)}. Paused by <@{ANN}>" in told(ops, request_id(shown))


def test_a_hold_that_flaps_is_told_a_few_times_and_then_how_many_are_left_out(
    start_world: StartWorld, at_its_database: None, command: CommandLine
) -> None:
    clock = Clock()
    world = start_world(clock=clock, OPS_CHANNEL=RETURNS)
    for _ in range(10):
        command("pause")
        command("resume")
    world.pass_time_until(lambda: not world.rows("SELECT 1 FROM ops_notice WHERE posted_at IS NULL"), 30)
    world.until_all_is_shown()
    counted = re.findall("([0-9]+) earlier lines? about this left out", "\n".join(lines(world)))

    assert 20 == len(lines(world)) + sum(map(int, counted))
    assert len(lines(world)) <= AT_ONCE + 2
    assert "Hold ended" in lines(world)[-1]


def test_a_refused_slack_token_is_told_at_its_end(ops: World) -> None:
    ops.slack.state.refuses_token = "token_revoked"
    ops.type(BO, "waiting")
    ops.until(lambda: ops.rows("SELECT 1 FROM hold WHERE kind = 'slack'"))
    ops.slack.state.refuses_token = ""
    told(ops, "Hold ended")

    assert "Slack refused the bot's token (token_revoked)" in lines(ops)[0]
    assert "Slack takes the bot's token again" in lines(ops)[1]
    assert 2 == len(lines(ops))


def gone(world: World) -> str:
    """A run whose live message stands in a channel that is archived meanwhile."""
    world.answer(ANN, "pause", ORDERS)
    shown = world.confirmed(ANN, f"{FIRST} {SECOND} because ann's secret reason")
    world.slack.wait_for(lambda: world.live(request_id(shown)))
    world.until_all_is_shown()
    world.slack.archive(ORDERS)
    return request_id(shown)


def test_a_live_message_that_moves_and_one_that_can_go_nowhere_are_told_and_no_reason(
    start_world: StartWorld, command: CommandLine, at_its_database: None
) -> None:
    world = start_world(clock=Clock(), OPS_CHANNEL=RETURNS)
    public_id = gone(world)
    world.slack.state.people[ANN].deleted = True
    command("resume")
    # The notice of the end is given up, too, before it or after.
    words = f"Message given up: live of {public_id}"
    world.pass_time_until(lambda: any(words in line for line in lines(world)))
    moved, given_up = told(world, "Message moved"), told(world, words)

    assert f"live of {public_id} in <#{ORDERS}>" in moved
    assert f"in <@{ANN}>" in given_up
    assert "redeliver" in given_up
    assert not any("secret" in line for line in lines(world))


def test_a_history_that_does_not_verify_is_told_and_that_it_does_again(ops: World, command: CommandLine) -> None:
    ops.preview(ANN, f"{FIRST} because ann's secret reason")
    database = Database(ops.database_url)
    for reason in ("another", "ann's secret reason"):
        with database.write(within_seconds=10.0) as transaction:
            transaction.session.execute(text("UPDATE request SET reason = :reason"), {"reason": reason})
        command("audit", "verify")
    database.close()
    told(ops, "The history verifies again")

    assert "disagrees with the history at" in told(ops, "The history does not verify")
    assert not any("secret" in line or "another" in line for line in lines(ops))


def test_nothing_is_told_in_a_channel_shared_with_another_organisation(
    start_world: StartWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = start_world(OPS_CHANNEL=RETURNS)
    world.slack.state.channels[RETURNS].is_ext_shared = True
    world.answer(BO, "pause")
    world.until(lambda: "OPS_CHANNEL: it is shared with another organisation" in caplog.text)
    world.until(lambda: not world.rows("SELECT 1 FROM ops_notice"))

    assert [] == lines(world)


def test_an_ops_channel_that_is_gone_ends_like_any_message_and_makes_no_more(
    start_world: StartWorld, command: CommandLine, at_its_database: None
) -> None:
    world = start_world(clock=Clock(), OPS_CHANNEL=RETURNS)
    world.slack.archive(RETURNS)
    command("pause")
    dead = "SELECT trouble FROM slack_message WHERE kind = 'ops_notice' AND due_at IS NULL"
    world.pass_time_until(lambda: world.rows(dead))
    tried = world.slack.count("chat.postMessage")
    world.pass_time(600)
    world.until_all_is_shown()
    code, listed, _ = command("status")

    assert TRIES_WHEN_REFUSED == tried == world.slack.count("chat.postMessage")
    assert [("is_archived",)] == world.rows(dead)
    assert (1, True) == (code, f"ops_notice of no request in {RETURNS}: is_archived" in listed)


def test_without_the_setting_nothing_is_told_and_a_day_later_nothing_is_kept(
    start_world: StartWorld, command: CommandLine, at_its_database: None
) -> None:
    clock = Clock()
    world = start_world(clock=clock)
    command("pause")
    kept = world.rows("SELECT what FROM ops_notice")
    clock.advance(25 * 3600)
    world.restart()
    world.until(lambda: not world.rows("SELECT 1 FROM ops_notice"))

    assert [("held",)] == kept


def test_two_that_tell_at_once_tell_it_once(ops: World, command: CommandLine) -> None:
    others = [OpsChannel(ops.bot.context) for _ in range(3)]
    command("pause")
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(OpsChannel.step, others))
    told(ops, "Hold begun")
    ops.until_all_is_shown()

    assert 1 == len(lines(ops))


def _notices(count: int, subject: str = "hold down") -> Iterator[OpsNotice]:
    for number in range(count):
        yield OpsNotice(id=number, at=datetime.now(UTC), what=OpsEvent.HELD, subject=subject, about="{}")


@given(st.lists(st.tuples(st.floats(0, 900), st.integers(0, 30)), max_size=60))
def test_however_often_it_flaps_a_dozen_lines_an_hour_tell_it_and_count_what_they_leave_out(
    bursts: list[tuple[float, int]],
) -> None:
    now, waiting, shown = datetime(2026, 11, 28, tzinfo=UTC), list[OpsNotice](), list[datetime]()
    happened = counted = 0
    for pause, burst in bursts:
        now += timedelta(seconds=pause)
        waiting += _notices(burst)
        happened += burst
        lately = [at for at in shown if at > now - HOUR]
        posted_lately = {"hold down": PostedLately(len(lately), lately[-1])} if lately else {}
        told_now = lines_now(waiting, posted_lately, now)
        shown += [now for _ in told_now]
        counted += sum(1 + len(before) for _, before in told_now)
        waiting = [] if told_now else waiting

        assert len([at for at in shown if at > now - HOUR]) <= 12
    assert happened == counted + len(waiting)
