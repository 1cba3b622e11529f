"""What somebody says while a run is under way counts at once: for what waits behind a call, and for every message."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from world import ANN, BO, CY, FIRST, QUICK, SECOND, Clock, StartWorld, World, go_ahead, order_ids, request_id

from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind
from bot.sandbox.slack.state import Post
from storage import send_gate
from storage.db.transactions import Database

IDS = order_ids(30)

LEASED_FOR_LONG = replace(QUICK, lease=86_400.0, quick_call=60.0)
"""So that a clock that jumps takes no lease away, and a busy machine no batch that is to be written ahead."""


def started(start: StartWorld, clock: Clock | None = None, **settings: str) -> World:
    """Thirty pending orders, sent ten at a time and one call at once."""
    rules = {"FINCART_BATCH_SIZE": "10", "FINCART_MAX_CONCURRENCY": "1", "VERIFY_RESULTS": "false"}
    world = start(clock=clock, timings=LEASED_FOR_LONG, **(rules | settings))
    world.fincart.add(*IDS)
    return world


@pytest.fixture
def world(start_world: StartWorld) -> Iterator[World]:
    world = started(start_world)
    yield world
    world.fincart.release()


def begun(world: World) -> tuple[str, Post]:
    """A run whose second call hangs while a third batch is written ahead behind it; its id and its message."""
    world.fincart.inject(Fault(FaultKind.HANG, order_id=IDS[10], applied=Applied.ALL))
    preview = world.preview(ANN, f"{' '.join(IDS)} because duplicate")
    world.click(ANN, preview, go_ahead(preview))
    world.until(lambda: world.rows("SELECT 1 FROM attempt WHERE planned_at IS NOT NULL AND ended_at IS NULL")[1:])
    return request_id(preview), becomes(world, request_id(preview), "10 of 30")


def becomes(world: World, public_id: str, words: str) -> Post:
    """The request's message once it says this."""
    return world.slack.wait_for(lambda: [post for post in [world.live(public_id)] if post and words in post.text])[0]


def test_a_batch_written_ahead_is_not_sent_after_pause(world: World) -> None:
    public_id, _ = begun(world)
    world.answer(BO, "pause because courier strike")
    world.fincart.release()
    becomes(world, public_id, "20 of 30")
    world.until(lambda: not world.rows("SELECT 1 FROM attempt WHERE planned_at IS NOT NULL AND ended_at IS NULL"))
    statuses = world.statuses(*IDS[20:])
    world.answer(BO, "resume")

    assert ["Pending"] * 10 == statuses
    assert "30 cancelled" in world.ended(public_id).text


@pytest.mark.parametrize(("button", "says"), [("Stop", "Sending is over"), ("Pause", "On hold")])
def test_a_batch_written_ahead_is_not_sent_after_a_button_said_no(world: World, button: str, says: str) -> None:
    public_id, live = begun(world)
    world.press(ANN, live, button)
    world.fincart.release()
    becomes(world, public_id, says)
    world.until(lambda: not world.rows("SELECT 1 FROM attempt WHERE planned_at IS NOT NULL AND ended_at IS NULL"))

    assert ["Pending"] * 10 == world.statuses(*IDS[20:])


def test_a_batch_written_ahead_is_not_sent_after_its_approval_ran_out(start_sqlite_world: StartWorld) -> None:
    clock = Clock()
    world = started(start_sqlite_world, clock, APPROVAL_VALID_SECONDS="3600")
    public_id, _ = begun(world)
    clock.advance(3601)
    world.fincart.release()
    end = world.ended(public_id)

    assert "20 cancelled · 10 not sent" in end.text
    assert ["Pending"] * 10 == world.statuses(*IDS[20:])


def test_nothing_is_begun_on_an_approval_that_ran_out(start_sqlite_world: StartWorld) -> None:
    clock = Clock()
    world = started(start_sqlite_world, clock, APPROVAL_VALID_SECONDS="3600")
    world.answer(BO, "pause")
    preview = world.preview(ANN, f"{FIRST} {SECOND}")
    world.press(ANN, preview, go_ahead(preview))
    # Its message is kept by then: else it counts as posted by somebody who slept for an hour, and is posted once more.
    world.until(lambda: world.rows("SELECT 1 FROM slack_message WHERE kind = 'live' AND wanted = shown"))
    clock.advance(3601)
    world.answer(BO, "resume")

    assert "2 not sent" in world.ended(request_id(preview)).text
    assert () == world.fincart.cancel_calls


