"""PURE: the wording of everything that could not be read: what was not understood, and what to type instead.

Plain text: it belongs where Slack formats nothing.
"""

import unicodedata
from typing import assert_never

from bot.domain.commands.filters import (
    BadHistoryWord,
    EmptyFilter,
    Filter,
    FilterError,
    GivenTwice,
    PlainName,
    SinceAfterUntil,
    UnknownDay,
    UnknownFilter,
    UnknownValue,
)
from bot.domain.commands.order_ids import (
    LONGEST_ID,
    BadId,
    BadIds,
    BidiControlGiven,
    LinkGiven,
    MentionGiven,
    NoDigit,
    NoOrderIds,
    OrderIdsError,
    RequestIdGiven,
    ShopNumberGiven,
    SpreadsheetNumber,
    TooLong,
    WrongCharacter,
)
from bot.domain.commands.parser import (
    COMMAND,
    WORDS,
    CommandError,
    NotARequestId,
    NothingAfter,
    NotUnderstood,
    ParseError,
    ReasonMissing,
    ReasonTooLong,
    ReasonWithoutIds,
    ShowOnlyOne,
    ShowWhat,
)
from bot.domain.commands.typed_text import TYPOGRAPHIC_DASHES, as_typed, tidy

LONGEST_SHOWN = 60
"""Characters of what a person typed that a message repeats."""

WHICH_NUMBER = (
    "Fincart wants its own order id: 24 letters and digits, such as 6864fecda075914a1b1e353c. Look the order up in "
    "Fincart's merchant portal and copy its id from there; Fincart's API and webhooks call it orderId."
)
"""Which number of an order is meant, and where to find it."""

_AN_ORDER = f"{COMMAND} 6864fecda075914a1b1e353c because duplicate"
_TO_THE_REASON = "If it belongs to the reason, put it after “because”, or in the form's field for it."


def explain(error: ParseError | BadId) -> str:
    """One or two short sentences: what was not understood, and the fix. Never empty, and on one line."""
    if isinstance(error, BadId):
        return _explain_bad_id(error)
    if isinstance(error, OrderIdsError):
        return _explain_ids(error)
    if isinstance(error, CommandError):
        return _explain_command(error)
    return _explain_filter(error)


def shown(typed: str) -> str:
    """What a person typed, in quotation marks: as it looked, on one line, without controls, cut to `LONGEST_SHOWN`."""
    text = shortened(tidy(as_typed(typed)))
    return f"“{text}”" if text else "An unprintable character"


def shortened(text: str) -> str:
    """The text, cut to `LONGEST_SHOWN` characters with an ellipsis."""
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _explain_ids(error: OrderIdsError) -> str:
    match error:
        case NoOrderIds():
            return f"There is no order id in that. Type the ids after the command, for example: {_AN_ORDER}"
        case BadIds(first, count):
            return _explain_bad_id(first[0]) + _others([shown(bad_word(bad)) for bad in first[1:]], count)
        case _:
            assert_never(error)


def _others(values: list[str], count: int) -> str:
    if count == 1:
        return ""
    more = count - 1 - len(values)
    listed = ", ".join(values) + (f" and {more:,} more" if more else "")
    return f" Not order ids either: {listed}."


def bad_word(bad: BadId) -> str:
    """The word that is no order id."""
    return bad.request_id if isinstance(bad, RequestIdGiven) else bad.value


def _explain_bad_id(bad: BadId) -> str:
    match bad:
        case LinkGiven() | MentionGiven():
            return _explain_link(bad)
        case ShopNumberGiven(value):
            return f"{shown(value)} is the order's number in your shop. {WHICH_NUMBER}"
        case SpreadsheetNumber(value):
            return (
                f"{shown(value)} is a number as a spreadsheet writes it, and the id behind it cannot be told. Leave it "
                "out if it is a price or a count; else format that column as text, fill it anew and copy it again. Put "
                "spaces between several ids."
            )
        case BidiControlGiven() | WrongCharacter():
            return _explain_character(bad)
        case RequestIdGiven(request_id):
            return f"{request_id} is a request, not an order. To see it, type: {COMMAND} show {request_id}"
        case TooLong(value):
            return (
                f"{shown(value)} is too long for an order id ({len(value):,} characters, at most {LONGEST_ID}). "
                "Put a space or a comma between ids."
            )
        case NoDigit(value):
            return f"{shown(value)} is not an order id: it has no digit. {_TO_THE_REASON}"
        case _:
            assert_never(bad)


def _explain_link(bad: LinkGiven | MentionGiven) -> str:
    if isinstance(bad, MentionGiven):
        return f"{shown(bad.value)} is a mention, not an order id. Leave it out. {_TO_THE_REASON}"
    if bad.value.lower().startswith("<tel:"):
        return (
            f"{shown(bad.value)} is a telephone number that your phone made a link of, not an order id. To have it "
            f"left as it is, type {COMMAND} alone and paste it into the form."
        )
    return f"{shown(bad.value)} is a link, not an order id. Type the order's id itself."


def _explain_character(bad: BidiControlGiven | WrongCharacter) -> str:
    said, character, name = shown(bad.value), bad.character, _named(bad.character)
    if isinstance(bad, BidiControlGiven):
        return (
            f"{said} holds an invisible character that turns the direction of text ({name}). "
            "Type the id by hand instead of pasting it."
        )
    if unicodedata.category(character) == "Cf" or character == "\u034f":
        return (
            f"{said} holds an invisible character ({name}), so that it cannot be told whether it is one id or several. "
            "Type it by hand instead of pasting it."
        )
    if character in TYPOGRAPHIC_DASHES:
        return (
            f"{said} holds a long dash ({name}), which no order id has. "
            "Type a plain hyphen, or a space between two ids."
        )
    return (
        f"{said} is not an order id: it holds {name}. Type ids of letters, digits, "
        "- and _ only, with spaces or commas between them."
    )


