"""Slack answers wrongly, late or not at all: what people read is right soon after, and no outcome depends on it."""

import time

import pytest
from world import ANN, BO, FIRST, ORDERS, SECOND, Clock, StartWorld, World, go_ahead, order_ids, request_id

from bot.outbox.retry_rules import pause
from bot.sandbox.fincart.faults import Fault, FaultKind
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.state import Post

TROUBLES = [
    SlackFault(SlackFaultKind.RATE_LIMITED, retry_after=1),
    SlackFault(SlackFaultKind.SERVER_ERROR),
    SlackFault(SlackFaultKind.DROP),
    SlackFault(SlackFaultKind.ERROR, error="internal_error"),
    SlackFault(SlackFaultKind.HANG),
]

WITHIN = 10.0
"""Seconds after Slack's recovery (promise 8)."""


@pytest.mark.parametrize("fault", TROUBLES, ids=lambda fault: fault.kind)
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
def test_the_live_message_is_right_soon_after_slack_recovers(world: World, method: str, fault: SlackFault) -> None:
    preview = world.preview()
    world.slack.fail(method, fault, None)
    world.click(ANN, preview, go_ahead(preview))
    world.until(lambda: "finished" in world.kinds())
    world.slack.heal()
    end = world.ended(request_id(preview), timeout=WITHIN)

    assert "2 cancelled" in end.text
    assert ["Cancelled", "Cancelled"] == world.statuses(FIRST, SECOND)
    assert 1 == len(world.slack.messages(ORDERS))


@pytest.mark.parametrize("fault", TROUBLES, ids=lambda fault: fault.kind)
def test_the_preview_comes_soon_after_slack_recovers(world: World, fault: SlackFault) -> None:
    world.slack.fail("response_url", fault, None)
    world.type(ANN, FIRST)
    world.slack.wait_for(lambda: world.slack.count("response_url") >= 1)
    world.slack.heal()
    world.slack.wait_for(lambda: world.slack.ephemerals(ANN), WITHIN)

    assert ["Cancel 1 order?" in post.text for post in world.slack.ephemerals(ANN)] == [True]


def test_the_pause_before_the_next_try_is_shorter_than_ten_seconds() -> None:
    assert max(pause(tries) for tries in range(1, 1000)) < WITHIN


def test_a_preview_that_slack_takes_when_its_time_is_up_says_so_and_offers_nothing(
    start_sqlite_world: StartWorld,
) -> None:
    clock = Clock()
    world = start_sqlite_world(clock=clock)
    world.slack.fail("response_url", SlackFault(SlackFaultKind.SERVER_ERROR), None)
    world.type(ANN, FIRST)
    world.until(lambda: "preview_shown" in world.kinds())
    clock.advance(3600)
    world.until(lambda: "expired" in world.kinds())
    tried = "SELECT 1 FROM slack_message WHERE kind = 'preview' AND lease_owner IS NULL AND tries >= "
    for tries in range(1, 33):
        clock.advance(10)
        world.until(lambda tries=tries: world.rows(f"{tried}{tries}"), 20)  # type: ignore[misc]
    world.slack.heal()
    clock.advance(10)
    read = world.slack.wait_for(lambda: world.slack.ephemerals(ANN), WITHIN)

    assert ["Expired. Nothing was sent. "] == [post.text.partition("<@")[0] for post in read]
    assert [] == read[0].buttons()


def test_a_rate_limit_is_waited_out(world: World) -> None:
    preview = world.preview()
    world.slack.fail("chat.postMessage", SlackFault(SlackFaultKind.RATE_LIMITED, retry_after=2))
    world.click(ANN, preview, go_ahead(preview))
    world.ended(request_id(preview))
    limited, posted = [call.at for call in world.slack.calls("chat.postMessage")][:2]

    assert 2.0 <= posted - limited <= 4.0


