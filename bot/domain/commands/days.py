"""PURE: a day as somebody names it: of the calendar, or so many days ago."""

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class OnDay:
    """A day of the calendar."""

    day: date


@dataclass(frozen=True, slots=True)
class DaysAgo:
    """So many days (0 to 9999) before today, whatever day that is where the reader lives."""

    days: int


Day = OnDay | DaysAgo


def resolve(day: Day, today: date) -> date:
    """The calendar day meant, given the reader's own today."""
    return day.day if isinstance(day, OnDay) else today - timedelta(days=day.days)
