"""A channel that is archived, or that the bot is removed from, while a live message stands in it: nobody is left with
what was true once, and nothing is tried for ever."""

import re
from collections.abc import Callable

import pytest
from approvals import ASK, AUDIT, EMERGENCY, asked, two_person_world
from cli_runs import CommandLine
from world import ANN, ORDERS, RETURNS, Clock, StartWorld, World, go_ahead, request_id

from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.state import ChannelKind, Post

_RESULT = re.compile("[0-9,]+ cancelled.* audit ", re.DOTALL)


def start(start_world: StartWorld, **settings: str) -> tuple[World, Clock]:
    clock = Clock()
    return start_world(clock=clock, **settings), clock


def running(world: World) -> Post:
    """The live message of a request that waits for `resume`."""
    world.answer(ANN, "pause")
    preview = world.preview()
    world.click(ANN, preview, go_ahead(preview))
    live = world.slack.wait_for(lambda: world.live(request_id(preview)))
    world.until(lambda: not world.rows("SELECT 1 FROM slack_message WHERE kind = 'live' AND shown < wanted"))
    assert live is not None
    return live


def ends(world: World) -> Post:
    """The live message, in Ann's direct message, once it has ended: it has the audit's head, which the notice lacks."""
    world.type(ANN, "resume", RETURNS)
    found: list[Post] = []

    def told() -> bool:
        found[:] = [post for post in world.slack.dms(ANN) if _RESULT.match(post.text)]
        return bool(found)

    world.pass_time_until(told)
    return found[-1]


def archived(world: World) -> None:
    world.slack.archive(ORDERS)


def removed(world: World) -> None:
    world.slack.state.channels[ORDERS].kind = ChannelKind.PRIVATE
    world.slack.remove_bot(ORDERS)


GONE = pytest.mark.parametrize("gone", [archived, removed])


@GONE
def test_its_requester_gets_the_whole_result_directly_and_why(
    start_world: StartWorld, gone: Callable[[World], None]
) -> None:
    world, _ = start(start_world)
    running(world)
    gone(world)
    end = ends(world)

    assert "2 cancelled" in end.text
    assert f"This message was in <#{ORDERS}> until" in end.text
    assert ("is archived" in end.text) == (gone is archived)


@GONE
def test_it_is_not_tried_again_and_again(start_world: StartWorld, gone: Callable[[World], None]) -> None:
    world, _ = start(start_world)
    running(world)
    gone(world)
    ends(world)
    refused = [call for call in world.slack.calls() if call.outcome in ("is_inactive", "channel_not_found")]

    world.until(lambda: not world.rows("SELECT 1 FROM slack_message WHERE kind = 'live' AND due_at IS NOT NULL"))

    assert len(refused) <= 10


def test_once_the_channel_is_open_again_what_stands_there_says_where_to_look(start_world: StartWorld) -> None:
    world, _ = start(start_world)
    live = running(world)
    archived(world)
    end = ends(world)
    world.slack.unarchive(ORDERS)
    world.pass_time_until(lambda: "has moved" in world.slack.state.posts[live.ts].text, 600.0)
    left = world.slack.state.posts[live.ts]

    assert [] == left.buttons()
    assert f"/cancel-orders show {request_id(end)}" in left.text
    assert [left.ts] == [post.ts for post in world.slack.messages(ORDERS)]


def test_what_somebody_has_deleted_there_meanwhile_is_not_posted_again(start_world: StartWorld) -> None:
    world, _ = start(start_world)
    live = running(world)
    archived(world)
    ends(world)
    world.slack.state.posts[live.ts].deleted = True
    world.slack.unarchive(ORDERS)
    world.pass_time_until(lambda: not world.rows("SELECT 1 FROM slack_message WHERE due_at IS NOT NULL"), 600.0)

    assert [] == world.slack.messages(ORDERS)
    assert [("moved", "message_not_found")] == world.rows(
        "SELECT kind, trouble FROM slack_message WHERE shown < wanted"
    )


def test_what_was_left_there_is_tried_for_a_day_and_no_longer(start_world: StartWorld) -> None:
    world, _ = start(start_world)
    running(world)
    archived(world)
    ends(world)
    world.pass_time_until(lambda: not world.rows("SELECT 1 FROM slack_message WHERE due_at IS NOT NULL"), 3600.0)

    assert [("moved", "is_inactive")] == world.rows("SELECT kind, trouble FROM slack_message WHERE shown < wanted")
    assert world.slack.count("chat.update") < 60


def test_a_correction_afterwards_is_told_in_the_direct_message_alone(start_world: StartWorld) -> None:
    world, _ = start(start_world)
    running(world)
    archived(world)
    end = ends(world)
    world.slack.unarchive(ORDERS)
    world.restart()

    assert 1 == len([post for post in world.slack.dms(ANN) if _RESULT.match(post.text)])
    assert request_id(end) in world.slack.dms(ANN)[-1].text


