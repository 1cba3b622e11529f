"""What Fincart's plain answers make of orders; test_story_truth.py tells of those that are not plain."""

from world import ANN, FIRST, SECOND, StartWorld, World, order_ids

from bot.sandbox.fincart_faults import Fault, FaultKind


def _outcomes(world: World) -> list[tuple[str, str | None]]:
    """Every order's outcome and proof, in the order in which they were typed."""
    return [(row[0], row[1]) for row in world.rows("SELECT outcome, proof FROM order_line ORDER BY position")]


def test_a_success_is_cancelled_by_fincarts_answer(world: World) -> None:
    end = world.cancelled(ANN, f"{FIRST} {SECOND}")

    assert "Finished: 2 cancelled" in end.text
    assert [("cancelled", "answer")] * 2 == _outcomes(world)


def test_a_success_that_says_failure_is_rejected(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.SAYS_FAILURE))
    end = world.cancelled(ANN, FIRST)

    assert "Finished: 1 rejected" in end.text
    assert "Orders could not be canceled." in end.text


def test_two_requests_run_side_by_side(start_world: StartWorld) -> None:
    world = start_world()
    ids = order_ids(2)
    world.fincart.add(*ids)
    world.fincart.inject(Fault(FaultKind.HANG, order_id=ids[0]))
    slow = world.preview(ANN, ids[0])
    world.click(ANN, slow, "Cancel 1 order")
    assert world.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 1)

    assert "1 cancelled" in world.cancelled(ANN, ids[1]).text