def unseen(bad: BadId) -> str:
    """What is wrong with it where that does not show."""
    match bad:
        case SpreadsheetNumber():
            return " (a number as a spreadsheet writes it: format the column as text, and fill it anew)"
        case ShopNumberGiven():
            return " (a number of your shop; Fincart wants its own order id of 24 letters and digits)"
        case BidiControlGiven(_, character) | WrongCharacter(_, character):
            return f" (it holds {_named(character)})"
        case TooLong(value):
            return f" ({len(value):,} characters, at most {LONGEST_ID})"
        case _:
            return ""


def _named(character: str) -> str:
    """The character itself where it can be seen and means nothing to Slack, else its number and name."""
    if character == " ":
        return "a space"
    if unicodedata.category(character)[0] in "LNPS" and character not in "<>&":
        return f"“{character}”"
    name = unicodedata.name(character, "").lower()
    return f"U+{ord(character):04X}{' ' if name else ''}{name}"


def _explain_command(error: CommandError) -> str:
    match error:
        case NotUnderstood(word, None):
            return (
                f"{shown(word)} is not understood. Type order ids right after the command ({_AN_ORDER}), "
                f"or {COMMAND} help for all it can do."
            )
        case NotUnderstood(word, nearest):
            return f"{shown(word)} is not understood. Did you mean: {COMMAND} {nearest}"
        case NothingAfter(keyword, rest):
            return f"{shown(rest)} is not understood after {keyword}. Nothing was done. Type: {COMMAND} {keyword}"
        case ReasonWithoutIds():
            return f"There is a reason but no order id. Type the ids before the reason, for example: {_AN_ORDER}"
        case ReasonMissing(marker):
            return f"Nothing follows {shown(marker)}. Type the reason after it, or leave that word out."
        case ReasonTooLong(length, limit):
            return f"The reason is too long: {length:,} characters. Shorten it to {limit:,} or fewer."
        case ShowWhat() | ShowOnlyOne() | NotARequestId():
            return _explain_show(error)
        case _:
            assert_never(error)


def _explain_show(error: ShowWhat | ShowOnlyOne | NotARequestId) -> str:
    example = WORDS["show"].example
    match error:
        case ShowWhat():
            return f"Show which request? Type its id after the word, for example: {COMMAND} {example}"
        case ShowOnlyOne(request_id):
            wanted = f"show {request_id}" if request_id else example
            return f"One request can be shown at a time. Type: {COMMAND} {wanted}"
        case NotARequestId(value, order_id):
            fix = (
                f"If it is an order's, type: {COMMAND} history {order_id}"
                if order_id
                else f"Type R- and its six letters and digits, for example: {COMMAND} {example}"
            )
            return f"{shown(value)} is not a request's id. {fix}"
        case _:
            assert_never(error)


def _explain_filter(error: FilterError) -> str:
    match error:
        case PlainName(name):
            return (
                f"{shown(name)} is no person that Slack recognised. Type @ and choose the person "
                "from the list that opens."
            )
        case UnknownFilter() | UnknownValue() | UnknownDay():
            return _explain_unknown(error)
        case EmptyFilter(key):
            return f"Nothing follows {key}: in the filters. Type {_EXAMPLES[key]}, or leave it out."
        case GivenTwice(what):
            return f"{what} is given twice, and only one fits. Leave one of them out."
        case SinceAfterUntil(since, until):
            return f"since:{since} comes after until:{until}. Type the earlier day after since:."
        case BadHistoryWord(bad, None):
            return f'{_explain_history_word(bad)} To look for words, type text:"…" with the words between the quotes.'
        case BadHistoryWord(bad, fitting):
            return f"{_explain_history_word(bad)} Did you mean: {COMMAND} history {fitting}"
        case _:
            assert_never(error)


def _explain_unknown(error: UnknownFilter | UnknownValue | UnknownDay) -> str:
    match error:
        case UnknownFilter(key, nearest):
            listed = ", ".join(f"{name}:" for name in Filter)
            meant = f" Did you mean {nearest}:?" if nearest else ""
            return f"{shown(key + ':')} is no filter.{meant} Use @person, an order id, or one of: {listed}"
        case UnknownValue(key, value, valid, nearest):
            meant = f" Did you mean {key}:{nearest}?" if nearest else ""
            return f"There is no {key} {shown(value)}.{meant} Use one of: {', '.join(valid)}."
        case UnknownDay(key, value):
            return f"{shown(value)} is no day. Type {key}:2026-11-24, {key}:today, {key}:yesterday or {key}:7d."
        case _:
            assert_never(error)


def _explain_history_word(bad: BadId) -> str:
    return f"{shown(bad_word(bad))} is no filter, person or order id."


_EXAMPLES = {
    Filter.STATUS: "status:finished",
    Filter.OUTCOME: "outcome:rejected",
    Filter.REASON: 'reason:duplicate or reason:"out of stock"',
    Filter.TEXT: 'text:"duplicate"',
    Filter.SINCE: "since:7d",
    Filter.UNTIL: "until:today",
}
