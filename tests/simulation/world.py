"""One history: a plan carried out step by step, first with faults, then without until everything has settled."""

import contextlib
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from bot.context import Context, Timings
from bot.execution.dispatcher import Dispatcher
from bot.sandbox.fincart.orders import StandInSettings
from bot.sandbox.fincart.shells import StandInTransport
from bot.sandbox.fincart.standin import FincartStandIn
from bot.sandbox.slack.transport import WorkspaceTransport
from bot.sandbox.slack.workspace import SlackWorkspace
from bot.settings.model import Settings, load_settings

from . import plan as plans
from .before import VersionBefore
from .clock import SimulatedClock
from .people import SimulatedPeople, on_a_grid, order_id
from .plan import CHANNELS, PERSONS, Plan, Step
from .process import OutsideWorld, Process
from .rows import Rows
from .scheduler import Scheduler
from .wires import FincartWire, SlackWire
from .witness import FincartWitness, WrongEnding, is_cancelled

FINCART_TOKEN = "the-fincart-token-of-the-simulation"
SETTLES_IN = 300
POLLED_EVERY = Timings().poll


@dataclass(frozen=True)
class SimulationRules:
    """How the bot is put together; broken copies of its rules are put in here."""

    make_dispatcher: Callable[[Context], Dispatcher] = Dispatcher
    change_context: Callable[[Context], Context] = lambda context: context
    before: VersionBefore | None = None
    """Of which version one of the two processes is."""


