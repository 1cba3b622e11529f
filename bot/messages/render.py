"""PURE: parts of a message into blocks and text. All escaping and all of Slack's limits are here.

Blocks hold what people typed only as `plain_text` or as text elements of rich text, where Slack formats nothing.
In `text`, `&`, `<` and `>` are escaped, so that nothing typed can ping or link
(https://docs.slack.dev/messaging/formatting-message-text); it is sent with `parse` none and `mrkdwn` false.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, assert_never

from bot.messages.document import (
    Bold,
    Bullets,
    Button,
    Buttons,
    Channel,
    Code,
    Divider,
    Group,
    Heading,
    Line,
    Link,
    Note,
    Paragraph,
    Part,
    Span,
    Typed,
    User,
    When,
)
from bot.messages.message import Message
from bot.typed_text import tidy

Json = dict[str, Any]

LONGEST_TEXT = 3_900
LONGEST_MESSAGE = 12_000
"""Characters of the text and of the blocks as JSON together; Slack refuses somewhere above 13,000."""
MOST_BLOCKS = 50
LONGEST_HEADING = 150
LONGEST_LABEL = 75
LONGEST_NOTE = 1_000
BUTTONS_IN_A_ROW = 25

DATE_FORMAT = "{date_short_pretty} at {time}"

_USER = re.compile(r"[UW][A-Z0-9]+")
_GROUP = re.compile(r"S[A-Z0-9]+")
_CHANNEL = re.compile(r"[CG][A-Z0-9]+")
_DIRECT = re.compile(r"D[A-Z0-9]+")
_URL = re.compile(r"https?://[^\s<>|\"]+")


@dataclass(frozen=True, slots=True)
class _Room:
    """How much is shown: characters of what was typed, items of a list, items of a list that should stay whole."""

    typed: int
    items: int
    whole: int


_AMPLE = 10_000
_ROOMS = (
    *(_Room(_AMPLE, items, _AMPLE) for items in (20, 15, 10, 7, 5, 3)),
    *(_Room(typed, 3, _AMPLE) for typed in (100, 50, 24, 12)),
    *(_Room(12, 1, whole) for whole in (_AMPLE, 8, 4, 1)),
    _Room(12, 0, 0),
)


def render(parts: Sequence[Part]) -> Message:
    """The message of these parts, within Slack's limits whatever they hold; shortened the same in text and blocks."""
    for room in _ROOMS:
        message = _message(parts, room)
        if fits(message):
            return message
    return _cut_down(parts)


def rich_text(lines: Sequence[Line]) -> Json:
    """The block of these lines alone, for a view; the caller keeps them short."""
    return _section(_elements(lines, _ROOMS[0]))


def fits(message: Message) -> bool:
    """Whether Slack takes the message as it is."""
    text = width(message.text)
    blocks = width(json.dumps(message.blocks, ensure_ascii=False, separators=(",", ":")))
    return text <= LONGEST_TEXT and text + blocks <= LONGEST_MESSAGE and len(message.blocks) <= MOST_BLOCKS


def width(text: str) -> int:
    """Characters as Slack counts them: those beyond the basic plane, such as most emoji, count twice."""
    return len(text) + sum(character > "\uffff" for character in text)


