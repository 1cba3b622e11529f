"""The message that every builder returns and the Slack client sends."""

from dataclasses import dataclass
from typing import Any

from bot.messages.document import Part


@dataclass(frozen=True, slots=True)
class Message:
    """A message ready to send: `text` says all that `blocks` say (screen readers read only `text`)."""

    text: str
    blocks: tuple[dict[str, Any], ...] = ()
    plainer: tuple[tuple[dict[str, Any], ...], ...] = ()
    """What to show instead where Slack refuses the blocks, the first of them that it takes; after the last, the text
    alone."""
    alone: str = ""
    """The text without its buttons, for where Slack takes none of the blocks: there is nothing to press there."""
    parts: tuple[Part, ...] = ()
    """What it was rendered from, for `bot.messages.render.named`."""
