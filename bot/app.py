"""Builds the bot's parts and joins them; nothing else does."""

import logging
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
from slack_bolt import App

from bot.context import Context, Timings
from bot.domain.commands.request_ids import RequestIds
from bot.domain.policy.decide import Rules
from bot.fincart.client import CallLimits, FincartClient
from bot.listeners import make_app
from bot.listeners.intake import Intake
from bot.settings.model import Settings
from bot.slack.client import SlackClient
from bot.slack.directory import Directory
from bot.slack.results import SlackTransport
from bot.slack.transport import SdkTransport
from bot.worker.worker import Worker
from storage import live_messages, slack_messages
from storage.db.migrate import migrate
from storage.db.transactions import Database, StorageUnavailable

log = logging.getLogger(__name__)

CLOSED_FOR = timedelta(seconds=60)
"""For so long after a refused post a channel counts as one the bot cannot post in: then it is tried again."""


@dataclass(frozen=True, slots=True)
class Bot:
    """The whole bot, ready to be given deliveries through `app` and to work through `worker`."""

    context: Context
    app: App
    worker: Worker
    stopping: threading.Event
    pools: tuple[ThreadPoolExecutor, ...]
    connections: tuple[SdkTransport, ...]
    """Those to Slack that are this bot's own to close; a transport given to `build` is its giver's."""

    def start(self) -> None:
        """Begin to work; what was left half done is taken up."""
        # An acknowledgement waits for the interpreter each time the disk or a lock has kept it: let lanes that
        # compute hand it over after half a millisecond, not after Python's five.
        sys.setswitchinterval(0.0005)
        with suppress(StorageUnavailable), self.context.database.write() as transaction:
            live_messages.show_open_anew(transaction)
        self.worker.start()

    def stop(self) -> None:
        """Take no new work, wait for calls in flight at most eight seconds, and leave the rest for the next start."""
        in_time = self.worker.stop()
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
) -> Bot:
    """Build the bot on a migrated database. The transports and the clock are replaced only by simulations.

    Raises `StorageUnavailable` where the database cannot be reached or brought to this version.
    """
    database = Database(settings.database_url, clock)
    migrate(database)
    assert settings.slack_bot_token is not None
    assert settings.fincart_token is not None
    own: tuple[SdkTransport, ...] = ()
    if slack_transport is None:
        own = (SdkTransport(settings.slack_bot_token, settings.slack_api_url),)
    slack = SlackClient(slack_transport or own[0])
    slack_reads = ThreadPoolExecutor(16, "slack-read")
    at_once = ThreadPoolExecutor(8, "at-once")
    preview_reads = ThreadPoolExecutor(settings.fincart_lookup_concurrency, "preview-read")
    log_reads = ThreadPoolExecutor(settings.fincart_lookup_concurrency, "log-read")
    stopping = threading.Event()
    database.wait = stopping.wait
    context = Context(
        settings=settings,
        rules=Rules.from_settings(settings),
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
        owner=f"{socket.gethostname()[:40]}:{secrets.token_hex(8)}",
        new_request_id=RequestIds(secrets.SystemRandom()).new,
        now=clock or _utc_now,
        uptime=_uptime,
        wait=stopping.wait,
        log_reads=log_reads,
        preview_reads=preview_reads,
        timings=timings or Timings(),
    )
    app = make_app(Intake(settings, database, slack, at_once), settings.slack_bot_token.get_secret_value())
    return Bot(context, app, Worker(context, stopping), stopping, (slack_reads, at_once, log_reads, preview_reads), own)


def _is_closed(database: Database, channel: str) -> bool:
    with database.read() as session:
        return slack_messages.is_closed(session, channel, database.now(session) - CLOSED_FOR)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _uptime() -> float:
    """Seconds on a clock that counts the system's sleep, where the platform has one."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)
