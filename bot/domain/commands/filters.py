"""PURE: the filters of `history` (and of whatever lists the same): text into a `History`, or an error."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar

from bot.domain.commands.days import Day, DaysAgo, OnDay
from bot.domain.commands.order_ids import (
    WRAPPING,
    BadId,
    OrderId,
    RequestIdGiven,
    ShopNumberGiven,
    read_order_id,
    unwrap,
)
from bot.domain.commands.typed_text import (
    DOUBLE_QUOTES,
    WHITE_SPACE,
    as_typed,
    closed_format,
    nearest,
    plain_hyphens,
    tidy,
)
from storage.enums import Outcome, RequestState
from storage.spelling import ENDS


@dataclass(frozen=True, slots=True)
class History:
    """What to list, newest first: everything where nothing is given. `since` and `until` are both inclusive days."""

    person: str | None = None
    order_id: OrderId | None = None
    status: RequestState | None = None
    outcome: Outcome | None = None
    text: str | None = None
    since: Day | None = None
    until: Day | None = None
    label: str | None = None
    """What stands beside an order in the file it came from, without a `#`. With `order_id`: either of them."""
    reason: str | None = None
    """A reason of the list, in any case."""


class Filter(StrEnum):
    """The words before a filter's colon."""

    STATUS = "status"
    OUTCOME = "outcome"
    REASON = "reason"
    TEXT = "text"
    SINCE = "since"
    UNTIL = "until"


@dataclass(frozen=True, slots=True)
class PlainName:
    """`@name` that Slack did not turn into a mention."""

    name: str


@dataclass(frozen=True, slots=True)
class UnknownFilter:
    """A word with a colon that is no filter."""

    key: str
    nearest: str | None


@dataclass(frozen=True, slots=True)
class UnknownValue:
    """A status or outcome that does not exist; `valid` are those that do."""

    key: Filter
    value: str
    valid: tuple[str, ...]
    nearest: str | None


@dataclass(frozen=True, slots=True)
class UnknownDay:
    """A day in no form that is understood, or that no calendar has."""

    key: Filter
    value: str


@dataclass(frozen=True, slots=True)
class EmptyFilter:
    """A filter's word with nothing after the colon."""

    key: Filter


@dataclass(frozen=True, slots=True)
class GivenTwice:
    """A second value for what is filtered by one: a filter, or `@person` or `ID`."""

    what: str


@dataclass(frozen=True, slots=True)
class SinceAfterUntil:
    """Days between which there is none."""

    since: str
    until: str


@dataclass(frozen=True, slots=True)
class BadHistoryWord:
    """A word that is no filter, person or order id; `filter` is the whole filter that it looks like a value of."""

    bad: BadId
    filter: str | None


FilterError = (
    PlainName | UnknownFilter | UnknownValue | UnknownDay | EmptyFilter | GivenTwice | SinceAfterUntil | BadHistoryWord
)
HistoryError = FilterError | RequestIdGiven

PERSON: Final = "@person"
ORDER: Final = "ID"

_Q, _S = re.escape(DOUBLE_QUOTES), WHITE_SPACE
_ITEM = re.compile(
    rf"(?P<dropped>(?:[{re.escape(WRAPPING)}-]++(?:[{_S},;]++|\Z))++)"
    rf"|(?P<key>[A-Za-z_]++):[{_S}]*+(?:[{_Q}](?P<quoted>[^{_Q}]*+)[{_Q}]?|(?P<value>[^{_S}]*+))"
    rf"|(?P<word><[^<>]*+>|[^{_S},;]++)"
)
_PERSON = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAYS = re.compile(r"([0-9]{1,4})d")

_Value = str | OrderId | ShopNumberGiven | RequestState | Outcome | Day


def parse_history(text: str) -> History | HistoryError:
    """The filters in any order, each at most once. The text is Slack's, escapes included; blank lists everything."""
    found: dict[str, _Value] = {}
    before: re.Match[str] | None = None
    for match in _ITEM.finditer(text):
        if match["dropped"] is not None:
            continue
        read = _read_filter(match) if match["key"] is not None else _read_word(match["word"])
        if isinstance(read, BadHistoryWord) and before is not None and _goes_on(before, read):
            found[Filter.REASON] = f"{found[Filter.REASON]} {_reason(match['word'])}"
            continue
        if not isinstance(read, tuple):
            return read
        what, value = read
        if what in found:
            return GivenTwice(what)
        found[what] = value
        before = match
    return _joined(found)


def _goes_on(before: re.Match[str], word: BadHistoryWord) -> bool:
    """Whether the word belongs to a reason of several words that nobody put in quotes: `reason:out of stock`."""
    return (before["key"] or "").lower() == Filter.REASON and before["value"] is not None and word.filter is None


