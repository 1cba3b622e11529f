"""PURE: renders parts of a message as blocks and text, with all escaping and all of Slack's limits.

Blocks hold what people typed only as `plain_text` or as text elements of rich text, where Slack formats nothing; small
print, which needs Slack's formatting for its mentions and times, has what is ours alone in it.
In `text`, `&`, `<` and `>` are escaped, so that nothing typed can ping or link
(https://docs.slack.dev/messaging/formatting-message-text); it is sent with `parse` none and `mrkdwn` false.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, assert_never

from bot.domain.commands.typed_text import tidy
from bot.messages.data_blocks import chart_block, table_block, table_lines
from bot.messages.document import (
    AUDIT_HEAD,
    Bullets,
    Button,
    Buttons,
    Chart,
    Divider,
    Heading,
    Line,
    Note,
    Paragraph,
    Part,
    Table,
    Typed,
)
from bot.messages.inline import AMPLE, Json, Room, context_elements, cut, elements, escape, is_cut, span_text, width
from bot.messages.message import Message
from bot.messages.names import DEFAULT, Names

LONGEST_TEXT = 3_900
LONGEST_MESSAGE = 12_000
"""Characters of the text and of the blocks as JSON together; Slack refuses somewhere above 13,000."""
MOST_BLOCKS = 50
LONGEST_HEADING = 150
LONGEST_LABEL = 75
BUTTONS_IN_A_ROW = 25

_ROOMS = (
    *(Room(items=items) for items in (20, 15, 10)),
    # Up to ten orders are named before anything typed is whole.
    *(Room(typed=typed, items=10) for typed in (140, 100, 70, 50, 35)),
    *(Room(typed=35, items=items) for items in (7, 5, 3)),
    *(Room(typed=typed, items=3) for typed in (24, 12)),
    *(Room(typed=12, items=1, whole_typed=most) for most in (500, 300, 150, 60, 12)),
    *(Room(typed=6, items=1, whole_typed=12, whole_items=items) for items in (AMPLE, 8, 4, 1)),
    Room(typed=12, items=0, whole_typed=12, whole_items=0),
)
"""From ample to none: what can be seen elsewhere goes first."""


def render(parts: Sequence[Part], names: Names = DEFAULT) -> Message:
    """The message of these parts, within Slack's limits whatever they hold; shortened the same in text and blocks.

    Builders know no names: whoever sends what they return gives them (`named`)."""
    signed = _signed(parts, names)
    rooms = (replace(room, command=names.command) for room in _ROOMS)
    messages = (_message(signed, room) for room in rooms)
    return replace(next(filter(fits, messages), None) or _cut_down(signed, names), parts=tuple(parts))


def named(message: Message, names: Names) -> Message:
    """The message as this installation shows it: with its command, and its name in the small print."""
    return message if names == DEFAULT or not message.parts else render(message.parts, names)


def signed_view(view: Mapping[str, Any], names: Names) -> Json:
    """The modal with the installation's name at its end."""
    signature = render((), names).blocks if names.installation else ()
    return {**view, "blocks": [*view["blocks"], *signature]}


def rich_text(lines: Sequence[Line]) -> Json:
    """The block of these lines alone, for a view; the caller keeps them short."""
    return _section(elements(lines, _ROOMS[0]))


def fits(message: Message) -> bool:
    """Whether Slack takes the message as it is."""
    text = width(message.text)
    blocks = width(json.dumps(message.blocks, ensure_ascii=False, separators=(",", ":")))
    return text <= LONGEST_TEXT and text + blocks <= LONGEST_MESSAGE and len(message.blocks) <= MOST_BLOCKS


def _signed(parts: Sequence[Part], names: Names) -> Sequence[Part]:
    """The parts with the installation's name in their small print: last, but before the audit head of a result."""
    if not names.installation:
        return parts
    name: Line = (Typed(names.installation, whole=True),)
    for number, part in enumerate(parts):
        if isinstance(part, Note):
            at = len(part.clauses) - str(part.clauses[-1][0]).startswith(AUDIT_HEAD)
            note = Note((*part.clauses[:at], name, *part.clauses[at:]))
            return (*parts[:number], note, *parts[number + 1 :])
    return (*parts, Note((name,)))


