"""The dependencies of every use case, built once in `bot.app`."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from datetime import datetime

from bot.domain.outcome.decide import DEFAULT_TIMINGS, OutcomeTimings
from bot.domain.policy.decide import Rules
from bot.fincart.client import FincartClient
from bot.messages.names import Names
from bot.settings.model import Settings
from bot.slack.client import SlackClient
from bot.slack.directory import Directory
from storage.db.transactions import Database


@dataclass(frozen=True, slots=True)
class Timings:
    """The bot's own pauses, in seconds. Those that people may change are in `Settings`."""

    lease: float = 6.0
    """A lease not renewed for so long has expired (design: another process takes over within 10 seconds)."""
    renew: float = 1.5
    poll: float = 0.5
    """Poll interval for work of other processes, and for work due by the clock."""
    truth: OutcomeTimings = DEFAULT_TIMINGS
    """The seconds of the truth table."""
    quick_call: float = 0.5
    """A call slower than this makes settling cheap by comparison, so no spare batch is planned."""
    connection_settles: float = 10.0
    """So long after Slack's hello, whoever else connected has recorded it."""
    connection_renewed: float = 120.0
    """About so long after a first hello that leaves it open whose the connections are, another is asked for."""
    notice_after: float = 60.0
    """The requester of a run longer than this gets a direct message when it ends."""
    stuck_after: float = 60.0
    """A lane that has not stepped for so long is stuck: `/healthz` says so."""


@dataclass(frozen=True, slots=True)
class Context:
    """Settings, clients, and sources of randomness and time."""

    settings: Settings
    rules: Rules
    database: Database
    slack: SlackClient
    people: Directory
    fincart: FincartClient
    owner: str
    """The name of this process in leases; unique."""
    new_request_id: Callable[[], str]
    now: Callable[[], datetime]
    """The time of day, for display. Deadlines use the database's own clock."""
    uptime: Callable[[], float]
    """Seconds on a clock that counts the machine's sleep."""
    wait: Callable[[float], bool]
    """Waits for so many seconds, or less if the process waits for its calls no longer; returns True then."""
    log_reads: Executor | None
    """Threads that read order logs in parallel; None: one after another."""
    preview_reads: Executor | None
    """The same for previews, so that they wait for no other log read."""
    timings: Timings


def names_of(settings: Settings) -> Names:
    """What messages call this installation."""
    return Names(settings.command_name, settings.installation_name)


def rules_of(settings: Settings) -> Rules:
    """The policy's part of the settings."""
    return Rules(**{each.name: getattr(settings, each.name) for each in fields(Rules)})
