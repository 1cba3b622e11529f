"""The gallery holds every message and view there is, and each is one that Slack takes and everybody can read."""

import html
import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest

import bot.messages
from bot.domain.commands.order_ids import BadId, BadIds, RequestIdGiven
from bot.domain.commands.parser import ParseError
from bot.domain.files.results import FileError
from bot.messages.message import Message
from bot.messages.steering import ALL_STEERED, STEERED
from bot.sandbox.gallery.answers import FILES, mistakes
from bot.sandbox.gallery.approvals import ALL_STEERED as SAMPLES_OF_ALL_STEERED
from bot.sandbox.gallery.approvals import STEERED as SAMPLES_OF_STEERED
from bot.sandbox.gallery.gallery import Sample, gallery
from bot.sandbox.slack.blocks import Surface, block_problems, view_problems
from bot.sandbox.slack.render import render

SAMPLES = gallery()
MESSAGES = [sample for sample in SAMPLES if sample.surface == "message"]

NO_MESSAGES_OF_THEIR_OWN = frozenset({"render.render"})
"""Functions that return a message and are no builders: what all builders are made with."""


def named(samples: list[Sample] | tuple[Sample, ...]) -> list[Any]:
    return [pytest.param(sample, id=sample.name) for sample in samples]


def builders() -> Iterator[str]:
    for module in pkgutil.iter_modules(bot.messages.__path__):
        loaded = importlib.import_module(f"bot.messages.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            own = function.__module__ == loaded.__name__ and not name.startswith("_")
            if own and (get_type_hints(function).get("return") is Message or name.endswith("_view")):
                yield f"{module.name}.{name}"


def test_every_builder_of_a_message_or_view_is_in_the_gallery() -> None:
    shown = {sample.builder for sample in SAMPLES}

    assert set() == set(builders()) - NO_MESSAGES_OF_THEIR_OWN - shown


def test_every_way_in_which_something_cannot_be_read_is_in_the_gallery() -> None:
    found = [error for _, error in mistakes()]
    ids = [bad for error in found if isinstance(error, BadIds) for bad in error.first]

    assert set() == set(get_args(ParseError)) - set(map(type, found)) - {RequestIdGiven}
    assert set() == set(get_args(BadId)) - set(map(type, ids))
    assert set() == set(get_args(FileError)) - set(map(type, FILES))


def test_every_answer_to_who_steers_is_in_the_gallery() -> None:
    assert STEERED == set(SAMPLES_OF_STEERED)
    assert ALL_STEERED == set(SAMPLES_OF_ALL_STEERED)


def test_no_two_samples_have_the_same_name() -> None:
    names = [sample.name for sample in SAMPLES]

    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("sample", named(SAMPLES))
def test_slack_takes_it(sample: Sample) -> None:
    if sample.surface == "message":
        problems = block_problems(sample.content["blocks"], Surface.MESSAGE)
    else:
        problems = view_problems(sample.content)

    assert [] == problems


@pytest.mark.parametrize("sample", named(MESSAGES))
def test_a_message_is_within_the_limits_of_the_design(sample: Sample) -> None:
    text, blocks = sample.content["text"], json.dumps(sample.content["blocks"], ensure_ascii=False)

    assert len(text) <= 3_900
    assert len(text) + len(blocks) <= 13_000


@pytest.mark.parametrize("sample", named(MESSAGES))
def test_the_text_says_all_that_the_blocks_say(sample: Sample) -> None:
    shown = [line for line in render(sample.content["blocks"]).split("\n") if line != "---"]

    assert words("\n".join(shown)) == words(as_read(sample.content["text"]))


@pytest.mark.parametrize("sample", named(SAMPLES))
def test_nothing_that_was_typed_can_ping_or_format(sample: Sample) -> None:
    assert "<!channel>" not in sample.content.get("text", "")
    assert not {"mrkdwn", "broadcast", "markdown"} & set(types(sample.content["blocks"]))


def test_what_was_typed_is_really_in_the_samples() -> None:
    with_it = [sample for sample in MESSAGES if "&lt;!channel&gt;" in sample.content["text"]]

    assert len(with_it) > len(MESSAGES) / 3


def as_read(text: str) -> str:
    """The text as a person reads it: names for mentions, the fallback for a date, the label for a link."""
    plain = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", text)
    plain = re.sub(r"<!subteam\^([^>|]*)>", r"@\1", plain)
    plain = re.sub(r"<([@#][^>|]*)>", r"\1", plain)
    plain = re.sub(r"<https?://[^>|]*\|([^>]*)>", r"\1", plain)
    return html.unescape(plain)


def words(text: str) -> list[str]:
    return text.split()


def types(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("type"), str):
            yield value["type"]
        for inner in value.values():
            yield from types(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from types(inner)
