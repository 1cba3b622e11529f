"""Reads REASONS: the reasons that people choose from, separated by commas."""

import unicodedata
from collections.abc import Iterable

from bot.settings.values import Wrong
from storage.spelling import ENDS, reason_key

MOST = 100
"""Options of one menu, by Slack's limit (https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element)."""

LONGEST = 75
"""Characters of one option, as Slack counts them: those beyond the basic plane count twice."""

_QUOTES = '"“”„‟«»″＂'


def read(value: object) -> object:
    """Return the reasons in order, as written. Raises `Wrong` with the fix for an invalid one."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, Iterable):
        return value
    reasons = tuple(str(each).strip() for each in given)
    for number, reason in enumerate(reasons, 1):
        _check(number, reason)
    _no_duplicates(reasons)
    if len(reasons) > MOST:
        raise Wrong(
            f"holds {len(reasons)} reasons, and a menu of Slack's has room for {MOST}",
            f"Keep the {MOST} that are used most: anything else can be typed.",
        )
    return reasons


def _check(number: int, reason: str) -> None:
    which = f"reason {number}"
    if not reason:
        raise Wrong(f"{which} is empty", "Take out the comma that has no reason before or after it.")
    if unseen := next((each for each in reason if not each.isprintable()), None):
        raise Wrong(
            f"{which} holds a character that is not to be seen (U+{ord(unseen):04X})",
            "Type that reason anew, on one line, with plain spaces.",
        )
    if any(mark in reason for mark in _QUOTES):
        raise Wrong(f"{which} holds a quotation mark", "Write the reasons without quotation marks, apart by commas.")
    if ";" in reason:
        raise Wrong(f"{which} holds a semicolon", "Put commas between the reasons.")
    if (width := len(reason.encode("utf-16-le")) // 2) > LONGEST:
        raise Wrong(
            f"{which} has {width} characters, and a menu of Slack's shows {LONGEST}",
            f"Shorten it to {LONGEST} or fewer: details can be typed beside it.",
        )
    if not any(unicodedata.category(each)[0] in "LN" for each in reason):
        raise Wrong(f"{which} has no letter or digit", "Write a reason in words.")
    if reason.endswith(tuple(ENDS)):
        raise Wrong(
            f"{which} ends with punctuation ({reason[-1]})",
            "Take it off: people type it after a reason, and it is no part of one.",
        )


def _no_duplicates(reasons: Iterable[str]) -> None:
    numbers: dict[str, int] = {}
    for number, reason in enumerate(reasons, 1):
        first = numbers.setdefault(reason_key(reason), number)
        if first != number:
            raise Wrong(f"reason {number} is reason {first} again, in this or another case", "Keep one of them.")
