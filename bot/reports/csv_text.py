"""PURE: rows as CSV that no spreadsheet takes for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

_FORMULA = "=+-@\t\r\n＝＋－＠"
"""What makes spreadsheets run a cell, full-width forms included (OWASP, CSV injection)."""


def cell(value: object) -> str:
    """A value as the text of a cell; with an apostrophe before it where a spreadsheet would run it."""
    text = "" if value is None else str(value).replace("\x00", "\ufffd")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(tuple(_FORMULA)) else text


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of the file, header first, each with its end; reads no more rows ahead than it gives."""
    yield _line(header)
    for row in rows:
        yield _line([cell(value) for value in row])


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
