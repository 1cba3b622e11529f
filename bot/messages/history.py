"""PURE: pages of `history`, newest first, for one reader or shared in a channel."""

from collections.abc import Iterator, Sequence

from bot.domain.commands.days import Day, OnDay
from bot.domain.commands.filters import History
from bot.messages.actions import Action
from bot.messages.document import (
    Bold,
    Button,
    Buttons,
    CodeText,
    CommandText,
    Divider,
    Line,
    Link,
    Note,
    Part,
    Typed,
    User,
)
from bot.messages.layout import ABOUT_ONE, first_ids, people_line, story
from bot.messages.message import Message
from bot.messages.render import render
from bot.messages.view_models import RequestFacts
from bot.messages.words import OUTCOME, counted, listed, paragraph, reason_of, summary

ENTRIES_PER_PAGE = 5
"""So many entries fit a message whatever they hold, beside three buttons with values of `LONGEST_VALUE`."""

LONGEST_VALUE = 500
"""Characters of a button's value that leave room for a full page; Slack takes 2,000."""

_REASON = 150


def history_page(
    entries: tuple[RequestFacts, ...],
    filters: Line,
    older: str | None = None,
    newer: str | None = None,
    share: str | None = None,
    shared_by: str | None = None,
) -> Message:
    """One page of at most `ENTRIES_PER_PAGE` entries. `filters` comes from `described`.

    `older`, `newer` and `share` are the values of those buttons (`LONGEST_VALUE` characters or fewer), None
    where there is no such page or nothing to share. A page shared in a channel says who shared it and has no buttons.
    """
    by: Line = (", shared by ", User(shared_by)) if shared_by is not None else ()
    parts: list[Part] = [paragraph((Bold("History of cancel requests"), *by, ": ", *filters))]
    if not entries:
        parts.append(paragraph(*_nothing_found(older, newer)))
    for number, entry in enumerate(entries[:ENTRIES_PER_PAGE]):
        parts += [Divider()] if number else []
        parts.append(paragraph(*_entry(entry)))
    buttons = (
        *((Button("Older", Action.OLDER, older),) if older else ()),
        *((Button("Newer", Action.NEWER, newer),) if newer else ()),
        *((Button("Share in channel", Action.SHARE, share),) if share and entries else ()),
    )
    if buttons and shared_by is None:
        parts.append(Buttons(buttons))
    return render((*parts, Note((("newest first, over every channel",), *((ABOUT_ONE,) if entries else ())))))


def described(history: History, zone: str = "UTC", reasons: Sequence[str] | None = None) -> Line:
    """The filters as people read them, for `history_page`; `zone` is the time zone in which the days were read.
    `reasons`: the one searched for is none of these, which were used or are listed."""
    asked = (("since", history.since), ("until", history.until))
    days = [(f"{word} {_day(day)}",) for word, day in asked if day is not None]
    found: list[Line] = [*_described_filters(history, reasons), *days]
    if not found:
        return ("everything",)
    line: Line = found[0]
    for each in found[1:]:
        line += (", ", *each)
    return (*line, f". Days are those of {zone}") if days else line


def _described_filters(history: History, reasons: Sequence[str] | None) -> Iterator[Line]:
    if history.person is not None:
        yield "requests of or decided by ", User(history.person)
    if history.order_id is not None:
        yield "order ", CodeText(history.order_id.value)
    elif history.label is not None:
        yield "order labelled ", CodeText(f"#{history.label}")
    if history.status is not None:
        yield (f"status {history.status.value}",)
    if history.outcome is not None:
        yield (f"outcome {OUTCOME[history.outcome]}",)
    if history.reason is not None:
        yield "reason “", Typed(history.reason, 100), "”", *_unknown_reason(reasons)
    if history.text is not None:
        yield "text “", Typed(history.text, 100), "”"


def _unknown_reason(reasons: Sequence[str] | None) -> Line:
    if reasons is None:
        return ()
    if not reasons:
        return (" (there is no list of reasons here, and no request has this one)",)
    return (" (no such reason is listed or was used; there are: ", listed(reasons), ")")


def _day(day: Day) -> str:
    if isinstance(day, OnDay):
        return day.day.isoformat()
    return {0: "today", 1: "yesterday"}.get(day.days, f"{counted(day.days, 'day')} ago")


def _nothing_found(older: str | None, newer: str | None) -> tuple[Line, ...]:
    if older or newer:
        return (("There is nothing on this page.",),)
    return (
        (Bold("Nothing was found."),),
        ("To widen it, leave out a filter or take an earlier day: ", CommandText("history since:30d")),
        ("Everything there is: ", CommandText("history")),
    )


def _entry(facts: RequestFacts) -> tuple[Line, ...]:
    what: Line = (Bold(f"{facts.public_id} · {summary(facts)}"),)
    first = story(facts, what, reason_of(facts, _REASON))
    first += (" · ", Link(facts.permalink, "message")) if facts.permalink else ()
    return (first, first_ids(facts), people_line(facts))