def _cut_down(parts: Sequence[Part], names: Names) -> Message:
    """The last resort: content goes from the end on, buttons and small print stay."""
    left = list(parts)
    notice = Paragraph((("This message was too long and is shown in part.",),))
    while True:
        content = [part for part in left if not isinstance(part, Buttons | Note)]
        message = _message((*left, notice), replace(_ROOMS[-1], command=names.command))
        if fits(message):
            return message
        if content:
            left.remove(content[-1])
        else:
            left.pop()


def _message(parts: Sequence[Part], room: Room) -> Message:
    if not any(_is_in_part(part, room) for part in parts):
        parts = [_without_when_cut(part) for part in parts]
    text = "\n".join(line for part in parts for line in _text_lines(part, room))
    without_chart = [part for part in parts if not isinstance(part, Chart)]
    plainer = (_all_blocks(without_chart, room),) if len(without_chart) < len(parts) else ()
    alone = "\n".join(line for part in parts if not isinstance(part, Buttons) for line in _text_lines(part, room))
    return Message(text, _all_blocks(parts, room), plainer, alone)


def _all_blocks(parts: Sequence[Part], room: Room) -> tuple[Json, ...]:
    blocks: list[Json] = []
    for part in parts:
        follows_paragraph = bool(blocks) and blocks[-1]["type"] == "rich_text" and isinstance(part, Bullets)
        for block in _blocks(part, room):
            if follows_paragraph:
                blocks[-1]["elements"] += block["elements"]
            else:
                blocks.append(block)
    return tuple(blocks)


def _blocks(part: Part, room: Room) -> Iterator[Json]:
    match part:
        case Paragraph(lines):
            yield from (_section(made) for made in (elements(lines, room),) if made)
        case Bullets():
            yield from _list(elements((line,), room) for line in _shown(part, room))
        case Buttons(buttons):
            yield from _rows(buttons)
        case _:
            yield _block(part, room)


def _block(part: Heading | Note | Divider | Table | Chart, room: Room) -> Json:
    match part:
        case Heading(text):
            return {"type": "header", "text": _plain_text(cut(tidy(text), LONGEST_HEADING))}
        case Note(clauses):
            return {"type": "context", "elements": context_elements(clauses, room)}
        case Divider():
            return {"type": "divider"}
        case Table():
            return table_block(part, room)
        case Chart():
            return chart_block(part)
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
        case Note(clauses):
            return [" · ".join("".join(span_text(span, room) for span in clause) for clause in clauses)]
        case Table():
            return table_lines(part, room)
        case Divider() | Chart():
            return [""] if isinstance(part, Divider) else []
        case Buttons(buttons):
            return [" ".join(f"[{escape(_label(button))}]" for button in buttons)] if buttons else []
        case _:
            assert_never(part)


def _without_when_cut(part: Part) -> Part:
    if not isinstance(part, Buttons):
        return part
    return Buttons(tuple(button for button in part.buttons if not button.when_cut))


def _is_in_part(part: Part, room: Room) -> bool:
    """Whether there is more of it than is shown."""
    match part:
        case Bullets():
            items = part.items[: room.whole_items if part.whole else room.items]
            return part.count > len(items) or any(is_cut(line, room) for line in items)
        case Paragraph(lines):
            return any(is_cut(line, room) for line in lines)
        case _:
            return False


def _shown(part: Bullets, room: Room) -> tuple[Line, ...]:
    """The items that fit and, where there are more, how many."""
    items = part.items[: room.whole_items if part.whole else room.items]
    more = part.count - len(items)
    if not more:
        return items
    rest = f"… and {more:,} more" if items else f"{more:,} in all"
    return (*items, (rest,))


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
