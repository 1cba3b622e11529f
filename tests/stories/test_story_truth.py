"""The truth about every order, told in the channel: one bad id, a refusal that applied the rest, lost answers."""

import re
import time
from dataclasses import replace

import pytest
from world import ANN, FIRST, ORDERS, QUICK, RETURNS, SECOND, THIRD, StartWorld, World, order_ids, request_id

from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind
from bot.sandbox.slack.state import Post

IDS = order_ids(40)


@pytest.fixture
def world(start_world: StartWorld) -> World:
    """Forty pending orders, sent ten at a time."""
    world = start_world(timings=QUICK, FINCART_BATCH_SIZE="10", FINCART_TIMEOUT_SECONDS="2")
    world.fincart.add(*IDS)
    return world


def ask_for_all(world: World) -> str:
    """Ask for the forty orders and go ahead; returns the request's id."""
    shown = world.preview(ANN, f"{' '.join(IDS)} because duplicate")
    world.click(ANN, shown, "Cancel 40 orders")
    return request_id(shown)


def test_one_bad_id_never_blocks_the_rest(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.BAD_ID, order_id=IDS[7], times=None))

    text = world.ended(ask_for_all(world)).text

    assert "39 cancelled · 1 rejected" in text
    assert f"{IDS[7]}: “" in text
    assert 4 + 2 * 4 >= len(world.fincart.cancel_calls)


def test_a_refusal_that_applied_the_rest_is_told_truly(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.BAD_ID, order_id=IDS[3], applied=Applied.REST))
    world.fincart.move(IDS[3], "Processing")

    text = world.ended(ask_for_all(world)).text

    assert "39 cancelled · 1 rejected" in text
    assert f"{IDS[3]}: its log says Processing" in text


def test_a_lost_answer_that_was_applied_is_found_in_the_logs(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.DROP, applied=Applied.ALL))

    text = world.ended(ask_for_all(world)).text

    assert "40 cancelled" in text
    assert all(1 >= world.fincart.times_cancelled(order_id) for order_id in IDS)
    assert 4 == len(world.fincart.cancel_calls)


def test_a_lost_answer_that_was_not_applied_is_sent_again_once_the_logs_say_so(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.SERVER_ERROR))

    text = world.ended(ask_for_all(world)).text

    assert "40 cancelled" in text
    assert 5 == len(world.fincart.cancel_calls)


def test_what_cannot_be_known_is_unknown_until_checked_again(world: World) -> None:
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=Applied.ALL),
        Fault(FaultKind.SERVER_ERROR, endpoint=Endpoint.LOGS, times=None),
    )
    public_id = ask_for_all(world)

    def told_unknown() -> bool:
        post = world.live(public_id)
        return post is not None and "10 unknown" in post.text and "audit " in post.text

    world.slack.wait_for(told_unknown, 15)
    world.fincart.clear_faults()
    live = world.live(public_id)
    assert live is not None
    world.press(ANN, live, "Check again")
    world.slack.wait_for(lambda: "40 cancelled" in (world.live(public_id) or live).text, 10)

    assert 4 == len(world.fincart.cancel_calls)


def test_an_order_that_the_preview_read_is_not_told_as_no_such_order_when_its_log_is_gone(world: World) -> None:
    shown = world.preview(ANN, FIRST)
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=Applied.ALL),
        Fault(FaultKind.NOT_FOUND, endpoint=Endpoint.LOGS, times=None),
    )
    world.click(ANN, shown, "Cancel 1 order")

    text = world.ended(request_id(shown)).text

    assert "1 unknown" in text


def test_an_order_whose_log_another_request_read_is_not_told_as_no_such_order(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.BAD_ID, order_id=FIRST))
    world.cancelled(ANN, FIRST)
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=Applied.ALL),
        Fault(FaultKind.NOT_FOUND, endpoint=Endpoint.LOGS, times=None),
    )

    text = world.cancelled(ANN, FIRST).text

    assert "1 unknown" in text


def lost_and_gone(world: World, shown: Post) -> str:
    """What is told of a request's one order whose call is applied, its answer lost, and its log gone."""
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=Applied.ALL),
        Fault(FaultKind.NOT_FOUND, endpoint=Endpoint.LOGS, times=None),
    )
    world.click(ANN, shown, "Cancel 1 order")
    return world.ended(request_id(shown)).text


def test_an_order_whose_log_came_too_late_for_the_preview_is_not_told_as_no_such_order(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.SLOW, Endpoint.LOGS, seconds=1.5))
    shown = world.preview(ANN, FIRST)
    world.until(lambda: world.rows("SELECT 1 FROM known_order"))

    assert "1 unknown" in lost_and_gone(world, shown)


