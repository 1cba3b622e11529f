"""PURE: parses a text into order ids, or an error that carries what its wording needs.

The command, the form's text area, files and messages all split text here. An id is letters, digits, `-` and `_`, up to
64 characters, with at least one digit. A Fincart order id is 24 hexadecimal characters. Fincart does not say whether
its calls take other names (`orderCode`, `referenceNumber`), so those are kept exactly as typed and marked.
`bot.domain.commands.paste_cleanup` first undoes what copying did to a text.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import compress, islice

from bot.domain.commands.paste_cleanup import clean, spreadsheet_number
from bot.domain.commands.typed_text import (
    BIDI_CONTROLS,
    DIRECTION_MARKS,
    QUOTES,
    REQUEST_CODE,
    TYPOGRAPHIC_DASHES,
    WHITE_SPACE,
    ZERO_WIDTH,
    characters,
    request_id,
)

LONGEST_ID = 64
MOST_BAD_IDS = 3
"""How many bad ids an error names, beside their total."""

SEPARATORS = WHITE_SPACE + ",;，；、،؛"
"""Inside a regular expression's brackets: what stands between ids."""

WRAPPING = QUOTES + TYPOGRAPHIC_DASHES + "*•‣◦⁃∙·▪▫●○■□►▸✓" + characters(ZERO_WIDTH + DIRECTION_MARKS)
"""Dropped around ids. A plain hyphen belongs to ids: only a lone one is dropped. Invisible characters are dropped
around an id, never inside it, where they may separate two ids."""

_WRAP, _PART = re.escape(WRAPPING), rf"[^{SEPARATORS}<{re.escape(WRAPPING)}]"
_ID_TEXT = (
    r"[A-Za-z_-]*+[0-9][A-Za-z0-9_-]*+"
    rf"(?<![A-Za-z0-9_-]{{{LONGEST_ID + 1}}})(?<!(?<![A-Za-z0-9_-])[Rr]-{REQUEST_CODE})"
)
_ID = re.compile(_ID_TEXT)
_WORD = rf"{_PART}++(?:[{_WRAP}]++{_PART}++)*+|<(?:[^<>]*+>|<*+(?:[^{SEPARATORS}<]*{_PART}|))"
"""A word without what is dropped around it, from a word's start; mentions and links are one word each."""


_GAP = rf"[{SEPARATORS}{_WRAP}]*+"


def _after(skipped: str) -> "re.Pattern[str]":
    """Matches the next word, skipping separators, lone hyphens and dropped characters; empty at the end."""
    return re.compile(rf"{_GAP}(?:(?=[A-Za-z0-9_-])(?:{skipped}-++)[{_WRAP}]*+(?!{_PART}){_GAP})*+({_WORD}|)")


_FIRST_WORD = _after("")
_WRONG_WORD = _after(rf"{_ID_TEXT}|")
_NOT_OF_IDS = re.compile(r"[^A-Za-z0-9_\s-]+")

_FINCART_ID = re.compile(r"[0-9a-f]{24}")
_NOT_OF_AN_ID = re.compile(r"[^A-Za-z0-9_-]")
_DIGIT = re.compile(r"[0-9]")
_BIDI = re.compile(rf"[{BIDI_CONTROLS}]")
_SHOP_NUMBER = re.compile(r"[#＃№](?=[A-Za-z_-]*[0-9]|$)[A-Za-z0-9_-]*|<#[A-Z0-9]*\|[A-Za-z_-]*[0-9][^<>]*>")
"""A shop's own number, as people write it; with `should_escape`, a channel of that name has made a mention of it."""
_MENTION = re.compile(r"<+[@#!]|@")
_LINK = re.compile(r"<*+(?:[a-z][a-z0-9+.-]*+://|mailto:|tel:|www\.)", re.IGNORECASE)
_CLOSED = re.compile(r"<[^<>]*>")


@dataclass(slots=True, unsafe_hash=True)
class OrderId:
    """An order id as it is sent to Fincart: made by `read_order_id`, which lower-cases 24 hexadecimal characters.

    Never changed, but not frozen: building a thousand frozen instances takes longer than parsing them.
    """

    value: str

    @property
    def unlike_fincart(self) -> bool:
        """Tell whether it is unlike a Fincart order id (24 hexadecimal characters); a preview must say so."""
        return _FINCART_ID.fullmatch(self.value) is None


