"""Renders blocks as a person sees them: plain text for assertions and the terminal, and the buttons to press."""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ShownButton:
    """A button on the screen. `style` is "", "primary" or "danger"."""

    text: str
    action_id: str
    value: str
    style: str
    block_id: str
    element: Json

    @property
    def confirm(self) -> Json | None:
        """The confirmation dialog Slack would show first, if any."""
        return self.element.get("confirm")


def elements_of(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every interactive element with its block, those in a container's children included."""
    for block in blocks:
        for element in _elements_in(block):
            if "action_id" in element:
                yield block, element
        yield from elements_of(block.get("child_blocks", []))


def _elements_in(block: Json) -> list[Json]:
    if block["type"] == "section" and "accessory" in block:
        return [block["accessory"]]
    if block["type"] == "input":
        return [block["element"]]
    return list(block["elements"]) if block["type"] == "actions" else []


def buttons_of(blocks: list[Json]) -> list[ShownButton]:
    """The buttons of these blocks, in reading order."""
    return [
        ShownButton(
            text=element["text"]["text"],
            action_id=element["action_id"],
            value=element.get("value", ""),
            style=element.get("style", ""),
            block_id=block["block_id"],
            element=element,
        )
        for block, element in elements_of(blocks)
        if element["type"] == "button"
    ]


def render(blocks: list[Json]) -> str:
    """One line or more for each block; formatting is dropped, control sequences are shown as they are."""
    return "\n".join(line for block in blocks for line in _block_lines(block))


def _block_lines(block: Json) -> list[str]:
    lines = _LINES.get(block["type"])
    return lines(block) if lines else [f"<{block['type']}>"]


def _one_text(block: Json) -> list[str]:
    return [_text(block["text"])]


def _section(block: Json) -> list[str]:
    texts = [block["text"]] if "text" in block else []
    accessory = [_element(block["accessory"])] if "accessory" in block else []
    return [_text(text) for text in (*texts, *block.get("fields", []))] + accessory


def _input(block: Json) -> list[str]:
    hint = [_text(block["hint"])] if "hint" in block else []
    return [f"{_text(block['label'])}: {_element(block['element'])}", *hint]


def _container(block: Json) -> list[str]:
    title = _block_lines(block["rich_text_title"]) if "rich_text_title" in block else [_text(block["title"])]
    title += [_text(block["subtitle"])] if "subtitle" in block else []
    return title + [line for child in block["child_blocks"] for line in _block_lines(child)]


def _table(block: Json) -> list[str]:
    rows = [[_cell(cell) for cell in row] for row in block["rows"]]
    if len(rows[0]) <= 2:
        return [": ".join(row) for row in rows]
    (first, *names), *others = rows
    named = (f"{name}: {', '.join(map(' '.join, zip(names, cells, strict=True)))}" for name, *cells in others)
    return [f"{first}:", *named]


def _chart(chart: Json) -> list[str]:
    series = chart.get("series") or [{"name": "", "data": chart["segments"]}]
    return [" ".join((each["name"], *map(_point, each["data"]))) for each in series]


def _point(point: Json) -> str:
    return f"{point['label']}={point['value']}"


_LINES: Mapping[str, Callable[[Json], list[str]]] = {
    "header": _one_text,
    "markdown": _one_text,
    "alert": _one_text,
    "section": _section,
    "context": lambda block: [" ".join(_text(part) for part in block["elements"])],
    "divider": lambda block: ["---"],
    "actions": lambda block: [" ".join(_element(part) for part in block["elements"])],
    "input": _input,
    "rich_text": lambda block: [line for part in block["elements"] for line in _rich_lines(part)],
    "table": _table,
    "container": _container,
    "data_visualization": lambda block: [block["title"], *_chart(block["chart"])],
}


def as_read(text: str) -> str:
    """Slack's formatting as a person reads it: ids for mentions, the fallback for a date, the label for a link."""
    for pattern, shown in _CONTROL.items():
        text = pattern.sub(shown, text)
    return html.unescape(text)


_CONTROL = {
    re.compile(r"<!date\^[^|>]*\|([^>]*)>"): r"\1",
    re.compile(r"<!subteam\^([^>|]*)>"): r"@\1",
    re.compile(r"<([@#][^>|]*)>"): r"\1",
    re.compile(r"<https?://[^>|]*\|([^>]*)>"): r"\1",
}


def _text(value: object) -> str:
    if isinstance(value, dict) and value.get("type") == "mrkdwn":
        return as_read(str(value["text"]))
    return str(value.get("text", value.get("alt_text", ""))) if isinstance(value, dict) else str(value)


def _element(element: Json) -> str:
    match element["type"]:
        case "button":
            return f"[{element['text']['text']}]"
        case "plain_text_input":
            return f"<{element.get('initial_value', '')}>"
        case "static_select" | "overflow" | "checkboxes" | "radio_buttons":
            return "(" + " / ".join(option["text"]["text"] for option in element.get("options", [])) + ")"
        case other:
            return f"<{other}>"


def _rich_lines(part: Json) -> list[str]:
    if part["type"] == "rich_text_list":
        ordered = part["style"] == "ordered"
        marks = (f"{n}." if ordered else "•" for n in range(1 + part.get("offset", 0), 10_000))
        return [f"{mark} {_inline(item['elements'])}" for mark, item in zip(marks, part["elements"], strict=False)]
    mark = "> " if part["type"] == "rich_text_quote" else ""
    return [mark + line for line in _inline(part["elements"]).split("\n")]


def _inline(parts: list[Json]) -> str:
    return "".join(_inline_one(part) for part in parts)


def _inline_one(part: Json) -> str:
    shown = _INLINE.get(part["type"])
    return shown(part) if shown else f"<{part['type']}>"


_INLINE: Mapping[str, Callable[[Json], str]] = {
    "text": lambda part: str(part["text"]),
    "user": lambda part: f"@{part['user_id']}",
    "usergroup": lambda part: f"@{part['usergroup_id']}",
    "channel": lambda part: f"#{part['channel_id']}",
    "link": lambda part: str(part.get("text") or part["url"]),
    "date": lambda part: str(part.get("fallback") or part["timestamp"]),
    "emoji": lambda part: f":{part['name']}:",
    "broadcast": lambda part: f"@{part['range']}",
}


def _cell(cell: Json) -> str:
    if cell["type"] == "rich_text":
        return " ".join(line for part in cell["elements"] for line in _rich_lines(part))
    return str(cell.get("text", cell.get("value", "")))
