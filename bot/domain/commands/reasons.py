"""PURE: reads the reason of a request, and the listed reason (REASONS) in it."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.commands.order_ids import SEPARATORS, WRAPPING
from bot.domain.commands.typed_text import QUOTES, TYPOGRAPHIC_DASHES, as_typed, one_line, tidy, unrecordable
from storage.spelling import folded

LONGEST_REASON = 1000
"""Characters."""


@dataclass(frozen=True, slots=True)
class ReasonMissing:
    """A word that starts the reason, with no reason after it; `marker` is that word."""

    marker: str


@dataclass(frozen=True, slots=True)
class ReasonTooLong:
    """A reason of more than `limit` characters."""

    length: int
    limit: int


@dataclass(frozen=True, slots=True)
class ControlInReason:
    """A reason with a character that cannot be recorded as it was typed."""

    character: str


BadReason = ReasonTooLong | ControlInReason
ReasonError = ReasonMissing | BadReason


@dataclass(frozen=True, slots=True)
class GivenReason:
    """A request's reason: all its words, and the listed reason they begin with, as the list spells it."""

    words: str | None
    listed: str | None = None

    @classmethod
    def typed(cls, words: str | None, reasons: Sequence[str]) -> "GivenReason":
        """Build it from typed words and the listed reason that they begin with, if any."""
        return cls(words, None if words is None else listed_reason(words, reasons))


def read_reason(typed: str) -> str | BadReason | None:
    """Return a reason as it is recorded: as typed, on one line; None if there is nothing to see. Text is unescaped."""
    reason = one_line(typed)
    if character := unrecordable(reason):
        return ControlInReason(character)
    if len(reason) > LONGEST_REASON:
        return ReasonTooLong(len(reason), LONGEST_REASON)
    return reason if tidy(reason) else None


def split_reason(text: str) -> tuple[str, str | ReasonError | None]:
    """Split the text, as Slack sent it, from its reason; the reason is None without a word that starts one."""
    marker = _REASON.search(text)
    if not marker:
        return text, None
    return text[: marker.start()], read_reason(as_typed(text[marker.end() :])) or ReasonMissing(marker[0])


_STARTS = rf"(?<![^{SEPARATORS}{re.escape(WRAPPING)}]..)"
_ENDS = r"(?![A-Za-z0-9_-])"
# It begins with plain character sets, which lets a search skip nearly everything.
_REASON = re.compile(
    rf"[bBrR–—―-](?:[eE](?is:(?<=be){_STARTS}cause{_ENDS}:?|(?<=re){_STARTS}ason:)"
    rf"|[rR](?is:(?<=[–—―]r)eason{_ENDS}[:=]?)|-(?is:(?<=--){_STARTS}reason{_ENDS}[:=]?))"
)


def listed_reason(words: str, reasons: Sequence[str]) -> str | None:
    """Return the longest of these reasons that the words begin with: in any case, as whole words, whatever follows."""
    typed = _bare(words)
    fitting = [each for each in reasons if _begins(typed, _bare(each))]
    return max(fitting, key=len, default=None)


def with_listed(listed: str, words: str | None) -> str:
    """Put the chosen reason before the words, unless they begin with it."""
    if words is None:
        return listed
    return words if listed_reason(words, (listed,)) else f"{listed}: {words}"


_BEFORE = f"{QUOTES}{TYPOGRAPHIC_DASHES} -*_~•·([{{"
"""What may stand before a reason and is none of it: quotes, bullets, what bold is typed with."""

_GOES_ON = re.compile(r"[^\W_]|[-_'’‐]+[^\W_]")
"""What makes a longer word of the one it follows: `duplicate` in `duplicates`, `fraud` in `fraud-like`."""


def _bare(text: str) -> str:
    return folded(text).lstrip(_BEFORE)


def _begins(typed: str, reason: str) -> bool:
    if not typed.startswith(reason):
        return False
    after = typed[len(reason) :]
    return not (_GOES_ON.match(after) or (after and unicodedata.category(after[0])[0] == "M"))
