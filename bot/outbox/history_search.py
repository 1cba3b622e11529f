"""The search that a message about history shows: its filters and its reader's time zone, kept in the message's row."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain.commands.days import Day, DaysAgo, OnDay, resolve
from bot.domain.commands.filters import History
from bot.domain.commands.order_ids import OrderId
from bot.slack.person_facts import SlackPerson
from storage.enums import Outcome, RequestState
from storage.history import Search


def search_of(facts: Mapping[str, Any], now: datetime) -> tuple[History, Search]:
    """The filters of a history message, as typed and as searched for: days are days of the reader's zone."""
    wanted = filters_from_json(facts["filters"])
    zone = _zone(facts["zone"])
    today = now.astimezone(zone).date()
    since = _midnight(resolve(wanted.since, today), zone) if wanted.since else None
    until = _midnight(resolve(wanted.until, today), zone, days_later=1) if wanted.until else None
    order_id = wanted.order_id.value if wanted.order_id else None
    search = Search(
        person=frozenset(facts.get("of_ids") or ([wanted.person] if wanted.person else ())),
        order_id=order_id,
        label=wanted.label,
        status=wanted.status,
        outcome=wanted.outcome,
        reason=wanted.reason,
        text=wanted.text,
        since=since,
        until=until,
    )
    return wanted, search


def filters_to_json(wanted: History) -> dict[str, Any]:
    """The filters as a history message keeps them."""
    return {
        "person": wanted.person,
        "order_id": wanted.order_id.value if wanted.order_id else None,
        "label": wanted.label,
        "status": wanted.status,
        "outcome": wanted.outcome,
        "reason": wanted.reason,
        "text": wanted.text,
        "since": _day_to_json(wanted.since),
        "until": _day_to_json(wanted.until),
    }


def filters_from_json(kept: Mapping[str, Any]) -> History:
    """What `filters_to_json` wrote down."""
    return History(
        person=kept["person"],
        order_id=OrderId(kept["order_id"]) if kept["order_id"] else None,
        label=kept.get("label"),
        status=RequestState(kept["status"]) if kept["status"] else None,
        outcome=Outcome(kept["outcome"]) if kept["outcome"] else None,
        reason=kept.get("reason"),
        text=kept["text"],
        since=_day_from_json(kept["since"]),
        until=_day_from_json(kept["until"]),
    )


def zone_of(person: SlackPerson) -> str | int:
    """The reader's time zone, as a history message keeps it: its name, or seconds where nobody knows that name."""
    return person.tz if person.tz and _named(person.tz) else person.tz_offset_seconds


def zone_name(facts: Mapping[str, Any]) -> str:
    """The time zone by which a history message's days were read: `Africa/Cairo`, `UTC+02:00`, `UTC`."""
    return str(_zone(facts["zone"]))


def _zone(kept: str | int) -> tzinfo:
    return _named(kept) or UTC if isinstance(kept, str) else timezone(timedelta(seconds=kept))


def _named(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder's name is an OSError
        return None


_LONG_AGO, _FAR_OFF = date(1970, 1, 1), date(9000, 1, 1)
"""Beyond them nothing was asked, and near the ends of the calendar other zones have days that it lacks."""


def _midnight(day: date, zone: tzinfo, days_later: int = 0) -> datetime:
    within = min(max(day, _LONG_AGO), _FAR_OFF)
    return datetime.combine(within + timedelta(days=days_later), time.min, zone)


def _day_to_json(day: Day | None) -> dict[str, Any] | None:
    if day is None:
        return None
    return {"day": day.day.isoformat()} if isinstance(day, OnDay) else asdict(day)


def _day_from_json(kept: Mapping[str, Any] | None) -> Day | None:
    if kept is None:
        return None
    return OnDay(date.fromisoformat(kept["day"])) if "day" in kept else DaysAgo(kept["days"])
