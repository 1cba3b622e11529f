"""Whose turn it is: begins, halts, resumes and kills the steps of all processes, and lets time pass between."""

import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from bot.worker.worker import Lane
from storage.db.transactions import StorageUnavailable

from . import plan as plans
from . import threads
from .clock import SimulatedClock
from .due import due_lanes, next_due
from .process import HALTS, Died, Process, Task
from .rows import Rows
from .witness import WrongEnding

RENEWED_EVERY = 1.5
SHORT = 60.0
"""Seconds; a longer time passes at once: nobody was awake to renew a lease."""


class Scheduler:
    """The processes that are alive, and their steps under way. Only one step runs at a time, until it is halted."""

    def __init__(
        self, processes: int, clock: SimulatedClock, rows: Rows, met: Counter[str], start: Callable[[str], Process]
    ) -> None:
        """`start` begins a process of this name."""
        self._clock = clock
        self._rows = rows
        self._met = met
        self._start = start
        self._lives = 0
        self._processes: list[Process | None] = [None] * processes
        self._dying: list[Process] = []

    # --- processes

    def process(self, number: int) -> Process:
        """The living process of this number; it is started if need be."""
        number %= len(self._processes)
        alive = self._processes[number]
        if alive is None:
            self._lives += 1
            alive = self._processes[number] = self._start(f"{'ab'[number]}{self._lives}")
        return alive

    def all_processes(self) -> list[Process]:
        """Every one, started if need be."""
        return [self.process(number) for number in range(len(self._processes))]

    def stop(self, number: int, *, in_time: bool) -> None:
        """Stop a process as SIGTERM does; the calls in flight end, or are too slow for it."""
        process = self._processes[number % len(self._processes)]
        if process is None:
            return
        process.is_stopping = True
        if in_time:
            for task in list(process.tasks):
                task.budget = plans.FOR_EVER
                while not task.thread.dead and not process.is_dead:
                    task.due_at = 0.0
                    self._switch(task)
        if not process.is_dead:
            with contextlib.suppress(StorageUnavailable, Died):
                process.dispatcher.park()
        process.is_dead = True
        if process not in self._dying and process in self._processes:
            self._dying.append(process)
        self.bury()

    def bury(self) -> None:
        """Be done with the processes that have died; what each was about to do dies with it."""
        for process in self._dying:
            process.die()
            self._processes = [None if each is process else each for each in self._processes]
        self._dying.clear()

    def close(self) -> None:
        """Kill all."""
        for process in self._processes:
            if process is not None:
                process.die()

    # --- boundaries

    def boundary(self, process: Process, name: str) -> None:
        """A process comes to a boundary: here it dies, or is halted, or goes on."""
        if process.is_dead:
            raise Died
        self._met[f"boundary {name}"] += 1
        if not isinstance(process, Process):
            self._met[f"{name} by the version before"] += 1
        if process.dies_at is not None and process.dies_at[0] in ("", name):
            at, left = process.dies_at
            process.dies_at = (at, left - 1)
            if not left:
                self._met[f"died at {name}"] += 1
                process.is_dead = True
                self._dying.append(process)
                raise Died
        task = self._current(process)
        if task is not None and name in HALTS:
            if task.budget <= 0:
                self._met[f"halted at {name}"] += 1
                _halt(process)
            task.budget -= 1

    def wait(self, process: Process, seconds: float) -> None:
        """A process waits so long: its step is halted, and may not go on earlier."""
        task = self._current(process)
        if task is None:
            self._clock.advance(seconds)
            return
        task.due_at = self._clock.uptime() + seconds
        _halt(process)

    def _current(self, process: Process) -> Task | None:
        here = threads.current()
        return next((task for task in process.tasks if task.thread is here), None)

    # --- steps

    def work(self, process: Process, lane: int, budget: int) -> None:
        """Begin a step of one of the lanes that have something due."""
        due = self.due(process)
        if due:
            self.begin(process, due[lane % len(due)], budget)

    def send(self, process: Process, budget: int) -> None:
        """Begin a step of the lane that sends, where it has something due."""
        for lane in self.due(process):
            if lane.name == "orders":
                self.begin(process, lane, budget)

    def begin(self, process: Process, lane: Lane, budget: int) -> bool:
        """Begin a step; True where it is over already and did something."""
        did: list[bool] = []

        def run() -> None:
            try:
                did.append(lane.step())
            except StorageUnavailable:
                self._met["storage unavailable"] += 1
            except Died:
                pass

        task = Task(process, lane, threads.new(run), budget)
        process.tasks.append(task)
        self._switch(task)
        return bool(did and did[0])

    def resume(self, which: int, budget: int, *, asleep: bool) -> None:
        """Let a halted step go on, once what it waits for has passed."""
        tasks = self._tasks()
        if not tasks:
            return
        task = tasks[which % len(tasks)]
        task.budget = budget
        if task.due_at > self._clock.uptime():
            self.pass_time(task.due_at - self._clock.uptime(), asleep=asleep)
        if not task.process.is_dead:
            self._switch(task)

    def resume_all(self) -> bool:
        """Let every halted step whose time has come go on for good; False where there was none."""
        did = False
        for task in self._tasks():
            if task.due_at <= self._clock.uptime() and not task.thread.dead:
                task.budget = plans.FOR_EVER
                self._switch(task)
                did = True
        return did

    def due(self, process: Process) -> list[Lane]:
        """The lanes of this process that have something due and a thread that is free."""
        names = due_lanes(self._rows, self._clock())
        if process.has_ready():
            names.add("orders")
        return [lane for lane in process.lanes if lane.name in names and process.can_begin(lane)]

    def _switch(self, task: Task) -> None:
        task.thread.switch()
        if task.thread.dead and task in task.process.tasks:
            task.process.tasks.remove(task)
        self.bury()

    def _tasks(self) -> list[Task]:
        return [task for process in self._processes if process is not None for task in process.tasks]

    # --- time

    def seconds_until_due(self) -> float | None:
        """Seconds until something falls due or a waiting step may go on; None when nothing ever does."""
        at: datetime | None = next_due(self._rows)
        waits = [task.due_at - self._clock.uptime() for task in self._tasks()]
        return min([*waits, *([(at - self._clock()).total_seconds()] if at is not None else [])], default=None)

    def pass_time(self, seconds: float, *, asleep: bool) -> None:
        """Let time pass; awake processes renew their leases meanwhile."""
        until = self._clock.uptime() + seconds
        if asleep or seconds > SHORT:
            self._clock.advance(seconds)
        while (left := until - self._clock.uptime()) > 0:
            self._clock.advance(min(left, RENEWED_EVERY))
            self._renew()

    def _renew(self) -> None:
        for process in list(self._processes):
            if process is not None and not process.is_dead:
                with contextlib.suppress(StorageUnavailable, Died):
                    process.dispatcher.renew()
                    process.look_at_access()
        self.bury()


def _halt(process: Process) -> None:
    here = threads.current()
    assert here.parent is not None
    if here in process.database.inside:
        raise WrongEnding("a step is halted inside of a transaction: other steps would wait for its locks for ever")
    here.parent.switch()
    if process.is_dead:
        raise Died
