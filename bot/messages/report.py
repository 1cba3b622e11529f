"""PURE: the figures of a period: for one reader, shared in a channel, or posted once a week."""

from collections.abc import Iterator
from datetime import time, timedelta
from itertools import pairwise

from bot.domain.commands.report import Grouping
from bot.messages.actions import Action
from bot.messages.archived import not_counted
from bot.messages.data_blocks import MOST_CATEGORIES
from bot.messages.document import (
    Button,
    Buttons,
    ChannelName,
    Chart,
    CommandText,
    Heading,
    Line,
    Note,
    Part,
    Table,
    Typed,
    User,
)
from bot.messages.message import Message
from bot.messages.render import render
from bot.messages.report_facts import ReportFacts, ReportGroup, Tally
from bot.messages.words import NO_REASON, OUTCOME, counted, orders, paragraph
from storage.enums import Outcome

FIRST = 5
"""So many reasons and people are named beside the figures."""

MOST_GROUPS = 15
"""So many groups fit a message with their chart; the file has them all."""

_SHORT_REASON = 60

_NAMES = {
    Grouping.REASON: "Reason",
    Grouping.PERSON: "Asked by",
    Grouping.DAY: "Day",
    Grouping.OUTCOME: "Outcome",
    Grouping.CHANNEL: "Channel",
}


def report_message(
    facts: ReportFacts, filters: Line, zone: str, message_id: str | None = None, shared_by: str | None = None
) -> Message:
    """The figures of what was searched for (`filters`, empty for everything), whose days are those of the zone.

    `message_id` is what its buttons carry. A report shared in a channel says who shared it and has no buttons.
    """
    parts: list[Part] = [Heading(headline(facts))]
    if shared_by is not None:
        parts.append(paragraph(("Shared by ", User(shared_by), ".")))
    if filters:
        parts.append(paragraph(("Searched: ", *filters, ".")))
    if not facts.total.requests:
        nothing = "Nothing was found in that time: leave out a filter" if filters else "Nothing was asked in that time"
        parts.append(paragraph((f"{nothing}, or name another: ", CommandText("report since:30d"))))
    parts += _figures(facts)
    parts += _archived(facts)
    if message_id is not None and shared_by is None and facts.total.requests:
        share = Button("Share in channel", Action.SHARE_REPORT, message_id)
        parts.append(Buttons((share, Button("CSV", Action.REPORT_CSV, message_id))))
    return render((*parts, _small_print(zone)))


def digest_message(facts: ReportFacts, zone: str) -> Message:
    """The figures of the seven days before it, for everybody in its channel; also when there were none."""
    parts: list[Part] = [Heading(headline(facts))]
    if not facts.total.requests:
        parts.append(paragraph("Nobody asked to cancel anything in these seven days."))
        return render((*parts, *_archived(facts), _small_print(zone)))
    days = "More" if _is_of_whole_days(facts) else "More, of whole days"
    more: Line = (f"{days}: ", CommandText(f"report {_days(facts)} by:reason"))
    return render((*parts, *_figures(facts), *_archived(facts), paragraph(more), _small_print(zone)))


def headline(facts: ReportFacts) -> str:
    """`340 orders in 12 requests, 2026-11-22 to 2026-11-28: 320 cancelled · 12 rejected`."""
    total = facts.total
    what = f"{orders(total.orders)} in {counted(total.requests, 'request')}" if total.requests else "No requests"
    ended = " · ".join(f"{number:,} {OUTCOME[outcome]}" for outcome, number in _ended(total) if number)
    return f"{what}, {_period(facts)}{f': {ended}' if ended else ''}"


def _period(facts: ReportFacts) -> str:
    since, until = facts.since, facts.until
    if _is_of_whole_days(facts):
        first, last = since.date(), (until - timedelta(days=1)).date()
        return f"{first}" if first == last else f"{first} to {last}"
    return f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}"


def _is_of_whole_days(facts: ReportFacts) -> bool:
    return facts.since.time() == facts.until.time() == time()


def _days(facts: ReportFacts) -> str:
    return f"since:{facts.since.date()} until:{(facts.until - timedelta(seconds=1)).date()}"


def _small_print(zone: str) -> Note:
    return Note(((f"Of the requests asked in that time, as they stand now. Days and times are those of {zone}.",),))


def _archived(facts: ReportFacts) -> Iterator[Part]:
    if facts.archives:
        yield paragraph(*not_counted(facts.archives))


def _figures(facts: ReportFacts) -> Iterator[Part]:
    if not facts.total.requests:
        return
    if facts.total.figures.unknown:
        command = CommandText(f"history outcome:unknown {_days(facts)}")
        yield paragraph(("Nobody knows yet what became of the unknown ones: ", command))
    if (chart := _chart(facts)) is not None:
        yield chart
    if facts.by is None:
        yield Table((), tuple(((name,), (value,)) for name, value in _rows(facts)))
    else:
        yield from _grouped(facts, facts.by)
        rest = [f"{name}: {value}" for name, value in _rows(facts) if name not in _IN_GROUPS]
        yield paragraph(" · ".join(rest))
    yield from _most_frequent(facts)


def _ended(tally: Tally) -> tuple[tuple[Outcome, int], ...]:
    found = tally.figures
    return (
        (Outcome.CANCELLED, found.cancelled),
        (Outcome.REJECTED, found.rejected),
        (Outcome.NOT_SENT, found.not_sent),
        (Outcome.UNKNOWN, found.unknown),
    )


