"""No token, signing secret or response URL stays in a log, a message or the database."""

import logging
from pathlib import Path

import pytest
from world import ANN, CY, FINCART_TOKEN, FIRST, THIRD, Clock, StartWorld, World, go_ahead, request_id

from bot.sandbox.slack.faults import SlackFault, SlackFaultKind


def _secrets(world: World) -> list[str]:
    state = world.slack.state
    return [state.bot_token, state.app_token, state.signing_secret, FINCART_TOKEN]


def _a_day(world: World) -> None:
    """A bit of everything: results, refusals, failures of both neighbours."""
    world.cancelled()
    world.answer(CY, FIRST)
    world.slack.fail("chat.postMessage", SlackFault(SlackFaultKind.SERVER_ERROR))
    world.slack.fail("response_url", SlackFault(SlackFaultKind.SERVER_ERROR))
    world.fincart.settings.token_rejected = True
    world.cancelled(ANN, THIRD)
    world.answer(ANN, "history")


@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket"])
def test_no_secret_and_no_response_url_reaches_the_log_at_any_level(
    start_world: StartWorld, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, socket_mode: bool
) -> None:
    # A test that listened to the bot's own logger may have left it silent for everybody else.
    monkeypatch.setattr(logging.getLogger("bot"), "propagate", True)
    caplog.set_level(logging.DEBUG)
    world = start_world(socket_mode=socket_mode, LOG_LEVEL="DEBUG")
    _a_day(world)
    world.shut_down()
    logged = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records)

    assert caplog.records
    for secret in (*_secrets(world), f"{world.slack_server.url}/response/"):
        assert secret not in logged


def test_no_secret_reaches_a_message(world: World) -> None:
    _a_day(world)
    shown = world.slack.to_json()
    posts = shown[shown.index('"posts"') : shown.index('"views"')]

    for secret in _secrets(world):
        assert secret not in posts


def test_no_secret_reaches_the_databases_files(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world()
    _a_day(world)
    world.shut_down()
    stored = b"".join(path.read_bytes() for path in Path(world.database_file).parent.glob("bot.db*"))

    assert FIRST.encode() in stored
    for secret in _secrets(world):
        assert secret.encode() not in stored


def test_no_secret_is_in_the_repr_of_what_holds_them(world: World) -> None:
    held = repr(world.bot.context) + repr(world.bot) + repr(world.bot.context.settings)

    for secret in _secrets(world):
        assert secret not in held


def _kept_urls(world: World) -> int:
    query = "SELECT count(*) FROM {} WHERE response_url IS NOT NULL"
    return sum(world.rows(query.format(table))[0][0] for table in ("delivery", "slack_message"))


def test_a_response_url_is_forgotten_once_it_has_been_used(world: World) -> None:
    preview = world.preview()
    world.press(ANN, preview, go_ahead(preview))
    world.ended(request_id(preview))
    world.until(lambda: _kept_urls(world) == 0)

    assert 2 == world.slack.count("response_url")


def test_a_response_url_that_could_not_be_used_is_forgotten_when_it_stops_working(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock)
    world.slack.fail("response_url", SlackFault(SlackFaultKind.SERVER_ERROR), None)
    world.type(ANN, FIRST)
    world.slack.wait_for(lambda: world.slack.count("response_url") > 0)
    kept = _kept_urls(world)
    clock.advance(31 * 60)
    world.restart()
    world.until(lambda: _kept_urls(world) == 0)

    assert 1 == kept