@dataclass
class SimulatedWorld:
    """Slack, Fincart, the database, the processes that are alive, and the people."""

    plan: Plan
    database_url: str
    rules: SimulationRules = field(default_factory=SimulationRules)
    met: Counter[str] = field(default_factory=Counter)
    """How often each kind of thing happened."""

    def __post_init__(self) -> None:
        setup = self.plan.setup
        self.clock = SimulatedClock()
        self.chance = Random(self.plan.seed)
        self.trouble: list[str] = []
        self.slack = SlackWorkspace(self.clock)
        for number, person in enumerate(PERSONS):
            self.slack.add_person(person, f"person{number}")
        for number, channel in enumerate(CHANNELS):
            self.slack.add_channel(channel, f"channel{number}", *PERSONS)
        if setup.grid:
            on_a_grid(self.slack)
        self.fincart = FincartStandIn(self.clock, StandInSettings(
            token=FINCART_TOKEN, unknown_ids=setup.unknown_ids, not_pending=setup.not_pending, log_lag=setup.log_lag,
            clock_offset=setup.clock_offset, max_ids=setup.max_ids, cancelled_title=setup.cancelled_title,
            foreign=[order_id(number) for number in setup.foreign],
        ))  # fmt: skip
        for number, title in enumerate(setup.titles):
            if title:
                self.fincart.add(order_id(number), title=title, age=3600.0)
        self.settings = self._settings(setup.settings)
        self.later = self._settings((*setup.settings, *setup.later))
        self.rows = Rows(self.database_url)
        self.witness = FincartWitness(self.rows, self.clock, self.fincart, self.undo_seconds, self.met)
        self.scheduler = Scheduler(setup.processes, self.clock, self.rows, self.met, self._start)
        self.people = SimulatedPeople(self.slack, self.scheduler, self.met, grid=setup.grid)

    def run(self) -> None:
        """Both phases. Raises `WrongEnding`, or whatever else goes wrong; either is a failure of this plan."""
        self._count_setup()
        with _logged(self.trouble), _in_zone(self.plan.setup.zone):
            for step in self.plan.steps:
                self.do(step)
                self._nothing_wrong()
            self.settle()
            self._nothing_wrong()

    def _count_setup(self) -> None:
        self.met["histories"] += 1
        self.met["a host in another zone"] += bool(self.plan.setup.zone)
        self.met["results not verified"] += not self.settings.verify_results
        self.met["people with two ids"] += self.plan.setup.grid
        self.met["another merchant's orders"] += bool(self.plan.setup.foreign)
        self.met["quota in force"] += self.settings.max_orders_per_person_per_day is not None

    def close(self) -> None:
        """Let go of everything."""
        self.scheduler.close()
        self.rows.close()

    def do(self, step: Step) -> None:
        """Carry out one step of the plan, as far as it means anything just now."""
        self.met[type(step).__name__] += 1
        match step:
            case plans.PlannedAsk():
                self.people.ask(step)
            case plans.Type(person, text, process):
                self.people.type(person, 0, text, process)
            case plans.Press():
                self.people.press(step)
            case plans.Again(which, process):
                self.people.again(which, process)
            case plans.Work(process, lane, budget):
                self.scheduler.work(self.scheduler.process(process), lane, budget)
            case plans.Send(process, budget):
                self.scheduler.send(self.scheduler.process(process), budget)
            case plans.PlannedResume(which, budget, asleep):
                self.scheduler.resume(which, budget, asleep=asleep)
            case plans.Pass(seconds, asleep):
                self.scheduler.pass_time(seconds, asleep=asleep)
            case plans.Crash(process, boundary, passed):
                self.scheduler.process(process).dies_at = (boundary, passed)
            case plans.Stop(process, in_time):
                self.scheduler.stop(process, in_time=in_time)
            case plans.DatabaseGone(process, times, when):
                self.met[f"database gone {when}"] += 1
                self.scheduler.process(process).database.goes(when, times)
            case plans.Break(fault):
                self.fincart.inject(fault)
            case plans.Token(rejected):
                self.fincart.settings.token_rejected = rejected
            case plans.Mend(fincart):
                self.fincart.clear_faults() if fincart else self.slack.heal()
            case plans.MayCancel(allowed):
                self.fincart.settings.may_cancel = allowed
            case plans.Close(channel, how):
                self._close(CHANNELS[channel], how)
            case plans.Revoke(code):
                self.slack.state.refuses_token = code
            case plans.BreakSlack(method, fault, times):
                self.slack.fail(method, fault, times)
            case plans.Meddle(order, title):
                self._meddle(order_id(order), title)

    def _close(self, channel: str, how: str) -> None:
        """Who opens it again, invites the bot too."""
        members, bot = self.slack.state.channels[channel].members, self.slack.state.bot_user
        if how == "unarchive":
            self.slack.unarchive(channel)
            members += [bot] if bot not in members else []
        else:
            getattr(self.slack, how)(channel)

    def _meddle(self, order: str, title: str) -> None:
        """Nobody can cancel at Fincart what is cancelled."""
        is_known = order in self.fincart.order_ids()
        if is_known and not (title == "Cancelled" and is_cancelled(self.fincart, order)):
            self.fincart.move(order, title, by="Somebody else")

    def settle(self) -> None:
        """No more faults: everything that was begun comes to its end by itself."""
        self.fincart.clear_faults()
        self.fincart.settings.token_rejected = False
        self.fincart.settings.may_cancel = True
        self.slack.state.refuses_token = ""
        self.fincart.settings.max_ids = self.plan.setup.max_ids
        self.slack.heal()
        for process in self.scheduler.all_processes():
            process.dies_at = None
            process.database.is_back()
        worked = in_vain = 0
        while max(worked, in_vain) < SETTLES_IN:
            did = self._work_off()
            # While log reads rest, orders are due and nobody takes them: that is looked at again, and is no work.
            worked, in_vain = (worked + 1, 0) if did else (worked, in_vain + 1)
            seconds = self.scheduler.seconds_until_due()
            if seconds is None:
                self._erase()
                return
            self.scheduler.pass_time(max(seconds, POLLED_EVERY), asleep=False)
        raise WrongEnding(f"it does not settle: something fell due {SETTLES_IN} times one after the other")

    def _work_off(self) -> bool:
        """Do all that is due now; False where nothing was."""
        did_any = False
        for _ in range(300):
            did = self.scheduler.resume_all()
            for process in self.scheduler.all_processes():
                for lane in self.scheduler.due(process):
                    did = self.scheduler.begin(process, lane, plans.FOR_EVER) or did
                    self._nothing_wrong()
            if not did:
                self._erase()
                return did_any
            did_any = True
        raise WrongEnding("work without an end: something is due again and again")

    def _erase(self) -> None:
        for lane in self.scheduler.process(0).timed:
            lane.step()

    def _nothing_wrong(self) -> None:
        if self.witness.wrong:
            raise WrongEnding(self.witness.wrong[0])
        if self.trouble:
            raise WrongEnding(self.trouble[0])

    def _start(self, name: str) -> Process:
        setup = self.plan.setup
        is_restart = int(name[1:]) > setup.processes
        self.met["settings changed"] += is_restart and bool(setup.later)
        self.met["a host whose clock differs"] += any(setup.clock_skews)
        number = "ab".index(name[0])
        before = self.rules.before if number == self.plan.seed % 2 else None
        drawn = (*setup.settings, *setup.later) if is_restart else setup.settings
        outside = (before.outside_world if before else OutsideWorld)(
            settings=before.settings(self._given(drawn)) if before else self.later if is_restart else self.settings,
            clock=self.clock,
            now=lambda: self.clock() + timedelta(seconds=setup.clock_skews[number]),
            chance=self.chance,
            wait=self.scheduler.wait,
            slack=lambda process: SlackWire(
                WorkspaceTransport(self.slack, lambda seconds: self.scheduler.wait(process, seconds)),
                lambda name: self.scheduler.boundary(process, name),
                WorkspaceTransport(self.slack, self.clock.advance),
            ),
            fincart=lambda process: FincartWire(
                StandInTransport(self.fincart, lambda seconds: self.scheduler.wait(process, seconds)),
                lambda name: self.scheduler.boundary(process, name),
                self.witness,
            ),
            make_dispatcher=before.dispatcher if before else self.rules.make_dispatcher,
            change_context=self.rules.change_context,
        )
        made: Process = (before.process if before else Process)(name, outside, self._boundary)
        return made

    def _boundary(self, process: Process, name: str) -> None:
        if name == "committed":
            self.witness.committed()
        self.scheduler.boundary(process, name)

    @property
    def undo_seconds(self) -> int:
        """For so long a request can be undone at the least, whichever process took its go-ahead."""
        return min(self.settings.undo_seconds, self.later.undo_seconds)

    def _settings(self, drawn: Sequence[tuple[str, str]]) -> Settings:
        return load_settings(self._given(drawn), None)

    def _given(self, drawn: Sequence[tuple[str, str]]) -> dict[str, str]:
        state = self.slack.state
        return {
            "SLACK_BOT_TOKEN": state.bot_token,
            "SLACK_SIGNING_SECRET": state.signing_secret,
            "FINCART_TOKEN": FINCART_TOKEN,
            "FINCART_BASE_URL": "http://127.0.0.1:9",
            "DATABASE_URL": self.database_url,
            "ALLOWED_USERS": ",".join(PERSONS),
            **dict(drawn),
        }


@contextlib.contextmanager
def _in_zone(zone: str) -> Iterator[None]:
    """The host keeps its time in this zone: whatever asks for the local day gets another one than UTC's."""
    was = os.environ.get("TZ")
    os.environ["TZ"] = zone or "UTC"
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if was is None else os.environ.update(TZ=was)
        time.tzset()


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
