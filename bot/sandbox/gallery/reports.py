"""The gallery's reports: figures with and without groups, for one reader and for a channel; and of nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from bot.domain.commands.filters import History
from bot.domain.commands.report import Grouping
from bot.messages import history, ops, report
from bot.messages.ops import OpsFacts
from bot.messages.report_facts import ReportFacts, ReportGroup, Tally
from bot.messages.view_models import Figures
from bot.sandbox.gallery.facts import ANN, BEN, ORDERS, RULES, TYPED, Made
from storage.enums import HoldKind, OpsEvent, Outcome

_SINCE = datetime(2026, 11, 18, tzinfo=UTC)
_TOTAL = Tally(
    requests=41,
    orders=1_312,
    figures=Figures(1_204, 61, 9, 3),
    holding=Figures(30, 12, 2, 1),
    nothing_sent=31,
    refused=4,
    expired=2,
    declined=1,
    withdrawn=1,
)


def _group(name: str, number: int) -> ReportGroup:
    return ReportGroup(name, Tally(number, 30 * number, Figures(28 * number, number, number, 0)))


def _groups(*names: str) -> tuple[ReportGroup, ...]:
    return tuple(_group(name, len(names) - number) for number, name in enumerate(names))


_REASONS = _groups(TYPED, "out of stock", "customer asked", "wrong address", "fraud", "", *(TYPED,) * 11)
_PEOPLE = _groups(ANN, BEN, "U0AUDIT01")
_DAYS = tuple(_group(f"2026-11-{18 + number}", number + 1) for number in range(7))
_OUTCOMES = tuple(
    ReportGroup(each, Tally(*numbers))
    for each, numbers in zip(Outcome, ((30, 1_204), (12, 61), (2, 9), (1, 3)), strict=True)
)

WEEK = ReportFacts(
    since=_SINCE,
    until=_SINCE + timedelta(days=7),
    total=_TOTAL,
    approvals=6,
    median_wait=timedelta(minutes=12, seconds=5),
    longest_wait=timedelta(hours=3, minutes=12),
    corrections=2,
    reasons=_REASONS,
    people=_PEOPLE,
)
GROUPS = {
    Grouping.REASON: _REASONS,
    Grouping.PERSON: _PEOPLE,
    Grouping.DAY: _DAYS,
    Grouping.OUTCOME: _OUTCOMES,
    Grouping.CHANNEL: _groups(ORDERS),
}
NOTHING = ReportFacts(_SINCE, _SINCE + timedelta(days=7))
LAST_WEEK = replace(WEEK, since=_SINCE + timedelta(hours=9), until=_SINCE + timedelta(days=7, hours=9))

_HELD, _ENDED = OpsEvent.HELD, OpsEvent.HOLD_ENDED
_OPS_LINES = (
    *(OpsFacts(_HELD, _SINCE, hold=kind, who=BEN, why=TYPED, until=_SINCE.isoformat()) for kind in HoldKind),
    *(OpsFacts(_ENDED, _SINCE, hold=kind, who=BEN, left_out=12) for kind in HoldKind),
    OpsFacts(_HELD, _SINCE, hold="request", request="R-7K3F9Q", why="25 orders were rejected or are unknown"),
    OpsFacts(_ENDED, _SINCE, hold="request", request="R-7K3F9Q", who="operator:ben", left_out=1),
    OpsFacts(OpsEvent.MOVED, _SINCE, request="R-7K3F9Q", message="live", channel=ORDERS, why="is_archived"),
    OpsFacts(OpsEvent.GIVEN_UP, _SINCE, request="R-7K3F9Q", message="live", channel=ANN, why="user_not_found"),
    *(OpsFacts(OpsEvent.UNHANDLED, _SINCE, message="click", who=who) for who in (ANN, None)),
    OpsFacts(OpsEvent.UNVERIFIED, _SINCE, why="the history is broken at 1042"),
    *(OpsFacts(each, _SINCE) for each in (OpsEvent.VERIFIED, OpsEvent.NOT_ALONE, OpsEvent.ALONE)),
)


def made() -> Iterator[Made]:
    """Every one of them."""
    filters = history.described(History(person=ANN, text=TYPED))
    yield "Report", partial(report.report_message, WEEK, (), "Africa/Cairo", "17")
    for by, groups in GROUPS.items():
        grouped = replace(WEEK, by=by, groups=groups)
        yield f"Report by {by.value}", partial(report.report_message, grouped, filters, "Africa/Cairo", "17")
    shared = replace(WEEK, by=Grouping.REASON, groups=_REASONS)
    yield "Report, shared in the channel", partial(report.report_message, shared, (), "UTC", shared_by=BEN)
    yield "Report of nothing", partial(report.report_message, NOTHING, filters, "UTC", "17")
    yield "Weekly report", partial(report.digest_message, LAST_WEEK, "UTC")
    yield "Weekly report of nothing", partial(report.digest_message, NOTHING, "UTC")
    yield "For whoever runs the bot", partial(ops.ops_notice, _OPS_LINES, RULES)