def test_an_order_that_preview_alone_has_read_is_not_told_as_no_such_order(world: World) -> None:
    world.answer(ANN, f"preview {FIRST}")
    world.fincart.inject(Fault(FaultKind.GARBAGE, Endpoint.LOGS, order_id=FIRST))
    shown = world.preview(ANN, FIRST)

    assert "1 unknown" in lost_and_gone(world, shown)


def test_an_order_that_was_read_and_left_out_is_not_told_as_no_such_order_later(world: World) -> None:
    world.fincart.move(FIRST, "Processing")
    both = world.preview(ANN, f"{FIRST} {SECOND}")
    leave_out = next(button.text for button in both.buttons() if button.action_id == "leave_out")
    world.told(ANN, lambda: world.click(ANN, both, leave_out), with_button="go_ahead")
    world.fincart.move(FIRST, "Pending")
    world.fincart.inject(Fault(FaultKind.GARBAGE, Endpoint.LOGS, order_id=FIRST))
    shown = world.preview(ANN, FIRST)

    assert "1 unknown" in lost_and_gone(world, shown)


def test_an_order_that_fincart_did_not_know_and_that_was_left_out_is_told_as_no_such_order_later(world: World) -> None:
    nowhere = "6877b613a665f49134ef9999"
    both = world.preview(ANN, f"{nowhere} {SECOND}")
    world.told(ANN, lambda: world.click(ANN, both, "Leave those out"), with_button="go_ahead")
    shown = world.preview(ANN, nowhere)
    world.fincart.inject(Fault(FaultKind.DROP))
    world.click(ANN, shown, "Cancel 1 order")

    assert "1 rejected" in world.ended(request_id(shown)).text


def checking(world: World, public_id: str) -> str:
    """The live message once it says that an order is being checked and logs rest."""

    def told() -> str:
        text = getattr(world.live(public_id), "text", "")
        return text if "checking with Fincart" in text and "does not answer that just now" in text else ""

    return world.slack.wait_for(told, 15)


def log_reads(world: World) -> int:
    """How often a log was asked for."""
    return len(world.fincart.calls) - len(world.fincart.cancel_calls)


@pytest.mark.long
@pytest.mark.in_turn
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(FaultKind.RATE_LIMITED, Endpoint.LOGS, retry_after="2", times=None), id="429, Retry-After"),
        pytest.param(Fault(FaultKind.RATE_LIMITED, Endpoint.LOGS, times=None), id="429"),
        pytest.param(Fault(FaultKind.SERVER_ERROR, Endpoint.LOGS, times=None), id="500"),
        pytest.param(Fault(FaultKind.DROP, Endpoint.LOGS, times=None), id="no answer"),
    ],
)
def test_an_order_in_doubt_waits_for_throttled_logs_and_is_sent_again(start_world: StartWorld, fault: Fault) -> None:
    """With the documented seconds: fifteen of them without an answer."""
    world = start_world()
    shown = world.preview(ANN, f"{FIRST} because duplicate")
    world.fincart.inject(Fault(FaultKind.DROP, applied=Applied.NONE), fault)
    world.click(ANN, shown, "Cancel 1 order")
    waits = checking(world, request_id(shown))
    begun, reads = time.monotonic(), log_reads(world)
    world.until(lambda: time.monotonic() - begun >= 15.0)
    reads = log_reads(world) - reads
    world.fincart.clear_faults()
    ended = world.ended(request_id(shown), timeout=40)

    assert "audit " not in waits
    assert reads <= 8  # every 2 s, or after 1, 2, 4 and 8 s
    assert "1 cancelled" in ended.text
    assert 2 == len(world.fincart.cancel_calls)


def test_while_its_logs_are_throttled_an_order_is_unknown_at_last_and_settles_by_itself(world: World) -> None:
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=Applied.ALL),
        Fault(FaultKind.RATE_LIMITED, Endpoint.LOGS, retry_after="1", times=None),
    )
    shown = world.told(ANN, lambda: world.type(ANN, FIRST), with_button="go_ahead")
    world.click(ANN, shown, "Cancel 1 order")
    ended = world.ended(request_id(shown)).text
    world.fincart.clear_faults()
    world.slack.wait_for(lambda: "1 cancelled" in getattr(world.live(request_id(shown)), "text", ""), 15)

    assert "1 unknown" in ended
    assert 1 == len(world.fincart.cancel_calls)


