"""Every message under the names of an installation: its own command, and its own name in the small print."""

from functools import partial
from typing import Any, get_type_hints

import pytest
from messages_samples import every_message

from bot.messages.answers import not_read
from bot.messages.message import Message
from bot.messages.names import DEFAULT, Names
from bot.messages.render import fits, named
from bot.sandbox.gallery.gallery import calls
from bot.sandbox.slack.blocks import Surface, block_problems
from bot.settings.fields import Settings

MESSAGES = [pytest.param(call, id=name) for name, call in calls() if get_type_hints(call.func)["return"] is Message]
STAGING = Names("/cancel-staging", "staging")
NASTY = Names(f"/{'c' * 31}", "<!channel> *b* & `x`".ljust(40, "\U0001f600"))


@pytest.mark.parametrize("call", MESSAGES)
def test_a_message_names_the_installation_once_and_no_command_but_its_own(call: partial[Any]) -> None:
    message = named(call(), STAGING)

    assert 1 == message.text.replace(STAGING.command, "").count("staging")
    assert DEFAULT.command not in f"{message.text}{message.blocks}" or call.func is not_read


@pytest.mark.long
def test_slack_takes_the_largest_messages_under_the_longest_name() -> None:
    messages = {name: named(message, NASTY) for name, message in every_message("<!here> " * 600).items()}

    assert [] == [name for name, each in messages.items() if block_problems(list(each.blocks), Surface.MESSAGE)]
    assert [] == [name for name, each in messages.items() if not fits(each)]


def test_messages_and_settings_agree_on_the_default() -> None:
    settings = Settings()

    assert (DEFAULT.command, DEFAULT.installation) == (settings.command_name, settings.installation_name)
