"""Steering a run: Stop, Pause and Go on, Undo, Retry, Leave those out, pause and resume, and the preview's statuses."""

from collections.abc import Callable

import pytest
from world import ANN, BO, CY, QUICK, StartWorld, World, order_ids, request_id

from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind
from bot.sandbox.slack.state import Post

IDS = order_ids(30)


@pytest.fixture
def world(start_world: StartWorld) -> World:
    """Thirty pending orders, sent ten at a time and one call at once, by a Fincart that hangs on the second call."""
    world = start_world(timings=QUICK, FINCART_BATCH_SIZE="10", FINCART_MAX_CONCURRENCY="1")
    world.fincart.add(*IDS)
    return world


def begun(world: World) -> tuple[str, Post]:
    """A run that has sent its first batch and whose second hangs; the request's id and its message."""
    world.fincart.inject(Fault(FaultKind.HANG, order_id=IDS[10], applied=Applied.ALL))
    shown = world.preview(ANN, f"{' '.join(IDS)} because duplicate")
    world.press(ANN, shown, "Cancel 30 orders")
    public_id = request_id(shown)

    def under_way() -> Post | None:
        post = world.live(public_id)
        return post if post is not None and "10 of 30" in post.text else None

    post = world.slack.wait_for(under_way, 10)
    assert post is not None
    return public_id, post


def test_stop_halts_after_the_calls_in_flight_and_says_who(world: World) -> None:
    public_id, live = begun(world)

    world.press(BO, live, "Stop")
    stopping = becomes(world, public_id, lambda text: "Sending is over" in text).text
    world.fincart.release()
    text = world.ended(public_id).text

    assert "nothing new is sent after" in live.text
    assert "nothing new is sent after" not in stopping
    assert "20 cancelled · 10 not sent" in text
    assert f"Sending is over: stopped by <@{BO}>" in text
    assert ["Pending"] * 10 == world.statuses(*IDS[20:])


def test_somebody_who_may_not_approve_cannot_stop_it(world: World) -> None:
    public_id, live = begun(world)

    answer = world.press(CY, live, "Stop")
    world.fincart.release()

    assert "Refused" in answer.text
    assert "30 cancelled" in world.ended(public_id).text


def test_a_paused_run_waits_until_it_goes_on(world: World) -> None:
    public_id, live = begun(world)

    world.press(ANN, live, "Pause")
    world.fincart.release()
    paused = world.slack.wait_for(
        lambda: [post for post in [world.live(public_id)] if post and "20 of 30" in post.text]
    )
    sent = len(world.fincart.cancel_calls)
    world.press(BO, paused[0], "Go on")

    assert "On hold" in paused[0].text
    assert 2 == sent
    assert "30 cancelled" in world.ended(public_id).text


def test_pause_stops_everything_until_resume_and_every_message_says_so(world: World) -> None:
    world.answer(BO, "pause because courier strike")
    shown = world.preview(ANN, IDS[0])
    world.press(ANN, shown, "Cancel 1 order")
    public_id = request_id(shown)
    waits = world.slack.wait_for(
        lambda: [post for post in [world.live(public_id)] if post and "All sending is paused" in post.text]
    )[0]
    sent = len(world.fincart.cancel_calls)
    world.answer(ANN, "resume")

    assert f"by <@{BO}>" in waits.text
    assert "courier strike" in waits.text
    assert 0 == sent
    assert "1 cancelled" in world.ended(public_id).text


def test_a_fincart_that_is_down_is_asked_again_and_a_pause_meanwhile_costs_no_time(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.SERVER_ERROR, endpoint=Endpoint.CANCEL, times=3))
    shown = world.preview(ANN, f"{' '.join(IDS)} because duplicate")
    world.press(ANN, shown, "Cancel 30 orders")
    public_id = request_id(shown)
    becomes(world, public_id, lambda text: "Fincart does not answer" in text)
    world.answer(BO, "pause")
    # It looks again when Fincart is to be asked again, and finds that it must not.
    world.until(lambda: world.rows("SELECT count(*) FROM request WHERE due_at = valid_until")[0][0] == 1)
    world.answer(BO, "resume")

    assert "30 cancelled" in world.ended(public_id).text


