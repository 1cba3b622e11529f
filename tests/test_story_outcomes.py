"""What Fincart's answers make of orders while each answer is taken at its word."""

import pytest
from conftest import StartWorld
from world import ANN, FIRST, SECOND, THIRD, World, order_ids, request_id

from bot.sandbox.fincart_faults import Applied, Fault, FaultKind


def _outcomes(world: World) -> list[tuple[str, str | None]]:
    """Every order's outcome and proof, in the order in which they were typed."""
    return [(row[0], row[1]) for row in world.rows("SELECT outcome, proof FROM order_line ORDER BY position")]


def test_a_success_is_cancelled_by_fincarts_answer(world: World) -> None:
    end = world.cancelled(ANN, f"{FIRST} {SECOND}")

    assert "Finished: 2 cancelled" in end.text
    assert [("cancelled", "answer")] * 2 == _outcomes(world)


def test_a_refusal_is_rejected_with_fincarts_words(world: World) -> None:
    world.fincart.move(FIRST, "Processing")
    end = world.cancelled(ANN, f"{FIRST} {SECOND}")

    assert "Finished: 2 rejected" in end.text
    assert f"Order {FIRST} is not pending" in end.text
    assert [("rejected", "answer")] * 2 == _outcomes(world)
    assert ["Processing", "Pending"] == world.statuses(FIRST, SECOND)


def test_a_success_that_says_failure_is_rejected(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.SAYS_FAILURE))
    end = world.cancelled(ANN, FIRST)

    assert "Finished: 1 rejected" in end.text
    assert "Orders could not be canceled." in end.text


def test_what_fincart_had_no_time_for_is_not_sent(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.RATE_LIMITED, retry_after="1"))
    end = world.cancelled(ANN, FIRST)

    assert "Finished: 1 not sent" in end.text
    assert "Too Many Requests" in end.text
    assert [("not_sent", None)] == _outcomes(world)
    assert ["Pending"] == world.statuses(FIRST)


def test_after_a_429_nothing_is_sent_until_its_time_is_over(start_world: StartWorld) -> None:
    world = start_world(FINCART_BATCH_SIZE="1")
    world.fincart.inject(Fault(FaultKind.RATE_LIMITED, retry_after="1"))
    end = world.cancelled(ANN, f"{FIRST} {SECOND}")
    first, second = world.fincart.cancel_calls

    assert "Finished: 1 cancelled · 1 not sent" in end.text
    assert first.at[:19] != second.at[:19]
    assert ["held", "hold_ended"] == [kind for kind in world.kinds() if "hold" in kind or kind == "held"]


def test_where_nobody_listens_nothing_was_sent(world: World) -> None:
    world.fincart_server.stop()
    end = world.cancelled(ANN, FIRST)

    assert "Finished: 1 not sent" in end.text
    assert [("not_sent", None)] == _outcomes(world)
    assert () == world.fincart.calls


def test_a_rejected_token_ends_the_run_and_says_what_is_wrong(start_world: StartWorld) -> None:
    world = start_world(FINCART_BATCH_SIZE="1")
    world.fincart.inject(Fault(FaultKind.FORBIDDEN, order_id=SECOND))
    end = world.cancelled(ANN, f"{FIRST} {SECOND} {THIRD}")

    assert "Finished: 1 cancelled · 2 not sent" in end.text
    assert "Fincart rejected the bot's token" in end.text
    assert "User is not authorized" in end.text
    assert 2 == len(world.fincart.cancel_calls)
    assert [("cancelled", "answer"), ("not_sent", None), ("not_sent", None)] == _outcomes(world)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.SERVER_ERROR),
        Fault(FaultKind.SERVER_ERROR, applied=Applied.ALL),
        Fault(FaultKind.DROP),
        Fault(FaultKind.DROP, applied=Applied.ALL),
        Fault(FaultKind.GARBAGE, applied=Applied.ALL),
        Fault(FaultKind.GATEWAY_PAGE),
        Fault(FaultKind.REDIRECT),
        Fault(FaultKind.HANG),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.applied}",
)
def test_an_answer_that_cannot_be_trusted_is_unknown_and_said_plainly(start_world: StartWorld, fault: Fault) -> None:
    world = start_world(FINCART_TIMEOUT_SECONDS="0.5")
    world.fincart.inject(fault)
    end = world.cancelled(ANN, FIRST)

    assert "Finished: 1 unknown" in end.text
    assert "no trustworthy answer came back" in end.text
    assert [("unknown", None)] == _outcomes(world)
    assert 1 == len(world.fincart.cancel_calls)


def test_each_batch_is_judged_by_its_own_answer(start_world: StartWorld) -> None:
    world = start_world(FINCART_BATCH_SIZE="1")
    world.fincart.inject(Fault(FaultKind.SERVER_ERROR, order_id=SECOND))
    world.fincart.move(THIRD, "Processing")
    end = world.cancelled(ANN, f"{FIRST} {SECOND} {THIRD}")

    assert "Finished: 1 cancelled · 1 rejected · 1 unknown" in end.text


def test_an_order_in_the_hand_of_another_request_is_not_sent_twice(start_world: StartWorld) -> None:
    world = start_world()
    world.fincart.inject(Fault(FaultKind.HANG, order_id=FIRST, applied=Applied.ALL))
    one = world.preview(ANN, FIRST)
    world.click(ANN, one, "Cancel 1 order")
    assert world.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 1)
    other = world.cancelled(ANN, f"{FIRST} {SECOND}")
    world.fincart.release()
    world.ended(request_id(one))

    assert "Finished: 1 cancelled · 1 not sent" in other.text
    assert f"already being cancelled by {request_id(one)}" in other.text
    assert 1 == world.fincart.times_cancelled(FIRST)


def test_two_requests_run_side_by_side(start_world: StartWorld) -> None:
    world = start_world()
    ids = order_ids(2)
    world.fincart.add(*ids)
    world.fincart.inject(Fault(FaultKind.HANG, order_id=ids[0]))
    slow = world.preview(ANN, ids[0])
    world.click(ANN, slow, "Cancel 1 order")
    assert world.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 1)

    assert "1 cancelled" in world.cancelled(ANN, ids[1]).text


def test_approval_that_ran_out_sends_nothing_more(start_world: StartWorld) -> None:
    world = start_world(FINCART_BATCH_SIZE="1", APPROVAL_VALID_SECONDS="1")
    world.fincart.inject(Fault(FaultKind.RATE_LIMITED, retry_after="5"))
    end = world.cancelled(ANN, f"{FIRST} {SECOND}")

    assert "Finished: 2 not sent" in end.text
    assert "the approval ran out before it could be sent" in end.text
    assert 1 == len(world.fincart.cancel_calls)
