"""The worker: lanes of steps, each of which takes one thing that is due and does it."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.context import Context
from bot.deliveries.payloads import HANDLED, DeliveryKind
from bot.execution.dispatcher import Dispatcher
from bot.execution.log_reader import LogReader
from bot.outbox.poster import Poster
from bot.outbox.slack_access import SlackAccess
from bot.reports.export import Exporter
from bot.requests import expire
from bot.worker.inbox import Inbox
from storage import deliveries, leases, log_reads, requests, slack_messages
from storage.db import commit_outcome
from storage.db.transactions import StorageUnavailable

log = logging.getLogger(__name__)

STOP_WITHIN = 8.0
"""Seconds that calls in flight are waited for when the process is told to stop."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One kind of work: `step` does one thing that is due and says whether there was one."""

    name: str
    step: Callable[[], bool]
    is_due: Callable[[Session, datetime], bool] | None = None
    """Whether a step may find something, told without a lock that others would wait for; None: who knows."""
    threads: int = 1
    every: float | None = None
    """Seconds between two steps, for work that is due by the clock; None: as soon as there is any."""


def lanes(context: Context, dispatcher: Dispatcher) -> list[Lane]:
    """All the work there is. A single thread that runs these steps in turn does the whole job."""
    poster, inbox, calls = Poster(context), Inbox(context), context.settings.fincart_max_concurrency
    access = SlackAccess(context)
    context.slack.on_no_access = access.doubt
    return [
        Lane("inbox", inbox.step, lambda session, now: deliveries.are_due(session, now, HANDLED), threads=4),
        Lane(
            "orders",
            dispatcher.step,
            lambda session, now: leases.are_due(session, now, context.owner),
            threads=calls + 1,
        ),
        Lane(
            "logs",
            LogReader(context).step,
            lambda session, now: log_reads.are_due(session, now, context.timings.truth.waits),
        ),
        Lane(
            "exports",
            Exporter(context).step,
            lambda session, now: deliveries.are_due(session, now, (DeliveryKind.EXPORT,)),
        ),
        Lane("messages", poster.step, slack_messages.are_due, threads=3),
        Lane(
            "deadlines",
            lambda: expire.meet_one(context),
            lambda session, now: requests.are_due(session, now, expire.EXPIRE),
        ),
        Lane("leases", lambda: _nothing_more(dispatcher.renew), every=context.timings.renew),
        Lane("access", lambda: _nothing_more(access.step), every=0.5),
        Lane("erasure", lambda: _nothing_more(lambda: erase_response_urls(context)), every=20.0),
    ]


def erase_response_urls(context: Context) -> None:
    """Forget response URLs that have stopped working (promise 9: within a minute)."""
    with context.database.write() as transaction:
        now = transaction.now()
        deliveries.erase_response_urls(transaction, now)
        slack_messages.erase_response_urls(transaction, now)
        commit_outcome.forget(transaction.connection, now)


class Bell:
    """Wakes threads of one lane, as many as there are things to do: the others would only look in vain. Thread-safe."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self.rings = 0
        """How often it has been rung."""

    def ring(self, things: int = 1) -> None:
        """Wake so many of those that wait; those that look just now look once more before they wait."""
        if things > 0:
            with self._rung:
                self.rings += 1
                self._rung.notify(things)

    def wait(self, heard: int) -> None:
        """Wait until it has been rung since `rings` was so many."""
        with self._rung:
            self._rung.wait_for(lambda: self.rings != heard)


class Worker:
    """Runs the lanes on threads of their own until told to stop.

    Idle lanes sleep. One more lane looks what is due and wakes them: a look is a read, and of many threads that each
    looked for themselves every one would keep other processes from writing.
    """

    def __init__(self, context: Context, stopping: threading.Event) -> None:
        self._context = context
        self._stopping = stopping
        self._dispatcher = Dispatcher(context)
        self._bells: dict[str, Bell] = {}
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; what another process or an earlier life left half done is taken up like everything else."""
        work = lanes(self._context, self._dispatcher)
        look = Lane("due", lambda: _nothing_more(lambda: self._look(work)), every=self._context.timings.poll)
        for lane in (*work, look):
            self._bells[lane.name] = Bell()
            for number in range(lane.threads):
                thread = threading.Thread(target=self._run, args=(lane,), name=f"{lane.name}-{number}", daemon=True)
                self._threads.append(thread)
        self._context.database.on_wake = self.wake
        for thread in self._threads:
            thread.start()

    def wake(self, lane: str, things: int = 1) -> None:
        """Look at a lane now: so many things have just fallen due there."""
        bell = self._bells.get(lane)
        if bell is not None:
            bell.ring(things)

    def is_alive(self) -> bool:
        """Whether every lane still runs."""
        return bool(self._threads) and all(thread.is_alive() for thread in self._threads)

    def stop(self) -> bool:
        """Take no new work, and wait for the calls in flight; True when all came to an end in time."""
        self._stopping.set()
        for bell in self._bells.values():
            bell.ring(len(self._threads))
        deadline = time.monotonic() + STOP_WITHIN
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        try:
            self._dispatcher.park()
        except StorageUnavailable as unavailable:
            log.error("leases could not be given up; they run out by themselves: %s", unavailable)
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, lane: Lane) -> None:
        bell = self._bells[lane.name]
        heard, did = 0, False
        while True:
            if lane.every is None and not did:
                bell.wait(heard)
            heard = bell.rings
            if self._stopping.is_set():
                return
            did = self._step(lane)
            if lane.every is not None:
                self._stopping.wait(lane.every)

    def _look(self, work: Sequence[Lane]) -> None:
        with self._context.database.read() as session:
            now = self._context.database.now(session)
            due = [lane.name for lane in work if lane.is_due is not None and lane.is_due(session, now)]
        for name in due:
            self.wake(name)

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
