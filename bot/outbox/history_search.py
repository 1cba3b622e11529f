"""The search of a history message: its filters and its reader's time zone, stored in the message's row."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain.commands.days import midnight, resolve
from bot.domain.commands.filters import History
from bot.slack.person_facts import SlackPerson
from storage.history import Search


def search_of(filters: History, stored_zone: str | int, of_ids: Collection[str], now: datetime) -> Search:
    """The search for these filters: days are in the reader's zone, `of_ids` are the ids of the person in them."""
    zone, its_today = time_zone(stored_zone), today(stored_zone, now)
    since = midnight(resolve(filters.since, its_today), zone) if filters.since else None
    until = midnight(resolve(filters.until, its_today) + timedelta(days=1), zone) if filters.until else None
    order_id = filters.order_id.value if filters.order_id else None
    return Search(
        person=frozenset(of_ids or ([filters.person] if filters.person else ())),
        order_id=order_id,
        label=filters.label,
        status=filters.status,
        outcome=filters.outcome,
        reason=filters.reason,
        text=filters.text,
        since=since,
        until=until,
    )


def zone_of(person: SlackPerson) -> str | int:
    """The reader's time zone, as stored: its name, or an offset in seconds if the name is unknown."""
    return person.tz if person.tz and _named(person.tz) else person.tz_offset_seconds


def zone_name(stored: str | int) -> str:
    """The time zone of a history message's days: `Africa/Cairo`, `UTC+02:00`, `UTC`."""
    return str(time_zone(stored))


def today(stored_zone: str | int, now: datetime) -> date:
    """The date now in that time zone."""
    return now.astimezone(time_zone(stored_zone)).date()


def time_zone(stored: str | int) -> tzinfo:
    """The time zone of that name, or of that offset in seconds; UTC if it is unknown."""
    return _named(stored) or UTC if isinstance(stored, str) else timezone(timedelta(seconds=stored))


def _named(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder's name is an OSError
        return None