def test_where_nobody_can_be_told_it_is_given_up_and_kept(
    start_world: StartWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world, clock = start(start_world)
    running(world)
    archived(world)
    world.slack.fail("chat.postMessage", SlackFault(SlackFaultKind.ERROR, error="user_not_found"), None)
    world.type(ANN, "resume", RETURNS)
    given_up = "SELECT 1 FROM slack_message WHERE kind = 'live' AND due_at IS NULL AND trouble = 'user_not_found'"
    world.pass_time_until(lambda: world.rows(given_up) and "finished" in world.kinds())
    for _ in range(20):
        clock.advance(60)
        world.until(lambda: not world.rows("SELECT 1 FROM slack_message WHERE lease_owner IS NOT NULL"))

    assert world.slack.count("chat.postMessage") <= 13
    assert 1 == caplog.text.count("the live message of R-") - caplog.text.count("goes on as a direct message")


def test_a_card_nobody_sees_any_more_is_told_of_when_a_reminder_finds_no_channel(start_world: StartWorld) -> None:
    clock = Clock()
    world = two_person_world(start_world, clock=clock)
    preview = asked(world)
    world.press(ANN, preview, ASK)
    world.slack.wait_for(lambda: world.live(request_id(preview)))
    world.until(lambda: not world.rows("SELECT 1 FROM slack_message WHERE shown < wanted"))
    archived(world)
    clock.advance(4 * 3600 - 600)
    world.pass_time_until(lambda: any("Nobody else sees" in post.text for post in world.slack.dms(ANN)))

    assert "the channel is archived" in world.slack.dms(ANN)[-1].text


def emergency_unseen(start_world: StartWorld) -> tuple[World, Clock]:
    """Ann goes ahead alone in an emergency, and AUDIT_CHANNEL is archived."""
    clock = Clock()
    world = two_person_world(start_world, clock=clock, EMERGENCY_USERS=ANN, AUDIT_CHANNEL=AUDIT)
    world.slack.archive(AUDIT)
    world.click(ANN, asked(world), EMERGENCY)
    form = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert form is not None
    world.slack.submit(form, {"number": "2"})
    world.until(lambda: "finished" in world.kinds())
    return world, clock


def test_a_notice_to_an_audit_channel_that_is_gone_is_given_up_in_minutes_and_logged_once(
    start_world: StartWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world, _ = emergency_unseen(start_world)
    world.pass_time_until(lambda: "the emergency_notice message" in caplog.text)

    assert 1 == caplog.text.count("the emergency_notice message")
    assert len([call for call in world.slack.calls() if call.params.get("channel") == AUDIT]) < 20


def test_once_the_audit_channel_is_open_again_redeliver_tells_of_the_emergency(
    start_world: StartWorld, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = emergency_unseen(start_world)
    monkeypatch.setenv("DATABASE_URL", world.database_url)
    given_up = "SELECT 1 FROM slack_message WHERE kind = 'emergency_notice' AND due_at IS NULL AND shown < wanted"
    world.pass_time_until(lambda: world.rows(given_up))
    world.slack.unarchive(AUDIT)
    world.slack.state.channels[AUDIT].members.append(world.slack.state.bot_user)
    command("redeliver")
    posted = world.slack.wait_for(lambda: world.slack.messages(AUDIT))

    assert ["mergency" in post.text for post in posted] == [True]


def test_whoever_shares_a_page_where_the_bot_cannot_post_is_told(start_world: StartWorld) -> None:
    world, _ = start(start_world)
    world.cancelled()
    page = world.answer(ANN, "history")
    world.slack.state.channels[ORDERS].restricted = True
    world.click(ANN, page, "Share in channel")
    world.pass_time_until(lambda: any("could not be shared" in post.text for post in world.private(ANN)))

    assert "only some people may post there" in world.private(ANN)[-1].text


def test_slack_being_down_sends_no_message_elsewhere(start_world: StartWorld) -> None:
    world, clock = start(start_world)
    live = running(world)
    world.slack.fail("chat.update", SlackFault(SlackFaultKind.SERVER_ERROR), None)
    world.type(ANN, "resume", RETURNS)
    world.until(lambda: "finished" in world.kinds())
    for _ in range(20):
        clock.advance(60)
        world.until(lambda: not world.rows("SELECT 1 FROM slack_message WHERE lease_owner IS NOT NULL"))
    world.slack.heal()
    clock.advance(10)
    end = world.ended(request_id(live))

    assert live.ts == end.ts
    assert "2 cancelled" in end.text
