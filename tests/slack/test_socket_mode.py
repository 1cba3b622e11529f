"""The same stories over Socket Mode."""

import http.client
from urllib.parse import urlsplit

import pytest
from world import ANN, FIRST, StartWorld, World, go_ahead, request_id

from bot.messages.request_form import IDS_BLOCK
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind


@pytest.fixture
def socket_world(start_world: StartWorld) -> World:
    """A world whose bot is reached through Socket Mode."""
    return start_world(socket_mode=True)


def test_a_request_from_command_to_result(socket_world: World) -> None:
    end = socket_world.cancelled()

    assert "2 cancelled" in end.text


def test_help_comes_with_the_acknowledgement(socket_world: World) -> None:
    assert "Cancel orders at Fincart" in socket_world.answer(ANN, "help").text


def test_the_form_opens_and_is_submitted(socket_world: World) -> None:
    socket_world.type(ANN, "")
    form = socket_world.slack.wait_for(lambda: socket_world.slack.open_view(ANN))
    assert form is not None
    refused = socket_world.slack.submit(form, {IDS_BLOCK: "lamp"})
    preview = socket_world.told(ANN, lambda: socket_world.slack.submit(form, {IDS_BLOCK: FIRST}))

    assert "is not an order id" in refused.answer
    assert "Cancel 1 order?" in preview.text


def test_a_lost_connection_is_made_anew(socket_world: World) -> None:
    preview = socket_world.preview()
    assert socket_world.socket is not None
    socket_world.socket.disconnect()
    socket = socket_world.socket
    socket_world.slack.wait_for(lambda: socket.connections > 0, 15)
    socket_world.click(ANN, preview, go_ahead(preview))

    assert "2 cancelled" in socket_world.ended(request_id(preview)).text


def test_an_event_that_nobody_handles_is_acknowledged(socket_world: World) -> None:
    assert socket_world.slack.open_home(ANN).ok


def test_only_the_health_pages_are_served(socket_world: World) -> None:
    statuses = [
        _page(socket_world, method, path)[0]
        for method, path in (("GET", "/healthz"), ("GET", "/readyz"), ("POST", "/slack/events"))
    ]

    assert [200, 200, 404] == statuses


def test_a_bot_that_slack_cannot_deliver_to_is_not_ready(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world(socket_mode=True)
    before = _page(world, "GET", "/readyz")
    world.slack.fail("apps.connections.open", SlackFault(SlackFaultKind.SERVER_ERROR), times=None)
    assert world.socket is not None
    world.socket.drop()
    world.until(lambda: _page(world, "GET", "/readyz") != before)

    assert (200, "ready\n") == before
    assert (503, "no Socket Mode connection to Slack\n") == _page(world, "GET", "/readyz")
    assert (200, "ok\n") == _page(world, "GET", "/healthz")


def _page(world: World, method: str, path: str) -> tuple[int, str]:
    parts = urlsplit(world.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=5)
    connection.request(method, path)
    answer = connection.getresponse()
    page = (answer.status, answer.read().decode())
    connection.close()
    return page