def test_a_pause_outlives_a_restart(world: World) -> None:
    world.answer(BO, "pause")
    world.restart()

    assert "was paused before" in world.answer(ANN, "pause").text


def test_undo_takes_it_back_before_anything_is_sent(start_world: StartWorld) -> None:
    world = start_world(UNDO_SECONDS="60")
    shown = world.preview()
    world.press(ANN, shown, "Cancel 2 orders")
    public_id = request_id(shown)
    live = world.slack.wait_for(lambda: [post for post in [world.live(public_id)] if post])[0]

    answer = world.press(ANN, live, "Undo")

    assert "until then it can be undone" in live.text
    assert "Undone. Nothing was sent." in answer.text
    world.slack.wait_for(lambda: "Withdrawn" in getattr(world.live(public_id), "text", ""))
    assert () == world.fincart.cancel_calls


def becomes(world: World, public_id: str, is_so: Callable[[str], bool]) -> Post:
    """The request's message once it says so."""
    return world.slack.wait_for(lambda: [post for post in [world.live(public_id)] if post and is_so(post.text)])[0]


def test_while_the_first_call_is_in_flight_the_message_no_longer_says_that_nothing_was_sent(
    start_world: StartWorld,
) -> None:
    world = start_world(UNDO_SECONDS="1")
    world.fincart.inject(Fault(FaultKind.HANG))
    shown = world.preview()
    world.press(ANN, shown, "Cancel 2 orders")

    running = becomes(world, request_id(shown), lambda text: "0 of 2" in text)
    world.fincart.release()

    assert ["Stop", "Pause"] == [button.text for button in running.buttons()]
    assert "2 cancelled" in world.ended(request_id(shown)).text


def test_neither_pause_nor_go_on_sends_anything_before_it_can_no_longer_be_undone(start_world: StartWorld) -> None:
    world = start_world(UNDO_SECONDS="60")
    shown = world.preview()
    world.press(ANN, shown, "Cancel 2 orders")
    public_id = request_id(shown)
    live = world.slack.wait_for(lambda: [post for post in [world.live(public_id)] if post])[0]

    world.press(ANN, live, "Pause")
    held = world.slack.wait_for(lambda: [each for each in [world.live(public_id)] if each and "On hold" in each.text])[
        0
    ]
    world.press(BO, held, "Go on")
    live = world.slack.wait_for(lambda: [each for each in [world.live(public_id)] if each and "hold" not in each.text])[
        0
    ]
    answer = world.press(ANN, live, "Undo")

    assert "Undone. Nothing was sent." in answer.text
    assert () == world.fincart.cancel_calls


def test_who_asked_is_told_when_somebody_else_stopped_it(world: World) -> None:
    public_id, live = begun(world)

    world.press(BO, live, "Stop")
    world.fincart.release()

    told = world.slack.wait_for(lambda: [post for post in world.slack.dms(ANN) if public_id in post.text], 10)[-1]
    assert f"stopped by <@{BO}>" in told.text


def test_somebody_who_may_not_steer_a_request_cannot_retry_it(world: World) -> None:
    public_id, live = begun(world)
    world.press(ANN, live, "Stop")
    world.fincart.release()

    answer = world.press(CY, world.ended(public_id), "Retry 10 orders")

    assert "Refused" in answer.text
    assert [(1,)] == world.rows("SELECT count(*) FROM request")


def test_a_run_holds_by_itself_after_so_many_refusals_and_asks(start_world: StartWorld) -> None:
    world = start_world(
        timings=QUICK,
        FINCART_BATCH_SIZE="1",
        FINCART_MAX_CONCURRENCY="1",
        HOLD_AFTER_FAILED="3",
        VERIFY_RESULTS="false",
    )
    ids = order_ids(6)
    world.fincart.add(*ids, title="Processing")
    shown = world.preview(ANN, " ".join(ids))
    world.press(ANN, shown, "Cancel 6 orders")
    public_id = request_id(shown)
    held = world.slack.wait_for(
        lambda: [post for post in [world.live(public_id)] if post and "On hold" in post.text], 10
    )[0]
    sent = len(world.fincart.cancel_calls)
    world.press(ANN, held, "Go on")

    assert "3 orders were rejected or are unknown" in held.text
    assert 3 == sent
    assert "6 rejected" in world.ended(public_id).text


