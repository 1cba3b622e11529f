"""PURE: detects order ids that a spreadsheet altered as a number, a date or a formula.

A spreadsheet keeps 15 digits of a number (some programs 17), pads with zeros, and saves a cell as it looks: `6.86E+23`,
`5,551,234`, `12-May`, `####`. The id is lost, so such a cell is never used.
https://support.microsoft.com/office/keeping-leading-zeros-and-large-numbers-1bf7b935-36e1-4985-842f-5dfa51f85fe7
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Alteration(StrEnum):
    """How a spreadsheet altered a cell."""

    SHORTENED = "shortened"
    ROUNDED = "rounded"
    GROUPED = "grouped"
    DECIMALS = "decimals"
    DATE = "date"
    TOO_NARROW = "too narrow"
    FORMULA = "formula"


@dataclass(frozen=True, slots=True)
class Altered:
    """A cell that a spreadsheet altered, so that its content is lost."""

    value: str
    how: Alteration


_POINT = "[.,٫]"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
_TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?)?"
_PATTERNS = (
    (Alteration.SHORTENED, rf"[+-]?\d+(?:{_POINT}\d+)?[Ee][+-]\d+|[+-]?\d+{_POINT}\d+[Ee]\d+"),
    (
        Alteration.GROUPED,
        rf"[+-]?\d{{1,3}}(?P<mark>[.,٬'’ \u00a0\u2009\u202f])(?:\d{{2,3}}(?P=mark))*\d{{3}}(?:{_POINT}\d+)?",
    ),
    (Alteration.DECIMALS, rf"[+-]?\d+{_POINT}\d*"),
    (
        Alteration.DATE,
        rf"(?:\d{{1,2}}-{_MONTH}(?:-\d{{2,4}})?|{_MONTH}-\d{{2}}"
        rf"|\d{{1,4}}[/.]\d{{1,2}}[/.]\d{{1,4}}|(?:19|20)\d\d-\d{{1,2}}-\d{{1,2}}|\d{{1,2}}-\d{{1,2}}-(?:19|20)\d\d){_TIME}",
    ),
    (Alteration.TOO_NARROW, "##+"),
    (Alteration.FORMULA, r"#(?:N/A|[A-Z/0]+[!?])|=.*"),
)
_PATTERN = re.compile("|".join(f"(?P<{how.name}>{look})" for how, look in _PATTERNS), re.ASCII)

_EXACT_DIGITS, _SURELY_ROUNDED = 17, 4
_LONG_NUMBER = re.compile(r"[1-9]\d{18,}", re.ASCII)
_LONG_NUMBER_SHORTENED = re.compile(rf"\d{{1,3}}(?:{_POINT}\d+)?[Ee]\+?(?:1[89]|2\d)", re.ASCII)


def alteration(cell: str) -> Alteration | None:
    """Return how a spreadsheet altered the (trimmed) cell; None if no alteration shows."""
    if found := _PATTERN.fullmatch(cell):
        return next(how for how in Alteration if how.name in found.re.groupindex and found[how.name] is not None)
    return Alteration.ROUNDED if _is_rounded(cell) else None


def was_long_number(cell: str) -> bool:
    """Tell whether the (trimmed) cell is a spreadsheet's remains of an id of 19 digits or more."""
    return _LONG_NUMBER_SHORTENED.fullmatch(cell) is not None or _is_rounded(cell)


def _is_rounded(cell: str) -> bool:
    """Tell whether all digits beyond a spreadsheet's precision are zeros. By chance that holds for one in ten thousand
    numbers of 21 digits, and one in ten million of 24."""
    if not _LONG_NUMBER.fullmatch(cell):
        return False
    return len(cell) - len(cell.rstrip("0")) >= max(len(cell) - _EXACT_DIGITS, _SURELY_ROUNDED)