def test_what_nobody_answers_for_five_minutes_is_unknown_even_while_fincart_asks_for_an_hour(world: World) -> None:
    shown = world.preview(ANN, FIRST)
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=Applied.ALL),
        Fault(FaultKind.RATE_LIMITED, Endpoint.LOGS, retry_after="3600", times=None),
    )
    world.click(ANN, shown, "Cancel 1 order")
    reads = log_reads(world)

    assert "1 unknown" in world.ended(request_id(shown)).text
    assert 1 == log_reads(world) - reads


def test_stop_while_logs_are_throttled_keeps_checking_what_was_sent(world: World) -> None:
    shown = world.preview(ANN, " ".join(IDS[:11]))
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=Applied.ALL),
        Fault(FaultKind.DROP, applied=Applied.ALL),
        Fault(FaultKind.RATE_LIMITED, Endpoint.LOGS, retry_after="2", times=1),
    )
    world.click(ANN, shown, "Cancel 11 orders")
    checking(world, request_id(shown))
    live = world.live(request_id(shown))
    assert live is not None
    world.press(ANN, live, "Stop")

    text = world.ended(request_id(shown)).text

    assert "11 cancelled" in text
    assert "Sending is over: stopped" in text


def test_an_approval_that_runs_out_while_logs_are_throttled_ends_sending(start_world: StartWorld) -> None:
    world = start_world(timings=QUICK, APPROVAL_VALID_SECONDS="1")
    shown = world.preview(ANN, FIRST)
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=Applied.NONE),
        Fault(FaultKind.RATE_LIMITED, Endpoint.LOGS, retry_after="2", times=1),
    )
    world.click(ANN, shown, "Cancel 1 order")

    text = world.ended(request_id(shown)).text

    assert "1 not sent" in text
    assert "Sending is over: the approval ran out" in text
    assert 1 == len(world.fincart.cancel_calls)


def test_logs_that_fail_three_times_in_a_row_count_as_fincart_being_down_until_one_is_read(world: World) -> None:
    shown = world.preview(ANN, FIRST)
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=Applied.ALL),
        Fault(FaultKind.SERVER_ERROR, Endpoint.LOGS, times=4),
    )
    world.click(ANN, shown, "Cancel 1 order")
    world.slack.wait_for(lambda: "1 cancelled" in getattr(world.live(request_id(shown)), "text", ""), 15)
    holds = [each["details"]["hold"] for each in world.audit() if each["kind"] in ("held", "hold_ended")]

    assert ["down", "down"] == holds


def test_one_order_whose_log_is_never_answered_keeps_no_other_log_from_being_read(start_world: StartWorld) -> None:
    patient = replace(QUICK, truth=replace(QUICK.truth, pending_after=1.0, longest_rest=60.0, waits=60.0))
    world = start_world(timings=patient, FINCART_BATCH_SIZE="1")
    shown = world.preview(ANN, f"{FIRST} {SECOND} {THIRD}")
    world.fincart.inject(
        Fault(FaultKind.DROP, order_id=FIRST, applied=Applied.ALL),
        Fault(FaultKind.SERVER_ERROR, Endpoint.LOGS, order_id=FIRST, times=None),
    )
    world.click(ANN, shown, "Cancel 3 orders")
    world.until(lambda: len(world.rows("SELECT 1 FROM order_line WHERE proof = 'log'")) == 2)

    assert [(FIRST,)] == world.rows("SELECT order_id FROM order_line WHERE outcome IS NULL")


def test_a_preview_does_not_ask_a_fincart_whose_logs_rest(start_world: StartWorld) -> None:
    world = start_world()
    world.fincart.inject(Fault(FaultKind.RATE_LIMITED, Endpoint.LOGS, retry_after="600", times=None))
    first = world.told(ANN, lambda: world.type(ANN, " ".join(order_ids(40))), with_button="go_ahead")
    reads = log_reads(world)
    second = world.preview(ANN, FIRST)

    assert "40 could not be looked up in time" in first.text
    assert "1 could not be looked up in time" in second.text
    assert reads <= 8  # those that were under way side by side
    assert reads == log_reads(world)


def test_the_first_preview_after_a_rest_of_log_reads_ends_it(start_world: StartWorld) -> None:
    world = start_world()
    world.fincart.inject(Fault(FaultKind.RATE_LIMITED, Endpoint.LOGS, retry_after="1"))
    resting = world.preview(ANN, FIRST)
    begun = time.monotonic()
    world.until(lambda: time.monotonic() - begun >= 1.1)
    after = [world.preview(ANN, order) for order in (FIRST, SECOND)]

    assert "could not be looked up" in resting.text
    assert [] == [shown.text for shown in after if "could not be looked up" in shown.text]


