"""PURE: parts of a message into blocks and text. All escaping and all of Slack's limits are here.

Blocks hold what people typed only as `plain_text` or as text elements of rich text, where Slack formats nothing.
In `text`, `&`, `<` and `>` are escaped, so that nothing typed can ping or link
(https://docs.slack.dev/messaging/formatting-message-text); it is sent with `parse` none and `mrkdwn` false.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from bot.domain.commands.typed_text import tidy
from bot.messages.document import (
    Bullets,
    Button,
    Buttons,
    CodeText,
    Divider,
    Heading,
    Line,
    Note,
    Paragraph,
    Part,
)
from bot.messages.inline import AMPLE, Json, Room, cut, elements, escape, span_text, width
from bot.messages.message import Message

LONGEST_TEXT = 3_900
LONGEST_MESSAGE = 12_000
"""Characters of the text and of the blocks as JSON together; Slack refuses somewhere above 13,000."""
MOST_BLOCKS = 50
LONGEST_HEADING = 150
LONGEST_LABEL = 75
LONGEST_NOTE = 1_000
BUTTONS_IN_A_ROW = 25

_ROOMS = (
    *(Room(items=items) for items in (20, 15, 10, 7, 5, 3)),
    *(Room(typed=typed, items=3) for typed in (140, 100, 70, 50, 35, 24, 12)),
    *(Room(typed=12, items=1, whole_typed=most) for most in (500, 300, 150, 60, 12)),
    *(Room(typed=6, items=1, whole_typed=12, whole_items=items) for items in (AMPLE, 8, 4, 1)),
    Room(typed=12, items=0, whole_typed=12, whole_items=0),
)
"""From ample to none: what can be seen elsewhere goes first."""


def render(parts: Sequence[Part]) -> Message:
    """The message of these parts, within Slack's limits whatever they hold; shortened the same in text and blocks."""
    for room in _ROOMS:
        message = _message(parts, room)
        if fits(message):
            return message
    return _cut_down(parts)


def rich_text(lines: Sequence[Line]) -> Json:
    """The block of these lines alone, for a view; the caller keeps them short."""
    return _section(elements(lines, _ROOMS[0]))


def fits(message: Message) -> bool:
    """Whether Slack takes the message as it is."""
    text = width(message.text)
    blocks = width(json.dumps(message.blocks, ensure_ascii=False, separators=(",", ":")))
    return text <= LONGEST_TEXT and text + blocks <= LONGEST_MESSAGE and len(message.blocks) <= MOST_BLOCKS


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


def _message(parts: Sequence[Part], room: Room) -> Message:
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


def _blocks(part: Part, room: Room) -> Iterator[Json]:
    match part:
        case Heading(text):
            yield {"type": "header", "text": _plain_text(cut(tidy(text), LONGEST_HEADING))}
        case Paragraph(lines):
            if made := elements(lines, room):
                yield _section(made)
        case Bullets():
            yield from _list(elements((line,), room) for line in _shown(part, room))
        case Note(text):
            yield {"type": "context", "elements": [_plain_text(cut(tidy(text), LONGEST_NOTE))]}
        case Divider():
            yield {"type": "divider"}
        case Buttons(buttons):
            yield from _rows(buttons)
        case _:
            assert_never(part)


def _list(items: Iterable[list[Json]]) -> Iterator[Json]:
    sections = [{"type": "rich_text_section", "elements": item} for item in items if item]
    if sections:
        listed = {"type": "rich_text_list", "style": "bullet", "elements": sections}
        yield {"type": "rich_text", "elements": [listed]}


def _rows(buttons: Sequence[Button]) -> Iterator[Json]:
    for start in range(0, len(buttons), BUTTONS_IN_A_ROW):
        row = buttons[start : start + BUTTONS_IN_A_ROW]
        yield {"type": "actions", "elements": [_button(button) for button in row]}


def _text_lines(part: Part, room: Room) -> list[str]:
    match part:
        case Heading(text):
            return [escape(cut(tidy(text), LONGEST_HEADING))]
        case Paragraph(lines):
            return ["".join(span_text(span, room) for span in line) for line in lines]
        case Bullets():
            return ["• " + "".join(span_text(span, room) for span in line) for line in _shown(part, room)]
        case Note(text):
            return [escape(cut(tidy(text), LONGEST_NOTE))]
        case Divider():
            return [""]
        case Buttons(buttons):
            return [" ".join(f"[{escape(_label(button))}]" for button in buttons)] if buttons else []
        case _:
            assert_never(part)


def _shown(part: Bullets, room: Room) -> tuple[Line, ...]:
    """The items that fit and, where there are more, how many and where to see them."""
    items = part.items[: room.whole_items if part.whole else room.items]
    more = part.count - len(items)
    if not more:
        return items
    said = f"… and {more:,} more" if items else f"{more:,} in all"
    return (*items, (said, " — ", CodeText(part.where)) if part.where else (said,))


def _section(made: list[Json]) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": made}]}


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
