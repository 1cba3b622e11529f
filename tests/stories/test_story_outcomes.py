"""What Fincart's plain answers make of orders; test_story_truth.py tells of those that are not plain."""

from world import ANN, BO, FIRST, SECOND, StartWorld, World, go_ahead, order_ids, request_id

from bot.sandbox.fincart.faults import Fault, FaultKind


def _outcomes(world: World) -> list[tuple[str, str | None]]:
    """Every order's outcome and proof, in the order in which they were typed."""
    return [(row[0], row[1]) for row in world.rows("SELECT outcome, proof FROM order_line ORDER BY position")]


def test_a_success_is_cancelled_by_fincarts_answer(world: World) -> None:
    end = world.cancelled(ANN, f"{FIRST} {SECOND}")

    assert "2 cancelled" in end.text
    assert [("cancelled", "answer")] * 2 == _outcomes(world)


def test_a_success_that_says_failure_is_rejected(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.SAYS_FAILURE))
    end = world.cancelled(ANN, FIRST)

    assert "1 rejected" in end.text
    assert "Orders could not be canceled." in end.text


def test_a_few_orders_do_not_wait_for_the_end_of_many(start_world: StartWorld) -> None:
    world = start_world(FINCART_BATCH_SIZE="2", FINCART_MAX_CONCURRENCY="2", VERIFY_RESULTS="false")
    ids = order_ids(61)
    world.fincart.add(*ids)
    world.fincart.settings.latency = 0.2
    many, few = world.preview(ANN, " ".join(ids[:60])), world.preview(BO, ids[60])
    world.click(ANN, many, go_ahead(many))
    world.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) > 2)
    world.click(BO, few, go_ahead(few))
    world.ended(request_id(many), timeout=30)
    calls = [call.ids for call in world.fincart.cancel_calls]

    assert 31 == len(calls)
    assert 25 > calls.index((ids[60],))


def test_two_requests_run_side_by_side(start_world: StartWorld) -> None:
    world = start_world()
    ids = order_ids(2)
    world.fincart.add(*ids)
    world.fincart.inject(Fault(FaultKind.HANG, order_id=ids[0]))
    slow = world.preview(ANN, ids[0])
    world.click(ANN, slow, "Cancel 1 order")
    assert world.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 1)

    assert "1 cancelled" in world.cancelled(ANN, ids[1]).text