def test_the_rest_of_log_reads_outlasts_a_restart(start_world: StartWorld) -> None:
    world = start_world()
    world.fincart.inject(Fault(FaultKind.RATE_LIMITED, Endpoint.LOGS, retry_after="600", times=None))
    world.preview(ANN, FIRST)
    reads = log_reads(world)
    world.restart()
    world.preview(ANN, SECOND)

    assert reads == log_reads(world)


def test_check_again_while_logs_rest_says_that_they_are_read_once_fincart_answers(start_world: StartWorld) -> None:
    world = start_world()
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=Applied.ALL),
        Fault(FaultKind.GARBAGE, Endpoint.LOGS, order_id=FIRST, times=None),
        Fault(FaultKind.RATE_LIMITED, Endpoint.LOGS, retry_after="600", times=None),
    )
    unknown = world.cancelled(ANN, FIRST)
    world.preview(ANN, SECOND)
    reads = log_reads(world)
    answer = world.press(ANN, unknown, "Check again")

    assert "Fincart did not answer when a log was read last (Too Many Requests)" in answer.text
    assert "are being read" not in answer.text
    assert reads == log_reads(world)


def test_a_success_that_the_log_contradicts_is_corrected_with_a_notice(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.SAYS_SUCCESS, order_id=IDS[0]))
    world.fincart.move(IDS[0], "Processing")
    public_id = ask_for_all(world)

    world.slack.wait_for(lambda: "rejected" in getattr(world.live(public_id), "text", ""), 15)
    notice = world.slack.wait_for(lambda: [post for post in world.slack.dms(ANN) if "Corrected" in post.text], 10)[-1]

    assert public_id in notice.text
    assert "corrected" in world.kinds(public_id)


def test_many_corrections_of_one_request_are_one_notice_that_grows(start_world: StartWorld) -> None:
    world = start_world(timings=QUICK, AUDIT_CHANNEL=RETURNS, FINCART_LOOKUP_CONCURRENCY="2")
    world.fincart.add(*IDS)
    world.fincart.inject(Fault(FaultKind.SAYS_SUCCESS, times=None))
    public_id = ask_for_all(world)

    def all_told() -> bool:
        told = [re.match(r"Corrected: (\d+) orders? ", each.text) for each in notices() if public_id in each.text]
        return 40 == sum(int(found[1]) for found in told if found)

    def notices() -> list[Post]:
        return [post for post in world.slack.messages(RETURNS) if "Corrected" in post.text]

    world.slack.wait_for(all_told, 20)

    assert len(notices()) <= 2  # an hour may just have ended


def test_a_cancelled_order_is_confirmed_by_its_log(world: World) -> None:
    public_id = ask_for_all(world)

    world.slack.wait_for(lambda: "Fincart's log confirms" in getattr(world.live(public_id), "text", ""), 15)

    assert "logs_read" in world.kinds(public_id)


def test_a_rejected_token_ends_the_run_and_holds_the_others_until_resume(world: World) -> None:
    world.fincart.settings.token_rejected = True
    first = world.ended(ask_for_all(world))
    second = world.preview(ANN, IDS[0])
    world.click(ANN, second, "Cancel 1 order")
    waits = world.slack.wait_for(
        lambda: [post for post in world.slack.messages(ORDERS) if "somebody types /cancel-orders resume" in post.text]
    )[-1]
    world.fincart.settings.token_rejected = False
    world.answer(ANN, "resume")

    assert "40 not sent" in first.text
    assert request_id(second) in waits.text
    assert "1 cancelled" in world.ended(request_id(second)).text


def test_retry_after_rests_all_calls(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.RATE_LIMITED, retry_after="1"))

    text = world.ended(ask_for_all(world)).text

    assert "40 cancelled" in text
    assert "held" in world.kinds()
    assert "hold_ended" in world.kinds()


def test_a_lost_answer_does_not_wait_for_the_checks_of_what_is_cancelled(start_world: StartWorld) -> None:
    world = start_world(timings=QUICK, FINCART_LOOKUP_CONCURRENCY="1", HOLD_AFTER_FAILED="0")
    world.fincart.add(*IDS)
    world.fincart.inject(Fault(FaultKind.SLOW, endpoint=Endpoint.LOGS, times=None, seconds=0.1))
    world.ended(ask_for_all(world))
    world.fincart.inject(Fault(FaultKind.DROP, order_id=FIRST, applied=Applied.ALL))
    shown = world.preview(ANN, FIRST)
    world.click(ANN, shown, "Cancel 1 order")
    text = world.ended(request_id(shown)).text
    unchecked = world.rows("SELECT count(*) FROM order_line WHERE proof = 'answer'")[0][0]

    assert "1 cancelled" in text
    assert 10 < unchecked
