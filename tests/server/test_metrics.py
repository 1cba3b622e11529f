"""What Prometheus scrapes: the figures are true, cheap, and name nobody."""

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from world import ANN, FIRST, SECOND, StartWorld, World

from bot.server.health import Health
from bot.server.metrics import serve_metrics

IDS = re.compile(r"R-[0-9A-Z]{6}|\b[UWCGDST][0-9A-Z]{6,}|[0-9a-f]{24}|xox|ann|bo\b")


@pytest.fixture
def scraped(start_sqlite_world: StartWorld) -> tuple[World, str]:
    world = start_sqlite_world()
    return world, metrics_of(world)


def metrics_of(world: World) -> str:
    """Serves them; returns the address."""
    return f"http://127.0.0.1:{serve_metrics(Health(world.bot), '127.0.0.1', 0)}/metrics"


def samples(url: str) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    answer = httpx.get(url)
    assert 200 == answer.status_code
    return {
        (each.name, *each.labels.values()): each.value
        for family in text_string_to_metric_families(answer.text)
        for each in family.samples
    }


def test_a_story_is_told_in_figures_and_no_label_names_anybody(world: World) -> None:
    url = metrics_of(world)
    world.cancelled(ANN, f"{FIRST} {SECOND} because duplicate")
    world.until(lambda: samples(url)["cancel_orders_orders", "cancelled"] == 2)
    found = samples(url)

    assert 1 == found["cancel_orders_requests", "finished"]
    assert 1 == found["cancel_orders_fincart_call_seconds_count", "cancel", "ok"]
    assert 0 == found["cancel_orders_fincart_call_seconds_count", "cancel", "indeterminate"]
    assert found["cancel_orders_slack_call_seconds_count", "chat.postMessage", "ok"] >= 1
    assert found["cancel_orders_acknowledgement_seconds_count",] >= 2
    assert found["cancel_orders_audit_events",] == len(world.audit())
    assert found["cancel_orders_database_bytes",] > 0
    assert {"inbox", "orders", "logs", "messages", "housekeeping"} <= {
        key[1] for key in found if key[0] == "cancel_orders_lane_last_step_timestamp_seconds"
    }
    labels = {value for key in found for value in key[1:]}
    assert [] == [value for value in labels if IDS.search(value)]


def test_rules_and_dashboard_ask_only_for_figures_that_there_are(scraped: tuple[World, str]) -> None:
    world, url = scraped
    world.cancelled(ANN, FIRST)
    deploy = Path(__file__).parents[2] / "deploy"
    rules = "".join((deploy / name).read_text(encoding="utf-8") for name in ("alerts.yml", "dashboard.json"))
    asked = set(re.findall(r"\bcancel_orders_\w+", rules))
    later = {
        "cancel_orders_audit_verified",
        "cancel_orders_audit_verified_timestamp_seconds",
        "cancel_orders_socket_connections",
    }

    assert later == asked - {key[0] for key in samples(url)}


def test_a_history_that_nobody_has_verified_has_its_families_and_no_figure(scraped: tuple[World, str]) -> None:
    _, url = scraped
    text = httpx.get(url).text

    assert {
        family.name: family.samples
        for family in text_string_to_metric_families(text)
        if family.name.startswith("cancel_orders_audit_verified")
    } == {"cancel_orders_audit_verified_timestamp_seconds": [], "cancel_orders_audit_verified": []}


def test_a_pause_is_a_hold_of_its_kind_until_it_ends(scraped: tuple[World, str]) -> None:
    world, url = scraped
    world.answer(ANN, "pause")
    world.until(lambda: samples(url)["cancel_orders_hold", "pause"] == 1)
    world.answer(ANN, "resume")

    world.until(lambda: samples(url)["cancel_orders_hold", "pause"] == 0)


def test_with_a_database_that_is_away_a_scrape_says_so_in_time(
    scraped: tuple[World, str],
) -> None:
    world, url = scraped
    with closing(sqlite3.connect(world.database_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        world.until(lambda: samples(url)["cancel_orders_database_writable",] == 0)
        took = time.monotonic() - began
        other.execute("ROLLBACK")

    assert took < 15
    world.until(lambda: samples(url)["cancel_orders_database_writable",] == 1)


def test_figures_that_cannot_be_read_are_absent(scraped: tuple[World, str]) -> None:
    world, url = scraped
    with world.bot.context.database.write(within_seconds=10.0) as transaction:
        transaction.connection.exec_driver_sql("ALTER TABLE process RENAME TO processes")
    world.until(lambda: samples(url)["cancel_orders_scrape_ok",] == 0)
    found = samples(url)
    with world.bot.context.database.write(within_seconds=10.0) as transaction:
        transaction.connection.exec_driver_sql("ALTER TABLE processes RENAME TO process")

    assert ("cancel_orders_hold", "pause") not in found
