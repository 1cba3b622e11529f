"""`check` asks Slack about every channel that the settings name, and posts nothing."""

from collections.abc import Iterator

import pytest
from test_check import Town

from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.state import ChannelKind

CHANNEL = "C0000001"

NAMES = ["RESULTS_CHANNEL", "AUDIT_CHANNEL", "DIGEST_CHANNEL", "OPS_CHANNEL", "ALLOWED_CHANNELS"]


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """All is well, and there is a channel with the bot in it."""
    town = Town(sqlite_url)
    town.slack.add_person("U0000001", "ann")
    town.slack.add_channel(CHANNEL, "orders", "U0000001")
    yield town
    town.stop()


@pytest.mark.parametrize("name", NAMES)
def test_a_channel_that_the_bot_can_post_to_is_good(town: Town, name: str) -> None:
    found = town.found(**{name: CHANNEL})

    assert f"ok    {name}: the channel {CHANNEL} can be posted to" in found
    assert 0 == town.slack.count("chat.postMessage")


@pytest.mark.parametrize("name", NAMES)
def test_an_archived_channel_is_wrong(town: Town, name: str) -> None:
    town.slack.archive(CHANNEL)
    (wrong,) = town.wrong(**{name: CHANNEL})

    assert wrong.startswith(f"{name}: the channel {CHANNEL} is archived (is_archived). Unarchive it")


@pytest.mark.parametrize("name", NAMES)
def test_a_channel_that_is_not_there_is_wrong(town: Town, name: str) -> None:
    (wrong,) = town.wrong(**{name: "C0000404"})

    assert "(channel_not_found). Correct the id." in wrong


def test_a_private_channel_without_the_bot_is_wrong(town: Town) -> None:
    town.slack.state.channels[CHANNEL].kind = ChannelKind.PRIVATE
    town.slack.remove_bot(CHANNEL)
    (wrong,) = town.wrong(OPS_CHANNEL=CHANNEL)

    assert "/invite" in wrong


def test_a_public_channel_without_the_bot_needs_the_scope_to_post_there(town: Town) -> None:
    town.slack.remove_bot(CHANNEL)
    joined = town.wrong(OPS_CHANNEL=CHANNEL)
    town.slack.state.scopes.remove("chat:write.public")

    assert [] == joined
    assert any("(not_in_channel)" in each for each in town.wrong(OPS_CHANNEL=CHANNEL))


@pytest.mark.parametrize("name", ["DIGEST_CHANNEL", "OPS_CHANNEL"])
def test_a_channel_shared_with_another_organisation_gets_nothing(town: Town, name: str) -> None:
    town.slack.state.channels[CHANNEL].is_ext_shared = True
    (wrong,) = town.wrong(**{name: CHANNEL})

    assert "is shared with another organisation, and nothing is posted there" in wrong
    assert [] == town.wrong(**{name: CHANNEL}, ALLOW_EXTERNAL="true")


@pytest.mark.parametrize("word", ["missing_scope", "word_of_2030", "team_access_not_granted"])
def test_any_other_word_of_slacks_is_named(town: Town, word: str) -> None:
    town.slack.fail("conversations.info", SlackFault(SlackFaultKind.ERROR, error=word), None)
    (wrong,) = town.wrong(AUDIT_CHANNEL=CHANNEL)

    assert f"({word})" in wrong


def test_slack_that_does_not_say_is_wrong_too(town: Town) -> None:
    town.slack.fail("conversations.info", SlackFault(SlackFaultKind.SERVER_ERROR), None)
    (wrong,) = town.wrong(AUDIT_CHANNEL=CHANNEL)

    assert "could not be looked up (internal_error)" in wrong