def _reason(typed: str) -> str:
    """A reason, or a word of one, without the quotes around it and what ends a sentence."""
    return unwrap(tidy(as_typed(typed))).rstrip(f"{ENDS} ")


def _read_filter(match: re.Match[str]) -> tuple[str, _Value] | HistoryError:
    key = match["key"].lower()
    if key not in list(Filter):
        return UnknownFilter(match["key"], nearest(key, Filter))
    name = Filter(key)
    quoted = match["quoted"] is not None
    given = match["quoted"] if quoted else match["value"]
    value = tidy(as_typed(given))
    if name is Filter.REASON:
        value = _reason(given)
    elif name is not Filter.TEXT:
        value = unwrap(closed_format(value.rstrip(",;")))
    if not value:
        return EmptyFilter(name)
    read = _READERS[name](name, value)
    return read if isinstance(read, UnknownValue | UnknownDay) else (name, read)


def _read_word(word: str) -> tuple[str, _Value] | HistoryError:
    if person := _PERSON.fullmatch(word):
        return PERSON, person[1]
    bare = unwrap(as_typed(word))
    if bare.startswith("@") and not word.startswith("<"):
        return PlainName(bare)
    order = read_order_id(unwrap(word))
    if isinstance(order, OrderId) or (isinstance(order, ShopNumberGiven) and _label_of(order)):
        return ORDER, order
    return order if isinstance(order, RequestIdGiven) else BadHistoryWord(order, _looks_like(bare))


def _label_of(number: ShopNumberGiven) -> str:
    """The shop's number without what marks it as one."""
    return as_typed(number.value).lstrip("#＃№")


def _looks_like(word: str) -> str | None:
    spelled = plain_hyphens(word).lower().replace("-", "_")
    for key, words in ((Filter.STATUS, RequestState), (Filter.OUTCOME, Outcome)):
        if spelled in list(words):
            return f"{key}:{spelled}"
    return None


_Word = TypeVar("_Word", RequestState, Outcome)


def _one_of(words: type[_Word], key: Filter, value: str) -> _Word | UnknownValue:
    spelled = plain_hyphens(value).lower().replace("-", "_").replace(" ", "_")
    if spelled in list(words):
        return words(spelled)
    return UnknownValue(key, value, tuple(word.value for word in words), nearest(spelled, words))


def _read_text(_: Filter, value: str) -> str:
    return value


def _read_day(key: Filter, value: str) -> Day | UnknownDay:
    spelled = value.lower()
    if spelled in ("today", "yesterday"):
        return DaysAgo(0 if spelled == "today" else 1)
    if days := _DAYS.fullmatch(spelled):
        return DaysAgo(int(days[1]))
    try:
        return OnDay(date.fromisoformat(spelled)) if _DATE.fullmatch(spelled) else UnknownDay(key, value)
    except ValueError:
        return UnknownDay(key, value)


_READERS: dict[Filter, Callable[[Filter, str], _Value | UnknownValue | UnknownDay]] = {
    Filter.STATUS: partial(_one_of, RequestState),
    Filter.OUTCOME: partial(_one_of, Outcome),
    Filter.REASON: _read_text,
    Filter.TEXT: _read_text,
    Filter.SINCE: _read_day,
    Filter.UNTIL: _read_day,
}


def _joined(found: dict[str, _Value]) -> History | SinceAfterUntil:
    def get(what: str, kind: type[_Kind]) -> _Kind | None:
        value = found.get(what)
        return value if isinstance(value, kind) else None

    order, number = get(ORDER, OrderId), get(ORDER, ShopNumberGiven)
    label = _label_of(number) if number else order.value if order and order.unlike_fincart else None
    history = History(
        person=get(PERSON, str),
        order_id=order,
        label=label,
        status=get(Filter.STATUS, RequestState),
        outcome=get(Filter.OUTCOME, Outcome),
        reason=get(Filter.REASON, str),
        text=get(Filter.TEXT, str),
        since=get(Filter.SINCE, OnDay) or get(Filter.SINCE, DaysAgo),
        until=get(Filter.UNTIL, OnDay) or get(Filter.UNTIL, DaysAgo),
    )
    match history.since, history.until:
        case OnDay(since), OnDay(until) if since > until:
            return SinceAfterUntil(since.isoformat(), until.isoformat())
        case DaysAgo(since_ago), DaysAgo(until_ago) if since_ago < until_ago:
            return SinceAfterUntil(f"{since_ago}d", f"{until_ago}d")
    return history


_Kind = TypeVar("_Kind")
