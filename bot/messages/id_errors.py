"""PURE: words the errors of words that are no order id, and repeats what was typed."""

import unicodedata
from typing import assert_never

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
from bot.domain.commands.typed_text import TYPOGRAPHIC_DASHES, as_typed, tidy

AN_ORDER = "6864fecda075914a1b1e353c because duplicate"
"""An example of asking for an order to be cancelled."""

LONGEST_SHOWN = 60
"""Characters of what a person typed that a message repeats."""

WHICH_NUMBER = (
    "Fincart wants its own order id: 24 letters and digits, such as 6864fecda075914a1b1e353c. Look the order up in "
    "Fincart's merchant portal and copy its id from there; Fincart's API and webhooks call it orderId."
)
"""Which number of an order is meant, and where to find it."""

_TO_THE_REASON = "If it belongs to the reason, put it after “because”, or in the form's field for it."


def shown(typed: str) -> str:
    """What a person typed, in quotation marks: as it looked, on one line, without controls, cut to `LONGEST_SHOWN`."""
    text = shortened(tidy(as_typed(typed)))
    return f"“{text}”" if text else "An unprintable character"


def shortened(text: str) -> str:
    """The text, cut to `LONGEST_SHOWN` characters with an ellipsis."""
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def explain_ids(error: OrderIdsError, command: str) -> str:
    """What is wrong with the order ids of a command, and the fix."""
    match error:
        case NoOrderIds():
            return f"There is no order id in that. Type the ids after the command, for example: {command} {AN_ORDER}"
        case BadIds(first, count):
            return explain_bad_id(first[0], command) + _others([shown(bad_word(bad)) for bad in first[1:]], count)
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


def explain_bad_id(bad: BadId, command: str) -> str:
    """Why a word is no order id, and the fix."""
    match bad:
        case LinkGiven() | MentionGiven():
            return _explain_link(bad, command)
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
            return f"{request_id} is a request, not an order. To see it, type: {command} show {request_id}"
        case TooLong(value):
            return (
                f"{shown(value)} is too long for an order id ({len(value):,} characters, at most {LONGEST_ID}). "
                "Put a space or a comma between ids."
            )
        case NoDigit(value):
            return f"{shown(value)} is not an order id: it has no digit. {_TO_THE_REASON}"
        case _:
            assert_never(bad)


def _explain_link(bad: LinkGiven | MentionGiven, command: str) -> str:
    if isinstance(bad, MentionGiven):
        return f"{shown(bad.value)} is a mention, not an order id. Leave it out. {_TO_THE_REASON}"
    if bad.value.lower().startswith("<tel:"):
        return (
            f"{shown(bad.value)} is a telephone number that your phone made a link of, not an order id. To have it "
            f"left as it is, type {command} alone and paste it into the form."
        )
    return f"{shown(bad.value)} is a link, not an order id. Type the order's id itself."


def _explain_character(bad: BidiControlGiven | WrongCharacter) -> str:
    word, character, name = shown(bad.value), bad.character, named(bad.character)
    if isinstance(bad, BidiControlGiven):
        return (
            f"{word} holds an invisible character that turns the direction of text ({name}). "
            "Type the id by hand instead of pasting it."
        )
    if unicodedata.category(character) == "Cf" or character == "\u034f":
        return (
            f"{word} holds an invisible character ({name}), so that it cannot be told whether it is one id or several. "
            "Type it by hand instead of pasting it."
        )
    if character in TYPOGRAPHIC_DASHES:
        return (
            f"{word} holds a long dash ({name}), which no order id has. "
            "Type a plain hyphen, or a space between two ids."
        )
    return (
        f"{word} is not an order id: it holds {name}. Type ids of letters, digits, "
        "- and _ only, with spaces or commas between them."
    )


def invisible(bad: BadId) -> str:
    """What is wrong with it, if that cannot be seen."""
    match bad:
        case SpreadsheetNumber():
            return " (a number as a spreadsheet writes it: format the column as text, and fill it anew)"
        case ShopNumberGiven():
            return " (a number of your shop; Fincart wants its own order id of 24 letters and digits)"
        case BidiControlGiven(_, character) | WrongCharacter(_, character):
            return f" (it holds {named(character)})"
        case TooLong(value):
            return f" ({len(value):,} characters, at most {LONGEST_ID})"
        case _:
            return ""


def named(character: str) -> str:
    """The character itself where it can be seen and means nothing to Slack, else its number and name."""
    if character == " ":
        return "a space"
    if unicodedata.category(character)[0] in "LNPS" and character not in "<>&":
        return f"“{character}”"
    name = unicodedata.name(character, "").lower()
    return f"U+{ord(character):04X}{' ' if name else ''}{name}"