def test_a_response_url_that_works_no_more_becomes_an_ephemeral_message(world: World) -> None:
    world.slack.fail("response_url", SlackFault(SlackFaultKind.NOT_FOUND), None)
    world.type(ANN, FIRST)
    world.slack.wait_for(lambda: world.slack.ephemerals(ANN), WITHIN)

    assert "Cancel 1 order?" in world.slack.ephemerals(ANN)[0].text
    assert 1 == world.slack.count("chat.postEphemeral")


def test_a_live_message_that_somebody_deleted_is_posted_anew(world: World) -> None:
    world.fincart.settings.latency = 1.0
    preview = world.preview()
    world.click(ANN, preview, go_ahead(preview))
    first = world.slack.wait_for(lambda: world.live(request_id(preview)))
    assert first is not None
    world.slack.state.posts[first.ts].deleted = True
    end = world.ended(request_id(preview))

    assert first.ts != end.ts
    assert "2 cancelled" in end.text


def twice(world: World) -> tuple[Post, Post]:
    """The live message of a request that waits for `resume`, which Slack shows twice: the copy, and the live one."""
    world.answer(ANN, "pause")
    preview = world.preview()
    world.slack.fail("chat.postMessage", SlackFault(SlackFaultKind.DROP, applied=True))
    world.click(ANN, preview, go_ahead(preview))
    world.slack.wait_for(lambda: len(world.slack.messages(ORDERS)) == 2)
    world.until(lambda: world.rows("SELECT 1 FROM slack_message WHERE kind = 'live' AND permalink IS NOT NULL"))
    copy, live = world.slack.messages(ORDERS)
    return copy, live


def test_a_copy_of_a_live_message_becomes_a_link_to_it_once_somebody_presses_a_button_there(world: World) -> None:
    copy, live = twice(world)
    world.answer(ANN, "resume")
    world.slack.wait_for(lambda: "2 cancelled" in world.slack.state.posts[live.ts].text)
    stale = world.slack.state.posts[copy.ts].text
    answer = world.press(ANN, copy, "Stop")
    world.slack.wait_for(lambda: "This message is a copy" in world.slack.state.posts[copy.ts].text)
    told = world.slack.state.posts[copy.ts]

    assert "Nothing has been sent yet" in stale
    assert "2 cancelled" in answer.text
    assert f"p{live.ts.replace('.', '')}" in str(told.blocks)
    assert f"show {request_id(live)}" in told.text
    assert [] == told.buttons()
    assert 2 == len(world.slack.messages(ORDERS))


def test_a_button_on_a_copy_does_what_it_says(world: World) -> None:
    copy, live = twice(world)
    world.press(BO, copy, "Stop")
    world.slack.wait_for(lambda: "This message is a copy" in world.slack.state.posts[copy.ts].text)
    world.slack.wait_for(lambda: "2 not sent" in world.slack.state.posts[live.ts].text)

    assert "stopped" in world.kinds(request_id(live))


def test_a_press_on_the_live_message_leaves_it_the_live_message(world: World) -> None:
    copy, live = twice(world)
    world.press(ANN, live, "Pause")
    world.slack.wait_for(lambda: "On hold" in world.slack.state.posts[live.ts].text)

    assert "Nothing has been sent yet" in world.slack.state.posts[copy.ts].text
    assert [] == world.rows("SELECT 1 FROM slack_message WHERE kind = 'moved'")


def test_while_slack_is_down_clicks_are_still_acknowledged_at_once(world: World) -> None:
    preview = world.preview()
    world.slack.fail("*", SlackFault(SlackFaultKind.HANG), None)
    started = time.monotonic()
    clicked = world.click(ANN, preview, go_ahead(preview))

    assert clicked.ok
    assert time.monotonic() - started < 1


def test_while_fincart_hangs_commands_are_still_answered(world: World) -> None:
    ids = order_ids(4)
    world.fincart.add(*ids)
    world.fincart.inject(Fault(FaultKind.HANG, times=None))
    for order_id in ids:
        preview = world.preview(ANN, order_id)
        world.click(ANN, preview, go_ahead(preview))
    assert world.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 4)
    started = time.monotonic()
    world.preview(ANN, SECOND)

    assert time.monotonic() - started < 2
