"""PURE: parses the filters of `history`, and of commands that list the same, into a `History` or an error."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar

from bot.domain.commands.days import Day, DaysAgo, OnDay, as_typed_day, read_day
from bot.domain.commands.order_ids import (
    WRAPPING,
    BadId,
    NoDigit,
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
from storage.spelling import without_end


@dataclass(frozen=True, slots=True)
class History:
    """What to list, newest first; everything if no filter is given. `since` and `until` are inclusive days."""

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
    """The listed reason, or the typed one of a request without a listed one, in any spelling."""


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
    """A word with a colon that is no filter; `valid` are those that are."""

    key: str
    nearest: str | None
    valid: tuple[str, ...] = tuple(Filter)


@dataclass(frozen=True, slots=True)
class UnknownValue:
    """A status or outcome that does not exist; `valid` are those that do."""

    key: Filter
    value: str
    valid: tuple[str, ...]
    nearest: str | None


@dataclass(frozen=True, slots=True)
class UnknownDay:
    """A day in an unknown form, or one that does not exist."""

    key: Filter
    value: str


@dataclass(frozen=True, slots=True)
class EmptyFilter:
    """A filter's word with nothing after the colon."""

    key: Filter


@dataclass(frozen=True, slots=True)
class GivenTwice:
    """A filter, `@person` or `ID` given a second time."""

    what: str


@dataclass(frozen=True, slots=True)
class SinceAfterUntil:
    """`since` is later than `until`."""

    since: str
    until: str


@dataclass(frozen=True, slots=True)
class BadHistoryWord:
    """A word that is no filter, person or order id; `filter` is the filter that it looks like a value of."""

    bad: BadId
    filter: str | None


@dataclass(frozen=True, slots=True)
class UnquotedReason:
    """A word after a reason without quotes that may belong to it, or be something else."""

    reason: str
    word: str


FilterError = (
    PlainName
    | UnknownFilter
    | UnknownValue
    | UnknownDay
    | EmptyFilter
    | GivenTwice
    | SinceAfterUntil
    | BadHistoryWord
    | UnquotedReason
)
HistoryError = FilterError | RequestIdGiven

PERSON: Final = "@person"
ORDER: Final = "ID"

_Q, _S = re.escape(DOUBLE_QUOTES), WHITE_SPACE
ITEM = re.compile(
    rf"(?P<dropped>(?:[{re.escape(WRAPPING)}-]++(?:[{_S},;]++|\Z))++)"
    rf"|(?P<key>[A-Za-z_]++):[{_S}]*+(?:[{_Q}](?P<quoted>[^{_Q}]*+)[{_Q}]?|(?P<value>[^{_S}]*+))"
    rf"|(?P<word><[^<>]*+>|[^{_S},;]++)"
)
"""What filters are made of: marks that are dropped, a key with its value, a word."""

_PERSON = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")

_Value = str | OrderId | ShopNumberGiven | RequestState | Outcome | Day


def parse_history(text: str) -> History | HistoryError:
    """Parse filters in any order, each at most once. The text is Slack's, escapes included; blank lists everything."""
    found: dict[str, _Value] = {}
    before: re.Match[str] | None = None
    for match in ITEM.finditer(text):
        if match["dropped"] is not None:
            continue
        read = _read_filter(match) if match["key"] is not None else _read_word(match["word"])
        if _in_reason(before) and not _stands_alone(read):
            reason, word = str(found[Filter.REASON]), _reason(match[0])
            if isinstance(read, BadHistoryWord) and not read.filter:
                found[Filter.REASON] = f"{reason} {word}"
                continue
            return UnquotedReason(reason, word)
        if not isinstance(read, tuple):
            return read
        what, value = read
        if what in found:
            return GivenTwice(what)
        found[what] = value
        before = match
    return _joined(found)


def _in_reason(before: re.Match[str] | None) -> bool:
    """Tell whether what was read last is a reason without quotes, which goes on: `reason:out of stock`."""
    return before is not None and (before["key"] or "").lower() == Filter.REASON and before["value"] is not None


def _stands_alone(read: "tuple[str, _Value] | HistoryError") -> bool:
    """Tell whether this can be no word of a reason: a filter, a person, a Fincart order id."""
    match read:
        case (what, value):
            return what != ORDER or (isinstance(value, OrderId) and not value.unlike_fincart)
        case UnknownFilter():
            return read.nearest is not None
        case _:
            return not isinstance(read, BadHistoryWord | RequestIdGiven | PlainName)


def _reason(typed: str) -> str:
    """Strip quotes and final punctuation from a reason or a word of one."""
    return without_end(unwrap(tidy(as_typed(typed))))


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
    read = _READERS[name](name, value) if name in _READERS else value
    return read if isinstance(read, UnknownValue | UnknownDay) else (name, read)


def _read_word(word: str) -> tuple[str, _Value] | HistoryError:
    if person := _PERSON.fullmatch(word):
        return PERSON, person[1]
    bare = unwrap(as_typed(word))
    if bare.startswith("@") and not word.startswith("<"):
        return PlainName(bare)
    if read_day(bare):
        return BadHistoryWord(NoDigit(bare), f"{Filter.SINCE}:{bare.lower()}")
    order = read_order_id(unwrap(word))
    if isinstance(order, OrderId) or (isinstance(order, ShopNumberGiven) and _label_of(order)):
        return ORDER, order
    return order if isinstance(order, RequestIdGiven) else BadHistoryWord(order, _looks_like(bare))


def _label_of(number: ShopNumberGiven) -> str:
    """Return the shop's number without its mark."""
    return as_typed(number.value).lstrip("#＃№")


def _looks_like(word: str) -> str | None:
    spelled = plain_hyphens(word).lower().replace("-", "_")
    for key, words in ((Filter.STATUS, RequestState), (Filter.OUTCOME, Outcome)):
        if spelled in list(words):
            return f"{key}:{spelled}"
    return None


_Word = TypeVar("_Word", RequestState, Outcome)
_Kind = TypeVar("_Kind")


def _one_of(words: type[_Word], key: Filter, value: str) -> _Word | UnknownValue:
    spelled = plain_hyphens(value).lower().replace("-", "_").replace(" ", "_")
    if spelled in list(words):
        return words(spelled)
    return UnknownValue(key, value, tuple(word.value for word in words), nearest(spelled, words))


def _read_day(key: Filter, value: str) -> Day | UnknownDay:
    return read_day(value) or UnknownDay(key, value)


_READERS: dict[Filter, Callable[[Filter, str], _Value | UnknownValue | UnknownDay]] = {
    Filter.STATUS: partial(_one_of, RequestState),
    Filter.OUTCOME: partial(_one_of, Outcome),
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
        case (OnDay(since) as first, OnDay(until) as last) if since > until:
            return SinceAfterUntil(as_typed_day(first), as_typed_day(last))
        case (DaysAgo(since_ago) as first, DaysAgo(until_ago) as last) if since_ago < until_ago:
            return SinceAfterUntil(as_typed_day(first), as_typed_day(last))
    return history