@dataclass(frozen=True, slots=True)
class OrderList:
    """At least one order id, in the order given, each once; `duplicates` are the ids given more than once."""

    orders: tuple[OrderId, ...]
    duplicates: tuple[OrderId, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkGiven:
    """A link, Slack's (`<https://…|label>`) or bare."""

    value: str


@dataclass(frozen=True, slots=True)
class ShopNumberGiven:
    """An order's number in the merchant's own shop (`#1001`, `#1800022D2`); Fincart's calls reject those."""

    value: str


@dataclass(frozen=True, slots=True)
class SpreadsheetNumber:
    """A number as only a spreadsheet writes it (`5,551,234`, `6.86E+23`): the id is lost."""

    value: str


@dataclass(frozen=True, slots=True)
class MentionGiven:
    """A mention of a person, a channel, a group or everybody, Slack's (`<@U…>`) or bare (`@name`)."""

    value: str


@dataclass(frozen=True, slots=True)
class BidiControlGiven:
    """A word with a character that changes the direction of text, which can hide what it really says."""

    value: str
    character: str


@dataclass(frozen=True, slots=True)
class RequestIdGiven:
    """A request id (in its shown form) in place of an order id."""

    request_id: str


@dataclass(frozen=True, slots=True)
class WrongCharacter:
    """A word with a character that no order id has; `character` is the first."""

    value: str
    character: str


@dataclass(frozen=True, slots=True)
class TooLong:
    """A word of valid characters, longer than `LONGEST_ID`."""

    value: str


@dataclass(frozen=True, slots=True)
class NoDigit:
    """A word of valid characters without a digit."""

    value: str


BadId = (
    LinkGiven
    | ShopNumberGiven
    | SpreadsheetNumber
    | MentionGiven
    | BidiControlGiven
    | RequestIdGiven
    | WrongCharacter
    | TooLong
    | NoDigit
)


@dataclass(frozen=True, slots=True)
class NoOrderIds:
    """Nothing but white space, separators and dropped characters."""


@dataclass(frozen=True, slots=True)
class BadIds:
    """Words that are no order ids: the first `MOST_BAD_IDS`, and how many different ones there are."""

    first: tuple[BadId, ...]
    count: int


OrderIdsError = NoOrderIds | BadIds


def first_word(text: str) -> str:
    """Return the first word of a text, unwrapped; empty if there is none."""
    found = _FIRST_WORD.match(clean(text))
    assert found is not None
    return found[1]


def unwrap(word: str) -> str:
    """Strip quotes, bullets, typographic dashes and invisible characters around the word; empty for hyphens alone."""
    bare = word.strip(WRAPPING)
    return "" if bare[:1] == "-" and not bare.strip("-") else bare


def read_order_id(word: str) -> OrderId | BadId:
    """Return the (unwrapped) word's order id, or what is wrong with it."""
    word = clean(word)
    if number := spreadsheet_number(word):
        return SpreadsheetNumber(number)
    return OrderId(_canonical(word)) if _ID.fullmatch(word) else _what_is_wrong(word)


def _canonical(word: str) -> str:
    return lowered if len(word) == 24 and _FINCART_ID.fullmatch(lowered := word.lower()) else word


def _what_is_wrong(word: str) -> BadId:
    if turner := _BIDI.search(word):
        return BidiControlGiven(word, turner[0])
    if _SHOP_NUMBER.fullmatch(word) and not _FINCART_ID.fullmatch(word[1:].lower()):
        return ShopNumberGiven(word)
    if _MENTION.match(word):
        return MentionGiven(word)
    if _LINK.match(word) or _CLOSED.fullmatch(word):
        return LinkGiven(word)
    if len(word) == 8 and (shown := request_id(word)):
        return RequestIdGiven(shown)
    if wrong := _NOT_OF_AN_ID.search(word):
        return WrongCharacter(word, wrong[0])
    if not _DIGIT.search(word):
        return NoDigit(word)
    return TooLong(word)


def parse_order_ids(text: str) -> OrderList | OrderIdsError:
    """Return every order id of the text, once each, or the error, in linear time."""
    text = clean(text)
    if number := spreadsheet_number(text):
        return BadIds((SpreadsheetNumber(number),), 1)
    wrong = dict.fromkeys(_WRONG_WORD.findall(text))
    del wrong[""]
    if wrong:
        return BadIds(tuple(map(_what_is_wrong, islice(wrong, MOST_BAD_IDS))), len(wrong))
    words = _NOT_OF_IDS.sub(" ", text).split()
    times = Counter([_canonical(word) if len(word) == 24 else word for word in words if word.strip("-")])
    orders = tuple(map(OrderId, times))
    if not orders:
        return NoOrderIds()
    return OrderList(orders, tuple(compress(orders, (n > 1 for n in times.values()))))
