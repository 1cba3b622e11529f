"""What the rows of messages hold: written and read back the same, and read as an earlier version wrote it."""

import json
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.commands.days import DaysAgo, OnDay
from bot.domain.commands.filters import History
from bot.domain.commands.order_ids import OrderId
from bot.domain.commands.report import Grouping
from bot.domain.files.not_fetched import Trouble
from bot.domain.policy.decide import Absence, Absent, Asked, Verdict, VerdictCode
from bot.outbox.contents import (
    AnswerContent,
    Content,
    Corrections,
    DigestContent,
    DryRun,
    FileNotFetched,
    HistoryPage,
    MovedContent,
    Refusal,
    ReportContent,
    RequestPage,
    SharedHistory,
    read_content,
)
from storage.enums import AnswerCode, MessageKind, Outcome, RequestState
from storage.slack_models import SlackMessage

_DAYS = st.none() | st.builds(DaysAgo, st.integers(0, 9999)) | st.builds(OnDay, st.dates(date(1970, 1, 1)))
_FILTERS = st.builds(
    History,
    person=st.none() | st.just("U1"),
    order_id=st.none() | st.just(OrderId("6864fecda075914a1b1e353c")),
    status=st.none() | st.sampled_from(RequestState),
    outcome=st.none() | st.sampled_from(Outcome),
    text=st.none() | st.text(),
    since=_DAYS,
    until=_DAYS,
    label=st.none() | st.text(),
    reason=st.none() | st.text(),
)


def _row(kind: MessageKind, facts: str) -> SlackMessage:
    return SlackMessage(kind=kind, facts=facts)


@given(filters=_FILTERS, zone=st.sampled_from(("Africa/Cairo", 7200)), after=st.none() | st.integers(1, 99))
def test_a_page_of_history_is_read_as_it_was_written(filters: History, zone: str | int, after: int | None) -> None:
    page = HistoryPage(filters=filters, zone=zone, of_ids=("U1", "W1"), ids=("U2",), after=after)

    assert read_content(_row(MessageKind.HISTORY, page.to_json())) == page
    assert read_content(_row(MessageKind.SHARED_HISTORY, page.shared("U2").to_json())) == page.shared("U2")


@given(filters=_FILTERS, by=st.none() | st.sampled_from(Grouping))
def test_a_report_is_read_as_it_was_written(filters: History, by: Grouping | None) -> None:
    report = ReportContent(filters=filters, zone="Africa/Cairo", of_ids=("U1", "W1"), ids=("U2",), by=by)

    assert read_content(_row(MessageKind.REPORT, report.to_json())) == report
    assert read_content(_row(MessageKind.SHARED_REPORT, report.shared("U2").to_json())) == report.shared("U2")


def test_the_week_of_a_digest_is_read_as_it_was_written() -> None:
    until = datetime(2026, 11, 23, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    week = DigestContent(since=until - timedelta(days=7), until=until, zone="Europe/Berlin")

    assert read_content(_row(MessageKind.DIGEST, week.to_json())) == week


def test_a_refusal_is_read_as_it_was_written() -> None:
    verdict = Verdict(
        False,
        VerdictCode.GUEST,
        "guests may not",
        Asked(("U1",), ("S1",), "Dana"),
        absent=(Absent("U2", Absence.DEACTIVATED),),
    )
    refusal = Refusal(verdict=verdict, orders=3)

    assert read_content(_row(MessageKind.ANSWER, refusal.to_json())) == refusal


_OLD_FILTERS = {
    "person": None,
    "order_id": "6864fecda075914a1b1e353c",
    "status": "finished",
    "outcome": None,
    "text": None,
    "since": {"day": "2026-01-02"},
    "until": {"days": 3},
}
_SEARCHED = History(
    order_id=OrderId("6864fecda075914a1b1e353c"),
    status=RequestState.FINISHED,
    since=OnDay(date(2026, 1, 2)),
    until=DaysAgo(3),
)
_OLD_ORDERS: dict[str, Any] = {"order_count": 4, "orders": (("1", True),), "unlike_count": 1, "approvals_needed": 0}
_OLD_DRY_RUN = {**_OLD_ORDERS, "checked": 3, "not_pending": [["2", "Delivered"]], "not_pending_count": 1}
_OLD_STATUSES = (("2", "Delivered", None), ("", "Pending", None), ("", "Pending", None))


@pytest.mark.parametrize(
    ("kind", "facts", "content"),
    [
        (
            MessageKind.SHARED_HISTORY,
            {"filters": _OLD_FILTERS, "zone": "UTC", "of_ids": [], "ids": ["U1"], "before": 7, "shared_by": "U1"},
            SharedHistory(filters=_SEARCHED, zone="UTC", ids=("U1",), before=7, shared_by="U1"),
        ),
        (MessageKind.SHOW, {"public_id": "R-7K3F9Q", "page": 2}, RequestPage(public_id="R-7K3F9Q", page=2)),
        (MessageKind.ANSWER, {"what": "kept"}, AnswerContent(what=AnswerCode.KEPT)),
        (MessageKind.ANSWER, {"what": "file_not_fetched"}, FileNotFetched(trouble=Trouble.NO_ANSWER)),
        (MessageKind.CORRECTION_NOTICE, {"orders": [1, 4]}, Corrections(orders=(1, 4))),
        (MessageKind.DRY_RUN, _OLD_DRY_RUN, DryRun(**_OLD_ORDERS, statuses=_OLD_STATUSES)),
        (MessageKind.MOVED, {}, MovedContent()),
        (MessageKind.LIVE, {}, Content()),
    ],
)
def test_what_an_earlier_version_wrote_is_read(kind: MessageKind, facts: dict[str, object], content: Content) -> None:
    assert read_content(_row(kind, json.dumps(facts))) == content


def test_what_nobody_wrote_is_refused() -> None:
    with pytest.raises(ValueError, match="what"):
        read_content(_row(MessageKind.ANSWER, '{"what": "nonsense"}'))
