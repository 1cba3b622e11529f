"""In the bot's process: runs of many orders on demand, with what each took in time, memory and database."""

import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from bench.ours import approved
from bench.standins import order_ids
from bot.app import Bot
from storage import requests
from storage.models import Attempt

LOOK_EVERY = 0.05
"""Seconds between two looks at the memory in use; every fifth time also at whether the run is over."""


@dataclass(frozen=True, slots=True)
class BenchFigures:
    """What one run took."""

    seconds: float
    """From the first call written ahead to the last settle, by the database's own instants."""
    peak_bytes: int
    """The most memory in use at once above that before the request was made."""
    grown_bytes: int
    """What the database and its log have grown by."""


class BenchRuns:
    """Runs, one after another: `begin FIRST COUNT`, then `end`, which waits for it and returns its figures."""

    def __init__(self, bot: Bot, folder: Path) -> None:
        self._bot, self._folder = bot, folder
        self._thread: threading.Thread | None = None
        self._figures: BenchFigures | None = None

    def turn(self, word: str) -> Any:
        """Begin a run of the orders that the word names, wait for its end, or say whether it is over."""
        match word.split():
            case ["begin", first, count]:
                self._thread = threading.Thread(target=self._run, args=(int(first), int(count)))
                self._thread.start()
                return None
            case ["over"]:
                return self._thread is None or not self._thread.is_alive()
            case _:
                assert self._thread is not None
                self._thread.join()
                assert self._figures is not None
                return asdict(self._figures)

    def _run(self, first: int, count: int) -> None:
        ids = order_ids(first + count)[first:]
        idle, size, peak = _memory(), _size(self._folder), 0
        public_id = approved(self._bot.context.database, ids)
        seconds = None
        while seconds is None:
            for _ in range(5):
                time.sleep(LOOK_EVERY)
                peak = max(peak, _memory())
            seconds = self._seconds(public_id)
        self._figures = BenchFigures(seconds, peak - idle, _size(self._folder) - size)

    def _seconds(self, public_id: str) -> float | None:
        with self._bot.context.database.read() as session:
            request = requests.find(session, public_id)
            assert request is not None
            if request.finished_at is None:
                return None
            if request.cancelled != request.order_count:
                raise RuntimeError(f"only {request.cancelled} of {request.order_count} orders were cancelled")
            query = select(func.min(col(Attempt.planned_at))).where(col(Attempt.request_seq) == request.seq)
            began = session.scalars(query).one()
            assert began is not None
            return (request.finished_at - began).total_seconds()


def _memory() -> int:
    """Bytes of memory in use by this process, where the system says so; else 0."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)


def _size(folder: Path) -> int:
    """Bytes of the database and what is still in its log."""
    return sum(file.stat().st_size for file in folder.glob("bench.db*") if not file.name.endswith("-shm"))
