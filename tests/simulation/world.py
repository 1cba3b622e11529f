"""One history: a plan carried out step by step, first with faults, then without until everything has settled."""

import contextlib
import logging
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bot.cancellation.parts import Parts
from bot.cancellation.run import Runner
from bot.config import Settings, load_settings
from bot.sandbox.fincart_orders import Settings as FincartSettings
from bot.sandbox.fincart_shells import StandInTransport
from bot.sandbox.fincart_standin import FincartStandIn
from bot.sandbox.slack_deliveries import Delivery
from bot.sandbox.slack_forms import NotOnScreen
from bot.sandbox.slack_state import Post
from bot.sandbox.slack_transport import WorkspaceTransport
from bot.sandbox.slack_workspace import SlackWorkspace
from bot.worker import Lane
from storage.database import StorageUnavailable

from . import plan as plans
from . import threads
from .clock import Clock
from .plan import Plan, Step
from .process import HALTS, Died, Outside, Process, Task
from .wires import FincartWire, SlackWire
from .witness import FincartWitness, Wrong

COMMAND = "/cancel-orders"
PERSONS = ("U0000001", "U0000002", "U0000003")
CHANNELS = ("C0000001", "C0000002")
FINCART_TOKEN = "the-fincart-token-of-the-simulation"
SETTLES_WITHIN = 3 * 86_400.0
RENEWED_EVERY = 1.5
SHORT = 60.0
"""Seconds; a longer time passes at once: nobody was awake to renew a lease."""


def order_id(number: int) -> str:
    """The id of an order of the simulation."""
    return f"6864fecda075914a{number:08x}"


@dataclass(frozen=True)
class Rules:
    """How the bot is put together; broken copies of its rules are put in here."""

    make_runner: Callable[[Parts], Runner] = Runner
    change_parts: Callable[[Parts], Parts] = lambda parts: parts


