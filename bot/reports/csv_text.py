"""PURE: rows as CSV in which a spreadsheet finds no formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

_FORMULA = "=+-@\t\r\n＝＋－＠"
"""First characters that make a spreadsheet run a cell, full-width forms included (OWASP, CSV injection)."""


def cell(value: object) -> str:
    """A value as a cell's text, with a leading apostrophe if a spreadsheet would run it."""
    text = "" if value is None else str(value).replace("\x00", "\ufffd")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(tuple(_FORMULA)) else text


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file's lines, header first, with line ends. Reads the rows lazily."""
    yield _line(header)
    for row in rows:
        yield _line([cell(value) for value in row])


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
