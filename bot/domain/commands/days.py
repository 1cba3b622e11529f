"""PURE: a day as a person names it: a calendar day, or so many days ago."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class OnDay:
    """A day of the calendar."""

    day: date


@dataclass(frozen=True, slots=True)
class DaysAgo:
    """So many days (0 to 9999) before the reader's own today."""

    days: int


Day = OnDay | DaysAgo

_FIRST, _LAST = date(1970, 1, 1), date(9000, 1, 1)
"""Nothing was asked outside these years, and near the calendar's ends other time zones have days it lacks."""


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAYS = re.compile(r"([0-9]{1,4})d")


def resolve(day: Day, today: date) -> date:
    """Return the calendar day, given the reader's own today, limited to years in which anything can have been asked."""
    named = day.day if isinstance(day, OnDay) else today - timedelta(days=day.days)
    return min(max(named, _FIRST), _LAST)


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the first moment of that day in that zone."""
    return datetime.combine(day, time.min, zone)


def read_day(typed: str) -> Day | None:
    """Read `2026-11-24`, `today`, `yesterday` or `7d`, in any case; None if it is none of them or does not exist."""
    spelled = typed.lower()
    if spelled in ("today", "yesterday"):
        return DaysAgo(0 if spelled == "today" else 1)
    if days := _DAYS.fullmatch(spelled):
        return DaysAgo(int(days[1]))
    with suppress(ValueError):
        return OnDay(date.fromisoformat(spelled)) if _DATE.fullmatch(spelled) else None
    return None


def as_typed_day(day: Day) -> str:
    """Return the day as somebody types it."""
    if isinstance(day, OnDay):
        return day.day.isoformat()
    return {0: "today", 1: "yesterday"}.get(day.days, f"{day.days}d")
