"""Records that are moved to PostgreSQL: killed meanwhile, or from under a bot that works."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from original import IDS, Original
from plain_rows import rows_of_file, rows_of_server
from simulation.runs import Runs
from simulation.seeds import plan_of
from torture.outside import ANN, ROOT, VICTIM, request_id

from bot.sandbox.fincart.faults import Applied, Fault, FaultKind

pytestmark = [pytest.mark.long, pytest.mark.in_turn]


@pytest.fixture
def original(sqlite_url: str, tmp_path: Path) -> Iterator[Original]:
    """A bot that sends two orders at a time."""
    with Original(sqlite_url, tmp_path, FINCART_BATCH_SIZE="2") as original:
        original.start()
        yield original


def begin(original: Original) -> str:
    """A request whose first call to Fincart is not answered yet."""
    original.fincart.inject(Fault(FaultKind.HANG, order_id=IDS[0], applied=Applied.ALL))
    preview = original.ask(" ".join(IDS))
    original.press(ANN, preview, "go_ahead")
    original.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 1)
    return request_id(preview)


def copy_once_answered(original: Original, target: str) -> subprocess.CompletedProcess[str]:
    """Move the record; Fincart answers once the source is paused."""
    with ThreadPoolExecutor(1) as pool:
        copying = pool.submit(original.command, "copy", "--to", target)
        original.until(lambda: original.rows("SELECT 1 FROM hold WHERE why LIKE 'moved to %'"))
        original.fincart.release()
        return copying.result()


def test_the_rest_is_sent_from_there_once_somebody_resumes_there_and_never_from_here(
    original: Original, empty_postgresql: str
) -> None:
    request = begin(original)
    copied = copy_once_answered(original, empty_postgresql)
    head = original.rows("SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1")[0]
    resumed_in_slack = original.answer("resume")
    resumed = original.command("resume")
    status = original.command("status")
    original.lives[-1].terminate()
    original.start()
    original.answer("waiting")
    original.lives[-1].terminate()
    sent_by_source = len(original.fincart.cancel_calls)
    original.turn_to(lambda: empty_postgresql)
    original.start()
    original.answer("waiting")
    sent_before_resume = len(original.fincart.cancel_calls)
    witnessed = original.command("audit", "verify", "--head", f"{head['seq']}:{head['hash']}")
    original.command("resume")
    original.ended(request)
    original.fincart.add(new := "6864fecda075914b0000ffff")
    original.cancel([new])

    assert (0, "") == (copied.returncode, copied.stderr)
    assert "Nothing goes on here" in resumed_in_slack
    assert (1, 1) == (resumed.returncode, status.returncode)
    assert "): serve that database, and nothing here" in status.stdout
    assert (1, 1) == (sent_by_source, sent_before_resume)
    assert 0 == witnessed.returncode
    assert ["Cancelled"] * 5 == [original.fincart.status(each) for each in (*IDS, new)]
    assert [1] * 5 == [original.fincart.times_cancelled(each) for each in (*IDS, new)]
    assert 0 == original.command("audit", "verify").returncode


class OneFile:
    """Where a simulated history keeps its database: a file that stays."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fresh(self) -> str:
        """See `simulation.stores.Store`."""
        return f"sqlite:///{self._path}"

    def close(self) -> None:
        """See `simulation.stores.Store`."""


DEATHS = [
    ("after", "migrate._migrate", 1),
    ("after", "copy._move held", 1),
    ("after", "moving.move", 1),
    ("before", "row_copy._copy", 3),
    ("after", "row_copy._copy", 4),
    ("before", "moving.move", 2),
    ("after", "moving.move", 2),
]
"""Where it is killed, one time after the other: after its tables, its pause, its mark, between rows, around its end."""


def test_wherever_it_is_killed_it_goes_on_to_the_same_rows(
    sqlite_url: str, tmp_path: Path, empty_postgresql: str
) -> None:
    failure = Runs(store=OneFile(tmp_path / "bot.db")).run(plan_of(1))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": sqlite_url}

    def copy(*script: object) -> int:
        command = [sys.executable, *map(str, script), "copy", "--to", empty_postgresql]
        return subprocess.run(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, timeout=60).returncode

    killed = [copy(VICTIM, *death) for death in DEATHS]
    code = copy("-m", "bot")

    assert failure is None
    assert [-signal.SIGKILL] * len(DEATHS) == killed
    assert 0 == code
    assert rows_of_file(str(tmp_path / "bot.db")) == rows_of_server(empty_postgresql)
    assert 1 == str(rows_of_server(empty_postgresql)["audit_event"]).count("moved to postgresql")
