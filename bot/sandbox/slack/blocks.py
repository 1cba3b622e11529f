"""Slack's rules for blocks in messages, modals and the Home tab, and for the views that hold them."""

import json
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from enum import StrEnum
from typing import Any

from bot.sandbox.slack import elements
from bot.sandbox.slack.charts import CHART, MOST_CHARTS
from bot.sandbox.slack.checks import Check, Problems, both, by_type, fields, items, one_of, refuse, text, truth
from bot.sandbox.slack.render import elements_of

Json = dict[str, Any]

MOST_IN_A_MESSAGE = 13_200
"""Characters in all blocks of one message before Slack answers `msg_blocks_too_long` (measured, not documented)."""
MOST_BYTES_IN_A_VIEW = 250_000


class Surface(StrEnum):
    """Where blocks are shown."""

    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


BLOCK_ID = {"block_id": text(1, 255)}
MOST_BLOCKS = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
TABLE_CELL = by_type({"raw_text": fields({"text": text()}), "rich_text": elements.RICH_TEXT})

EVERYWHERE: dict[str, Check] = {
    "section": both(
        fields(
            {},
            {
                **BLOCK_ID,
                "text": elements.any_text(3000),
                "fields": items(elements.any_text(2000), 1, 10),
                "accessory": elements.ACCESSORY,
                "expand": truth,
            },
        ),
        refuse("text or fields is needed", lambda block: not {"text", "fields"} & set(block)),
    ),
    "header": fields({"text": elements.plain(150)}, BLOCK_ID),
    "context": fields({"elements": items(elements.CONTEXT_ELEMENT, 1, 10)}, BLOCK_ID),
    "divider": fields({}, BLOCK_ID),
    "actions": fields({"elements": items(elements.ACTION_ELEMENT, 1, 25)}, BLOCK_ID),
    "rich_text": elements.RICH_TEXT,
}


def _input(element: Check) -> Check:
    return fields(
        {"label": elements.plain(2000), "element": element},
        {**BLOCK_ID, "hint": elements.plain(2000), "optional": truth, "dispatch_action": truth},
    )


TABLE = fields(
    {"rows": items(items(TABLE_CELL, 1, 20), 1, 100)},
    {
        **BLOCK_ID,
        "column_settings": items(fields({}, {"align": one_of("left", "center", "right"), "is_wrapped": truth}), 1, 20),
    },
)
CONTAINER = both(
    fields(
        {"child_blocks": items(by_type(EVERYWHERE), 1, 10)},
        {
            **BLOCK_ID,
            "title": elements.plain(150),
            "rich_text_title": by_type({"rich_text": elements.RICH_TEXT}),
            "subtitle": elements.any_text(150),
            "width": one_of("narrow", "standard", "wide", "full"),
            "is_collapsible": truth,
            "default_collapsed": truth,
            "has_header_divider": truth,
        },
    ),
    refuse("title or rich_text_title is needed", lambda block: not {"title", "rich_text_title"} & set(block)),
    refuse(
        "default_collapsed requires is_collapsible",
        lambda block: bool(block.get("default_collapsed")) and not block.get("is_collapsible"),
    ),
)
ALERT = fields(
    {"text": elements.any_text(3000)}, {**BLOCK_ID, "level": one_of("default", "info", "warning", "error", "success")}
)
ALLOWED: dict[Surface, Check] = {
    Surface.MESSAGE: by_type(
        {
            **EVERYWHERE,
            "input": _input(elements.INPUT_ELEMENT),
            "table": TABLE,
            "data_visualization": CHART,
            "container": CONTAINER,
            "markdown": fields({"text": text(1, 12_000)}, BLOCK_ID),
        }
    ),
    Surface.MODAL: by_type({**EVERYWHERE, "input": _input(elements.MODAL_INPUT_ELEMENT), "alert": ALERT}),
    Surface.HOME: by_type({**EVERYWHERE, "input": _input(elements.INPUT_ELEMENT), "container": CONTAINER}),
}
VIEW_COMMON: dict[str, Check] = {
    "callback_id": text(0, 255),
    "private_metadata": text(0, 3000),
    "external_id": text(0, 255),
    "blocks": lambda value, at, problems: None,
}
VIEW = by_type(
    {
        "modal": fields(
            {"title": elements.plain(24), "blocks": VIEW_COMMON["blocks"]},
            {
                **VIEW_COMMON,
                "submit": elements.plain(24),
                "close": elements.plain(24),
                "clear_on_close": truth,
                "notify_on_close": truth,
                "submit_disabled": truth,
            },
        ),
        "home": fields({"blocks": VIEW_COMMON["blocks"]}, VIEW_COMMON),
    }
)


