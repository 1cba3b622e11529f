"""PURE: reads `report`: the filters of `history`, a grouping, and a period."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from bot.domain.commands.days import DaysAgo, as_typed_day, resolve
from bot.domain.commands.filters import (
    ITEM,
    BadHistoryWord,
    Filter,
    GivenTwice,
    History,
    HistoryError,
    SinceAfterUntil,
    UnknownFilter,
    parse_history,
)
from bot.domain.commands.order_ids import NoDigit, unwrap
from bot.domain.commands.typed_text import as_typed, closed_format, nearest, tidy

BY: Final = "by"
"""The word before the colon."""

DEFAULT_DAYS = 7
"""Days of a report without a first day, today included."""


_KEYS = (*Filter, BY)


class Grouping(StrEnum):
    """How the figures of a report are grouped."""

    REASON = "reason"
    PERSON = "person"
    DAY = "day"
    OUTCOME = "outcome"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of the requests that `history` would list, in total or by group."""

    wanted: History
    by: Grouping | None = None


@dataclass(frozen=True, slots=True)
class UnknownGrouping:
    """A word after `by:` that names no grouping; empty if there is no word."""

    value: str
    nearest: str | None


@dataclass(frozen=True, slots=True)
class Period:
    """The days from the first to the last, both included."""

    first: date
    last: date


def parse_report(text: str) -> Report | HistoryError | UnknownGrouping:
    """Reads the filters of `history` and `by:…`, in any order, each at most once."""
    filters, groupings, at = "", [], 0
    for match in ITEM.finditer(text):
        if match["key"] is not None and match["key"].lower() == BY:
            filters, at = f"{filters}{text[at : match.start()]} ", match.end()
            groupings.append(match["value"] if match["quoted"] is None else match["quoted"])
    found = parse_history(filters + text[at:])
    match found:
        case UnknownFilter(key):
            return UnknownFilter(key, nearest(key, _KEYS), _KEYS)
        case BadHistoryWord(NoDigit(word)) if word.lower() in (BY, *Grouping):
            return UnknownGrouping("", None)
        case History() if len(groupings) > 1:
            return GivenTwice(BY)
        case History() if groupings:
            by = _grouping(groupings[0])
            return by if isinstance(by, UnknownGrouping) else Report(found, by)
        case History():
            return Report(found)
    return found


def period_of(filters: History, today: date) -> Period | SinceAfterUntil:
    """The period of a report, given today's date at its reader: by default the last `DEFAULT_DAYS`."""
    until = filters.until or DaysAgo(0)
    last = min(resolve(until, today), today)
    if filters.since is None:
        return Period(last - timedelta(days=DEFAULT_DAYS - 1), last)
    first = resolve(filters.since, today)
    return Period(first, last) if first <= last else SinceAfterUntil(as_typed_day(filters.since), as_typed_day(until))


def ends_before_it_begins(filters: History, today: date) -> SinceAfterUntil | None:
    """The error of a period that ends before it begins; a period without an end ends today."""
    if filters.since is None or filters.until is None:
        return None
    if resolve(filters.since, today) <= resolve(filters.until, today):
        return None
    return SinceAfterUntil(as_typed_day(filters.since), as_typed_day(filters.until))


def _grouping(given: str) -> Grouping | UnknownGrouping:
    value = unwrap(closed_format(tidy(as_typed(given)).rstrip(",;."))).lower()
    if value in list(Grouping):
        return Grouping(value)
    return UnknownGrouping(value, nearest(value, Grouping))
