"""Each rule of deploy/alerts.yml is fired by its fault: a bot suffers it and is scraped, and promtool judges."""

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import yaml
from cli_runs import CommandLine
from undelivered import nobody_can_be_told
from watched import MINUTES, TIMINGS, Watched, series
from websockets.sync.client import connect
from world import ANN, FIRST, SECOND, Clock, StartWorld, World, go_ahead, request_id

from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind
from storage import processes
from storage.db.transactions import Database

RULES = Path(__file__).parents[2] / "deploy" / "alerts.yml"
EVER_FIRED = f'group by (alertname) (max_over_time(ALERTS{{alertstate="firing"}}[{MINUTES}m]))'


Suffered = Callable[[Watched], AbstractContextManager[None]]
FAULTS: dict[str, tuple[Suffered, set[str]]] = {}
"""How a bot comes to suffer each, and the rules that fire then: all, and no other."""


def fires(*rules: str) -> Callable[[Callable[[Watched], Iterator[None]]], None]:
    """Add a fault that fires these rules."""

    def add(suffer: Callable[[Watched], Iterator[None]]) -> None:
        FAULTS[suffer.__name__] = contextmanager(suffer), {f"CancelOrders{rule}" for rule in rules}

    return add


@fires()
def a_healthy_bot(watched: Watched) -> Iterator[None]:
    watched.bot().cancelled(ANN, f"{FIRST} {SECOND} because duplicate")
    watched.world.until_all_is_shown()
    watched.keep_a_scrape()
    yield


@fires()
def a_pause_of_an_hour(watched: Watched) -> Iterator[None]:
    world = watched.bot(clock=Clock())
    world.answer(ANN, "pause")
    world.confirmed(ANN, FIRST)
    world.until_all_is_shown()
    world.pass_time(3000)
    world.until(lambda: world.rows("SELECT 1 FROM hold WHERE kind = 'pause'"))
    yield


@fires("Down")
def a_process_that_is_gone(watched: Watched) -> Iterator[None]:
    world = watched.bot()
    watched.keep_a_scrape()
    world.shut_down()
    yield


@fires("DatabaseNotWritable", "NotReady")
def a_database_that_cannot_be_written(watched: Watched) -> Iterator[None]:
    world = watched.bot()
    with closing(sqlite3.connect(world.database_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        watched.until("cancel_orders_database_writable", 0)
        yield


@fires("FiguresMissing")
def figures_that_cannot_be_read(watched: Watched) -> Iterator[None]:
    world = watched.bot()
    changed(world, "ALTER TABLE quota RENAME TO quotas", "ALTER TABLE verification RENAME TO verifications")
    watched.until("cancel_orders_scrape_ok", 0)
    yield
    changed(world, "ALTER TABLE quotas RENAME TO quota", "ALTER TABLE verifications RENAME TO verification")


@fires("LaneStuck", "NotReady", "WorkOverdue")
def a_lane_that_hangs(watched: Watched) -> Iterator[None]:
    clock = Clock()
    world = watched.bot(clock=clock, timings=replace(TIMINGS, stuck_after=2.0))
    world.cancelled(ANN, f"{FIRST} {SECOND}")
    world.fincart.inject(Fault(FaultKind.HANG, Endpoint.LOGS, times=None))
    world.until(lambda: httpx.get(f"{world.url}/healthz").status_code == 503)
    clock.advance(150)
    yield


@fires("TokenHold")
def a_token_that_fincart_refuses(watched: Watched) -> Iterator[None]:
    world = watched.bot()
    world.fincart.settings.token_rejected = True
    world.ended(request_id(world.confirmed(ANN, FIRST)))
    yield


@fires("TokenHold", "NotReady")
def a_token_that_slack_refuses(watched: Watched) -> Iterator[None]:
    world = watched.bot()
    world.slack.state.refuses_token = "account_inactive"
    world.type(ANN, "waiting")
    world.until(lambda: world.rows("SELECT 1 FROM hold WHERE kind = 'slack'"))
    watched.until("cancel_orders_ready", 0)
    yield
    world.slack.state.refuses_token = ""


@fires("FincartDown")
def a_fincart_that_is_down(watched: Watched) -> Iterator[None]:
    world = watched.bot()
    preview = world.preview(ANN, FIRST)
    world.fincart_server.stop()
    world.click(ANN, preview, go_ahead(preview))
    world.until(lambda: world.rows("SELECT 1 FROM hold WHERE kind = 'down' AND failures >= 3"))
    yield


@fires("DeadLetters")
def a_message_that_nobody_can_get(watched: Watched) -> Iterator[None]:
    nobody_can_be_told(watched.bot(clock=Clock()))
    yield


@fires("IndeterminateCalls")
def a_call_without_an_answer(watched: Watched) -> Iterator[None]:
    world = watched.bot()
    watched.keep_a_scrape()
    world.fincart.inject(Fault(FaultKind.DROP, applied=Applied.ALL))
    world.cancelled(ANN, FIRST)
    yield


@fires("UnknownOrders", "IndeterminateCalls")
def an_order_that_stays_unknown(watched: Watched) -> Iterator[None]:
    world = watched.bot(FINCART_TIMEOUT_SECONDS="2")
    watched.keep_a_scrape()
    preview = world.preview(ANN, FIRST)
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=Applied.ALL),
        Fault(FaultKind.GARBAGE, endpoint=Endpoint.LOGS, times=None),
    )
    world.click(ANN, preview, go_ahead(preview))
    world.until(lambda: world.rows("SELECT 1 FROM request WHERE unknown = 1"))
    watched.until('cancel_orders_orders{outcome="unknown"}', 1)
    yield