def test_every_running_message_says_that_all_is_paused_and_that_it_goes_on(world: World) -> None:
    public_id, _ = begun(world)
    world.until(lambda: world.rows("SELECT 1 FROM slack_message WHERE kind = 'live' AND wanted = shown"))
    world.answer(BO, "pause because courier strike")
    paused = becomes(world, public_id, "All sending is paused")
    world.answer(BO, "resume")

    assert "courier strike" in paused.text
    world.slack.wait_for(lambda: "All sending is paused" not in getattr(world.live(public_id), "text", ""))


def test_every_running_message_says_that_the_token_is_rejected(start_world: StartWorld) -> None:
    world = started(start_world, FINCART_MAX_CONCURRENCY="2")
    world.fincart.inject(Fault(FaultKind.HANG, order_id=IDS[0], applied=Applied.ALL))
    hangs, meets = world.preview(ANN, IDS[0]), world.preview(BO, FIRST)
    world.click(ANN, hangs, go_ahead(hangs))
    assert world.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 1)
    world.fincart.settings.token_rejected = True
    world.click(BO, meets, go_ahead(meets))
    becomes(world, request_id(hangs), "somebody types /cancel-orders resume")
    world.fincart.settings.token_rejected = False
    world.fincart.release()

    assert "1 cancelled" in world.ended(request_id(hangs)).text


def test_resume_does_not_end_a_rest_that_fincart_asked_for(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.RATE_LIMITED, retry_after="60"))
    preview = world.preview(ANN, f"{FIRST} {SECOND}")
    world.click(ANN, preview, go_ahead(preview))
    world.until(lambda: world.rows("SELECT kind FROM hold"))
    world.answer(BO, "pause")
    world.answer(BO, "resume")

    assert [("rate_limit",)] == world.rows("SELECT kind FROM hold")
    assert 1 == len(world.fincart.cancel_calls)


def test_while_one_call_probes_the_others_wait_for_what_it_meets(start_world: StartWorld) -> None:
    world = started(start_world, FINCART_BATCH_SIZE="1", FINCART_MAX_CONCURRENCY="3", HOLD_AFTER_FAILED="0")
    world.fincart.inject(Fault(FaultKind.SERVER_ERROR, times=3), Fault(FaultKind.HANG, applied=Applied.ALL, times=None))
    preview = world.preview(ANN, " ".join(IDS[:3]))
    world.click(ANN, preview, go_ahead(preview))
    assert world.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 4)
    database = Database(world.database_url)
    with database.read() as session:
        now = database.now(session)
        untils = [row.until for row in send_gate.in_force(session)]
    database.close()
    world.fincart.clear_faults()
    world.fincart.release()

    assert [True] == [until is not None and (until - now).total_seconds() > 10 for until in untils]


def test_a_run_holds_by_itself_after_so_many_unknown_orders_and_asks(start_world: StartWorld) -> None:
    world = started(start_world, FINCART_BATCH_SIZE="1", HOLD_AFTER_FAILED="3")
    world.fincart.inject(Fault(FaultKind.DROP, times=None), Fault(FaultKind.DROP, endpoint=Endpoint.LOGS, times=None))
    preview = world.preview(ANN, " ".join(IDS[:9]))
    world.click(ANN, preview, go_ahead(preview))
    held = becomes(world, request_id(preview), "3 orders were rejected or are unknown")

    assert held.text.startswith("On hold ")
    assert 3 == len(world.fincart.cancel_calls)


def test_a_run_holds_by_itself_never_where_the_setting_is_zero(start_world: StartWorld) -> None:
    world = started(start_world, HOLD_AFTER_FAILED="0")
    for order_id in IDS:
        world.fincart.move(order_id, "Processing")
    preview = world.preview(ANN, " ".join(IDS))
    world.click(ANN, preview, go_ahead(preview))

    assert "30 rejected" in world.ended(request_id(preview)).text


def test_help_says_after_how_many_failed_orders_a_run_waits(start_world: StartWorld) -> None:
    answer = start_world(HOLD_AFTER_FAILED="7").answer(ANN, "help")

    assert "After 7 orders rejected or unknown, a run waits for Go on or Stop" in answer.text