def block_problems(blocks: object, surface: Surface, at: str = "/blocks") -> list[str]:
    """Everything Slack would refuse in these blocks, in its words with JSON pointers; empty when they are fine."""
    problems = Problems()
    items(ALLOWED[surface], 0, MOST_BLOCKS[surface])(blocks, at, problems)
    if not problems.messages and isinstance(blocks, list):
        _uniqueness(blocks, at, problems)
        _tables(blocks, at, problems)
    return problems.messages


def view_problems(view: object, surfaces: tuple[Surface, ...] = (Surface.MODAL, Surface.HOME)) -> list[str]:
    """Everything Slack would refuse in this view, which must be for one of the surfaces."""
    problems = Problems()
    VIEW(view, "/view", problems)
    if problems.messages or not isinstance(view, dict):
        return problems.messages
    if view["type"] not in surfaces:
        problems.add(f"a view of type {view['type']} is not possible here", "/view/type")
    problems.messages += block_problems(view["blocks"], Surface(view["type"]), "/view/blocks")
    if view["type"] == "modal" and not problems.messages and "submit" not in view and _has_input(view):
        problems.add("submit is required when an input block is present", "/view")
    return problems.messages


def view_is_too_large(view: Json) -> bool:
    """Whether Slack would answer `view_too_large`."""
    return len(json.dumps(view).encode()) > MOST_BYTES_IN_A_VIEW


def characters(blocks: list[Json]) -> int:
    """How many characters of text the blocks hold, as counted for `msg_blocks_too_long`."""
    return sum(len(words) for words in _texts(blocks))


def numbered(blocks: list[Json], prefix: str) -> list[Json]:
    """A copy in which every block has a block_id and every element an action_id, as Slack fills them in."""
    copy = deepcopy(blocks)
    for index, block in enumerate(copy):
        block.setdefault("block_id", f"{prefix}{index}")
        if block["type"] == "container":
            block["child_blocks"] = numbered(block["child_blocks"], f"{block['block_id']}.")
    return copy


def _has_input(view: Json) -> bool:
    return any(block["type"] == "input" for block in view["blocks"])


def _uniqueness(blocks: list[Json], at: str, problems: Problems) -> None:
    nested = [child for block in blocks for child in block.get("child_blocks", [])]
    names = Counter(block["block_id"] for block in [*blocks, *nested] if "block_id" in block)
    for name in [name for name, count in names.items() if count > 1]:
        problems.add(f"block_id {name} is not unique", at)
    for index, block in enumerate([*blocks, *nested]):
        shallow = {key: value for key, value in block.items() if key != "child_blocks"}
        actions = Counter(element["action_id"] for _, element in elements_of([shallow]))
        for name in [name for name, count in actions.items() if count > 1]:
            problems.add(f"action_id {name} already exists in this block", f"{at}/{index}")


def _tables(blocks: list[Json], at: str, problems: Problems) -> None:
    tables = [block for block in blocks if block["type"] == "table"]
    if sum(block["type"] == "data_visualization" for block in blocks) > MOST_CHARTS:
        problems.add(f"no more than {MOST_CHARTS} data_visualization blocks are allowed", at)
    if len(tables) > 1:
        problems.add("only one table block is allowed", at)
    if sum(map(characters, ([table] for table in tables))) > 10_000:
        problems.add("a table holds at most 10000 characters", at)
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > 12_000:
        problems.add("markdown blocks hold at most 12000 characters together", at)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("text", "fallback", "alt_text", "title", "label", "name") and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
