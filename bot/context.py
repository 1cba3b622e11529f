"""What every use case works with, joined once in `bot.app`."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime

from bot.domain.outcome.decide import DEFAULT_TIMINGS, OutcomeTimings
from bot.domain.policy.decide import Rules
from bot.fincart.client import FincartClient
from bot.settings.model import Settings
from bot.slack.client import SlackClient
from bot.slack.directory import Directory
from storage.db.transactions import Database


@dataclass(frozen=True, slots=True)
class Timings:
    """The bot's own pauses, in seconds; settings that people may change are in `Settings`."""

    lease: float = 6.0
    """A process that has not renewed for so long is taken for dead (design: taken up within 10 seconds)."""
    renew: float = 1.5
    poll: float = 0.25
    """How soon work of another process, or work that fell due by itself, is seen."""
    truth: OutcomeTimings = DEFAULT_TIMINGS
    """The seconds of the truth table."""
    quick_call: float = 0.5
    """Where a call takes longer, settling is little beside it, and no batch is written ahead before its turn."""
    notice_after: float = 60.0
    """A run longer than this is told to its requester directly when it ends."""


@dataclass(frozen=True, slots=True)
class Context:
    """Settings, clients and sources of chance and time."""

    settings: Settings
    rules: Rules
    database: Database
    slack: SlackClient
    people: Directory
    fincart: FincartClient
    owner: str
    """This process, as leases name it: never the same twice."""
    new_request_id: Callable[[], str]
    now: Callable[[], datetime]
    """The time of day, for what is shown; deadlines are judged by the database's own clock."""
    uptime: Callable[[], float]
    """Seconds on a clock that goes on while the machine sleeps."""
    wait: Callable[[float], bool]
    """Wait so many seconds, or less where the process is told to stop; True once it is."""
    log_reads: Executor | None
    """Threads that read order logs side by side; None: one after another."""
    preview_reads: Executor | None
    """The same for previews, which wait behind no other reading."""
    timings: Timings
