"""A day of the week and a time: how a setting says it, and when it last was in some time zone."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.settings.values import Wrong, shown

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKLY = re.compile(r"([A-Za-z]{3,9})\s+([0-9]{1,2}):([0-9]{2})")
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class WeeklyTime:
    """A day of the week (0 is Monday) and a time of that day."""

    weekday: int
    at: time

    def __str__(self) -> str:
        """As the setting is written: `Mon 09:00`."""
        return f"{_DAYS[self.weekday][:3].capitalize()} {self.at:%H:%M}"

    def last(self, now: datetime, zone: tzinfo) -> datetime:
        """When it last was, in that time zone's own time, whatever its clocks did since."""
        today = now.astimezone(zone).date()
        at = datetime.combine(today - timedelta(days=(today.weekday() - self.weekday) % 7), self.at, zone)
        return at if at.timestamp() <= now.timestamp() else at - WEEK


def read_weekly_time(value: object) -> object:
    """A day and a time, such as `Mon 09:00`; days in full or by their first three letters, in any case."""
    if not isinstance(value, str):
        return value
    fix = "Write a day of the week and a time of 24 hours: Mon 09:00."
    found = _WEEKLY.fullmatch(value)
    days = [number for number, day in enumerate(_DAYS) if found and found[1].lower() in (day, day[:3])]
    if found is None or not days:
        raise Wrong(f"{shown(value)} is no day and time", fix)
    hour, minute = int(found[2]), int(found[3])
    if hour > 23 or minute > 59:
        raise Wrong(f"{found[2]}:{found[3]} is no time of the day", fix)
    return WeeklyTime(days[0], time(hour, minute))


def read_time_zone(value: object) -> object:
    """The name of a time zone, as the tz database spells it."""
    name = str(value)
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder's name is an OSError
        fix = "Write a name of the tz database, such as Europe/Berlin, Africa/Cairo or UTC."
        raise Wrong(f"{shown(name)} is no time zone", fix) from None
