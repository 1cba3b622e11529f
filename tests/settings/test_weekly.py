"""A day of the week and a time: as a setting says it, and when it last was."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.weekly import WEEK, WeeklyTime, read_weekly_time

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY_AT_NINE = WeeklyTime(0, time(9))

WEEKLY = st.builds(WeeklyTime, st.integers(0, 6), st.builds(time, st.integers(0, 23), st.integers(0, 59)))
MOMENTS = st.integers(0, 2**31).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Mon 09:00", MONDAY_AT_NINE),
        ("mon 9:00", MONDAY_AT_NINE),
        ("MONDAY  09:00", MONDAY_AT_NINE),
        ("Sun 23:59", WeeklyTime(6, time(23, 59))),
        ("thursday 00:00", WeeklyTime(3, time(0))),
    ],
)
def test_a_day_and_a_time_are_read_in_their_usual_spellings(written: str, read: WeeklyTime) -> None:
    assert read == read_weekly_time(written)


@given(at=WEEKLY)
def test_it_is_written_as_it_is_read(at: WeeklyTime) -> None:
    assert at == read_weekly_time(str(at))


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (datetime(2026, 11, 23, 7, 59, tzinfo=UTC), datetime(2026, 11, 16, 8, tzinfo=UTC)),
        (datetime(2026, 11, 23, 8, 0, tzinfo=UTC), datetime(2026, 11, 23, 8, tzinfo=UTC)),
        (datetime(2026, 11, 29, 23, 59, tzinfo=UTC), datetime(2026, 11, 23, 8, tzinfo=UTC)),
        # Clocks go forward on the 29th of March 2026 and back on the 25th of October.
        (datetime(2026, 3, 30, 7, 0, tzinfo=UTC), datetime(2026, 3, 30, 7, tzinfo=UTC)),
        (datetime(2026, 3, 30, 6, 59, tzinfo=UTC), datetime(2026, 3, 23, 8, tzinfo=UTC)),
        (datetime(2026, 10, 26, 8, 0, tzinfo=UTC), datetime(2026, 10, 26, 8, tzinfo=UTC)),
        (datetime(2026, 10, 26, 7, 59, tzinfo=UTC), datetime(2026, 10, 19, 7, tzinfo=UTC)),
    ],
)
def test_it_is_nine_by_the_clocks_of_the_zone(now: datetime, last: datetime) -> None:
    assert last == MONDAY_AT_NINE.last(now, BERLIN).astimezone(UTC)


@given(at=WEEKLY, now=MOMENTS, zone=st.sampled_from(("Europe/Berlin", "America/St_Johns", "Pacific/Apia", "UTC")))
def test_it_was_within_the_last_week_and_a_week_after_another(at: WeeklyTime, now: datetime, zone: str) -> None:
    last = at.last(now, ZoneInfo(zone))
    before = at.last((last - timedelta(days=1)).astimezone(UTC), ZoneInfo(zone))

    assert timedelta(0) <= now - last.astimezone(UTC) <= timedelta(days=7, hours=2)
    assert (at.weekday, at.at) == (last.weekday(), last.time())
    assert before == last - WEEK
