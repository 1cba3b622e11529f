"""Slack's rules for a chart (docs.slack.dev/reference/block-kit/blocks/data-visualization-block).

How many categories and how many charts a message may have is not documented, and reported of real workspaces.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.checks import Check, Problems, both, by_type, fields, items, refuse, text

Json = dict[str, Any]

MOST_CHARTS = 2
"""In one message."""

_LABEL = text(1, 20)


def _amount(more_than: float = float("-inf")) -> Check:
    def check(value: object, at: str, problems: Problems) -> None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not more_than < float(str(value)) < float("inf"):
            problems.add(f"must be a number above {more_than}", at)

    return check


def _labels(series: Json) -> list[object]:
    points = series.get("data")
    return [point.get("label") for point in points if isinstance(point, dict)] if isinstance(points, list) else []


def _each_series(chart: Json) -> Iterator[Json]:
    found = chart.get("series")
    yield from (each for each in found if isinstance(each, dict)) if isinstance(found, list) else ()


def _names_twice(chart: Json) -> bool:
    return any(count > 1 for count in Counter(str(each.get("name")) for each in _each_series(chart)).values())


def _has_other_labels(chart: Json) -> bool:
    axis = chart.get("axis_config")
    categories = axis.get("categories") if isinstance(axis, dict) else None
    return any(Counter(map(str, _labels(each))) != Counter(map(str, categories or [])) for each in _each_series(chart))


def _categories_twice(axis: Json) -> bool:
    categories = axis.get("categories")
    return isinstance(categories, list) and len(set(map(str, categories))) < len(categories)


_AXIS = both(
    fields({"categories": items(_LABEL, 1, 20)}, {"x_label": text(1, 50), "y_label": text(1, 50)}),
    refuse("categories must be unique", _categories_twice),
)
_POINT = fields({"label": _LABEL, "value": _amount()})
_BARS = both(
    fields({"series": items(fields({"name": _LABEL, "data": items(_POINT, 1)}), 1, 6), "axis_config": _AXIS}),
    refuse("series names must be unique", _names_twice),
    refuse("each series must have one data point for each category", _has_other_labels),
)
_PIE = fields({"segments": items(fields({"label": _LABEL, "value": _amount(0)}), 1, 6)})
CHART = fields(
    {"title": text(1, 50), "chart": by_type({"pie": _PIE, "bar": _BARS, "area": _BARS, "line": _BARS})},
    {"block_id": text(1, 255)},
)
