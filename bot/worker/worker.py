"""The worker: lanes of steps; each step handles one due item."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Executable, select

from bot.context import Context
from bot.deliveries.payloads import FILES, HANDLED
from bot.execution.dispatcher import Dispatcher
from bot.execution.log_reader import LogReader
from bot.outbox.ops_channel import OpsChannel
from bot.outbox.poster import Poster
from bot.outbox.slack_access import SlackAccess
from bot.reports.digest import Digest
from bot.reports.export import Exporter
from bot.requests import expire
from bot.requests.global_pause import pause_where_history_is_lost
from bot.worker.inbox import Inbox
from bot.worker.lane_steps import LaneSteps
from storage import deliveries, leases, log_reads, ops_notices, place, processes, requests, retention, slack_messages
from storage.audit.witness import HeadWitness
from storage.db import commit_outcome
from storage.db.transactions import Ago, HistoryLost, StorageUnavailable
from storage.enums import UNDECIDED
from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)

OTHER_WORK_WITHIN = 8.0
"""Seconds to wait, when told to stop, for whatever is not a cancel call: the next start repeats it."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One kind of work: `step` does one due thing and returns whether there was one."""

    name: str
    step: Callable[[], bool]
    is_due: Callable[[Ago], ColumnElement[bool]] | None = None
    """The condition that a step may find work. None: unknown."""
    threads: int = 1
    every: float | None = None
    """Seconds between two steps of work due by the clock; None: at once when there is work."""
    drains: bool = False
    """Whether it goes on while a process that was told to stop waits for calls in flight."""


def lanes(context: Context, dispatcher: Dispatcher) -> list[Lane]:
    """All the work there is. One thread that runs these steps in turn can do the whole job."""
    poster, inbox, calls = Poster(context), Inbox(context), context.settings.fincart_max_concurrency
    digest, ops_channel = Digest(context), OpsChannel(context)
    access = SlackAccess(context)
    context.slack.on_no_access = access.doubt
    return [
        Lane("inbox", inbox.step, lambda ago: deliveries.any_due(ago, HANDLED), threads=4),
        Lane(
            "orders",
            dispatcher.step,
            lambda ago: leases.any_due(ago, context.owner),
            threads=calls + 1,
        ),
        Lane(
            "logs",
            LogReader(context).step,
            lambda ago: log_reads.any_due(ago, context.timings.truth.waits),
        ),
        Lane(
            "exports",
            Exporter(context).step,
            lambda ago: deliveries.any_due(ago, FILES),
        ),
        Lane("digest", lambda: _run_once(digest.step), every=1.0),
        Lane("ops", lambda: _run_once(ops_channel.step), every=0.5),
        Lane("messages", poster.step, slack_messages.any_due, threads=3, drains=True),
        Lane(
            "deadlines",
            lambda: expire.meet_one(context),
            lambda ago: requests.any_due(ago, UNDECIDED),
        ),
        # A lease that ended during a call would let another process take the call for lost.
        Lane("leases", lambda: _run_once(dispatcher.renew), every=context.timings.renew, drains=True),
        Lane("access", lambda: _run_once(access.step), every=0.5),
        Lane("housekeeping", lambda: _run_once(lambda: keep_house(context)), every=20.0, drains=True),
    ]


def keep_house(context: Context) -> None:
    """Erase expired response URLs (promise 9: within a minute), delete what nothing needs any more, and record that
    this process works, for `status`.
    """
    with context.database.write() as transaction:
        now = transaction.now()
        processes.record_alive(transaction, context.owner)
        place.served(transaction)
        deliveries.erase_response_urls(transaction, now)
        slack_messages.erase_response_urls(transaction, now)
        ops_notices.forget(transaction, now)
        retention.forget(transaction, now)
        commit_outcome.forget(transaction.connection, now)


