"""The wording of reports and of the weekly digest."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.commands.report import Grouping
from bot.messages.report import MOST_GROUPS, digest_message, report_message
from bot.messages.view_models import Figures
from bot.sandbox.gallery.reports import LAST_WEEK, NOTHING, WEEK


def test_what_is_unknown_comes_first_with_the_command_that_lists_it() -> None:
    lines = report_message(WEEK, (), "UTC", "17").text.splitlines()
    command = "/cancel-orders history outcome:unknown since:2026-11-18 until:2026-11-24"

    assert f"Nobody knows yet what became of the unknown ones: {command}" == lines[1]


def test_where_nothing_is_unknown_nobody_is_told_so() -> None:
    well = replace(WEEK, total=replace(WEEK.total, figures=Figures(cancelled=1_277)))

    assert "Nobody knows" not in report_message(well, (), "UTC", "17").text


def test_the_digest_says_which_report_tells_more() -> None:
    assert (
        "More, of whole days: /cancel-orders report since:2026-11-18 until:2026-11-25 by:reason"
        in digest_message(LAST_WEEK, "UTC").text
    )


def test_a_digest_of_nothing_says_so() -> None:
    assert "Nobody asked to cancel anything in these seven days." in digest_message(NOTHING, "UTC").text


def test_groups_that_do_not_fit_are_counted() -> None:
    groups = tuple(replace(WEEK.reasons[0], name=f"reason {number}") for number in range(MOST_GROUPS + 3))
    text = report_message(replace(WEEK, by=Grouping.REASON, groups=groups), (), "UTC", "17").text

    assert "… and 3 more, which the CSV of a report has." in text
    assert f"reason {MOST_GROUPS - 1}:" in text
    assert f"reason {MOST_GROUPS}:" not in text


@pytest.mark.parametrize(
    ("waited", "said"),
    [
        (timedelta(seconds=0.4), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=12, seconds=5), "12 min 5 s"),
        (timedelta(hours=3, minutes=12, seconds=40), "3 h 12 min"),
        (timedelta(days=2, hours=3), "2 d 3 h"),
    ],
)
def test_a_wait_is_told_in_two_units_at_most(waited: timedelta, said: str) -> None:
    text = report_message(replace(WEEK, median_wait=waited), (), "UTC", "17").text

    assert f"Wait for approval, median: {said}" in text.splitlines()
