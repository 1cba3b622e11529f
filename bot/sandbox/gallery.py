"""The gallery: every message and view the bot can send, made by the real builders from sample facts.

One entry at least for each public builder of `bot.messages`; a test fails when one is missing here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.messages.message import Message
from bot.sandbox.gallery_answers import made as made_answers
from bot.sandbox.gallery_approvals import made as made_about_approvals
from bot.sandbox.gallery_requests import made as made_about_requests


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


def gallery() -> tuple[Sample, ...]:
    """All samples, in the order in which a request meets them."""
    return tuple(_samples())


def _samples() -> Iterator[Sample]:
    for made in (made_about_requests, made_about_approvals, made_answers):
        for name, builder, content in made():
            where = f"{builder.__module__.removeprefix('bot.messages.')}.{builder.__name__}"
            if isinstance(content, Message):
                yield Sample(name, where, "message", {"text": content.text, "blocks": list(content.blocks)})
            else:
                yield Sample(name, where, str(content["type"]), content)
