"""PURE: a report as rows of a CSV file: the total, then each group, then what archives hold of the period."""

from collections.abc import Iterator
from datetime import timedelta

from bot.domain.commands.report import Grouping
from bot.messages.report_facts import ReportFacts, ReportGroup, Tally

HEADER = (
    "by",
    "name",
    "requests",
    "orders",
    "cancelled",
    "rejected",
    "not_sent",
    "unknown",
    "without_outcome",
    "nothing_sent",
    "refused",
    "expired",
    "declined",
    "withdrawn",
    "approved_by_others",
    "approval_wait_median_seconds",
    "approval_wait_longest_seconds",
    "corrected_later",
    "since",
    "until",
)


def rows(facts: ReportFacts) -> Iterator[tuple[object, ...]]:
    """The total, then each group; a report without groups lists each reason and each person.

    A row `archived` for each archive with requests of the period, which are in none of the others.
    """
    since, until = (at.isoformat(timespec="seconds") for at in (facts.since, facts.until))
    waits = map(_seconds, (facts.median_wait, facts.longest_wait))
    yield ("all", "", *_numbers(facts.total), facts.approvals, *waits, facts.corrections, since, until)
    listed = (facts.by, facts.groups), (Grouping.REASON, facts.reasons), (Grouping.PERSON, facts.people)
    for by, groups in listed[:1] if facts.by else listed[1:]:
        for group in groups:
            numbers = _two(group) if by is Grouping.OUTCOME else _numbers(group.tally)
            yield (by, group.name, *numbers, "", "", "", "", since, until)
    for archive in facts.archives:
        yield ("archived", archive.file, archive.requests, archive.orders, *("",) * 14, since, until)


def _numbers(tally: Tally) -> tuple[object, ...]:
    found = tally.figures
    return (
        tally.requests,
        tally.orders,
        found.cancelled,
        found.rejected,
        found.not_sent,
        found.unknown,
        tally.without_outcome,
        tally.nothing_sent,
        tally.refused,
        tally.expired,
        tally.declined,
        tally.withdrawn,
    )


def _two(group: ReportGroup) -> tuple[object, ...]:
    return (group.tally.requests, group.tally.orders, *("",) * 10)


def _seconds(waited: timedelta | None) -> object:
    return "" if waited is None else round(waited.total_seconds())
