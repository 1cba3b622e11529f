"""Several processes on one database: they share the work, never do it twice, and one takes up what another leaves."""

import signal
from pathlib import Path

import pytest
from sqlalchemy import text
from torture.checks import check, settle
from torture.kills import TAKEN_UP_WITHIN
from torture.outside import ANN, TortureStandIns, as_time, order_ids, request_id

from bot.execution.dispatcher import NO_ANSWER
from bot.sandbox.fincart.faults import Applied, Fault, FaultKind

pytestmark = [pytest.mark.long, pytest.mark.in_turn]

IDS = order_ids(60)


def test_two_processes_share_the_work_and_never_do_it_twice(database_url: str, tmp_path: Path) -> None:
    with TortureStandIns(database_url, tmp_path) as outside:
        outside.fincart.add(*IDS)
        outside.fincart.settings.latency = 0.05
        doors = [outside.start(), outside.start()]
        shown = outside.ask_in_turn(doors, [IDS[first : first + 6] for first in range(0, 60, 6)])
        outside.go_ahead_in_turn(doors, shown)
        for preview in shown:
            outside.ended(request_id(preview))
        settle(outside)
        last_owners = "SELECT lease_owner FROM request WHERE lease_owner IS NOT NULL"
        owners = {row["lease_owner"] for row in outside.rows(last_owners)}
        ended = check(outside)

    assert {"cancelled": 60} == ended
    assert 2 == len(owners)
    assert {1} == {outside.fincart.times_cancelled(order) for order in IDS}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_processes_share_the_forty_edits_a_minute(database_url: str, tmp_path: Path) -> None:
    ids = order_ids(320)
    with TortureStandIns(database_url, tmp_path, FINCART_MAX_CONCURRENCY="4", VERIFY_RESULTS="false") as outside:
        outside.fincart.add(*ids)
        doors = [outside.start(), outside.start()]
        shown = outside.ask_in_turn(doors, [ids[first : first + 40] for first in range(0, 320, 40)])
        outside.fincart.settings.latency = 0.3
        outside.go_ahead_in_turn(doors, shown)
        for preview in shown:
            outside.ended(request_id(preview))
        progress = [call.at for call in outside.slack.calls("chat.update") if "░" in call.params["text"]]
        settle(outside)
        ended = check(outside)

    assert {"cancelled": 320} == ended
    # Twenty go at once, and then one about every three seconds.
    assert 20 <= max(sum(at - 10 < other <= at for other in progress) for at in progress) <= 25


def test_a_dead_process_is_followed_by_the_other_within_ten_seconds(database_url: str, tmp_path: Path) -> None:
    with TortureStandIns(database_url, tmp_path) as outside:
        outside.fincart.add(*IDS[:6])
        outside.fincart.inject(Fault(FaultKind.HANG, order_id=IDS[2], applied=Applied.ALL))
        first = outside.start()
        preview = outside.ask(" ".join(IDS[:6]))
        outside.press(ANN, preview, "go_ahead")
        assert outside.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 2, 20)
        outside.start().until_it_listens()
        first.kill()
        outside.ended(request_id(preview))
        settle(outside)
        orphans = outside.rows("SELECT ended_at FROM attempt WHERE words = :words", words=NO_ANSWER)
        ended = check(outside)

    assert {"cancelled": 6} == ended
    assert first.died_at is not None
    assert orphans
    assert all((as_time(row["ended_at"]) - first.died_at).total_seconds() <= TAKEN_UP_WITHIN for row in orphans)
    assert {1} == {outside.fincart.times_cancelled(order) for order in IDS[:6]}


def test_a_process_that_slept_through_its_lease_sends_nothing_more(database_url: str, tmp_path: Path) -> None:
    with TortureStandIns(database_url, tmp_path) as outside:
        outside.fincart.add(*IDS[:6])
        outside.fincart.inject(Fault(FaultKind.HANG, order_id=IDS[2], applied=Applied.ALL))
        sleeper = outside.start()
        preview = outside.ask(" ".join(IDS[:6]))
        outside.press(ANN, preview, "go_ahead")
        assert outside.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 2, 20)
        outside.start().until_it_listens()
        outside.put_to_sleep(sleeper)
        outside.ended(request_id(preview))
        outside.fincart.release()
        sleeper.process.send_signal(signal.SIGCONT)
        # Its answer comes, late: the attempt that was counted as lost is told of it.
        outside.until(lambda: outside.rows("SELECT 1 FROM attempt WHERE was_lost AND result = 'ok'"))
        settle(outside)
        ended = check(outside)

    assert {"cancelled": 6} == ended
    assert {1} == {outside.fincart.times_cancelled(order) for order in IDS[:6]}


def test_a_process_starts_while_another_is_frozen_in_the_middle_of_a_write(sqlite_url: str, tmp_path: Path) -> None:
    with TortureStandIns(sqlite_url, tmp_path) as outside:
        outside.fincart.add(*IDS[:2])
        with outside.database().write() as frozen:
            frozen.connection.execute(text("SELECT 1"))  # begins, and keeps everybody else from writing
            outside.start().until_it_listens()
        preview = outside.ask(" ".join(IDS[:2]))
        outside.press(ANN, preview, "go_ahead")
        outside.ended(request_id(preview))
        settle(outside)
        ended = check(outside)

    assert {"cancelled": 2} == ended


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_a_frozen_process_has_locked_is_soon_free_again(database_url: str, tmp_path: Path) -> None:
    with TortureStandIns(database_url, tmp_path) as outside:
        outside.fincart.add(*IDS[:2])
        outside.start().until_it_listens()
        preview = outside.ask(" ".join(IDS[:2]))
        outside.fincart.inject(Fault(FaultKind.HANG, order_id=IDS[0], applied=Applied.ALL))
        outside.press(ANN, preview, "go_ahead")
        assert outside.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 1, 20)
        with outside.database().engine.connect() as frozen:
            for table in ("request", "order_line", "slack_message"):
                frozen.execute(text(f"SELECT 1 FROM {table} FOR UPDATE"))
            outside.fincart.release()
            outside.ended(request_id(preview))
            frozen.invalidate()
        settle(outside)
        ended = check(outside)

    assert {"cancelled": 2} == ended
