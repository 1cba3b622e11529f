"""How many connections to PostgreSQL a process holds, and that it works with few."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from torture.checks import check, settle
from torture.outside import ANN, TortureStandIns, order_ids, request_id
from world import of_owner

from bot.settings.fields import Settings

FOR_ROLES = 97
"""Connections of a new PostgreSQL that are not kept for its superusers: 100, less 3."""

CLIENTS = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
"""PostgreSQL's own vacuum visits databases, too."""


def test_eight_processes_leave_connections_of_a_new_postgresql_for_commands_and_an_upgrade() -> None:
    assert 8 <= FOR_ROLES - 8 * Settings().database_pool_size


@pytest.mark.long
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_busy_process_does_its_work_with_the_connections_it_may_have(database_url: str, tmp_path: Path) -> None:
    ids, ended = order_ids(60), threading.Event()
    with TortureStandIns(database_url, tmp_path, DATABASE_POOL_SIZE="4") as outside:
        outside.fincart.add(*ids)
        outside.start().until_it_listens()
        with ThreadPoolExecutor(16) as people:
            most = people.submit(_most_connections, database_url, ended)
            requests = [people.submit(_cancel, outside, ids[at : at + 4]) for at in range(0, 60, 4)]
            for request in requests:
                request.result()
            ended.set()
        settle(outside)
        outcomes = check(outside)

    assert {"cancelled": 60} == outcomes
    assert 4 == most.result()


def _cancel(outside: TortureStandIns, ids: list[str]) -> None:
    preview = outside.ask(" ".join(ids), about=ids[0])
    outside.press(ANN, preview, "go_ahead")
    outside.ended(request_id(preview))


def _most_connections(url: str, ended: threading.Event) -> int:
    """The most connections that were open at once to this database, until this ended."""
    database, counted = make_url(url).database, [0]
    where = make_url(of_owner(url)).set(drivername="postgresql", database="postgres").render_as_string(False)
    with psycopg.connect(where, autocommit=True) as admin:
        while not ended.wait(0.02):
            counted += admin.execute(CLIENTS, [database]).fetchone() or (0,)
    return max(counted)
