"""The worker: lanes of steps, each of which takes one thing that is due and does it."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.cancellation import deadlines
from bot.cancellation.export import Exporter
from bot.cancellation.look_up import LogReader
from bot.cancellation.parts import Parts
from bot.cancellation.run import Runner
from bot.inbox import Inbox
from bot.posting import Poster
from storage import deliveries, slack_messages
from storage.database import StorageUnavailable

log = logging.getLogger(__name__)

STOP_WITHIN = 8.0
"""Seconds that calls in flight are waited for when the process is told to stop."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One kind of work: `step` does one thing that is due and says whether there was one."""

    name: str
    step: Callable[[], bool]
    threads: int = 1
    every: float | None = None
    """Seconds between two steps, for work that is due by the clock; None: as soon as there is any."""


def lanes(parts: Parts, runner: Runner) -> list[Lane]:
    """All the work there is. A single thread that runs these steps in turn does the whole job."""
    poster, inbox = Poster(parts), Inbox(parts)
    return [
        Lane("inbox", inbox.step, threads=4),
        Lane("orders", runner.step, threads=parts.settings.fincart_max_concurrency + 1),
        Lane("logs", LogReader(parts).step),
        Lane("exports", Exporter(parts).step),
        Lane("messages", poster.step, threads=3),
        Lane("deadlines", lambda: deadlines.meet_one(parts)),
        Lane("leases", lambda: _nothing_more(runner.renew), every=parts.timings.renew),
        Lane("erasure", lambda: _nothing_more(lambda: erase_response_urls(parts)), every=20.0),
    ]


def erase_response_urls(parts: Parts) -> None:
    """Forget response URLs that have stopped working (promise 9: within a minute)."""
    with parts.database.write() as transaction:
        now = transaction.now()
        deliveries.erase_response_urls(transaction, now)
        slack_messages.erase_response_urls(transaction, now)


class Worker:
    """Runs the lanes on threads of their own until told to stop."""

    def __init__(self, parts: Parts, stopping: threading.Event) -> None:
        self._parts = parts
        self._stopping = stopping
        self._runner = Runner(parts)
        self._wakes: dict[str, threading.Event] = {}
        self._threads: list[threading.Thread] = []
        self._last_step = time.monotonic()

    def start(self) -> None:
        """Begin; what another process or an earlier life left half done is taken up like everything else."""
        for lane in lanes(self._parts, self._runner):
            self._wakes[lane.name] = threading.Event()
            for number in range(lane.threads):
                thread = threading.Thread(target=self._run, args=(lane,), name=f"{lane.name}-{number}", daemon=True)
                self._threads.append(thread)
        self._parts.database.on_wake = self.wake
        for thread in self._threads:
            thread.start()

    def wake(self, lane: str) -> None:
        """Look at a lane now: something has just fallen due there."""
        event = self._wakes.get(lane)
        if event is not None:
            event.set()

    def is_alive(self) -> bool:
        """Whether every lane still runs."""
        return bool(self._threads) and all(thread.is_alive() for thread in self._threads)

    def stop(self) -> bool:
        """Take no new work, and wait for the calls in flight; True when all came to an end in time."""
        self._stopping.set()
        for event in self._wakes.values():
            event.set()
        deadline = time.monotonic() + STOP_WITHIN
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        try:
            self._runner.park()
        except StorageUnavailable as unavailable:
            log.error("leases could not be given up; they run out by themselves: %s", unavailable)
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, lane: Lane) -> None:
        while not self._stopping.is_set():
            did = self._step(lane)
            if lane.every is not None:
                self._stopping.wait(lane.every)
            elif not did:
                self._wakes[lane.name].wait(self._parts.timings.poll)
                self._wakes[lane.name].clear()

    def _step(self, lane: Lane) -> bool:
        try:
            return lane.step()
        except StorageUnavailable as unavailable:
            log.error("the database cannot be used, %s waits: %s", lane.name, unavailable)
        except Exception:
            log.exception("a step of %s failed", lane.name)
        self._stopping.wait(0.5)
        return False


def _nothing_more(act: Callable[[], object]) -> bool:
    act()
    return False
