"""backup.md, restore.md and move.md, played: the database is copied, put back and moved."""

from pathlib import Path

import pytest
from drill import Play
from torture.outside import ANN, order_ids, request_id

from storage.backup import back_up

pytestmark = [pytest.mark.long, pytest.mark.in_turn]

IDS = order_ids(2)


def test_backing_up(play: Play) -> None:
    with play("backup.md", AUDIT_HEAD_FILE="heads") as drill:
        drill.call("/mnt/witness/heads", "heads")
        drill.cancel(IDS)
        drill.run()
        drill.run_until()


def test_restoring(play: Play, tmp_path: Path) -> None:
    with play("restore.md", UNDO_SECONDS="2") as drill:
        asked = drill.ask(" ".join(IDS))
        drill.call("R-7K3F9Q", request_id(asked))
        drill.press(ANN, asked, "go_ahead")
        drill.until(lambda: drill.rows("SELECT 1 FROM request WHERE state = 'approved'"))
        back_up(tmp_path / "cancel-orders.db", tmp_path / "copy.db")
        drill.ended(request_id(asked))
        seq, head = drill.rows("SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1")[0].values()
        drill.call("1042:9f3c2a417be05d21", f"{seq}:{head}")
        drill.call("1042", str(seq))
        drill.database().close()
        calls = len(drill.fincart.cancel_calls)
        drill.run()
        drill.run_until()
        for _ in range(3):
            drill.run()

        assert calls == len(drill.fincart.cancel_calls)
        assert [1, 1] == [drill.fincart.times_cancelled(order) for order in IDS]


def test_moving(play: Play, tmp_path: Path, empty_postgresql: str) -> None:
    with play("move.md") as drill:
        (tmp_path / "address").write_text(empty_postgresql)
        asked = drill.ask(" ".join(IDS))
        drill.run()
        drill.run()
        seq, head = drill.rows("SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1")[0].values()
        drill.call("1042:9f3c2a417be05d21", f"{seq}:{head}")
        drill.run()
        drill.press(ANN, asked, "go_ahead")
        drill.ended(request_id(asked))

        assert [1, 1] == [drill.fincart.times_cancelled(order) for order in IDS]
