"""PURE: what a spreadsheet does to an order id that it takes for a number, a date or a formula.

A spreadsheet keeps 15 digits of a number (some programs 17) and fills up with zeros, and saves a cell as it looks:
`6.86E+23`, `5,551,234`, `12-May`, `####`. The id that stood there is gone, so nothing may be made of what is left.
https://support.microsoft.com/office/keeping-leading-zeros-and-large-numbers-1bf7b935-36e1-4985-842f-5dfa51f85fe7
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Alteration(StrEnum):
    """What was done to a cell."""

    SHORTENED = "shortened"
    ROUNDED = "rounded"
    GROUPED = "grouped"
    DECIMALS = "decimals"
    DATE = "date"
    TOO_NARROW = "too narrow"
    FORMULA = "formula"


@dataclass(frozen=True, slots=True)
class Altered:
    """A cell that a spreadsheet altered: what it now shows is not what stood there."""

    value: str
    how: Alteration


_POINT = "[.,٫]"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
_TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?)?"
_LOOKS = (
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
_LOOK = re.compile("|".join(f"(?P<{how.name}>{look})" for how, look in _LOOKS), re.ASCII)

_KEPT, _SURELY_ROUNDED = 17, 4
_LONG_NUMBER = re.compile(r"[1-9]\d{18,}", re.ASCII)
_LONG_NUMBER_SHORTENED = re.compile(rf"\d{{1,3}}(?:{_POINT}\d+)?[Ee]\+?(?:1[89]|2\d)", re.ASCII)


def alteration(cell: str) -> Alteration | None:
    """What a spreadsheet did to the (trimmed) cell, or None where it did nothing that shows."""
    if found := _LOOK.fullmatch(cell):
        return next(how for how in Alteration if how.name in found.re.groupindex and found[how.name] is not None)
    return Alteration.ROUNDED if _is_rounded(cell) else None


def was_long_number(cell: str) -> bool:
    """Whether the (trimmed) cell is what a spreadsheet leaves of an id of 19 digits or more."""
    return _LONG_NUMBER_SHORTENED.fullmatch(cell) is not None or _is_rounded(cell)


def _is_rounded(cell: str) -> bool:
    """Whether every digit after those that a spreadsheet keeps is a zero: by chance so is one number in ten thousand of
    21 digits, and one in ten million of 24."""
    if not _LONG_NUMBER.fullmatch(cell):
        return False
    return len(cell) - len(cell.rstrip("0")) >= max(len(cell) - _KEPT, _SURELY_ROUNDED)
