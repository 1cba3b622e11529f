"""Told to stop, a process goes on taking deliveries until its calls to Fincart are answered."""

import http.client
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from torture.checks import check, settle
from torture.outside import ANN, ORDERS, Life, TortureStandIns, order_ids, request_id

from bot.sandbox.fincart.faults import Fault, FaultKind
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.server.serve import KEEP_ALIVE_SECONDS
from bot.settings.fields import Settings

pytestmark = pytest.mark.long
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

*IDS, OTHER = order_ids(4)
SLOW = Fault(FaultKind.SLOW, seconds=3.0)
IDLE_SECONDS = 6.0
"""Longer than a web server's own default."""


@pytest.fixture
def outside(database_url: str, tmp_path: Path) -> Iterator[TortureStandIns]:
    with TortureStandIns(database_url, tmp_path, STOP_SECONDS="", FINCART_BATCH_SIZE="3") as standins:
        standins.fincart.add(*IDS, OTHER)
        yield standins


def told_to_stop_in_a_call(outside: TortureStandIns, fault: Fault) -> tuple[Life, str]:
    """A process that has got SIGTERM while Fincart had its call, and the request it is about."""
    outside.fincart.inject(fault)
    life = outside.start()
    preview = outside.ask(" ".join(IDS))
    outside.press(ANN, preview, "go_ahead")
    assert outside.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 1, 20)
    life.process.send_signal(signal.SIGTERM)
    outside.until(lambda: "stopping" in life.log)
    return life, request_id(preview)


def shows_a_preview(outside: TortureStandIns) -> bool:
    return any(OTHER in post.text for post in outside.slack.ephemerals(ANN))


@ON_SQLITE
def test_the_call_is_answered_and_told_and_nothing_is_in_doubt(outside: TortureStandIns) -> None:
    life, public_id = told_to_stop_in_a_call(outside, SLOW)
    code = life.wait()
    results = outside.rows("SELECT result FROM attempt")
    told = outside.ended(public_id)

    assert 0 == code
    assert [{"result": "ok"}] == results
    assert "3 cancelled" in told.text
    assert 1 == len(outside.fincart.cancel_calls)


@ON_SQLITE
def test_meanwhile_it_is_not_ready_and_takes_what_people_type_for_the_next_start(outside: TortureStandIns) -> None:
    life, _ = told_to_stop_in_a_call(outside, SLOW)
    pages = [httpx.get(f"{life.url}/{page}").status_code for page in ("readyz", "healthz")]
    typed = outside.slack.type_command(ANN, ORDERS, f"/cancel-orders {OTHER}")
    code = life.wait()
    shown = shows_a_preview(outside)
    outside.start()
    outside.until(lambda: shows_a_preview(outside))

    assert ([503, 200], True, 0, False) == (pages, typed.ok, code, shown)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_another_process_does_what_is_typed_meanwhile_and_leaves_the_call_alone(outside: TortureStandIns) -> None:
    # Longer than a lease lives that nobody renews.
    life, public_id = told_to_stop_in_a_call(outside, Fault(FaultKind.SLOW, seconds=8.0))
    outside.start()
    with outside.through(life):
        assert outside.slack.type_command(ANN, ORDERS, f"/cancel-orders {OTHER}").ok
    outside.until(lambda: shows_a_preview(outside))
    stops_still = life.process.poll() is None
    code = life.wait()
    told = outside.ended(public_id)

    assert (True, 0) == (stops_still, code)
    assert "3 cancelled" in told.text
    assert [{"kind": "batch_settled"}] == outside.rows("SELECT kind FROM audit_event WHERE kind = 'batch_settled'")
    assert 1 == len(outside.fincart.cancel_calls)


@ON_SQLITE
def test_an_answer_that_cannot_be_stored_at_once_is_stored_before_it_ends(
    outside: TortureStandIns, tmp_path: Path
) -> None:
    life, _ = told_to_stop_in_a_call(outside, SLOW)
    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None, timeout=20)) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        outside.until(lambda: "not yet recorded" in life.log)
        somebody.execute("ROLLBACK")
    code = life.wait()

    assert 0 == code
    assert [{"result": "ok"}] == outside.rows("SELECT result FROM attempt")


@ON_SQLITE
def test_a_result_that_waits_behind_a_slow_slack_is_told_before_it_ends(outside: TortureStandIns) -> None:
    outside.fincart.inject(Fault(FaultKind.SLOW, seconds=6.0))
    life = outside.start()
    preview = outside.ask(" ".join(IDS))
    outside.press(ANN, preview, "go_ahead")
    outside.until(lambda: outside.rows("SELECT 1 FROM slack_message WHERE kind = 'live' AND shown = wanted"))
    outside.slack.fail("response_url", SlackFault(SlackFaultKind.HANG), times=3)
    for order in IDS:
        assert outside.slack.type_command(ANN, ORDERS, f"/cancel-orders {order}").ok
    outside.until(lambda: outside.slack.core.faults.struck[SlackFaultKind.HANG] == 3)
    life.process.send_signal(signal.SIGTERM)
    outside.until(lambda: "run finished" in life.log)
    outside.slack.heal()
    code = life.wait()

    assert 0 == code
    assert "3 cancelled" in outside.ended(request_id(preview), 1.0).text


@ON_SQLITE
def test_sigterm_once_more_changes_nothing(outside: TortureStandIns) -> None:
    life, _ = told_to_stop_in_a_call(outside, SLOW)
    life.process.send_signal(signal.SIGTERM)
    code = life.wait()

    assert 0 == code
    assert [{"result": "ok"}] == outside.rows("SELECT result FROM attempt")


@ON_SQLITE
def test_ctrl_c_then_ends_it_at_once_and_the_next_start_settles_the_call(outside: TortureStandIns) -> None:
    life, public_id = told_to_stop_in_a_call(outside, Fault(FaultKind.HANG))
    life.process.send_signal(signal.SIGINT)
    code = life.wait(5)
    outside.fincart.clear_faults()
    outside.start()
    outside.ended(public_id)
    settle(outside)

    assert 130 == code
    assert {"cancelled": 3} == check(outside)


@ON_SQLITE
def test_an_idle_connection_stays_open_for_longer_than_a_load_balancer_keeps_it(outside: TortureStandIns) -> None:
    connection = http.client.HTTPConnection(urlsplit(outside.start().url).netloc, timeout=5)
    connection.connect()
    connection.auto_open = 0  # a closed one fails
    answers = []
    for pause in (0.0, IDLE_SECONDS):
        threading.Event().wait(pause)
        connection.request("GET", "/healthz")
        with connection.getresponse() as answer:
            answers.append((answer.status, answer.read()))
    connection.close()

    assert [(200, b"ok\n")] * 2 == answers
    assert KEEP_ALIVE_SECONDS > 75


def test_by_default_calls_have_longer_than_one_may_take() -> None:
    settings = Settings(fincart_timeout_seconds=300.0)

    assert settings.stop_within > 300.0 + 10.0