def _rows(facts: ReportFacts) -> Iterator[tuple[str, str]]:
    """Every figure with its name."""
    total = facts.total
    yield "Requests", f"{total.requests:,}"
    yield "Orders", f"{total.orders:,}"
    for outcome, number in _ended(total):
        yield OUTCOME[outcome].capitalize(), f"{number:,}"
    seldom = (
        ("Orders without an outcome yet", total.without_outcome),
        ("Orders of requests that ended before anything was sent", total.nothing_sent),
    )
    for name, number in seldom:
        if number:
            yield name, f"{number:,}"
    yield "Requests refused", f"{total.refused:,}"
    yield "Requests expired", f"{total.expired:,}"
    for name, number in (("Requests declined", total.declined), ("Requests withdrawn", total.withdrawn)):
        if number:
            yield name, f"{number:,}"
    yield "Requests that others approved", f"{facts.approvals:,}"
    if facts.median_wait is not None and facts.longest_wait is not None:
        yield "Wait for approval, median", _wait(facts.median_wait)
        yield "Wait for approval, longest", _wait(facts.longest_wait)
    yield "Outcomes corrected later", f"{facts.corrections:,}"


_IN_GROUPS = frozenset({"Requests", "Orders", *(word.capitalize() for word in OUTCOME.values())})
"""Figures that stand in the headline and in the table of groups."""


def _wait(waited: timedelta) -> str:
    """`45 s`, `12 min 5 s`, `3 h 12 min`, `2 d 3 h`: to the smaller of two units."""
    seconds = round(waited.total_seconds())
    for (name, size), (smaller, unit) in pairwise((("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))):
        if seconds >= size:
            rest = seconds % size // unit
            return f"{seconds // size} {name}{f' {rest} {smaller}' if rest else ''}"
    return f"{seconds} s"


def _grouped(facts: ReportFacts, by: Grouping) -> Iterator[Part]:
    names = ["Requests", "Orders"]
    if by is not Grouping.OUTCOME:
        names += [OUTCOME[outcome].capitalize() for outcome, _ in _ended(facts.total)]
    shown = facts.groups[-MOST_GROUPS:] if by is Grouping.DAY else facts.groups[:MOST_GROUPS]
    yield Table((_NAMES[by], *names), tuple(_row(by, group) for group in shown))
    if (more := len(facts.groups) - len(shown)) > 0:
        earlier = "earlier days" if by is Grouping.DAY else "more"
        yield paragraph(f"… and {more:,} {earlier}, which the CSV of a report has.")


def _row(by: Grouping, group: ReportGroup) -> tuple[Line, ...]:
    numbers = [group.tally.requests, group.tally.orders]
    if by is not Grouping.OUTCOME:
        numbers += [number for _, number in _ended(group.tally)]
    return (_name(by, group.name), *((f"{number:,}",) for number in numbers))


def _name(by: Grouping, name: str) -> Line:
    match by:
        case Grouping.REASON:
            return (Typed(name or NO_REASON, _SHORT_REASON),)
        case Grouping.PERSON:
            return (User(name),)
        case Grouping.CHANNEL:
            return (ChannelName(name),)
        case Grouping.OUTCOME:
            return (OUTCOME[Outcome(name)].capitalize(),)
        case Grouping.DAY:
            return (name,)


def _most_frequent(facts: ReportFacts) -> Iterator[Part]:
    lines: list[Line] = []
    if facts.reasons and facts.by is not Grouping.REASON:
        lines.append(("Most frequent reasons: ", *_listed(Grouping.REASON, facts.reasons)))
    if facts.people and facts.by is not Grouping.PERSON:
        lines.append(("Who asked most: ", *_listed(Grouping.PERSON, facts.people)))
    if lines:
        yield paragraph(*lines)


def _listed(by: Grouping, groups: tuple[ReportGroup, ...]) -> Line:
    line: Line = ()
    for group in groups[:FIRST]:
        line += (" · " if line else "", *_name(by, group.name), f" {group.tally.requests:,}")
    return line


def _chart(facts: ReportFacts) -> Chart | None:
    """The outcomes as bars, where their groups have names in words."""
    if not facts.total.figures.settled():
        return None
    if facts.by in (None, Grouping.OUTCOME):
        ended = _ended(facts.total)
        names = tuple(OUTCOME[outcome].capitalize() for outcome, _ in ended)
        return Chart("Orders by outcome", names, (("Orders", tuple(number for _, number in ended)),))
    if facts.by is Grouping.REASON:
        reasons = facts.groups[:MOST_GROUPS]
        return _bars("Orders by reason", tuple(group.name or NO_REASON for group in reasons), reasons)
    if facts.by is Grouping.DAY:
        days = facts.groups[-MOST_CATEGORIES:]
        return _bars("Orders by day", tuple(group.name for group in days), days)
    return None


def _bars(title: str, names: tuple[str, ...], groups: tuple[ReportGroup, ...]) -> Chart | None:
    """A group of bars for each name, with a bar for each outcome that there is."""
    columns = zip(*(_ended(group.tally) for group in groups), strict=True)
    series = ((OUTCOME[column[0][0]], tuple(number for _, number in column)) for column in columns)
    drawn = tuple((name, values) for name, values in series if any(values))
    return Chart(title, names, drawn) if drawn else None
