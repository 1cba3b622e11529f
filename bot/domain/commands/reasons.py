"""PURE: the reason of a request, and which one of the list (REASONS) it carries."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.commands.typed_text import QUOTES, TYPOGRAPHIC_DASHES
from storage.spelling import folded


@dataclass(frozen=True, slots=True)
class GivenReason:
    """Why somebody asks: in words, all of them, and the reason of the list that these carry, as the list spells it."""

    words: str | None
    listed: str | None = None

    @classmethod
    def typed(cls, words: str | None, reasons: Sequence[str]) -> "GivenReason":
        """What somebody typed, with the reason of these that it begins with, where it begins with one."""
        return cls(words, None if words is None else listed_reason(words, reasons))


def listed_reason(words: str, reasons: Sequence[str]) -> str | None:
    """The longest of these reasons with which the words begin: in any case, as whole words, whatever follows."""
    typed = _bare(words)
    fitting = [each for each in reasons if _begins(typed, _bare(each))]
    return max(fitting, key=len, default=None)


def with_listed(listed: str, words: str | None) -> str:
    """The words with the reason that was chosen before them, unless they say it themselves."""
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
