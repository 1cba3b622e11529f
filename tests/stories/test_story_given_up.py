"""What Slack refuses is tried a few times over minutes, whatever its word is; then it goes where it can, or is kept."""

import pytest
from world import ANN, BO, FIRST, RETURNS, Clock, StartWorld, World, go_ahead, request_id

from bot.outbox.retry_rules import TRIES_WHEN_REFUSED, TRIES_WHEN_UNANSWERED
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from storage.db.transactions import Database

WORDS = [
    "is_archived",
    "restricted_action",
    "msg_too_long",
    "msg_blocks_too_long",
    "missing_scope",
    "word_of_next_year",
]

GIVEN_UP = "SELECT 1 FROM slack_message WHERE due_at IS NULL AND shown < wanted AND kind = "


def refuses(world: World, method: str, word: str) -> None:
    """Slack refuses this method from now on."""
    world.slack.fail(method, SlackFault(SlackFaultKind.ERROR, error=word), None)


def running(world: World) -> str:
    """A request that waits for `resume`, with its live message in the channel."""
    world.answer(ANN, "pause", RETURNS)
    preview = world.preview()
    world.click(ANN, preview, go_ahead(preview))
    world.slack.wait_for(lambda: world.live(request_id(preview)))
    world.until_all_is_shown()
    return request_id(preview)


@pytest.mark.parametrize("word", WORDS)
def test_a_live_message_that_slack_refuses_to_edit_becomes_a_direct_message(start_world: StartWorld, word: str) -> None:
    world = start_world(clock=Clock())
    running(world)
    refuses(world, "chat.update", word)
    world.type(ANN, "resume", RETURNS)
    world.pass_time_until(lambda: any(" audit " in post.text for post in world.slack.dms(ANN)))

    assert any(word in post.text for post in world.slack.dms(ANN))
    assert world.slack.count("chat.update") <= 3 * (TRIES_WHEN_REFUSED + 2)


@pytest.mark.parametrize("word", ["user_not_found", "cannot_dm_bot", "word_of_next_year"])
def test_an_answer_that_slack_takes_nowhere_ends_after_a_few_tries(start_world: StartWorld, word: str) -> None:
    world = start_world(clock=Clock())
    world.slack.fail("response_url", SlackFault(SlackFaultKind.NOT_FOUND), None)
    refuses(world, "chat.postEphemeral", word)
    refuses(world, "chat.postMessage", word)
    world.type(ANN, "history")
    world.pass_time_until(lambda: world.rows(f"{GIVEN_UP}'history'"))

    assert TRIES_WHEN_REFUSED == world.slack.count("chat.postMessage")


def test_it_is_tried_over_minutes_and_shown_where_it_belongs_once_slack_takes_it(start_world: StartWorld) -> None:
    world = start_world(clock=Clock())
    public_id = running(world)
    refuses(world, "chat.update", "word_of_next_year")
    world.type(ANN, "resume", RETURNS)
    world.pass_time_until(lambda: world.rows(f"SELECT 1 FROM slack_message WHERE tries >= {TRIES_WHEN_REFUSED - 2}"))
    world.slack.heal()
    world.pass_time_until(lambda: "audit " in getattr(world.live(public_id), "text", ""))

    assert not any(" audit " in post.text for post in world.slack.dms(ANN))


@pytest.mark.long
def test_what_slack_never_answers_while_it_takes_other_messages_goes_elsewhere(start_world: StartWorld) -> None:
    world = start_world(clock=Clock())
    running(world)
    world.slack.fail("chat.update", SlackFault(SlackFaultKind.SERVER_ERROR), None)
    world.type(ANN, "resume", RETURNS)
    database = Database(world.database_url)
    world.until(lambda: world.rows("SELECT 1 FROM slack_message WHERE kind = 'live' AND tries > 1"))
    with database.write(within_seconds=10.0) as transaction:
        tried = f"UPDATE slack_message SET tries = {TRIES_WHEN_UNANSWERED} WHERE kind = 'live'"
        transaction.connection.exec_driver_sql(tried)
    database.close()
    world.pass_time_until(lambda: any(" audit " in post.text for post in world.slack.dms(ANN)))

    assert any("no answer: internal_error" in post.text for post in world.slack.dms(ANN))


def test_a_message_that_the_bot_cannot_make_ends_too(start_world: StartWorld) -> None:
    world = start_world(clock=Clock())
    world.slack.fail("response_url", SlackFault(SlackFaultKind.SERVER_ERROR), None)
    world.type(ANN, "history")
    world.until(lambda: world.rows("SELECT 1 FROM slack_message WHERE kind = 'history' AND lease_owner IS NULL"))
    database = Database(world.database_url)
    with database.write(within_seconds=10.0) as transaction:
        transaction.connection.exec_driver_sql("UPDATE slack_message SET facts = '{}' WHERE kind = 'history'")
    database.close()
    world.pass_time_until(lambda: world.rows(f"{GIVEN_UP}'history' AND trouble = 'not_rendered'"))
    world.slack.heal()

    assert "Cancel 1 order?" in world.preview(BO, FIRST).text


def test_while_slack_refuses_the_token_messages_wait_for_the_check_of_the_token(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock)
    running(world)
    world.slack.state.refuses_token = "token_revoked"
    world.type(BO, "waiting")
    world.pass_time_until(
        lambda: (
            world.rows("SELECT 1 FROM slack_message WHERE trouble = 'token_revoked' AND lease_owner IS NULL")
            and world.rows("SELECT 1 FROM hold WHERE kind = 'slack'")
        )
    )
    tried = world.slack.count("chat.update")
    for _ in range(10):
        clock.advance(30)
        world.until(lambda: not world.rows("SELECT 1 FROM slack_message WHERE lease_owner IS NOT NULL"))
    still = world.slack.count("chat.update")
    world.slack.state.refuses_token = ""
    world.until_all_is_shown()

    assert still <= tried + 1
