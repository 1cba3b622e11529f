"""One life of one bot: its context, its lanes and its web edge, all in this thread, halted or killed anywhere."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

import httpx
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from bot.context import Context, Timings, rules_of
from bot.domain.commands.request_ids import RequestIds
from bot.execution.dispatcher import Dispatcher
from bot.fincart.client import CallLimits, FincartClient
from bot.listeners import make_app
from bot.listeners.intake import Intake
from bot.server.http import Deliveries, Signature
from bot.settings.model import Settings
from bot.slack.client import SlackClient
from bot.slack.directory import Directory
from bot.slack.results import SlackTransport
from bot.worker.worker import Lane, lanes
from storage.db.transactions import CommitUnanswered, Database, StorageUnavailable, Transaction

from . import threads
from .clock import SimulatedClock
from .plan import Gone
from .stores import compile_once


class Died(BaseException):
    """The process was killed just here. Nothing catches it but whoever killed it."""


Boundary = Callable[[str], None]
"""Called at every boundary of a process with its name; may halt the step, or kill the process."""

HALTS = frozenset({"begin", "committed", "sent", "read", "posted", "fetched"})
"""Boundaries at which a step may be halted; at the others (a transaction is open, a fence was passed) only killed."""


class HaltingDatabase(Database):
    """A database whose every transaction begins, is about to be committed, and has been, at a boundary."""

    asks_after = True
    """Whether a commit that is to be certain is asked after; only a broken copy does not."""

    def __init__(self, url: str, clock: SimulatedClock, boundary: Boundary) -> None:
        super().__init__(url, clock)
        self.boundary = boundary
        self._fails: dict[Gone, int] = dict.fromkeys(Gone, 0)
        """How many transactions more fail so."""
        self.inside: list[Any] = []
        """The threads that have a transaction open: none of them may be halted."""
        if self.is_sqlite:
            # Nobody pulls the plug of a simulation, and waiting for a disk is most of its time.
            event.listen(self.engine, "connect", lambda driver, _: driver.execute("PRAGMA synchronous=OFF"))
        compile_once(self)

    @contextmanager
    def write(self, within_seconds: float = 0.7, *, confirm_commit: bool = False) -> Iterator[Transaction]:
        self.boundary("begin")
        self._fail(Gone.AT_BEGIN, StorageUnavailable)
        with self._counted(), super().write(within_seconds, confirm_commit=confirm_commit) as transaction:
            yield transaction
            self.boundary("committing")
            self._fail(Gone.AT_COMMIT, StorageUnavailable)
        if not (confirm_commit and self.asks_after):
            self._fail(Gone.UNHEARD, CommitUnanswered)
        self.boundary("committed")

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._counted(), super().read() as session:
            if not self.is_sqlite:
                now = {"now": self._clock().isoformat() if self._clock else None}
                session.execute(text("SELECT set_config('simulation.now', :now, false)"), now)
            yield session

    def goes(self, when: Gone, times: int) -> None:
        """So many transactions more fail so."""
        self._fails[when] += times

    def is_back(self) -> None:
        """None fails any more."""
        self._fails = dict.fromkeys(Gone, 0)

    def _fail(self, when: Gone, error: type[StorageUnavailable]) -> None:
        if self._fails[when]:
            self._fails[when] -= 1
            raise error(f"simulated: the database is gone {when}")

    @contextmanager
    def _counted(self) -> Iterator[None]:
        here = threads.current()
        self.inside.append(here)
        try:
            yield
        finally:
            self.inside.remove(here)


class AtOnce(Executor):
    """Does what it is given at once."""

    def submit(self, act: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Do it."""
        future: Future[Any] = Future()
        try:
            future.set_result(act(*given, **named))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True)
class OutsideWorld:
    """What lies outside of the process: time, chance, the ways to Slack and Fincart, and where its database is."""

    settings: Settings
    clock: SimulatedClock
    """The database's."""
    now: Callable[[], datetime]
    """The time of day on the process's host."""
    chance: Random
    wait: Callable[["Process", float], None]
    slack: Callable[["Process"], SlackTransport]
    fincart: Callable[["Process"], httpx.BaseTransport]
    make_dispatcher: Callable[[Context], Dispatcher]
    change_context: Callable[[Context], Context]


@dataclass(eq=False)
class Task:
    """A step of a lane under way. `budget` boundaries more, and it is halted."""

    process: "Process"
    lane: Lane
    thread: Any
    budget: int
    due_at: float = 0.0
    """On the clock's uptime: not before it may it go on."""


@dataclass(eq=False)
class Process:
    """A bot from its start to its death."""

    name: str
    outside: OutsideWorld
    boundary_met: Callable[["Process", str], None]
    tasks: list[Task] = field(default_factory=list)
    is_dead: bool = False
    is_stopping: bool = False
    dies_at: tuple[str, int] | None = None
    """At this boundary (any, if empty), so many of it let pass, it is killed."""

    def __post_init__(self) -> None:
        out = self.outside
        settings = out.settings
        assert settings.fincart_token is not None
        assert settings.slack_bot_token is not None
        assert settings.slack_signing_secret is not None
        self.database = HaltingDatabase(settings.database_url, out.clock, self._boundary)
        slack = SlackClient(out.slack(self))
        fincart = FincartClient(
            settings.fincart_base_url,
            settings.fincart_token,
            CallLimits(settings.fincart_timeout_seconds),
            transport=out.fincart(self),
            now=out.now,
            uptime=out.clock.uptime,
        )
        context = Context(
            settings=settings,
            rules=rules_of(settings),
            database=self.database,
            slack=slack,
            people=Directory(slack, out.clock.uptime),
            fincart=fincart,
            owner=f"{self.name}:{out.chance.randrange(16**8):08x}",
            new_request_id=RequestIds(out.chance).new,
            now=out.now,
            uptime=out.clock.uptime,
            wait=self._wait,
            log_reads=None,
            preview_reads=None,
            timings=Timings(),
        )
        self.context = out.change_context(context)
        self.dispatcher = out.make_dispatcher(self.context)
        self.lanes = [lane for lane in lanes(self.context, self.dispatcher) if lane.every is None]
        self.timed = [lane for lane in lanes(self.context, self.dispatcher) if lane.every is not None]
        token = settings.slack_bot_token.get_secret_value()
        app = make_app(Intake(settings, self.database, slack, AtOnce()), token)
        secret = settings.slack_signing_secret
        self.deliveries = Deliveries(app, Signature(secret, lambda: out.clock().timestamp()))

    def die(self) -> None:
        """Kill it, with all that it was about to do."""
        self.is_dead = True
        for task in self.tasks:
            if not task.thread.dead:
                task.thread.throw(Died)
        self.tasks.clear()
        self.database.close()
        self.context.fincart.close()

    def look_at_access(self) -> None:
        """Have it ask Slack, where it is time to, whether its token is still taken."""
        next(lane for lane in self.timed if lane.name == "access").step()

    def can_begin(self, lane: Lane) -> bool:
        """Whether one of the lane's threads is free."""
        return sum(task.lane.name == lane.name for task in self.tasks) < lane.threads

    def has_ready(self) -> bool:
        """Whether a batch is written ahead that this process has not sent yet."""
        return bool(self.dispatcher._ready)

    def _wait(self, seconds: float) -> bool:
        if not self.is_stopping:
            self.outside.wait(self, seconds)
        return self.is_stopping

    def _boundary(self, name: str) -> None:
        self.boundary_met(self, name)
