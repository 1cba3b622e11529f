"""PURE: typed text as characters: white space, controls, Slack's escapes, near misses.

Slack sends a command's text with `&`, `<` and `>` escaped and, with `should_escape`, with mentions and links
in angle brackets (https://docs.slack.dev/interactivity/implementing-slash-commands).
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches

WHITE_SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Inside a regular expression's brackets: white space that takes room, no-break included; spelled out, which is faster
than a class."""

ZERO_WIDTH = r"\xad\u034f\u180e\u200b-\u200d\u2060-\u2064\ufeff"
"""Inside a regular expression's brackets: what takes no room: zero-width spaces and joiners, the soft hyphen."""

SPACE = WHITE_SPACE + ZERO_WIDTH
"""Inside a regular expression's brackets: white space, seen or unseen."""

DIRECTION_MARKS = r"\u061c\u200e\u200f\u202a-\u202d\u2066-\u2069"
"""Inside a regular expression's brackets: what turns the direction of text and leaves an id beside it as it looks."""

BIDI_CONTROLS = DIRECTION_MARKS + r"\u202e"
"""The same, and the right-to-left override, behind which an id looks reversed."""

TYPOGRAPHIC_DASHES = "‐‑‒–—―−"
DOUBLE_QUOTES = '"“”„‟«»″＂'
QUOTES = DOUBLE_QUOTES + "'`´‘’‚‛‹›′＇"

REQUEST_CODE = "[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{6}"
"""A regular expression: what a request id has after its `R-`, in any case; at least one is a digit."""

_BLANK = re.compile(rf"[{SPACE}]*")
_UNSEEN = re.compile(rf"[{ZERO_WIDTH}{BIDI_CONTROLS}]")
_LINE_BREAK = re.compile(r"\r\n|[\t\n\v\f\r\x85\u2028\u2029]")
_CONTROL = re.compile(rf"[\x00-\x1f\x7f-\x9f\ud800-\udfff{BIDI_CONTROLS}]")
_UNRECORDABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_EDGE = re.compile(rf"^[{SPACE}]+|(?<![{SPACE}])[{SPACE}]+$")
_ESCAPED = re.compile(r"<([^<>]+)>")
_REQUEST_ID = re.compile(rf"(?:[Rr][-{TYPOGRAPHIC_DASHES}])?(?=[A-Za-z]*[0-9])({REQUEST_CODE})")
_SIGILS = {"@": "@", "#": "#", "!": "@"}
_TO_ASCII_DIGIT = {
    ord(digit): str(value)
    for row in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９")
    for value, digit in enumerate(row)
}
_OTHER_DIGIT = re.compile(f"[{''.join(map(chr, _TO_ASCII_DIGIT))}]")
_TO_HYPHEN = str.maketrans(dict.fromkeys(TYPOGRAPHIC_DASHES, "-"))
_LONGEST_NEAR_MISS = 24


def characters(listed: str) -> str:
    """Return every character of a regular expression's character class."""
    return "".join(re.findall(f"[{listed}]", "".join(map(chr, range(0x10000)))))


def is_blank(text: str) -> bool:
    """Tell whether the text has nothing but visible or invisible white space."""
    return _BLANK.fullmatch(text) is not None


def one_line(text: str) -> str:
    """Return the text trimmed, with one space for each line break and tab: so words stay apart, and typed text cannot
    imitate a line of the bot. Nothing else is changed.
    """
    return _EDGE.sub("", _LINE_BREAK.sub(" ", text))


def tidy(text: str) -> str:
    """Return the text on one line, as messages show it: without control characters, bidirectional controls or lone
    surrogates.
    """
    return _EDGE.sub("", _CONTROL.sub("", _LINE_BREAK.sub(" ", text)))


def unrecordable(text: str) -> str | None:
    """Return the first control character or lone surrogate of a line; None if there is none."""
    found = _UNRECORDABLE.search(text)
    return found[0] if found else None


def unescape(text: str) -> str:
    """Undo Slack's three escapes; `&amp;` last, so that a typed `&lt;` stays as it was."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def as_typed(text: str) -> str:
    """Return a command's text as typed: escapes undone, mentions and links as they looked."""
    parts = _ESCAPED.split(text)
    looks = {escaped: _looked(escaped) for escaped in set(parts[1::2])}
    parts[1::2] = map(looks.__getitem__, parts[1::2])
    return unescape("".join(parts))


def _looked(escaped: str) -> str:
    target, _, label = escaped.partition("|")
    sigil = _SIGILS.get(target[:1])
    if sigil:
        return sigil + (label.removeprefix(sigil) or target[1:])
    if not label or target.endswith(label):
        return label or target
    return f"{label} ({target})"


def plain_hyphens(text: str) -> str:
    """Replace typographic dashes by hyphens, for closed formats, where a dash has no other meaning."""
    return text.translate(_TO_HYPHEN)


def ascii_digits(text: str) -> str:
    """Replace Arabic, Persian and full-width digits by ASCII digits of the same value."""
    return text.translate(_TO_ASCII_DIGIT) if _OTHER_DIGIT.search(text) else text


def closed_format(text: str) -> str:
    """Normalise text for a closed format such as a day or a number: ASCII digits, plain hyphens, nothing invisible."""
    return text if text.isascii() else _UNSEEN.sub("", ascii_digits(plain_hyphens(text)))


def request_id(text: str) -> str | None:
    """Return the request id in its shown form (`R-7K3F9Q`), typed in any case, with or without `R-`; else None."""
    match = _REQUEST_ID.fullmatch(text)
    return f"R-{match[1].upper()}" if match else None


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice most like the word, or None if none is near. Words too long to be a typo are not compared."""
    if len(word) > _LONGEST_NEAR_MISS:
        return None
    return next(iter(get_close_matches(word.lower(), list(choices))), None)
