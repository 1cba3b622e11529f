"""Several processes through PgBouncer in transaction mode: nothing is left in its sessions, no statement prepared."""

from pathlib import Path

import psycopg
import pytest
from pgbouncer import PROGRAM, pgbouncer
from sqlalchemy import text
from torture.checks import check, settle
from torture.outside import TortureStandIns, order_ids, request_id

from storage.db.engine import engine_of

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed"),
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]

BOUNDS = "SELECT current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')"


def test_a_transaction_is_bounded_and_leaves_nothing_in_the_session(database_url: str) -> None:
    with pgbouncer(database_url, sessions=1) as url:
        engines = [engine_of(url), engine_of(url)]
        for _ in range(8):  # the driver would prepare it the sixth time
            for engine in engines:
                with engine.begin() as connection:
                    bounds = connection.execute(text(BOUNDS)).one()
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
            left = other.execute(BOUNDS).fetchone()
        for engine in engines:
            engine.dispose()

    assert ("700ms", "5s") == tuple(bounds)
    assert ("0", "0") == left


@pytest.mark.long
def test_two_processes_do_their_work_through_pgbouncer_and_what_one_locked_while_frozen_is_free_again(
    database_url: str, tmp_path: Path
) -> None:
    ids = order_ids(48)
    with (
        pgbouncer(database_url, sessions=5) as url,
        TortureStandIns(database_url, tmp_path, DATABASE_URL=url) as outside,
    ):
        outside.fincart.add(*ids)
        doors = [outside.start(), outside.start()]
        shown = outside.ask_in_turn(doors, [ids[first : first + 6] for first in range(0, 48, 6)])
        frozen = engine_of(url).connect()
        frozen.execute(text("SELECT 1 FROM request FOR UPDATE"))
        outside.go_ahead_in_turn(doors, shown)
        for preview in shown:
            outside.ended(request_id(preview))
        frozen.invalidate()
        settle(outside)
        outcomes = check(outside)

    assert {"cancelled": 48} == outcomes
    assert {1} == {outside.fincart.times_cancelled(order) for order in ids}
