"""PURE: parses the text after the slash command into a closed set of commands, or of errors that name their fix.

`WORDS` is the one table of keywords: parsing, suggestions and `help` use it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from bot.domain.commands.filters import History, HistoryError, parse_history
from bot.domain.commands.order_ids import (
    SEPARATORS,
    WRAPPING,
    BadIds,
    NoDigit,
    NoOrderIds,
    OrderId,
    OrderIdsError,
    OrderList,
    WrongCharacter,
    first_word,
    parse_order_ids,
    read_order_id,
    unwrap,
)
from bot.domain.commands.reasons import (
    ControlInReason,
    ReasonError,
    ReasonMissing,
    ReasonTooLong,
    read_reason,
    split_reason,
)
from bot.domain.commands.report import Report, UnknownGrouping, parse_report
from bot.domain.commands.typed_text import (
    SPACE,
    as_typed,
    closed_format,
    is_blank,
    nearest,
    request_id,
    unescape,
)


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for these orders to be cancelled."""

    orders: OrderList
    reason: str | None


@dataclass(frozen=True, slots=True)
class OpenForm:
    """Nothing was typed: show the form."""


@dataclass(frozen=True, slots=True)
class Show:
    """Show all about one request, by its id in the shown form (`R-7K3F9Q`)."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Show what would happen to these orders, without buttons."""

    orders: OrderList
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop all sending."""

    reason: str | None


@dataclass(frozen=True, slots=True)
class Resume:
    """Resume sending."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """List what waits for somebody."""


@dataclass(frozen=True, slots=True)
class Export:
    """Send a file of what `history` would list."""

    wanted: History


@dataclass(frozen=True, slots=True)
class Help:
    """Show every form with an example, and the rules in force."""


Command = Ask | OpenForm | Preview | History | Show | Waiting | Report | Export | Pause | Resume | Help


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """The first word is neither a keyword nor anything like an order id; `nearest` is a keyword."""

    word: str
    nearest: str | None


@dataclass(frozen=True, slots=True)
class NothingAfter:
    """Words after a keyword that takes none: ignoring them would not do what the person meant."""

    keyword: str
    rest: str


@dataclass(frozen=True, slots=True)
class ReasonWithoutIds:
    """A reason with no order id before it."""


@dataclass(frozen=True, slots=True)
class ShowWhat:
    """`show` with nothing after it."""


@dataclass(frozen=True, slots=True)
class ShowOnlyOne:
    """`show` with more than one word after it; `request_id` is the first word, if it is a request id."""

    request_id: str | None


@dataclass(frozen=True, slots=True)
class NotARequestId:
    """`show` with something else; `order_id` is set if it is an order id, which `history` would find."""

    value: str
    order_id: str | None


CommandError = ReasonError | NotUnderstood | NothingAfter | ReasonWithoutIds | ShowWhat | ShowOnlyOne | NotARequestId
ParseError = OrderIdsError | HistoryError | UnknownGrouping | CommandError


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword: its usage, an example, and the parser of the text after it."""

    usage: str
    example: str
    read: Callable[[str], Command | ParseError]


def parse(text: str) -> Command | ParseError:
    """Parse what Slack sent after the command. Any text gives a command or an error, in linear time."""
    if is_blank(text):
        return OpenForm()
    first = _FIRST.match(text)
    if first and (word := WORDS.get(_as_keyword(first[1]))):
        return word.read(text[first.end() :])
    return _parse_ask(text)


_FIRST = re.compile(rf"[{SEPARATORS}]*+([^{SEPARATORS}]++)")
_DIGIT = re.compile("[0-9]")


def _as_keyword(word: str) -> str:
    return unwrap(word).rstrip(".:!?").lower()


def _parse_ask(text: str) -> Ask | ParseError:
    before, reason = split_reason(text)
    typed = unescape(before)
    orders = parse_order_ids(typed)
    match orders, reason:
        case NoOrderIds(), None:
            return orders
        case NoOrderIds(), _:
            return ReasonWithoutIds()
        case BadIds(), _:
            return _not_understood(first_word(typed)) or orders
        case OrderList(), ReasonMissing() | ReasonTooLong() | ControlInReason():
            return reason
        case OrderList(), _:
            return Ask(orders, reason)


def _not_understood(word: str) -> NotUnderstood | None:
    """Return `NotUnderstood` for a first word without a digit, or a more precise error."""
    read = read_order_id(word)
    if isinstance(read, NoDigit | WrongCharacter) and not _DIGIT.search(word):
        return NotUnderstood(word, nearest(_as_keyword(word), WORDS))
    return None


_WRAP = re.escape(WRAPPING)
# A word after `show`; words of punctuation alone are skipped.
_SHOWN = re.compile(
    rf"[{SPACE}]*+(?:(?=[^{SPACE}])[,;.]*+[{_WRAP}]*+-*+[{_WRAP}]*+[,;.]*+(?:[{SPACE}]++|\Z))*+([^{SPACE}]*+)"
)


def _parse_show(rest: str) -> Show | ParseError:
    found = islice(_SHOWN.finditer(closed_format(unescape(rest))), 2)
    words = [unwrap(match[1].strip(",;.")) for match in found if match[1]]
    if not words:
        return ShowWhat()
    shown = request_id(words[0])
    if len(words) > 1:
        return ShowOnlyOne(shown)
    if shown:
        return Show(shown)
    order = None if words[0][:2] in ("R-", "r-") else read_order_id(words[0])
    return NotARequestId(words[0], order.value if isinstance(order, OrderId) else None)


def _parse_preview(rest: str) -> Preview | ParseError:
    asked = _parse_ask(rest)
    return Preview(asked.orders, asked.reason) if isinstance(asked, Ask) else asked


def _parse_pause(rest: str) -> Pause | ParseError:
    before, reason = split_reason(rest)
    if reason is None:
        reason = read_reason(as_typed(before))
    return Pause(reason) if reason is None or isinstance(reason, str) else reason


def _alone(keyword: str, command: Command) -> Callable[[str], Command | ParseError]:
    return lambda rest: NothingAfter(keyword, rest) if _says_more(rest) else command


_ENDS_A_SENTENCE = re.compile(rf"[{SPACE}.:!?]*+")


def _says_more(rest: str) -> bool:
    return not _ENDS_A_SENTENCE.fullmatch(rest) and first_word(rest) != ""


def _parse_export(rest: str) -> Export | ParseError:
    found = parse_history(rest)
    return Export(found) if isinstance(found, History) else found


WORDS: dict[str, Keyword] = {
    "preview": Keyword("preview ID … [because WHY]", "preview 6864fecda075914a1b1e353c", _parse_preview),
    "history": Keyword(
        'history [@person] [ID] [status:S] [outcome:O] [reason:R] [text:"…"] [since:D] [until:D]',
        "history outcome:rejected since:7d",
        parse_history,
    ),
    "show": Keyword("show REQUEST", "show R-7K3F9Q", _parse_show),
    "waiting": Keyword("waiting", "waiting", _alone("waiting", Waiting())),
    "report": Keyword(
        "report [the filters of history] [by:reason|person|day|outcome|channel]", "report by:reason", parse_report
    ),
    "export": Keyword("export [the filters of history]", "export since:2026-11-24", _parse_export),
    "pause": Keyword("pause [because WHY]", "pause because courier strike", _parse_pause),
    "resume": Keyword("resume", "resume", _alone("resume", Resume())),
    "help": Keyword("help", "help", lambda _: Help()),
}
"""Every keyword. To add one, give it what reads the text after it, and its command a place in `Command`."""