def cut(text: str, most: int) -> str:
    """The text, or as much of its beginning as fits with `…` after it."""
    if width(text) <= most:
        return text
    kept = text[: most - 1]
    while width(kept) > most - 1:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def escape(text: str) -> str:
    """For `text`: nothing in it is a control sequence of Slack's any more."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut_down(parts: Sequence[Part]) -> Message:
    """The last resort: content goes from the end on, buttons and small print stay."""
    kept = list(parts)
    notice = Paragraph((("This message was too long and is shown in part.",),))
    while True:
        content = [part for part in kept if not isinstance(part, Buttons | Note)]
        message = _message((*kept, notice), _ROOMS[-1])
        if fits(message):
            return message
        if content:
            kept.remove(content[-1])
        else:
            kept.pop()


def _message(parts: Sequence[Part], room: _Room) -> Message:
    blocks: list[Json] = []
    lines: list[str] = []
    for part in parts:
        lines += _text_lines(part, room)
        follows_paragraph = bool(blocks) and blocks[-1]["type"] == "rich_text" and isinstance(part, Bullets)
        for block in _blocks(part, room):
            if follows_paragraph:
                blocks[-1]["elements"] += block["elements"]
            else:
                blocks.append(block)
    return Message("\n".join(lines), tuple(blocks))


def _blocks(part: Part, room: _Room) -> Iterator[Json]:
    match part:
        case Heading(text):
            yield {"type": "header", "text": _plain_text(cut(tidy(text), LONGEST_HEADING))}
        case Paragraph(lines):
            if elements := _elements(lines, room):
                yield _section(elements)
        case Bullets():
            items = [_elements((line,), room) for line in _shown(part, room)]
            sections = [{"type": "rich_text_section", "elements": elements} for elements in items if elements]
            if sections:
                listed = {"type": "rich_text_list", "style": "bullet", "elements": sections}
                yield {"type": "rich_text", "elements": [listed]}
        case Note(text):
            yield {"type": "context", "elements": [_plain_text(cut(tidy(text), LONGEST_NOTE))]}
        case Divider():
            yield {"type": "divider"}
        case Buttons(buttons):
            for start in range(0, len(buttons), BUTTONS_IN_A_ROW):
                row = buttons[start : start + BUTTONS_IN_A_ROW]
                yield {"type": "actions", "elements": [_button(button) for button in row]}
        case _:
            assert_never(part)


def _text_lines(part: Part, room: _Room) -> list[str]:
    match part:
        case Heading(text):
            return [escape(cut(tidy(text), LONGEST_HEADING))]
        case Paragraph(lines):
            return ["".join(_span_text(span, room) for span in line) for line in lines]
        case Bullets():
            return ["• " + "".join(_span_text(span, room) for span in line) for line in _shown(part, room)]
        case Note(text):
            return [escape(cut(tidy(text), LONGEST_NOTE))]
        case Divider():
            return [""]
        case Buttons(buttons):
            return [" ".join(f"[{escape(_label(button))}]" for button in buttons)] if buttons else []
        case _:
            assert_never(part)


def _shown(part: Bullets, room: _Room) -> tuple[Line, ...]:
    """The items that fit and, where there are more, how many and where to see them."""
    items = part.items[: room.whole if part.whole else room.items]
    more = part.count - len(items)
    if not more:
        return items
    said = f"… and {more:,} more" if items else f"{more:,} in all"
    return (*items, (said, " — ", Code(part.where)) if part.where else (said,))


def _elements(lines: Sequence[Line], room: _Room) -> list[Json]:
    """Rich text elements of these lines; plain texts beside each other are one element."""
    elements: list[Json] = []
    for number, line in enumerate(lines):
        for span in ("\n", *line) if number else line:
            element = _span_element(span, room)
            if element.get("text") == "":
                continue
            if elements and _is_bare(element) and _is_bare(elements[-1]):
                elements[-1] = {"type": "text", "text": elements[-1]["text"] + element["text"]}
            else:
                elements.append(element)
    return elements


def _section(elements: list[Json]) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def _is_bare(element: Json) -> bool:
    return element["type"] == "text" and "style" not in element


def _span_element(span: Span, room: _Room) -> Json:
    match span:
        case Bold(text):
            return {"type": "text", "text": tidy(text), "style": {"bold": True}}
        case Code(text):
            return {"type": "text", "text": tidy(text), "style": {"code": True}}
        case User(user_id) if _USER.fullmatch(user_id):
            return {"type": "user", "user_id": user_id}
        case Group(usergroup_id) if _GROUP.fullmatch(usergroup_id):
            return {"type": "usergroup", "usergroup_id": usergroup_id}
        case Channel(channel_id) if _CHANNEL.fullmatch(channel_id):
            return {"type": "channel", "channel_id": channel_id}
        case When(at):
            seconds = int(at.timestamp())
            return {"type": "date", "timestamp": seconds, "format": DATE_FORMAT, "fallback": _utc(at)}
        case Link(url, label) if _URL.fullmatch(url):
            return {"type": "link", "url": url, "text": tidy(label)}
        case _:
            return {"type": "text", "text": _words(span, room)}


def _span_text(span: Span, room: _Room) -> str:
    match span:
        case Bold(text) | Code(text):
            return escape(tidy(text))
        case User(user_id) if _USER.fullmatch(user_id):
            return f"<@{user_id}>"
        case Group(usergroup_id) if _GROUP.fullmatch(usergroup_id):
            return f"<!subteam^{usergroup_id}>"
        case Channel(channel_id) if _CHANNEL.fullmatch(channel_id):
            return f"<#{channel_id}>"
        case When(at):
            return f"<!date^{int(at.timestamp())}^{DATE_FORMAT}|{_utc(at)}>"
        case Link(url, label) if _URL.fullmatch(url):
            return f"<{url.replace('&', '&amp;')}|{escape(tidy(label)).replace('|', '/')}>"
        case _:
            return escape(_words(span, room))


def _words(span: Span, room: _Room) -> str:
    """A span that is nothing but words: the bot's own, what was typed, and what is no id or address of Slack's."""
    match span:
        case str():
            return span
        case Typed(text, most):
            return cut(tidy(text), min(most, room.typed))
        case Channel(channel_id) if _DIRECT.fullmatch(channel_id):
            return "a direct message"
        case User(text) | Group(text) | Channel(text):
            return cut(tidy(text), 40)
        case Link(_, text) | Bold(text) | Code(text):
            return tidy(text)
        case When(at):
            return _utc(at)
        case _:
            assert_never(span)


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _plain_text(text: str) -> Json:
    return {"type": "plain_text", "text": text or "—", "emoji": False}


def _label(button: Button) -> str:
    return cut(tidy(button.label), LONGEST_LABEL)


def _button(button: Button) -> Json:
    made: Json = {
        "type": "button",
        "text": _plain_text(_label(button)),
        "action_id": button.action.value,
        "value": button.value,
    }
    return made | ({"style": button.style.value} if button.style else {})
