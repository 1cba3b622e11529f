"""PURE: tables and charts as blocks, and a table as lines of text. Slack may refuse either block: the text says it all.

Limits are those of docs.slack.dev/reference/block-kit/blocks/table-block and …/data-visualization-block.
"""

from collections.abc import Sequence

from bot.domain.commands.typed_text import tidy
from bot.messages.document import Chart, Line, Table
from bot.messages.inline import Json, Room, cut, elements, escape, span_text

MOST_CATEGORIES = 20
MOST_SERIES = 6
LONGEST_TITLE = 50
LONGEST_LABEL = 20
"""Characters of a category's or a series' name."""

_NOTHING = "—"
"""An empty cell has the whole message refused."""


def table_block(table: Table, room: Room) -> Json:
    """The table; numbers, which are all but the first cell of each row, stand to the right."""
    header = tuple((name,) for name in table.header)
    rows = [[_cell(cell, room) for cell in row] for row in (header, *table.rows) if row]
    aligned = [{"align": "right" if number else "left"} for number in range(len(rows[0]))]
    return {"type": "table", "rows": rows, "column_settings": aligned}


def table_lines(table: Table, room: Room) -> list[str]:
    """A line for each row: `Cancelled: 12`, or under the name of its first column `duplicate: Requests 3`."""
    header = [f"{escape(name)}:" for name in table.header[:1]]
    return header + [_row_text(table.header[1:], row, room) for row in table.rows]


def chart_block(chart: Chart) -> Json:
    """The first categories and series that a chart has room for, as bars; no two of the same name."""
    categories = _labels(chart.categories[:MOST_CATEGORIES])
    names = _labels([name for name, _ in chart.series[:MOST_SERIES]])
    series = [
        {
            "name": name,
            "data": [{"label": label, "value": value} for label, value in zip(categories, values, strict=False)],
        }
        for name, (_, values) in zip(names, chart.series, strict=False)
    ]
    drawn = {"type": "bar", "series": series, "axis_config": {"categories": categories}}
    return {"type": "data_visualization", "title": cut(tidy(chart.title), LONGEST_TITLE) or _NOTHING, "chart": drawn}


def _row_text(names: Sequence[str], row: Sequence[Line], room: Room) -> str:
    first, *others = (_cell_text(cell, room) for cell in row)
    named = [f"{escape(name)} {text}" for name, text in zip(names, others, strict=True)] if names else others
    return f"{first}: {', '.join(named)}"


def _cell_text(cell: Line, room: Room) -> str:
    return "".join(span_text(span, room) for span in cell) or _NOTHING


def _cell(cell: Line, room: Room) -> Json:
    made = elements((cell,), room)
    if all(each["type"] == "text" and "style" not in each for each in made):
        return {"type": "raw_text", "text": "".join(each["text"] for each in made) or _NOTHING}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": made}]}


def _labels(names: Sequence[str]) -> list[str]:
    """Names short enough for a chart; one that would be another's again gets its number."""
    labels: list[str] = []
    for name in names:
        whole = label = cut(tidy(name), LONGEST_LABEL) or _NOTHING
        number = 1
        while label in labels:
            number += 1
            label = f"{cut(whole, LONGEST_LABEL - 3)} {number}"
        labels.append(label)
    return labels
