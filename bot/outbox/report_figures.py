"""Reads the sums of a report from the database, and puts them together."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from statistics import median

from sqlalchemy.orm import Session

from bot.domain.commands.days import DaysAgo, midnight
from bot.domain.commands.filters import History
from bot.domain.commands.report import DEFAULT_DAYS, Grouping
from bot.messages.report_facts import ENDED_UNSENT, ReportFacts, ReportGroup, Tally
from bot.messages.view_models import Figures
from bot.outbox.archive_facts import archives_reaching
from bot.outbox.contents import DigestContent, ReportContent
from bot.outbox.history_search import search_of, time_zone
from storage import history, reports
from storage.enums import Outcome, RequestState
from storage.history import Search
from storage.reports import OUTCOMES, TallyRow
from storage.spelling import reason_key

EVERY_DAY = 31
"""A report of at most so many days also lists days without a request."""


def figures_of(session: Session, content: ReportContent, now: datetime) -> ReportFacts:
    """The current figures of a report's message."""
    search = search_of(content.filters, content.zone, content.of_ids, now)
    search = replace(search, person=history.same_person(session, search.person))
    return report_facts(session, search, time_zone(content.zone), content.by)


def last_days(zone: str | int) -> ReportContent:
    """The report of the default period."""
    days = History(since=DaysAgo(DEFAULT_DAYS - 1), until=DaysAgo(0))
    return ReportContent(filters=days, zone=zone)


def digest_of(session: Session, week: DigestContent) -> ReportFacts:
    """The current figures of a week."""
    zone = time_zone(week.zone)
    return report_facts(session, Search(since=week.since.astimezone(zone), until=week.until.astimezone(zone)), zone)


def report_facts(session: Session, search: Search, zone: tzinfo, by: Grouping | None = None) -> ReportFacts:
    """The figures of all requests that this search finds. The search names a period; days are those of the zone."""
    assert search.since is not None
    assert search.until is not None
    total = _together(reports.in_all(session, search))
    waits = reports.approval_waits(session, search)
    reasons = _reasons(reports.by_reason(session, search))
    people = _by_name(reports.by_requester(session, search), _person_of(reports.spoken_for(session)))
    groups: Mapping[Grouping, Callable[[], tuple[ReportGroup, ...]]] = {
        Grouping.REASON: lambda: reasons,
        Grouping.PERSON: lambda: people,
        Grouping.CHANNEL: lambda: _by_name(reports.by_channel(session, search), lambda channel: channel),
        Grouping.OUTCOME: lambda: _outcomes(total),
        Grouping.DAY: lambda: _days(session, search, zone),
    }
    return ReportFacts(
        since=search.since,
        until=search.until,
        total=total,
        approvals=len(waits),
        median_wait=timedelta(seconds=median(map(timedelta.total_seconds, waits))) if waits else None,
        longest_wait=max(waits, default=None),
        corrections=reports.corrections(session, search),
        reasons=tuple(each for each in reasons if each.name),
        people=people,
        by=by,
        groups=groups[by]() if by else (),
        archives=archives_reaching(session, search.since, search.until),
    )


def _together(rows: Iterable[TallyRow]) -> Tally:
    return sum(map(_tally, rows), Tally())


def _tally(row: TallyRow) -> Tally:
    def if_ended(state: RequestState) -> int:
        return row.requests if row.state is state else 0

    return Tally(
        requests=row.requests,
        orders=row.orders,
        figures=Figures(*row.ended),
        holding=Figures(*row.holding),
        nothing_sent=row.orders if row.state in ENDED_UNSENT else 0,
        refused=if_ended(RequestState.REFUSED),
        expired=if_ended(RequestState.EXPIRED),
        declined=if_ended(RequestState.DECLINED),
        withdrawn=if_ended(RequestState.WITHDRAWN),
    )


def _by_name(rows: Iterable[TallyRow], name_of: Callable[[str], str]) -> tuple[ReportGroup, ...]:
    """A group for each name, the one with most requests first."""
    found: defaultdict[str, Tally] = defaultdict(Tally)
    for row in rows:
        found[name_of(row.key or "")] += _tally(row)
    groups = (ReportGroup(name, tally) for name, tally in found.items())
    return tuple(sorted(groups, key=lambda group: (-group.tally.requests, -group.tally.orders, group.name)))


def _reasons(rows: Iterable[TallyRow]) -> tuple[ReportGroup, ...]:
    """A group for each reason, whatever its spelling: named as on the list, or else as most often typed."""
    rows = tuple(rows)
    spellings: defaultdict[str, Counter[tuple[bool, str]]] = defaultdict(Counter)
    for row in rows:
        spellings[reason_key(row.key or "")][row.listed, row.key or ""] += row.requests
    best = {key: max(of_it, key=lambda each: (each[0], of_it[each], each[1])) for key, of_it in spellings.items()}
    return _by_name(rows, lambda reason: best[reason_key(reason)][1] if reason_key(reason) else "")


def _person_of(spoken_for: Iterable[tuple[str, str]]) -> Callable[[str], str]:
    """Returns a function that finds the person of an id, by the ids that the audit events name."""
    leads_to = dict[str, str]()

    def person(each: str) -> str:
        while each in leads_to:
            each = leads_to[each]
        return each

    for acted, stands_for in spoken_for:
        if person(acted) != person(stands_for):
            leads_to[person(acted)] = person(stands_for)
    return person


def _outcomes(total: Tally) -> tuple[ReportGroup, ...]:
    def group(outcome: Outcome) -> ReportGroup:
        orders, requests = (getattr(figures, outcome.value) for figures in (total.figures, total.holding))
        return ReportGroup(outcome.value, Tally(requests, orders))

    return tuple(map(group, OUTCOMES))


def _days(session: Session, search: Search, zone: tzinfo) -> tuple[ReportGroup, ...]:
    """A group for each day with a request, oldest first; in a short period for every day."""
    assert search.since is not None
    assert search.until is not None
    groups = []
    whole = search.until - search.since <= timedelta(days=EVERY_DAY)
    start = search.since
    while start < search.until:
        asked = start if whole else reports.first_asked(session, replace(search, since=start))
        if asked is None:
            break
        day = asked.astimezone(zone).date()
        end = min(midnight(day + timedelta(days=1), zone), search.until)
        tally = _together(reports.in_all(session, replace(search, since=start, until=end)))
        groups.append(ReportGroup(day.isoformat(), tally))
        start = end
    return tuple(groups)