@dataclass
class World:
    """Slack, Fincart, the database, and the processes that are alive."""

    plan: Plan
    database: Path
    rules: Rules = field(default_factory=Rules)
    met: Counter[str] = field(default_factory=Counter)
    """How often each kind of thing happened."""

    def __post_init__(self) -> None:
        setup = self.plan.setup
        self.clock = Clock()
        self.chance = Random(self.plan.seed)
        self.slack = SlackWorkspace(self.clock)
        self.slack.deliver = self._deliver
        for number, person in enumerate(PERSONS):
            self.slack.add_person(person, f"person{number}")
        for number, channel in enumerate(CHANNELS):
            self.slack.add_channel(channel, f"channel{number}", *PERSONS)
        self.fincart = FincartStandIn(self.clock, FincartSettings(
            token=FINCART_TOKEN, unknown_ids=setup.unknown_ids, not_pending=setup.not_pending, log_lag=setup.log_lag,
            clock_offset=setup.clock_offset, max_ids=setup.max_ids, cancelled_title=setup.cancelled_title,
        ))  # fmt: skip
        for number, title in enumerate(setup.titles):
            if title:
                self.fincart.add(order_id(number), title=title, age=3600.0)
        self.rows = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, isolation_level=None)
        self.rows.row_factory = sqlite3.Row
        self.witness = FincartWitness(self.rows, self.clock, self.fincart)
        self.processes: list[Process | None] = [None] * setup.processes
        self.lives = 0
        self.delivered: list[Delivery] = []
        self.delivering_to = 0
        self.trouble: list[str] = []
        self.dying: list[Process] = []

    def run(self) -> None:
        """Both phases. Raises `Wrong`, or whatever else goes wrong; either is a failure of this plan."""
        with _logged(self.trouble):
            for step in self.plan.steps:
                self.do(step)
                self._nothing_wrong()
            self.settle()
            self._nothing_wrong()

    def close(self) -> None:
        """Let go of everything."""
        for process in self.processes:
            if process is not None:
                process.die()
        self.rows.close()

    # --- steps

    def do(self, step: Step) -> None:
        """Carry out one step of the plan, as far as it means anything just now."""
        name = type(step).__name__
        self.met[name] += 1
        match step:
            case plans.Ask(person, channel, orders, process):
                text = " ".join(order_id(number) for number in orders)
                because = f"because job-{len(self.delivered)}"
                self._type(person, channel, f"{COMMAND} {text} {because}", process)
            case plans.Type(person, text, process):
                self._type(person, 0, f"{COMMAND} {text}", process)
            case plans.Press(person, button, process):
                self._press(PERSONS[person], button, process)
            case plans.Again(which, process):
                if self.delivered:
                    self._to(process, lambda: self.slack.redeliver(self.delivered[which % len(self.delivered)]))
            case plans.Work(process, lane, budget):
                self._work(self.process(process), lane, budget)
            case plans.Send(process, budget):
                alive = self.process(process)
                for sending in self._due(alive):
                    if sending.name == "orders":
                        self._begin(alive, sending, budget)
            case plans.Resume(which, budget, asleep):
                self._resume(which, budget, asleep=asleep)
            case plans.Pass(seconds, asleep):
                self.pass_time(seconds, asleep=asleep)
            case plans.Crash(process, boundary, passed):
                self.process(process).dies_at = (boundary, passed)
            case plans.Stop(process, in_time):
                self._stop(process % len(self.processes), in_time=in_time)
            case plans.DatabaseGone(process, times):
                self.process(process).database.gone += times
            case plans.Break(fault):
                self.fincart.inject(fault)
            case plans.Token(rejected):
                self.fincart.settings.token_rejected = rejected
            case plans.Mend(fincart):
                self.fincart.clear_faults() if fincart else self.slack.heal()
            case plans.BreakSlack(method, fault, times):
                self.slack.fail(method, fault, times)
            case plans.Meddle(order, title):
                if order_id(order) in self.fincart.order_ids():
                    self.fincart.move(order_id(order), title, by="Somebody else")

    def process(self, number: int) -> Process:
        """The living process of this number; it is started if need be."""
        number %= len(self.processes)
        alive = self.processes[number]
        if alive is None:
            self.lives += 1
            outside = Outside(
                settings=self._settings(),
                clock=self.clock,
                chance=self.chance,
                wait=self._wait,
                slack=lambda process: SlackWire(
                    WorkspaceTransport(self.slack, lambda seconds: self._wait(process, seconds)),
                    lambda name: self.boundary(process, name),
                    WorkspaceTransport(self.slack, self.clock.advance),
                ),
                fincart=lambda process: FincartWire(
                    StandInTransport(self.fincart, lambda seconds: self._wait(process, seconds)),
                    lambda name: self.boundary(process, name),
                    self.witness,
                ),
                make_runner=self.rules.make_runner,
                change_parts=self.rules.change_parts,
            )
            alive = Process(f"{'ab'[number]}{self.lives}", outside, self.boundary)
            self.processes[number] = alive
        return alive

    def _settings(self) -> Settings:
        state = self.slack.state
        given = {
            "SLACK_BOT_TOKEN": state.bot_token,
            "SLACK_SIGNING_SECRET": state.signing_secret,
            "FINCART_TOKEN": FINCART_TOKEN,
            "FINCART_BASE_URL": "http://127.0.0.1:9",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "ALLOWED_USERS": ",".join(PERSONS),
            **dict(self.plan.setup.settings),
        }
        return load_settings(given, None)

    # --- boundaries

    def boundary(self, process: Process, name: str) -> None:
        """A process comes to a boundary: here it dies, or is halted, or goes on."""
        if process.is_dead:
            raise Died
        self.met[f"boundary {name}"] += 1
        if process.dies_at is not None and process.dies_at[0] in ("", name):
            at, left = process.dies_at
            process.dies_at = (at, left - 1)
            if not left:
                self.met[f"died at {name}"] += 1
                process.is_dead = True
                self.dying.append(process)
                raise Died
        task = self._current(process)
        if task is not None and name in HALTS:
            if task.budget <= 0:
                self.met[f"halted at {name}"] += 1
                _halt(process)
            task.budget -= 1

    def _wait(self, process: Process, seconds: float) -> None:
        task = self._current(process)
        if task is None:
            self.clock.advance(seconds)
            return
        task.due_at = self.clock.uptime() + seconds
        _halt(process)

    def _current(self, process: Process) -> Task | None:
        here = threads.current()
        return next((task for task in process.tasks if task.thread is here), None)

    def _bury(self) -> None:
        for process in self.dying:
            process.die()
            self.processes = [None if each is process else each for each in self.processes]
        self.dying.clear()

    # --- work

    def _work(self, process: Process, lane: int, budget: int) -> None:
        due = self._due(process)
        if due:
            self._begin(process, due[lane % len(due)], budget)

    def _begin(self, process: Process, lane: Lane, budget: int) -> bool:
        did: list[bool] = []

        def run() -> None:
            try:
                did.append(lane.step())
            except StorageUnavailable:
                self.met["storage unavailable"] += 1
            except Died:
                pass

        task = Task(process, lane, threads.new(run), budget)
        process.tasks.append(task)
        self._switch(task)
        return bool(did and did[0])

    def _resume(self, which: int, budget: int, *, asleep: bool) -> None:
        tasks = self._tasks()
        if not tasks:
            return
        task = tasks[which % len(tasks)]
        task.budget = budget
        if task.due_at > self.clock.uptime():
            self.pass_time(task.due_at - self.clock.uptime(), asleep=asleep)
        if not task.process.is_dead:
            self._switch(task)

    def _switch(self, task: Task) -> None:
        task.thread.switch()
        if task.thread.dead and task in task.process.tasks:
            task.process.tasks.remove(task)
        self._bury()

    def _tasks(self) -> list[Task]:
        return [task for process in self.processes if process is not None for task in process.tasks]

    def _due(self, process: Process) -> list[Lane]:
        names = self._due_lanes()
        if process.has_ready():
            names.add("orders")
        return [lane for lane in process.lanes if lane.name in names and process.can_begin(lane)]

    def _due_lanes(self) -> set[str]:
        """The lanes that have something due, read from outside."""
        now = _stored(self.clock)
        found = set()
        for lane, table, more in _DUE:
            if self.rows.execute(f"SELECT 1 FROM {table} WHERE due_at <= ? {more} LIMIT 1", (now,)).fetchone():
                found.add(lane)
        if self.rows.execute(
            "SELECT 1 FROM request WHERE state IN ('approved', 'executing') AND lease_until <= ? LIMIT 1", (now,)
        ).fetchone():
            found.add("orders")
        return found

    def _next_due(self) -> float | None:
        """Seconds until something falls due; None when nothing ever does."""
        at = [
            self.rows.execute(f"SELECT min(due_at) FROM {table} WHERE 1=1 {more}").fetchone()[0]
            for _, table, more in _DUE
        ]
        at.append(
            self.rows.execute(
                "SELECT min(lease_until) FROM request WHERE state IN ('approved', 'executing')"
            ).fetchone()[0]
        )
        for table in ("delivery", "slack_message"):
            at.append(self.rows.execute(f"SELECT min(erase_at) FROM {table}").fetchone()[0])
        known = [_read(each) for each in at if each is not None]
        waits = [task.due_at - self.clock.uptime() for task in self._tasks()]
        seconds = [(each - self.clock()).total_seconds() for each in known]
        return min([*seconds, *waits], default=None)

    def pass_time(self, seconds: float, *, asleep: bool) -> None:
        """Let time pass; awake processes renew their leases meanwhile."""
        until = self.clock.uptime() + seconds
        if asleep or seconds > SHORT:
            self.clock.advance(seconds)
        while (left := until - self.clock.uptime()) > 0:
            self.clock.advance(min(left, RENEWED_EVERY))
            self._renew()

    def _renew(self) -> None:
        for process in list(self.processes):
            if process is not None and not process.is_dead:
                with contextlib.suppress(StorageUnavailable, Died):
                    process.runner.renew()
        self._bury()

    def _stop(self, number: int, *, in_time: bool) -> None:
        process = self.processes[number]
        if process is None:
            return
        process.is_stopping = True
        if in_time:
            for task in list(process.tasks):
                task.budget = plans.FOR_EVER
                task.due_at = 0.0
                while not task.thread.dead and not process.is_dead:
                    task.due_at = 0.0
                    self._switch(task)
        if not process.is_dead:
            with contextlib.suppress(StorageUnavailable, Died):
                process.runner.park()
        process.is_dead = True
        if process not in self.dying and process in self.processes:
            self.dying.append(process)
        self._bury()

    # --- people

    def _to(self, process: int, act: Callable[[], Delivery | None]) -> None:
        self.delivering_to = process
        try:
            delivery = act()
        except NotOnScreen:
            return
        except Died:
            self.met["died while acknowledging"] += 1
            return
        finally:
            self._bury()
        if delivery is not None:
            self.delivered.append(delivery)

    def _deliver(self, kind: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        process = self.process(self.delivering_to)
        lower = {name.lower(): value for name, value in headers.items()}
        status, _, answer = process.deliveries.handle(body, lower)
        return status, answer.decode()

    def _type(self, person: int, channel: int, typed: str, process: int) -> None:
        self._to(process, lambda: self.slack.type_command(PERSONS[person], CHANNELS[channel], typed))

    def _press(self, person: str, number: int, process: int) -> None:
        posts: list[Post] = [*reversed(self.slack.ephemerals(person))]
        for channel in (*CHANNELS, "D" + person[1:]):
            posts += reversed(self.slack.messages(channel))
        buttons = [(post, button) for post in posts for button in post.buttons()]
        if not buttons:
            return
        post, button = buttons[number % len(buttons)]
        self.met[f"pressed {button.action_id}"] += 1
        self._to(process, lambda: self.slack.click(person, post, button.action_id, value=button.value))
        view = self.slack.open_view(person)
        if view is not None and "submit" in view.content:
            opened, asked = view, _number_in(view.rendered())
            typed = {block["block_id"]: asked for block in view.blocks if block["type"] == "input"}
            self._to(process, lambda: self.slack.submit(opened, typed))
            view = self.slack.open_view(person)
        if view is not None:
            left = view
            self._to(process, lambda: self.slack.close(left, all_of_them=True))

    # --- the end

    def settle(self) -> None:
        """No more faults: everything that was begun comes to its end by itself."""
        self.fincart.clear_faults()
        self.fincart.settings.token_rejected = False
        self.fincart.settings.max_ids = self.plan.setup.max_ids
        self.slack.heal()
        for number in range(len(self.processes)):
            process = self.process(number)
            process.dies_at = None
            process.database.gone = 0
        began = self.clock.uptime()
        while True:
            self._work_off()
            seconds = self._next_due()
            if seconds is None:
                break
            if self.clock.uptime() - began > SETTLES_WITHIN:
                raise Wrong(f"it does not settle: something is still due after {SETTLES_WITHIN:.0f} s")
            self.pass_time(max(seconds, 0.05), asleep=False)
        self._erase()

    def _work_off(self) -> None:
        """Do all that is due now."""
        for _ in range(5000):
            did = False
            for task in self._tasks():
                if task.due_at <= self.clock.uptime() and not task.thread.dead:
                    task.budget = plans.FOR_EVER
                    self._switch(task)
                    did = True
            for number in range(len(self.processes)):
                process = self.process(number)
                for lane in self._due(process):
                    did = self._begin(process, lane, plans.FOR_EVER) or did
                    self._nothing_wrong()
            if not did:
                self._erase()
                return
        raise Wrong("work without an end: something is due again and again")

    def _erase(self) -> None:
        for lane in self.process(0).timed:
            lane.step()

    def _nothing_wrong(self) -> None:
        if self.witness.wrong:
            raise Wrong(self.witness.wrong[0])
        if self.trouble:
            raise Wrong(self.trouble[0])


_DUE = (
    ("inbox", "delivery", ""),
    ("messages", "slack_message", ""),
    ("logs", "order_line", ""),
    ("orders", "request", "AND state IN ('approved', 'executing')"),
    ("deadlines", "request", "AND state IN ('preparing', 'confirming', 'waiting')"),
)


def _stored(clock: Clock) -> str:
    return f"{clock():%Y-%m-%d %H:%M:%S.%f}"


def _read(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)


def _number_in(shown: str) -> str:
    """The number of orders that a form asks to type."""
    found = re.search(r"([0-9]+) order", shown)
    return found[1] if found else "1"


@contextlib.contextmanager
def _logged(trouble: list[str]) -> Iterator[None]:
    """Whatever the bot logs with a traceback is a bug."""

    class Listen(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info:
                trouble.append(f"{record.getMessage()}\n{logging.Formatter().formatException(record.exc_info)}")

    handler, root = Listen(logging.ERROR), logging.getLogger("bot")
    root.addHandler(handler)
    root.propagate = False
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.propagate = True  # not what it was: histories overlap, and the last one out sets it right


def _halt(process: Process) -> None:
    here = threads.current()
    assert here.parent is not None
    here.parent.switch()
    if process.is_dead:
        raise Died
