"""Slack refuses the bot's token, because it was revoked or the app was uninstalled: nothing is sent unseen."""

import httpx
import pytest
from world import ANN, BO, FIRST, ORDERS, SECOND, StartWorld, World, go_ahead, request_id

from bot.outbox.retry_rules import TRIES_WHEN_REFUSED
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from storage.db.transactions import Database

CODES = ["token_revoked", "account_inactive", "not_authed", "token_expired"]


def revoked(world: World, code: str = "token_revoked") -> None:
    """Slack refuses the token from now on, and the bot knows."""
    world.slack.state.refuses_token = code
    world.type(BO, "waiting")
    world.until(lambda: world.rows("SELECT 1 FROM hold WHERE kind = 'slack'"))


def approved(world: World) -> str:
    """A request that waits for Undo's time to be over."""
    preview = world.preview()
    world.click(ANN, preview, go_ahead(preview))
    world.slack.wait_for(lambda: world.live(request_id(preview)))
    return request_id(preview)


def tried(world: World, times: int) -> None:
    """The live message has been tried so often by now."""
    database = Database(world.database_url)
    with database.write(within_seconds=10.0) as transaction:
        transaction.connection.exec_driver_sql(f"UPDATE slack_message SET tries = {times} WHERE kind = 'live'")
    database.close()


def ready(world: World) -> httpx.Response:
    return httpx.get(f"{world.url}/readyz")


@pytest.mark.parametrize("code", CODES)
def test_nothing_is_sent_until_slack_takes_the_token_again(start_world: StartWorld, code: str) -> None:
    world = start_world(UNDO_SECONDS="5")
    public_id = approved(world)
    revoked(world, code)
    world.until(lambda: world.rows("SELECT 1 FROM request WHERE due_at > not_before"))
    unsent = world.statuses(FIRST, SECOND)
    world.slack.state.refuses_token = ""
    end = world.ended(public_id)

    assert ["Pending", "Pending"] == unsent
    assert ["Cancelled", "Cancelled"] == world.statuses(FIRST, SECOND)
    assert f"Slack refused the bot's token ({code})" in end.text
    assert ["held", "hold_ended"] == [kind for kind in world.kinds() if kind.startswith("h")]


def test_the_bot_is_not_ready_and_says_why_until_then(world: World) -> None:
    revoked(world)
    answer = ready(world)
    world.slack.state.refuses_token = ""
    world.until(lambda: ready(world).status_code == 200, 10)

    assert 503 == answer.status_code
    assert "Slack refuses the bot's token (token_revoked)" in answer.text


@pytest.mark.long
def test_an_idle_bot_finds_out_too(world: World) -> None:
    world.slack.state.refuses_token = "account_inactive"
    world.until(lambda: ready(world).status_code == 503, 45)

    assert "account_inactive" in ready(world).text


def test_the_log_says_when_it_begins_and_when_it_ends_and_no_more(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    revoked(world)
    world.until(lambda: world.slack.count("auth.test") >= 4, 20)
    world.slack.state.refuses_token = ""
    world.until(lambda: ready(world).status_code == 200, 10)

    assert 1 == caplog.text.count("Slack refuses the bot's token (token_revoked)")
    assert 1 == caplog.text.count("Slack takes the bot's token again")
    assert 1 == caplog.text.count("Slack refused auth.test")


def test_it_is_held_over_a_restart(world: World) -> None:
    revoked(world)
    world.restart()

    assert 503 == ready(world).status_code


def test_what_slack_was_owed_is_right_within_ten_seconds_of_its_end(start_world: StartWorld) -> None:
    world = start_world(UNDO_SECONDS="5")
    public_id = approved(world)
    revoked(world)
    world.slack.state.refuses_token = ""

    assert "2 cancelled" in world.ended(public_id, timeout=10 + 5).text


@pytest.mark.long
def test_resume_does_not_end_it(start_world: StartWorld) -> None:
    world = start_world(UNDO_SECONDS="5")
    approved(world)
    world.slack.fail("auth.test", SlackFault(SlackFaultKind.ERROR, error="token_revoked"), None)
    world.until(lambda: world.rows("SELECT 1 FROM hold WHERE kind = 'slack'"), 45)
    answer = world.answer(ANN, "resume")

    assert "Nothing is paused" in answer.text
    assert 503 == ready(world).status_code


@pytest.mark.parametrize(
    "fault",
    [
        SlackFault(SlackFaultKind.SERVER_ERROR),
        SlackFault(SlackFaultKind.DROP),
        SlackFault(SlackFaultKind.ERROR, error="internal_error"),
    ],
    ids=lambda fault: fault.kind,
)
def test_slack_that_is_down_holds_nothing(start_world: StartWorld, fault: SlackFault) -> None:
    world = start_world(UNDO_SECONDS="2")
    approved(world)
    world.slack.fail("*", fault, None)
    world.until(lambda: "finished" in world.kinds())

    assert ["Cancelled", "Cancelled"] == world.statuses(FIRST, SECOND)
    assert 200 == ready(world).status_code


def test_one_person_whom_slack_calls_inactive_holds_nothing(world: World) -> None:
    world.slack.state.channels[ORDERS].restricted = True
    world.slack.fail("chat.postMessage", SlackFault(SlackFaultKind.ERROR, error="account_inactive"), None)
    preview = world.preview()
    asked = world.slack.count("auth.test")
    world.click(ANN, preview, go_ahead(preview))
    world.until(lambda: "finished" in world.kinds() and world.slack.count("auth.test") > asked)

    assert 200 == ready(world).status_code


def test_what_slack_refuses_to_one_inactive_person_is_not_tried_for_ever(world: World) -> None:
    world.slack.state.channels[ORDERS].restricted = True
    world.slack.fail("chat.postMessage", SlackFault(SlackFaultKind.ERROR, error="account_inactive"), None)
    preview = world.preview()
    world.click(ANN, preview, go_ahead(preview))
    refused = "SELECT 1 FROM slack_message WHERE kind = 'live' AND lease_owner IS NULL AND trouble = 'account_inactive'"
    for place in (ORDERS, ANN):
        there = f"{refused} AND channel = '{place}'"
        world.until(lambda there=there: "finished" in world.kinds() and world.rows(there))  # type: ignore[misc]
        tried(world, TRIES_WHEN_REFUSED - 1)

    assert world.until(lambda: world.rows(f"{refused} AND due_at IS NULL"))


def test_while_slack_refuses_the_token_no_message_is_given_up(start_world: StartWorld) -> None:
    world = start_world(UNDO_SECONDS="5")
    public_id = approved(world)
    revoked(world)
    world.until(lambda: world.rows("SELECT 1 FROM slack_message WHERE kind = 'live' AND trouble = 'token_revoked'"))
    tried(world, TRIES_WHEN_REFUSED - 1)
    world.until(lambda: world.rows("SELECT 1 FROM slack_message WHERE kind = 'live' AND tries < 100"))
    world.slack.state.refuses_token = ""

    assert "2 cancelled" in world.ended(public_id).text
