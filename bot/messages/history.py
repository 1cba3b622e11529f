"""PURE: pages of `history`, newest first, for one reader or shared in a channel."""

from collections.abc import Iterator, Sequence

from bot.domain.commands.days import Day, OnDay
from bot.domain.commands.filters import History
from bot.domain.commands.parser import COMMAND
from bot.messages.actions import Action
from bot.messages.document import (
    Bold,
    Button,
    Buttons,
    ChannelName,
    CodeText,
    Divider,
    Heading,
    Line,
    Link,
    Part,
    Typed,
    User,
    When,
)
from bot.messages.message import Message
from bot.messages.render import render
from bot.messages.view_models import RequestFacts
from bot.messages.words import OUTCOME, counted, listed, orders, paragraph, reason_of, show_command, standing
from storage.enums import RequestState

ENTRIES_PER_PAGE = 5
"""So many entries fit a message whatever they hold, beside three buttons with values of `LONGEST_VALUE`."""

LONGEST_VALUE = 500
"""Characters of a button's value that leave room for a full page; Slack takes 2,000."""

_FIRST_IDS = 3
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
    parts: list[Part] = [Heading("History of cancel requests")]
    if shared_by is not None:
        parts.append(paragraph(("Shared by ", User(shared_by), ".")))
    parts.append(paragraph(("Searched: ", *filters, ". Newest first, over every channel.")))
    if not entries:
        parts.append(paragraph(*_nothing_found(older, newer)))
    for number, entry in enumerate(entries[:ENTRIES_PER_PAGE]):
        parts += [Divider()] if number else []
        parts.append(paragraph(*_entry(entry)))
    if entries:
        parts.append(paragraph(("All about one of them: ", CodeText(show_command(entries[0].public_id)))))
    buttons = (
        *((Button("Older", Action.OLDER, older),) if older else ()),
        *((Button("Newer", Action.NEWER, newer),) if newer else ()),
        *((Button("Share in channel", Action.SHARE, share),) if share and entries else ()),
    )
    if buttons and shared_by is None:
        parts.append(Buttons(buttons))
    return render(parts)


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
        return (" (there is no list of reasons here, and no request has one of a list)",)
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
        ("To widen it, leave out a filter or take an earlier day: ", CodeText(f"{COMMAND} history since:30d")),
        ("Everything there is: ", CodeText(f"{COMMAND} history")),
    )


def _entry(facts: RequestFacts) -> tuple[Line, ...]:
    first: Line = (Bold(facts.public_id), f" · {orders(facts.order_count)} · {standing(facts)}")
    if facts.permalink:
        first += (" · ", Link(facts.permalink, "message"))
    who: Line = (
        "Asked by ",
        User(facts.requester),
        " in ",
        ChannelName(facts.channel_id),
        ", ",
        When(facts.created_at),
    )
    if approvers := facts.approvers():
        who += ("; approved by ", User(approvers[0]), *(span for each in approvers[1:] for span in (", ", User(each))))
    if facts.decided_by is not None and (facts.decided_by not in approvers or facts.state is RequestState.WITHDRAWN):
        who += (f"; {_VERBS.get(facts.state, 'confirmed')} by ", User(facts.decided_by))
    if facts.emergency:
        who += (" alone, ", Bold("in an emergency"))
    reason: Line = ("Reason: ", reason_of(facts, _REASON))
    if facts.state is RequestState.REFUSED and facts.rule:
        reason += (" · Refused under the rule: ", Typed(facts.rule, 120))
    return (first, who, reason, _ids(facts))


_VERBS = {RequestState.WITHDRAWN: "withdrawn", RequestState.DECLINED: "declined", RequestState.REFUSED: "refused"}


def _ids(facts: RequestFacts) -> Line:
    first = facts.orders[:_FIRST_IDS]
    more = facts.order_count - len(first)
    listed = CodeText(", ".join(order.order_id for order in first))
    after = f" … and {more:,} more" if more > 0 and first else ""
    return ("Orders: ", listed, after) if first else (orders(facts.order_count),)
