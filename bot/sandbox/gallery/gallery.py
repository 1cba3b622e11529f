"""The gallery: every message and view the bot can send, made by the real builders from sample facts.

One entry at least for each public builder of `bot.messages`; a test fails when one is missing here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.messages.message import Message
from bot.sandbox.gallery.answers import made as made_answers
from bot.sandbox.gallery.approvals import made as made_about_approvals
from bot.sandbox.gallery.reports import made as made_reports
from bot.sandbox.gallery.requests import made as made_about_requests


@dataclass(frozen=True, slots=True)
class Sample:
    """One message (or view) as it is sent: what it is, which builder made it, where it is shown."""

    name: str
    builder: str
    """The builder, as `module.function`."""
    surface: str
    """`message`, `modal` or `home`."""
    content: dict[str, Any]
    """`text` and `blocks` of a message, or the view."""


def calls() -> Iterator[tuple[str, partial[Any]]]:
    """The name of every sample, and the call of its builder with what it is made of."""
    for made in (made_about_requests, made_about_approvals, made_reports, made_answers):
        yield from made()


def gallery() -> tuple[Sample, ...]:
    """All samples, in the order in which a request meets them."""
    return tuple(_sample(name, call) for name, call in calls())


def _sample(name: str, call: partial[Any]) -> Sample:
    content: Message | dict[str, Any] = call()
    builder = f"{call.func.__module__.removeprefix('bot.messages.')}.{call.func.__name__}"
    if isinstance(content, Message):
        return Sample(name, builder, "message", {"text": content.text, "blocks": list(content.blocks)})
    return Sample(name, builder, str(content["type"]), content)