def test_retry_asks_anew_for_what_was_not_cancelled(world: World) -> None:
    public_id, live = begun(world)
    world.press(ANN, live, "Stop")
    world.fincart.release()
    ended = world.ended(public_id)

    preview = world.told(BO, lambda: world.click(BO, ended, "Retry 10 orders"), with_button="go_ahead")
    world.click(BO, preview, "Cancel 10 orders")

    assert "10 cancelled" in world.ended(request_id(preview)).text
    assert ["Cancelled"] * 30 == [status.capitalize() for status in world.statuses(*IDS)]


def test_the_preview_tells_what_cannot_be_cancelled_and_leaves_it_out(world: World) -> None:
    world.fincart.move(IDS[0], "Processing")
    shown = world.preview(ANN, " ".join(IDS[:3]))
    again = world.told(ANN, lambda: world.click(ANN, shown, "Leave those out"), with_button="go_ahead")
    world.click(ANN, again, "Cancel 2 orders")

    assert "1 order cannot be cancelled" in shown.text
    assert f"1 already Picked Up: {IDS[0]}" in shown.text
    assert request_id(shown) == request_id(again)
    assert "2 cancelled" in world.ended(request_id(shown)).text


def test_the_preview_says_what_another_open_request_has(world: World) -> None:
    first = world.preview(ANN, IDS[0])
    second = world.preview(BO, f"{IDS[0]} {IDS[1]}")

    assert f"{IDS[0]}: {request_id(first)}" in second.text


def test_the_preview_does_not_wait_for_a_fincart_that_hangs(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.HANG, endpoint=Endpoint.LOGS, times=None))

    shown = world.told(ANN, lambda: world.type(ANN, IDS[0]), timeout=2.5, with_button="go_ahead")
    world.fincart.release()

    assert "1 could not be looked up in time" in shown.text


def test_preview_shows_the_same_with_nothing_to_press(world: World) -> None:
    world.fincart.move(IDS[0], "Processing")
    shown = world.answer(ANN, f"preview {IDS[0]} {IDS[1]}")

    assert "1 order cannot be cancelled" in shown.text
    assert [] == shown.buttons()
    assert [] == world.audit()


def test_an_order_in_flight_for_one_request_is_not_sent_by_another(start_world: StartWorld) -> None:
    world = start_world(timings=QUICK, FINCART_MAX_CONCURRENCY="2")
    world.fincart.add(*IDS)
    world.fincart.inject(Fault(FaultKind.HANG, order_id=IDS[0], applied=Applied.ALL))
    first = world.preview(ANN, IDS[0])
    world.click(ANN, first, "Cancel 1 order")
    world.fincart.wait_for(lambda fincart: 1 == len(fincart.cancel_calls), 5)

    second = world.preview(BO, f"{IDS[0]} {IDS[1]}")
    world.click(BO, second, "Cancel 2 orders")
    told = world.ended(request_id(second)).text
    world.fincart.release()

    assert f"{IDS[0]} (also in {request_id(first)})" in second.text
    assert "1 cancelled · 1 not sent" in told
    assert f"in the hand of {request_id(first)}" in told
    assert "1 cancelled" in world.ended(request_id(first)).text
    assert 1 == world.fincart.times_cancelled(IDS[0])


def test_a_pause_refused_is_recorded_and_holds_nothing(world: World) -> None:
    told = world.answer(CY, "pause because of nothing")
    event = world.audit()[-1]

    assert "Refused: you are not among those who may approve" in told.text
    assert ("click_refused", CY, None) == (event["kind"], event["who"], event["request"])
    assert ("pause_all", "not_an_approver") == (event["details"]["act"], event["details"]["code"])
    assert [] == world.rows("SELECT kind FROM hold")
