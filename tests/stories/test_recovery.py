"""Told to stop, or cut off from Slack: what is under way is set right later."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from torture.checks import check, settle
from torture.kills import STOPPED_WITHIN
from torture.outside import ANN, TortureStandIns, as_time, order_ids, request_id
from world import ORDERS, Clock, World, go_ahead

from bot.sandbox.fincart.faults import Applied, Fault, FaultKind
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from storage.db.transactions import Database

pytestmark = [pytest.mark.long, pytest.mark.in_turn]

IDS = order_ids(6)
RIGHT_WITHIN = 10.0
"""Seconds of Slack's recovery (promise 8)."""


def test_told_to_stop_while_fincart_hangs_it_ends_in_time_and_the_next_start_resumes(
    database_url: str, tmp_path: Path
) -> None:
    with TortureStandIns(database_url, tmp_path) as outside:
        outside.fincart.add(*IDS)
        outside.fincart.inject(Fault(FaultKind.HANG, order_id=IDS[2], applied=Applied.ALL))
        life = outside.start()
        preview = outside.ask(" ".join(IDS))
        outside.press(ANN, preview, "go_ahead")
        assert outside.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 2, 20)
        code, seconds = life.terminate()
        outside.start()
        outside.ended(request_id(preview))
        settle(outside)
        ended = check(outside)

    assert 0 == code
    assert seconds <= STOPPED_WITHIN
    assert {"cancelled": 6} == ended
    assert {1} == {outside.fincart.times_cancelled(order) for order in IDS}


def test_told_to_stop_it_waits_for_the_answer_and_gives_the_rest_up_at_once(database_url: str, tmp_path: Path) -> None:
    with TortureStandIns(database_url, tmp_path) as outside:
        outside.fincart.add(*IDS)
        outside.fincart.inject(Fault(FaultKind.SLOW, order_id=IDS[2], seconds=1.0))
        life = outside.start()
        preview = outside.ask(" ".join(IDS))
        outside.press(ANN, preview, "go_ahead")
        assert outside.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 2, 20)
        code, _ = life.terminate()
        leases = [as_time(row["lease_until"]) for row in outside.rows("SELECT lease_until FROM request")]
        answers = [row["result"] for row in outside.rows("SELECT result FROM attempt WHERE ended_at IS NOT NULL")]
        outside.start()
        outside.ended(request_id(preview))
        settle(outside)
        ended = check(outside)

    assert 0 == code
    assert ["ok", "ok"] == answers
    assert life.died_at is not None
    assert all(lease <= life.died_at for lease in leases)
    assert {"cancelled": 6} == ended
    assert 3 == len(outside.fincart.cancel_calls)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_told_to_stop_while_somebody_locks_its_rows_it_ends_in_time_too(database_url: str, tmp_path: Path) -> None:
    with TortureStandIns(database_url, tmp_path) as outside:
        outside.fincart.add(*IDS)
        outside.fincart.inject(Fault(FaultKind.HANG, applied=Applied.ALL))
        life = outside.start()
        preview = outside.ask(" ".join(IDS))
        outside.press(ANN, preview, "go_ahead")
        assert outside.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 1, 20)
        with outside.database().write() as somebody:
            somebody.connection.execute(text("UPDATE request SET state = state"))
            if not outside.database().is_sqlite:
                somebody.connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            code, seconds = life.terminate()

    assert 0 == code
    assert seconds <= STOPPED_WITHIN


def test_a_request_that_a_fault_of_ours_keeps_from_being_planned_keeps_no_other_from_being_sent(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.fincart.add(*IDS)
    world.fincart.inject(Fault(FaultKind.RATE_LIMITED, retry_after="2"))
    faulty = world.preview(ANN, " ".join(IDS[:2]))
    world.click(ANN, faulty, go_ahead(faulty))
    world.until(lambda: world.rows("SELECT 1 FROM attempt WHERE planned_at IS NULL"))
    database = Database(world.database_url)
    with database.write() as transaction:
        transaction.connection.execute(text("UPDATE attempt SET positions = 'spoilt'"))
    database.close()
    world.until(lambda: "a step of orders failed" in caplog.text)
    well = world.cancelled(ANN, " ".join(IDS[2:4]))
    live = world.live(request_id(faulty))

    assert "2 cancelled" in well.text
    assert live is not None
    assert "audit " not in live.text


def _run(world: World, ids: list[str]) -> str:
    """A request whose call Fincart has and does not answer."""
    world.fincart.inject(Fault(FaultKind.HANG, order_id=ids[0], applied=Applied.ALL))
    preview = world.preview(ANN, f"{' '.join(ids)} because duplicate")
    world.click(ANN, preview, go_ahead(preview))
    assert world.fincart.wait_for(lambda fincart: any(ids[0] in call.ids for call in fincart.cancel_calls))
    return request_id(preview)


def _another_try(world: World, tries: int) -> None:
    world.slack.wait_for(lambda: world.slack.count("chat.postMessage") > tries, 10)


def test_an_hour_without_slack_ends_with_every_message_right(start_sqlite_world: Callable[..., World]) -> None:
    clock = Clock()
    world = start_sqlite_world(clock=clock)
    world.fincart.add(*IDS)
    shown = _run(world, IDS[:2])
    world.slack.wait_for(lambda: world.live(shown))
    world.slack.fail("chat.postMessage", SlackFault(SlackFaultKind.ERROR), None)
    unshown = _run(world, IDS[2:4])
    world.slack.fail("*", SlackFault(SlackFaultKind.ERROR), None)
    world.fincart.release()
    world.until(lambda: 2 == world.kinds().count("finished"))
    for _ in range(3):
        tries = world.slack.count("chat.postMessage")
        clock.advance(1200)
        _another_try(world, tries)
    world.slack.heal()

    assert "2 cancelled" in world.ended(shown, timeout=RIGHT_WITHIN).text
    assert "2 cancelled" in world.ended(unshown, timeout=RIGHT_WITHIN).text
    assert 2 == len(world.slack.messages(ORDERS))
    assert ["Cancelled"] * 4 == world.statuses(*IDS[:4])
