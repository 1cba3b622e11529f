"""Reconciliation: what Fincart's logs show, held against the record; nothing is ever sent."""

import pytest
from cli_runs import CommandLine
from world import ANN, BO, FIRST, QUICK, SECOND, StartWorld, World, go_ahead, order_ids, request_id

from bot.execution.reconciliation import Difference, comparisons, record
from bot.sandbox.fincart.faults import Endpoint, Fault, FaultKind

IDS = order_ids(6)


@pytest.fixture
def world(start_world: StartWorld) -> World:
    """A bot that believes Fincart's word."""
    world = start_world(VERIFY_RESULTS="false", timings=QUICK)
    world.fincart.add(*IDS)
    return world


def differences(world: World, *besides: str) -> list[Difference]:
    found = list(comparisons(world.bot.context, None, besides))
    return [difference for each in found for difference in each.differences]


def outcomes(world: World) -> list[tuple[object, ...]]:
    return world.rows("SELECT order_id, outcome, proof FROM order_line ORDER BY request_seq, position")


def by_hand(world: World, *ids: str) -> None:
    """Somebody cancels these orders in Fincart's own portal."""
    for order_id in ids:
        world.fincart.move(order_id, "Cancelled")


def test_where_all_agree_nothing_differs(world: World) -> None:
    world.cancelled(ANN, f"{FIRST} {SECOND}")

    assert [] == differences(world)


def test_what_fincart_only_said_it_cancelled_is_named_and_corrected(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.SAYS_SUCCESS))
    public_id = request_id(world.cancelled(ANN, f"{FIRST} {SECOND}"))
    calls = len(world.fincart.cancel_calls)
    world.until(lambda: differences(world))
    found = differences(world)
    recorded = record(world.bot.context, "operator:op", found)
    corrected = [event for event in world.audit(public_id) if event["kind"] == "corrected"]

    assert [FIRST, SECOND] == [each.order_id for each in found]
    assert 2 == recorded
    assert ["operator:op"] == [event["who"] for event in corrected]
    assert [(FIRST, "unknown", None), (SECOND, "unknown", None)] == outcomes(world)
    assert calls == len(world.fincart.cancel_calls)
    assert [] == differences(world)


def test_an_order_of_a_request_that_nobody_let_run_is_noted(world: World) -> None:
    public_id = request_id(world.preview(ANN, FIRST))
    by_hand(world, FIRST)
    found = differences(world)
    record(world.bot.context, "operator:op", found)
    noted = [event for event in world.audit(public_id) if event["kind"] == "reconciled"]

    assert [(FIRST, public_id)] == [(each.order_id, each.recorded[0].public_id) for each in found]
    assert [(FIRST, None, None)] == outcomes(world)
    assert [("operator:op", FIRST)] == [(event["who"], event["details"]["orders"][0][0]) for event in noted]
    assert [] == differences(world)


def test_the_rest_of_a_paused_run_that_was_cancelled_elsewhere_is_not_sent(world: World) -> None:
    world.answer(BO, "pause")
    preview = world.preview(ANN, " ".join(IDS))
    world.click(ANN, preview, go_ahead(preview))
    world.until(lambda: world.rows("SELECT 1 FROM request WHERE state = 'approved'"))
    by_hand(world, *IDS[2:4])
    recorded = record(world.bot.context, "operator:op", differences(world))
    world.answer(BO, "resume")
    end = world.ended(request_id(preview))

    assert 2 == recorded
    assert "6 cancelled" in end.text
    assert {*IDS[:2], *IDS[4:]} == {order for call in world.fincart.cancel_calls for order in call.ids}


def test_what_was_cancelled_before_the_go_ahead_is_not_the_requests(world: World) -> None:
    world.answer(BO, "pause")
    preview = world.preview(ANN, f"{FIRST} {SECOND}")
    world.click(ANN, preview, go_ahead(preview))
    world.until(lambda: world.rows("SELECT 1 FROM request WHERE state = 'approved'"))
    world.fincart.add(FIRST, title="Cancelled", age=60)
    record(world.bot.context, "operator:op", differences(world))

    assert (FIRST, "rejected", "log") == outcomes(world)[0]


def test_an_order_that_the_record_never_had_is_named_if_somebody_names_it(world: World) -> None:
    by_hand(world, IDS[0])
    found = differences(world, IDS[0], IDS[1])

    assert [(IDS[0], [])] == [(each.order_id, list(each.recorded)) for each in found]
    assert 0 == record(world.bot.context, "operator:op", found)


def test_a_log_that_fincart_does_not_give_is_read_again(world: World) -> None:
    world.cancelled(ANN, FIRST)
    world.fincart.inject(Fault(FaultKind.RATE_LIMITED, endpoint=Endpoint.LOGS, retry_after="1"))
    found = list(comparisons(world.bot.context, None, ()))

    assert ({}, []) == (found[0].unread, found[0].differences)


def test_the_command_says_what_differs_and_exits_1(
    world: World, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in world.settings().items():
        monkeypatch.setenv(name, value)
    world.preview(ANN, FIRST)
    agrees = command("reconcile", "--since", "2026-11-01")
    by_hand(world, FIRST)
    differs = command("reconcile", "--record")
    again = command("reconcile")

    assert (0, "1 order compared with Fincart: 0 differ, 0 could not be read.\n", "") == agrees
    assert 1 == differs[0]
    assert differs[1].startswith(f"{FIRST}  cancelled at Fincart, ")
    assert "1 recorded, as corrections by operator:" in differs[1]
    assert 0 == again[0]


def test_a_refused_token_is_said_instead_of_a_comparison(
    world: World, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in world.settings().items():
        monkeypatch.setenv(name, value)
    world.fincart.settings.token_rejected = True
    code, out, err = command("reconcile")

    assert (1, "") == (code, out)
    assert "Fincart cannot be asked: User is not authorized" in err
