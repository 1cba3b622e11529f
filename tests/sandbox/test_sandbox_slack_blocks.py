"""The stand-in Slack accepts the blocks that Slack accepts, and refuses the others where Slack would."""

from typing import Any

import pytest

from bot.sandbox.slack.blocks import Surface, block_problems, view_problems

Json = dict[str, Any]


def button(action_id: str = "go", text: str = "Go", value: str = "R-1", **more: object) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain(text), "value": value, **more}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def section(text: str) -> Json:
    return {"type": "section", "text": plain(text)}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def box(block_id: str = "ids", **more: object) -> Json:
    element = {"type": "plain_text_input", "action_id": "typed", **more}
    return {"type": "input", "block_id": block_id, "label": plain("Ids"), "element": element}


def cell(text: str) -> Json:
    return {"type": "raw_text", "text": text}


def table(*cells: Json) -> Json:
    return {"type": "table", "rows": [[each] for each in cells]}


def asking(element: Json) -> Json:
    return {"type": "input", "label": plain("x"), "element": element}


def choice(kind: str, *texts: str) -> Json:
    options = [{"text": plain(text), "value": "v"} for text in texts]
    return {"type": kind, "action_id": "s", "options": options}


def modal(*blocks: Json, **more: object) -> Json:
    return {"type": "modal", "title": plain("Cancel"), "submit": plain("Next"), "blocks": list(blocks), **more}


def chart(*series: Json, categories: tuple[str, ...] = ("Mon", "Tue"), **more: object) -> Json:
    drawn = {"type": "bar", "series": list(series), "axis_config": {"categories": list(categories)}}
    return {"type": "data_visualization", "title": "Orders", "chart": drawn, **more}


def bars(name: str = "cancelled", labels: tuple[str, ...] = ("Mon", "Tue"), value: object = 3) -> Json:
    return {"name": name, "data": [{"label": label, "value": value} for label in labels]}


def pie(*values: object) -> Json:
    segments = [{"label": f"part {number}", "value": value} for number, value in enumerate(values)]
    return {"type": "data_visualization", "title": "Orders", "chart": {"type": "pie", "segments": segments}}


TABLE = table(cell("x"))
CHART = chart(bars())
MANY = tuple(f"day {number}" for number in range(21))
MRKDWN = {"type": "mrkdwn", "text": "x"}
INLINE = "/blocks/0/elements/0/elements/0"

FINE: list[tuple[str, Surface, list[Json]]] = [
    ("the common blocks", Surface.MESSAGE, [section("a"), {"type": "divider"}, {"type": "header", "text": plain("h")}]),
    ("rich text with every inline kind", Surface.MESSAGE, [
        rich(
            {"type": "text", "text": "x", "style": {"bold": True, "code": True}},
            {"type": "user", "user_id": "U1"},
            {"type": "usergroup", "usergroup_id": "S1"},
            {"type": "channel", "channel_id": "C1"},
            {"type": "link", "url": "https://a.example/", "text": "a"},
            {"type": "date", "timestamp": 1790000000, "format": "{date_short_pretty} {time}", "fallback": "f"},
            {"type": "emoji", "name": "tada"},
        )
    ]),
    ("lists, quotes and preformatted text", Surface.MESSAGE, [{"type": "rich_text", "elements": [
        {"type": "rich_text_list", "style": "bullet", "indent": 0, "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}]},
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "said"}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "id"}]},
    ]}]),
    ("a button with all it may have", Surface.MESSAGE, [actions(button(style="danger", confirm={
        "title": plain("Sure?"), "text": plain("Gone"), "confirm": plain("Yes"), "deny": plain("No")}))]),
    ("a table", Surface.MESSAGE, [TABLE]),
    ("two charts beside a table", Surface.MESSAGE, [
        chart(bars(), bars("rejected"), bars("unknown", value=-0.5)), TABLE, pie(1, 2.5)]),
    ("a chart with all that there is room for", Surface.MESSAGE, [
        chart(*(bars(f"series {n}", MANY[:20]) for n in range(6)), categories=MANY[:20], title="x" * 50)]),
    ("fifty blocks", Surface.MESSAGE, [{"type": "divider"}] * 50),
    ("a container that folds", Surface.MESSAGE, [{"type": "container", "title": plain("Orders"), "is_collapsible": True,
        "default_collapsed": True, "child_blocks": [section("x"), actions(button())]}]),
    ("a file in a modal", Surface.MODAL, [{"type": "input", "label": plain("CSV"), "optional": True, "element": {
        "type": "file_input", "action_id": "f", "filetypes": ["csv"], "max_files": 1}}]),
    ("a hundred blocks on the Home tab", Surface.HOME, [{"type": "divider"}] * 100),
]  # fmt: skip


