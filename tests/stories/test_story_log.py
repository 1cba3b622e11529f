"""What happens is told in the log, and nothing that a person typed."""

import io
import logging
from collections.abc import Callable, Iterator

import pytest
from approvals import APPROVE, ASK, AUDIT, DI, asked, becomes, card, two_person_world
from logging_restored import logging_restored
from world import ANN, BO, FIRST, SECOND, THIRD, StartWorld, World, request_id

from bot.messages.request_form import FILE_BLOCK, REASON_BLOCK
from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.state import Post, View
from bot.settings.logging import set_up_logging
from bot.settings.model import load_settings

TYPED = "Zanzibar"
"""Stands in all that people type."""

Written = Callable[[], str]


@pytest.fixture
def log_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Written]]:
    """Sets logging up as `serve` does; what it returns reads all that was written."""

    def set_up(**settings: str) -> Written:
        given = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "secret", "FINCART_TOKEN": "token"}
        stream = io.StringIO()
        set_up_logging(load_settings(given | {"ALLOW_EVERYONE": "true"} | settings, None), stream)
        return stream.getvalue

    # A test that listened to the bot's own logger may have left it silent for everybody else.
    monkeypatch.setattr(logging.getLogger("bot"), "propagate", True)
    with logging_restored():
        yield set_up


def form(world: World, person: str, open_it: Callable[[], object]) -> View:
    open_it()
    opened = world.slack.wait_for(lambda: world.slack.open_view(person))
    assert opened is not None
    return opened


def submitted(world: World, person: str, where: Post, button: str, **typed: str) -> None:
    """Press a button that opens a form, and fill that in."""
    opened = form(world, person, lambda: world.click(person, where, button))
    world.slack.submit(opened, typed)
    world.slack.wait_for(lambda: world.slack.open_view(person) is None)


def everything_typed(world: World) -> None:
    """Reasons, comments, files, filters and what cannot be read, while Slack and Fincart fail now and then."""
    first = asked(world, ANN, f"{FIRST} {SECOND} because {TYPED}")
    submitted(world, ANN, first, ASK, number="2")
    submitted(world, DI, card(world, request_id(first)), APPROVE, number="2", words=f"fine, {TYPED}")
    becomes(world, request_id(first), "2 cancelled")
    world.answer(ANN, f"{TYPED} {FIRST}!")
    world.answer(ANN, f'history text:"{TYPED}"')
    world.answer(BO, f"pause because {TYPED}")
    world.answer(BO, "resume")
    file = world.slack.add_file(ANN, f"{TYPED}.csv", f"order_id,name\n{THIRD},{TYPED}\n".encode())
    opened = form(world, ANN, lambda: world.type(ANN, ""))
    world.told(
        ANN, lambda: world.slack.submit(opened, {FILE_BLOCK: [file], REASON_BLOCK: TYPED}), with_button="emergency"
    )
    alone = world.slack.ephemerals(ANN)[-1]
    world.fincart.inject(Fault(FaultKind.SERVER_ERROR, applied=Applied.ALL, endpoint=Endpoint.CANCEL))
    submitted(world, ANN, alone, "Emergency: cancel 1 order", number="1")
    becomes(world, request_id(alone), "1 cancelled")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_nothing_that_a_person_typed_and_no_secret_is_in_the_log_at_any_level(
    start_world: StartWorld, log_to: Callable[..., Written], log_format: str
) -> None:
    written = log_to(LOG_LEVEL="DEBUG", LOG_FORMAT=log_format)
    world = two_person_world(
        start_world, EMERGENCY_USERS=ANN, AUDIT_CHANNEL=AUDIT, TYPE_TO_CONFIRM_ABOVE="0", LOG_LEVEL="DEBUG"
    )
    world.slack.fail("chat.postMessage", SlackFault(SlackFaultKind.SERVER_ERROR))
    world.slack.fail("response_url", SlackFault(SlackFaultKind.SERVER_ERROR))
    everything_typed(world)
    state = world.slack.state
    secrets = (
        state.bot_token,
        state.signing_secret,
        "fincart-token-of-the-tests",
        f"{world.slack_server.url}/response/",
    )
    world.shut_down()
    log = written()

    assert "call_indeterminate" in log
    assert "emergency" in log
    for hidden in (TYPED, *secrets):
        assert hidden not in log