class Bell:
    """Wakes as many threads of one lane as there are things to do; any more would poll in vain. Thread-safe."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self.rings = 0
        """How often it has rung."""

    def ring(self, things: int = 1) -> None:
        """Wake so many waiting threads. A thread busy now polls once more before it waits."""
        if things > 0:
            with self._rung:
                self.rings += 1
                self._rung.notify(things)

    def wait(self, rings: int, at_most: float) -> bool:
        """Wait until the bell has rung more often. Returns False if it has not within so many seconds."""
        with self._rung:
            return self._rung.wait_for(lambda: self.rings != rings, at_most)


class Worker:
    """Runs the lanes on threads of their own until told to stop.

    Idle lanes sleep. One thread polls for due work and wakes them. A poll is a read, so an idle process hardly takes
    the write lock: an idle lane steps four times in `Timings.stuck_after`, to show that it can.
    """

    def __init__(self, context: Context, stopping: threading.Event, drained: threading.Event, steps: LaneSteps) -> None:
        self._context = context
        self._stopping = stopping
        self._drained = drained
        self.steps = steps
        self._every: dict[str, float] = {}
        self._dispatcher = Dispatcher(context)
        self._witness = HeadWitness(context.database, context.settings.audit_head_file)
        self._heads = Lane("heads", lambda: _run_once(self._compare), every=1.0, drains=True)
        self._bells: dict[str, Bell] = {}
        self._threads: list[tuple[Lane, threading.Thread]] = []
        self._away_since: float | None = None
        self._drain_until = 0.0

    def start(self, *more: Lane) -> None:
        """Start all threads, those of `more` too. What another process or an earlier start left unfinished is due like
        everything else."""
        work = [*lanes(self._context, self._dispatcher), *more]
        ago = self._context.database.ago
        due = select(*[lane.is_due(ago).label(lane.name) for lane in work if lane.is_due is not None])
        poll = Lane("due", lambda: _run_once(lambda: self._poll(due)), every=self._context.timings.poll, drains=True)
        for lane in (*work, poll, self._heads):
            self._bells[lane.name] = Bell()
            self._every[lane.name] = lane.every or 0.0
            for number in range(lane.threads):
                thread = threading.Thread(target=self._run, args=(lane,), name=f"{lane.name}-{number}", daemon=True)
                self._threads.append((lane, thread))
        self._context.database.on_wake = self.wake
        for _, thread in self._threads:
            thread.start()

    def wake(self, lane: str, things: int = 1) -> None:
        """Wake a lane: that many items have just become due."""
        bell = self._bells.get(lane)
        if bell is not None:
            bell.ring(things)

    def ailments(self) -> list[str]:
        """What keeps this process from working, in a line each; nothing if every lane steps or the process ends."""
        if self._stopping.is_set():
            return []
        dead = {thread.name.rpartition("-")[0] for _, thread in self._threads if not thread.is_alive()}
        lines = [f"the worker's lane {lane} has died" for lane in sorted(dead)]
        for lane, age in self.steps.ages().items():
            if lane not in dead and age > max(self._context.timings.stuck_after, 3 * self._every[lane]):
                lines.append(f"the worker's lane {lane} has not stepped for {age:.0f} s")
        return lines

    def stop(self) -> bool:
        """Take no new work, and wait `STOP_SECONDS` at most for calls in flight, which keep their leases and whose
        results are posted meanwhile. Returns whether all ended in time."""
        began, within = time.monotonic(), self._context.settings.stop_within
        others_until = began + min(within, OTHER_WORK_WITHIN)
        self._end(self._stopping)
        self._join(lambda lane: lane.name == "orders", began + within)
        self._join(lambda lane: not lane.drains, others_until)
        self._drain_until = max(others_until, time.monotonic() + 1.0)
        self._end(self._drained)
        self._join(lambda lane: lane.drains, self._drain_until)
        try:
            self._dispatcher.park()
            with self._context.database.write() as transaction:
                processes.gone(transaction, self._context.owner)
        except StorageUnavailable as unavailable:
            words = "leases could not be released; they will expire: %s"
            log.error(words, unavailable, extra=about(LogEvent.DATABASE_AWAY))
        # The disk of AUDIT_HEAD_FILE may hang, and must not keep the process.
        last = threading.Thread(target=self._step, args=(self._heads, self._drained), name="last-head", daemon=True)
        last.start()
        last.join(1.0)
        return not any(thread.is_alive() for _, thread in self._threads)

    def _end(self, event: threading.Event) -> None:
        """Set the event, and wake every thread to see it."""
        event.set()
        for bell in self._bells.values():
            bell.ring(len(self._threads))

    def _join(self, which: Callable[[Lane], bool], until: float) -> None:
        for lane, thread in self._threads:
            if which(lane):
                thread.join(max(0.0, until - time.monotonic()))

    def _run(self, lane: Lane) -> None:
        bell, idle = self._bells[lane.name], self._context.timings.stuck_after / 4
        ends = self._drained if lane.drains else self._stopping
        rings, did = 0, False
        self.steps.stepped(lane.name)
        while True:
            if lane.every is None and not did and not bell.wait(rings, idle) and self.steps.ages()[lane.name] < idle:
                continue  # another of the lane's threads has shown that it can step
            rings = bell.rings
            if ends.is_set():
                # What the last call made due, such as its result, is posted before the process ends.
                while lane.drains and lane.every is None and time.monotonic() < self._drain_until:
                    if not self._step(lane, ends):
                        break
                return
            did = self._step(lane, ends)
            self.steps.stepped(lane.name)
            if lane.every is not None:
                ends.wait(lane.every)

    def _poll(self, due: Executable) -> None:
        """Wake the lanes that have something due, which one statement says."""
        try:
            with self._context.database.read() as session:
                is_due = session.connection().execute(due).one()._mapping
        except StorageUnavailable:
            self._away_since = self._away_since or self._context.uptime()
            raise
        if self._away_since is not None:
            seconds, self._away_since = self._context.uptime() - self._away_since, None
            log.warning("the database can be read again, after %d s", seconds, extra=about(LogEvent.DATABASE_BACK))
        for name in is_due:
            if is_due[name]:
                self.wake(name)

    def _compare(self) -> None:
        try:
            self._witness.step()
        except HistoryLost as lost:
            pause_where_history_is_lost(self._context, lost)

    def _step(self, lane: Lane, ends: threading.Event) -> bool:
        try:
            return lane.step()
        except StorageUnavailable as unavailable:
            words = "the database cannot be used, %s waits: %s"
            log.error(words, lane.name, unavailable, extra=about(LogEvent.DATABASE_AWAY))
        except Exception:
            log.exception("a step of %s failed", lane.name, extra=about(LogEvent.FAULT))
        ends.wait(0.5)
        return False


def _run_once(act: Callable[[], object]) -> bool:
    act()
    return False