@pytest.mark.parametrize(("surface", "blocks"), [case[1:] for case in FINE], ids=[case[0] for case in FINE])
def test_accepts(surface: Surface, blocks: list[Json]) -> None:
    assert block_problems(blocks, surface) == []


REFUSED: list[tuple[str, Surface, list[Json], str]] = [
    ("51 blocks", Surface.MESSAGE, [{"type": "divider"}] * 51, "/blocks"),
    ("an unknown block", Surface.MESSAGE, [{"type": "data_thing"}], "/blocks/0/type"),
    ("an unknown key", Surface.MESSAGE, [{"type": "divider", "colour": "red"}], "/blocks/0"),
    ("a section of 3001", Surface.MESSAGE, [section("x" * 3001)], "/blocks/0/text/text"),
    ("an empty section", Surface.MESSAGE, [section("")], "/blocks/0/text/text"),
    ("a section without text or fields", Surface.MESSAGE, [{"type": "section"}], "/blocks/0"),
    ("a field of 2001", Surface.MESSAGE,
        [{"type": "section", "fields": [plain("x" * 2001)]}], "/blocks/0/fields/0/text"),
    ("eleven fields", Surface.MESSAGE, [{"type": "section", "fields": [plain("x")] * 11}], "/blocks/0/fields"),
    ("a header of 151", Surface.MESSAGE, [{"type": "header", "text": plain("x" * 151)}], "/blocks/0/text/text"),
    ("a header in mrkdwn", Surface.MESSAGE, [{"type": "header", "text": MRKDWN}], "/blocks/0/text/type"),
    ("eleven context elements", Surface.MESSAGE,
        [{"type": "context", "elements": [plain("x")] * 11}], "/blocks/0/elements"),
    ("no actions", Surface.MESSAGE, [actions()], "/blocks/0/elements"),
    ("26 buttons", Surface.MESSAGE, [actions(*(button(f"a{n}") for n in range(26)))], "/blocks/0/elements"),
    ("a button text of 76", Surface.MESSAGE, [actions(button(text="x" * 76))], "/blocks/0/elements/0/text/text"),
    ("a button value of 2001", Surface.MESSAGE, [actions(button(value="x" * 2001))], "/blocks/0/elements/0/value"),
    ("a default style", Surface.MESSAGE, [actions(button(style="default"))], "/blocks/0/elements/0/style"),
    ("the same action twice", Surface.MESSAGE, [actions(button(), button())], "/blocks/0"),
    ("the same block_id twice", Surface.MESSAGE, [{"type": "divider", "block_id": "x"}] * 2, "/blocks"),
    ("a block_id of 256", Surface.MESSAGE, [{"type": "divider", "block_id": "x" * 256}], "/blocks/0/block_id"),
    ("an empty rich text", Surface.MESSAGE, [rich({"type": "text", "text": ""})], f"{INLINE}/text"),
    ("an unknown inline", Surface.MESSAGE, [rich({"type": "mrkdwn", "text": "x"})], f"{INLINE}/type"),
    ("two tables", Surface.MESSAGE, [TABLE] * 2, "/blocks"),
    ("an empty cell", Surface.MESSAGE, [table(cell(""))], "/blocks/0/rows/0/0/text"),
    ("101 rows", Surface.MESSAGE, [table(*[cell("x")] * 101)], "/blocks/0/rows"),
    ("an alert in a message", Surface.MESSAGE, [{"type": "alert", "text": plain("x")}], "/blocks/0/type"),
    ("a file input in a message", Surface.MESSAGE,
        [asking({"type": "file_input", "action_id": "f"})], "/blocks/0/element/type"),
    ("a table in a modal", Surface.MODAL, [TABLE], "/blocks/0/type"),
    ("a container in a modal", Surface.MODAL,
        [{"type": "container", "child_blocks": [section("x")]}], "/blocks/0/type"),
    ("a placeholder of 151", Surface.MODAL, [box(placeholder=plain("x" * 151))], "/blocks/0/element/placeholder/text"),
    ("a max_length of 3001", Surface.MODAL, [box(max_length=3001)], "/blocks/0/element/max_length"),
    ("an initial value over max_length", Surface.MODAL, [box(max_length=2, initial_value="abc")], "/blocks/0/element"),
    ("a wrong date", Surface.MODAL,
        [asking({"type": "datepicker", "action_id": "d", "initial_date": "24.11."})], "/blocks/0/element/initial_date"),
    ("an option of 76", Surface.MODAL,
        [actions(choice("static_select", "x" * 76))], "/blocks/0/elements/0/options/0/text/text"),
    ("six overflow options", Surface.HOME, [actions(choice("overflow", *["x"] * 6))], "/blocks/0/elements/0/options"),
    ("a container without a title", Surface.MESSAGE,
        [{"type": "container", "child_blocks": [section("x")]}], "/blocks/0"),
    ("a table on the Home tab", Surface.HOME, [TABLE], "/blocks/0/type"),
    ("a chart on the Home tab", Surface.HOME, [CHART], "/blocks/0/type"),
    ("a chart in a modal", Surface.MODAL, [CHART], "/blocks/0/type"),
    ("three charts", Surface.MESSAGE, [CHART] * 3, "/blocks"),
    ("a chart's title of 51", Surface.MESSAGE, [chart(bars(), title="x" * 51)], "/blocks/0/title"),
    ("seven series", Surface.MESSAGE, [chart(*(bars(f"s{n}") for n in range(7)))], "/blocks/0/chart/series"),
    ("21 categories", Surface.MESSAGE, [chart(bars(labels=MANY), categories=MANY)],
        "/blocks/0/chart/axis_config/categories"),
    ("the same series twice", Surface.MESSAGE, [chart(bars(), bars())], "/blocks/0/chart"),
    ("the same category twice", Surface.MESSAGE, [chart(bars(labels=("a", "a")), categories=("a", "a"))],
        "/blocks/0/chart/axis_config"),
    ("a series without a point for each category", Surface.MESSAGE, [chart(bars(labels=("Mon",)))],
        "/blocks/0/chart"),
    ("a series' name of 21", Surface.MESSAGE, [chart(bars("x" * 21))], "/blocks/0/chart/series/0/name"),
    ("a bar that is no number", Surface.MESSAGE, [chart(bars(labels=("Mon",), value="3"), categories=("Mon",))],
        "/blocks/0/chart/series/0/data/0/value"),
    ("a pie with an empty part", Surface.MESSAGE, [pie(1, 0)], "/blocks/0/chart/segments/1/value"),
    ("a pie of seven parts", Surface.MESSAGE, [pie(*range(1, 8))], "/blocks/0/chart/segments"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("surface", "blocks", "pointer"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_refuses_and_points_at(surface: Surface, blocks: list[Json], pointer: str) -> None:
    problems = block_problems(blocks, surface)

    assert [f"[json-pointer:{pointer}]"] == [problem.rsplit(" ", 1)[1] for problem in problems]


@pytest.mark.parametrize(
    "change",
    [
        {"title": plain("x" * 25)},
        {"submit": plain("x" * 25)},
        {"private_metadata": "x" * 3001},
        {"callback_id": "x" * 256},
        {"colour": "red"},
        {"blocks": [{"type": "divider"}] * 101},
        {"type": "home"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_refuses_a_view_with_a_wrong(change: Json) -> None:
    assert view_problems(modal(box()) | change, (Surface.MODAL,))


def test_a_modal_with_inputs_needs_a_submit_button() -> None:
    view = modal(box())
    del view["submit"]

    assert len(view_problems(view)) == 1
