"""Socket Mode connections that belong to no process of this database are noticed; one's own never are."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from cli_runs import CommandLine
from world import ANN, FINCART_TOKEN, RETURNS, StartWorld, Web, World

from bot.app import build
from bot.context import Timings
from bot.server.other_connections import OtherConnections
from bot.settings.model import load_settings
from bot.slack.socket_mode import SocketMode
from storage.db.migrate import migrate_at
from storage.db.transactions import Database

SOON = Timings(poll=0.1, connection_settles=0.2, connection_renewed=0.2)
LATER = replace(SOON, connection_renewed=2.0)
"""Asks again when the connection of a process that has ended is surely closed."""
SELDOM = Timings(poll=0.1, connection_settles=0.2, connection_renewed=3600.0)
WORDS = "probably a second installation"


@contextmanager
def another(world: World, database_url: str, timings: Timings = SELDOM) -> Iterator[str]:
    """Another process with the same app token, on this database; gives the address of its health pages."""
    state = world.slack.state
    given = {
        "SLACK_API_URL": world.slack_server.api_url,
        "SLACK_BOT_TOKEN": state.bot_token,
        "SLACK_APP_TOKEN": state.app_token,
        "FINCART_TOKEN": FINCART_TOKEN,
        "FINCART_BASE_URL": world.fincart_server.url,
        "DATABASE_URL": database_url,
        "ALLOWED_USERS": ANN,
        "OPS_CHANNEL": RETURNS,
    }
    settings = load_settings(given, None)
    assert settings.slack_app_token is not None
    migrate_at(settings.database_url)
    bot = build(settings, timings=timings)
    connection = SocketMode(bot.app, settings.slack_app_token, settings.slack_api_url)
    bot.start(OtherConnections(bot.context, connection).lane())
    web = Web(bot, connection)
    connection.start()
    try:
        yield web.url
    finally:
        connection.stop()
        web.stop()
        bot.stop()


def told_in(world: World, channel: str) -> list[str]:
    """What OPS_CHANNEL says of a second installation."""
    return [post.text for post in world.slack.messages(channel) if "Probably a second installation" in post.text]


def judged(database_url: str) -> list[int | None]:
    """What each process of this database makes of the connections; None: not known yet."""
    database = Database(database_url)
    with database.engine.connect() as connection:
        query = "SELECT other_connections FROM process WHERE connected_at IS NOT NULL AND ended_at IS NULL"
        found = [row[0] for row in connection.exec_driver_sql(query)]
    database.close()
    return found


def warnings(caplog: pytest.LogCaptureFixture) -> int:
    return sum(WORDS in record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)


@pytest.fixture
def other_url(tmp_path: Path) -> str:
    """The address of a second installation's database."""
    return f"sqlite:///{tmp_path}/other.db"


def test_a_second_installation_is_told_once_and_status_needs_somebody(
    start_world: StartWorld,
    other_url: str,
    command: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = start_world(socket_mode=True, timings=SELDOM)
    world.until(lambda: judged(world.database_url) == [0])
    monkeypatch.setenv("DATABASE_URL", other_url)
    with another(world, other_url, SOON) as url:
        world.until(lambda: judged(other_url) == [1])
        calls = world.slack.count("apps.connections.open")
        world.until(lambda: world.slack.count("apps.connections.open") > calls + 1)
        code, out, _ = command("status")
        as_json = json.loads(command("status", "--json")[1])

        assert 1 == len(world.slack.wait_for(lambda: told_in(world, RETURNS)))
        assert 1 == warnings(caplog)
        assert 1 == code
        assert "needs      1 connection to Slack is of another installation with the same SLACK_APP_TOKEN" in out
        assert [1] == [each["other_connections"] for each in as_json["processes"]]
        assert 200 == ready(url)


def ready(url: str) -> int:
    return httpx.get(f"{url}/readyz").status_code


@pytest.mark.long
def test_the_first_installation_notices_when_its_connection_is_renewed(start_world: StartWorld, other_url: str) -> None:
    world = start_world(socket_mode=True, timings=SELDOM)
    world.until(lambda: judged(world.database_url) == [0])
    with another(world, other_url):
        world.until(lambda: judged(other_url) == [1])
        assert world.socket is not None
        world.socket.disconnect("warning")

        assert world.until(lambda: judged(world.database_url) != [0])


@pytest.mark.long
def test_once_the_other_is_gone_nobody_is_needed_any_more(start_world: StartWorld, other_url: str) -> None:
    world = start_world(socket_mode=True, timings=SELDOM)
    with another(world, other_url, SOON):
        world.until(lambda: judged(other_url) == [1])
        world.shut_down()

        assert world.until(lambda: judged(other_url) == [0])
        assert world.slack.wait_for(
            lambda: [post for post in world.slack.messages(RETURNS) if "No second installation any more" in post.text]
        )


@pytest.mark.long
def test_processes_of_one_database_are_no_second_installation(
    start_world: StartWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = start_world(socket_mode=True, timings=LATER)
    world.until(lambda: judged(world.database_url) == [0])
    with another(world, world.database_url):
        world.until(lambda: judged(world.database_url) == [0, 0])
        world.restart()
        world.until(lambda: judged(world.database_url) == [0, 0])

    assert 0 == warnings(caplog)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_a_renewed_connection_is_no_second_installation(
    reason: str, start_world: StartWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = start_world(socket_mode=True, timings=SOON)
    world.until(lambda: judged(world.database_url) == [0])
    first = world.rows("SELECT connected_at FROM process")
    assert world.socket is not None
    world.socket.disconnect(reason)
    world.until(lambda: world.rows("SELECT connected_at FROM process") != first)

    assert world.cancelled().text.startswith("2 cancelled")
    assert [0] == judged(world.database_url)
    assert 0 == warnings(caplog)
