"""Composition root: builds the bot's parts and connects them. No other module does."""

import logging
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from slack_bolt import App

from bot.context import Context, Timings, rules_of
from bot.domain.commands.request_ids import RequestIds
from bot.fincart.client import CallLimits, FincartClient
from bot.listeners import make_app
from bot.listeners.intake import Intake
from bot.metrics.instruments import MeasuredTransport, Metrics
from bot.settings.event_log import log_committed
from bot.settings.model import Settings
from bot.slack.client import SlackClient
from bot.slack.directory import Directory
from bot.slack.results import SlackTransport
from bot.slack.transport import SdkTransport
from bot.worker.lane_steps import LaneSteps
from bot.worker.worker import Lane, Worker
from storage import live_messages, slack_messages
from storage.db.transactions import Database, StorageUnavailable

log = logging.getLogger(__name__)

CLOSED_FOR = timedelta(seconds=60)
"""How long a channel counts as closed after a refused post; then posting is tried again."""


@dataclass(frozen=True, slots=True)
class Bot:
    """The whole bot: `app` takes deliveries, `worker` does the work."""

    context: Context
    app: App
    worker: Worker
    stopping: threading.Event
    pools: tuple[ThreadPoolExecutor, ...]
    connections: tuple[SdkTransport, ...]
    """The Slack transport that this bot must close; one given to `build` belongs to the caller."""
    metrics: Metrics
    on_stopped: list[Callable[[], None]] = field(default_factory=list)
    """What else must be closed at the end."""

    def start(self, *more: Lane) -> None:
        """Start the worker, with these lanes besides its own. Unfinished work is taken up."""
        # An acknowledgement waits for the interpreter lock after each disk write and lock. Lanes that compute give it
        # up after half a millisecond instead of Python's five.
        sys.setswitchinterval(0.0005)
        with suppress(StorageUnavailable), self.context.database.write() as transaction:
            live_messages.refresh_open(transaction)
        self.worker.start(*more)

    def stop(self, last: Callable[[], None] = lambda: None) -> None:
        """Take no new work, wait for calls in flight, and leave the rest for the next start.

        Deliveries can be taken until `last` is called, after that wait and before the database is closed.
        """
        in_time = self.worker.stop()
        last()
        for close in self.on_stopped:
            close()
        for pool in self.pools:
            pool.shutdown(wait=False, cancel_futures=True)
        if in_time:
            self.context.database.close()
            self.context.fincart.close()
            for transport in self.connections:
                transport.close()


def build(
    settings: Settings,
    *,
    slack_transport: SlackTransport | None = None,
    fincart_transport: httpx.BaseTransport | None = None,
    clock: Callable[[], datetime] | None = None,
    timings: Timings | None = None,
    process: str = "",
) -> Bot:
    """Build the bot on a migrated database. Only simulations replace the transports and the clock. `process`: its name,
    by default a new one."""
    database = Database(settings.database_url, clock, pool_size=settings.database_pool_size)
    assert settings.slack_bot_token is not None
    assert settings.fincart_token is not None
    own: tuple[SdkTransport, ...] = ()
    if slack_transport is None:
        own = (SdkTransport(settings.slack_bot_token, settings.slack_api_url),)
    metrics = Metrics()
    slack = SlackClient(MeasuredTransport(slack_transport or own[0], metrics))
    slack_reads = ThreadPoolExecutor(16, "slack-read")
    at_once = ThreadPoolExecutor(8, "at-once")
    preview_reads = ThreadPoolExecutor(settings.fincart_lookup_concurrency, "preview-read")
    log_reads = ThreadPoolExecutor(settings.fincart_lookup_concurrency, "log-read")
    stopping, drained = threading.Event(), threading.Event()
    steps = LaneSteps(drained)
    database.wait = steps.wait
    database.on_committed = log_committed
    context = Context(
        settings=settings,
        rules=rules_of(settings),
        database=database,
        slack=slack,
        people=Directory(
            slack,
            time.monotonic,
            slack_reads,
            is_closed=lambda channel: _is_closed(database, channel),
            pause=stopping.wait,
        ),
        fincart=FincartClient(
            settings.fincart_base_url,
            settings.fincart_token,
            CallLimits(
                settings.fincart_timeout_seconds,
                max_connections=settings.fincart_max_concurrency + 2 * settings.fincart_lookup_concurrency,
            ),
            transport=fincart_transport,
            uptime=_uptime,
        ),
        owner=process or process_name(),
        new_request_id=RequestIds(secrets.SystemRandom()).new,
        now=clock or _utc_now,
        uptime=_uptime,
        wait=steps.wait,
        log_reads=log_reads,
        preview_reads=preview_reads,
        timings=timings or Timings(),
    )
    app = make_app(Intake(settings, database, slack, at_once), settings.slack_bot_token.get_secret_value())
    pools = (slack_reads, at_once, log_reads, preview_reads)
    context.fincart.on_answer = metrics.fincart_called
    database.acknowledgements.on_done = metrics.acknowledged
    return Bot(context, app, Worker(context, stopping, drained, steps), stopping, pools, own, metrics)


def process_name() -> str:
    """A new name for a process, in leases, `status` and the log."""
    return f"{socket.gethostname()[:40]}:{secrets.token_hex(8)}"


def _is_closed(database: Database, channel: str) -> bool:
    with database.read() as session:
        return slack_messages.is_closed(session, channel, database.now(session) - CLOSED_FOR)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _uptime() -> float:
    """Seconds on a clock that counts the system's sleep, where the platform has one."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)