@fires("AuditBroken")
def a_history_that_does_not_verify(watched: Watched) -> Iterator[None]:
    world = watched.bot()
    world.cancelled(ANN, f"{FIRST} because duplicate")
    world.until_all_is_shown()
    changed(world, "UPDATE request SET reason = 'another' WHERE reason = 'duplicate'")
    assert 1 == watched.command("audit", "verify")[0]
    yield
    changed(world, "UPDATE request SET reason = 'duplicate' WHERE reason = 'another'")


@fires("AuditNotVerified")
def a_history_that_was_never_verified(watched: Watched) -> Iterator[None]:
    watched.bot(verified=False).cancelled(ANN, FIRST)
    yield


@fires("AuditNotVerified")
def a_history_that_was_verified_three_days_ago(watched: Watched) -> Iterator[None]:
    world = watched.bot()
    with Database(world.database_url).write(within_seconds=10.0) as transaction:
        row = processes.last_verification(transaction.session)
        assert row is not None
        row.at -= timedelta(days=3)
    yield


@fires("NoSocketConnection", "NotReady")
def a_process_that_slack_does_not_reach(watched: Watched) -> Iterator[None]:
    world = watched.bot(socket_mode=True)
    assert world.socket is not None
    world.socket.stop()
    watched.until("cancel_orders_socket_connections", 0)
    yield


@fires("SecondInstallation")
def another_installation_with_the_same_token(watched: Watched) -> Iterator[None]:
    world = watched.bot(socket_mode=True)
    world.until(lambda: world.rows("SELECT 1 FROM process WHERE other_connections = 0"))
    _, _, opened = world.slack.call("apps.connections.open", {}, world.slack.state.app_token)
    with connect(opened["url"]):
        assert world.socket is not None
        world.socket.disconnect("warning")
        world.until(lambda: world.rows("SELECT 1 FROM process WHERE other_connections > 0"))
        yield


@fires("VersionMix")
def an_upgrade_that_stopped_half_way(watched: Watched) -> Iterator[None]:
    world = watched.bot()
    world.until(lambda: world.rows("SELECT 1 FROM process"))
    with Database(world.database_url).write(within_seconds=10.0) as transaction:
        processes.record_alive(transaction, "host:2").version = "0.0.9"
    yield


def changed(world: World, *statements: str) -> None:
    with closing(sqlite3.connect(world.database_file, timeout=10.0)) as other:
        for statement in statements:
            other.execute(statement)
        other.commit()


@pytest.mark.long
@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool, of Debian's package prometheus, is missing")
@pytest.mark.parametrize("fault", FAULTS)
def test_its_rules_fire_and_no_other(
    fault: str,
    start_sqlite_world: StartWorld,
    command: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    suffer, rules = FAULTS[fault]
    watched = Watched(start_sqlite_world, command, monkeypatch)
    with suffer(watched):
        watched.keep_a_scrape()
    fired = [{"labels": f'{{alertname="{rule}"}}', "value": 1} for rule in sorted(rules)]
    judged = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": list(series(watched.scrapes, watched.stuck_after)),
                "promql_expr_test": [{"expr": EVER_FIRED, "eval_time": f"{MINUTES}m", "exp_samples": fired}],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(judged, width=1000), encoding="utf-8")
    done = subprocess.run(["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True)

    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("rule", re.findall(r"alert: (\w+)", RULES.read_text(encoding="utf-8")))
def test_each_rule_has_a_fault_that_fires_it(rule: str) -> None:
    assert [fault for fault, (_, rules) in FAULTS.items() if rule in rules]
