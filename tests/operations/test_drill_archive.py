"""archive.md, played: two requests of two months ago go into a file, and are found in it."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from drill import Drill
from world import ANN, FIRST, SECOND, THIRD, Clock, StartWorld, order_ids, request_id

pytestmark = [pytest.mark.long, pytest.mark.in_turn]


def test_archiving(start_sqlite_world: StartWorld, tmp_path: Path) -> None:
    clock = Clock()
    clock.advance(-60 * 86_400)
    world = start_sqlite_world(clock=clock)
    world.fincart.add(*order_ids(4))
    asked = world.cancelled(ANN, f"{FIRST} {SECOND} because duplicate")
    world.cancelled(ANN, f"{THIRD} {order_ids(4)[3]} because duplicate")
    world.until(lambda: not world.rows("SELECT 1 FROM order_line WHERE due_at IS NOT NULL"))
    world.until(lambda: not world.rows("SELECT 1 FROM slack_message WHERE shown < wanted"))
    world.shut_down()
    with closing(sqlite3.connect(world.database_file, isolation_level=None)) as connection:
        connection.execute("DELETE FROM database_place")  # else it would be served as a restored copy
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    folder = tmp_path / "machine"
    folder.mkdir()
    with Drill("archive.md", folder, Path(world.database_file)) as drill:
        drill.call("2025-11-01", f"{datetime.now(UTC) - timedelta(days=31):%Y-%m-%d}")
        drill.call("R-7K3F9Q", request_id(asked))
        for _ in range(3):
            drill.run()
