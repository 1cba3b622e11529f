"""Positions of orders in a request as ranges, stored in an attempt's row and used in statements."""

from collections.abc import Iterable, Iterator

from sqlalchemy import ColumnElement, bindparam, or_
from sqlmodel import col

from storage.models import OrderLine


def as_ranges(positions: Iterable[int]) -> str:
    """Positions as an attempt's row stores them: `0-99` or `4,7-9`."""
    ranges: list[list[int]] = []
    for position in sorted(positions):
        if ranges and position == ranges[-1][1] + 1:
            ranges[-1][1] = position
        else:
            ranges.append([position, position])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def bounds(ranges: str) -> list[tuple[int, int]]:
    """The first and last position of each range that `as_ranges` wrote."""
    parts = [part.partition("-") for part in ranges.split(",")]
    return [(int(first), int(last or first)) for first, _, last in parts]


def contain(bounds: Iterable[tuple[int, int]], position: int) -> bool:
    """Whether a position lies in these bounds."""
    return any(first <= position <= last for first, last in bounds)


def every(*ranges: list[tuple[int, int]]) -> Iterator[int]:
    """Every position in these bounds."""
    return (position for bounds in ranges for first, last in bounds for position in range(first, last + 1))


_MOST_RANGES = 50
"""SQLite rejects a condition of a thousand parts."""


def within(ranges: str) -> ColumnElement[bool]:
    """The condition that an order's position lies in these ranges."""
    found = bounds(ranges)
    if len(found) > _MOST_RANGES:
        return col(OrderLine.position).in_(bindparam(None, list(every(found)), expanding=True, literal_execute=True))
    return or_(*(col(OrderLine.position).between(first, last) for first, last in found))
