"""The gallery holds every message and view there is, and each is one that Slack takes and everybody can read."""

import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from functools import partial
from typing import Any, get_args, get_type_hints

import pytest
from messages_facts import said_twice, shown, twice

import bot.messages
from bot.domain.commands.order_ids import BadId, BadIds, RequestIdGiven
from bot.domain.commands.parser import ParseError
from bot.domain.files.results import FileError
from bot.messages.message import Message
from bot.messages.run_control import CONTROL_ANSWERS, PAUSE_ANSWERS
from bot.sandbox.gallery.answers import FILES, mistakes
from bot.sandbox.gallery.approvals import CONTROL_ANSWERS as CONTROL_SAMPLES
from bot.sandbox.gallery.approvals import PAUSE_ANSWERS as PAUSE_SAMPLES
from bot.sandbox.gallery.facts import ANN, MIXED
from bot.sandbox.gallery.gallery import Sample, calls, gallery
from bot.sandbox.slack.blocks import Surface, block_problems, view_problems
from bot.sandbox.slack.render import as_read, render

SAMPLES = gallery()
MESSAGES = [sample for sample in SAMPLES if sample.surface == "message"]

NO_MESSAGES_OF_THEIR_OWN = frozenset({"render.render", "render.named", "render.signed_view", "preview_ended.about"})
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
    assert set(CONTROL_ANSWERS) == set(CONTROL_SAMPLES)
    assert set(PAUSE_ANSWERS) == set(PAUSE_SAMPLES)


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
    # A chart draws what the table beside it says.
    blocks = [block for block in sample.content["blocks"] if block["type"] != "data_visualization"]
    shown = [line for line in render(blocks).split("\n") if line != "---"]

    assert words("\n".join(shown)) == words(as_read(sample.content["text"]))


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in calls()])
def test_no_fact_of_a_message_stands_twice_in_it(call: partial[Any]) -> None:
    seen, text = shown(call())

    assert [] == twice(call, seen)
    assert [] == twice(call, text)


def test_a_fact_that_stands_twice_is_noticed() -> None:
    line = f"R-7K3F9Q: 99 cancelled · 1 rejected, asked by @{ANN} because duplicate <!channel> *of* an order & more"

    assert [] == said_twice(line, [MIXED])
    assert ["1 rejected", "99 cancelled", "@U0ANN0001", "R-7K3F9Q", "duplicate <!channel> *of*"] == [
        fact.rpartition(" (2")[0] for fact in said_twice(f"{line}\n{line}", [MIXED])
    ]


@pytest.mark.parametrize("sample", named(SAMPLES))
def test_nothing_that_was_typed_can_ping_or_format(sample: Sample) -> None:
    assert "<!channel>" not in sample.content.get("text", "")
    assert not {"broadcast", "markdown"} & set(types(sample.content["blocks"]))
    assert [] == [text for text in formatted(sample.content["blocks"]) if "!channel" in text]


def test_what_was_typed_is_really_in_the_samples() -> None:
    with_it = [sample for sample in MESSAGES if "&lt;!channel&gt;" in sample.content["text"]]

    assert len(with_it) > len(MESSAGES) / 3


def formatted(value: object) -> Iterator[str]:
    """What Slack formats: our own mentions and times, in small print."""
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for inner in value.values():
            yield from formatted(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from formatted(inner)


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