def test_undo_is_not_for_everybody(start_world: StartWorld) -> None:
    world = started(start_world, UNDO_SECONDS="600", APPROVER_USERS=BO)
    preview = world.preview(ANN, FIRST)
    world.press(ANN, preview, go_ahead(preview))
    answer = world.press(CY, becomes(world, request_id(preview), "until then it can be undone"), "Undo")

    assert "Refused" in answer.text
    assert [("approved",)] == world.rows("SELECT state FROM request")


def test_whoever_asked_is_told_that_somebody_else_took_it_back(start_world: StartWorld) -> None:
    world = started(start_world, UNDO_SECONDS="600")
    preview = world.preview(ANN, FIRST)
    world.press(ANN, preview, go_ahead(preview))
    world.press(BO, becomes(world, request_id(preview), "until then it can be undone"), "Undo")
    told = world.slack.wait_for(lambda: world.slack.dms(ANN))

    assert [True] == [post.text.startswith("Withdrawn. Nothing was sent.") for post in told]
    assert f"|See {request_id(preview)}>" in told[0].text
    assert f"withdrawn by <@{BO}>" in told[0].text


def test_whoever_takes_their_own_back_is_told_once(start_world: StartWorld) -> None:
    world = started(start_world, UNDO_SECONDS="600")
    preview = world.preview(ANN, FIRST)
    world.press(ANN, preview, go_ahead(preview))
    answer = world.press(ANN, becomes(world, request_id(preview), "until then it can be undone"), "Undo")

    assert "Undone. Nothing was sent." in answer.text
    assert [] == world.rows("SELECT 1 FROM slack_message WHERE kind = 'end_notice'")


def test_what_may_be_sent_at_any_moment_cannot_be_undone(start_sqlite_world: StartWorld) -> None:
    clock = Clock()
    world = started(start_sqlite_world, clock, UNDO_SECONDS="60")
    world.answer(BO, "pause")
    preview = world.preview(ANN, FIRST)
    world.press(ANN, preview, go_ahead(preview))
    live = becomes(world, request_id(preview), "until then it can be undone")
    clock.advance(61)
    world.forge(ANN, live, "Undo")
    world.until(lambda: "click_refused" in world.kinds())

    assert "too_late_to_undo" == world.audit()[-1]["details"]["code"]
    assert [("approved",)] == world.rows("SELECT state FROM request")


def test_a_preview_from_before_orders_were_left_out_goes_ahead_with_nothing(world: World) -> None:
    world.fincart.move(IDS[0], "Processing")
    before = world.preview(ANN, " ".join(IDS[:3]))
    pressed = next(each for each in before.buttons() if each.action_id == "go_ahead")
    action = {"action_id": pressed.action_id, "value": pressed.value}
    again = world.told(ANN, lambda: world.click(ANN, before, "Leave those out"), with_button="go_ahead")
    answer = world.told(ANN, lambda: world.slack.forge_click(ANN, again, action))

    assert "This request has changed since. Nothing was sent." in answer.text
    assert () == world.fincart.cancel_calls


def test_what_is_on_the_wire_when_sending_ends_is_told_by_its_answer_alone(start_world: StartWorld) -> None:
    """Its call hangs while the next is answered that the token is no good: that ends the run."""
    world = started(start_world, FINCART_MAX_CONCURRENCY="2")
    world.fincart.inject(
        Fault(FaultKind.HANG, order_id=IDS[0], applied=Applied.ALL),
        Fault(FaultKind.FORBIDDEN, order_id=IDS[10], times=None),
        Fault(FaultKind.FORBIDDEN, endpoint=Endpoint.LOGS, times=None),
    )
    preview = world.preview(ANN, f"{' '.join(IDS)} because duplicate")
    world.click(ANN, preview, go_ahead(preview))
    meanwhile = becomes(world, request_id(preview), "20 of 30").text
    world.fincart.release()
    ended = world.ended(request_id(preview)).text
    world.fincart.clear_faults()

    assert "20 not sent" in meanwhile
    assert "10 cancelled · 20 not sent" in ended
    assert [] == [event["kind"] for event in world.audit() if event["kind"] == "corrected"]
