"""The demo's world: the real bot, served as `serve` serves it, between a stand-in Slack and a stand-in Fincart.

All three speak HTTP on 127.0.0.1 and free ports; the bot keeps its records in a real SQLite file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.app import Bot, build
from bot.sandbox.demo import store
from bot.sandbox.demo.fincart import DemoFincart
from bot.sandbox.demo.people import bot_settings
from bot.sandbox.fincart.shells import FincartServer
from bot.sandbox.slack.http import SlackServer, deliver_http
from bot.sandbox.slack.workspace import SlackWorkspace
from bot.sandbox.web.thread import WebThread
from bot.server.health import Health
from bot.server.http import http_app
from bot.settings.model import load_settings
from bot.slack.manifest import EVENTS_PATH
from storage.db.migrate import migrate_at


@dataclass(frozen=True, slots=True)
class DemoWorld:
    """Everything the demo shows."""

    slack: SlackWorkspace
    fincart: DemoFincart
    bot: Bot
    folder: Path

    def save(self) -> None:
        """Keep the stand-ins as they are now for the next start."""
        store.save(self.folder, self.slack, self.fincart)


def now() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)


@contextmanager
def open_world(folder: Path, *, fresh: bool = False, clock: store.Clock | None = None) -> Iterator[DemoWorld]:
    """Run the world on the files of `folder` until the block ends; `fresh` removes them first, and `clock` is the
    bot's, for stories in which time passes.

    Raises `FolderInUse` where another demo runs there, `Unreadable` or `StorageUnavailable` where its files cannot be
    used.
    """
    with store.kept(folder):
        if fresh:
            store.forget(folder)
        slack, fincart = store.load(folder, now)
        with SlackServer(slack) as slack_shell, FincartServer(fincart) as fincart_shell:
            database = f"sqlite:///{(folder / store.DATABASE).resolve()}"
            migrate_at(database)
            env = bot_settings(slack, slack_shell.api_url, fincart.settings.token, fincart_shell.url, database)
            world = DemoWorld(slack, fincart, build(load_settings(env, None), clock=clock), folder)
            world.save()
            with _serving(world):
                yield world


@contextmanager
def _serving(world: DemoWorld) -> Iterator[None]:
    with WebThread(http_app(Health(world.bot))) as web:
        world.bot.start()
        world.slack.deliver = deliver_http(f"{web.url}{EVENTS_PATH}")
        try:
            yield
        finally:
            world.slack.deliver = None
            world.fincart.release()
            world.bot.stop()
            world.save()
