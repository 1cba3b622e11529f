"""PURE: words every error of an uploaded file, with the fix.

Plain text, for places where Slack formats nothing.
"""

import re
from typing import assert_never

from bot.domain.commands.order_ids import BadId, ShopNumberGiven
from bot.domain.files.decoding import NotText, Undecodable
from bot.domain.files.results import (
    BadCell,
    BadCells,
    BrokenQuotes,
    EmptyFile,
    FileError,
    FileTooLarge,
    HeaderBelow,
    NoIdColumn,
    OrderNumbersOnly,
    TableError,
    TwoColumns,
    UnreadableFile,
    WrongWidth,
)
from bot.domain.files.spreadsheet_cells import Alteration, Altered
from bot.messages.id_errors import WHICH_NUMBER, bad_word, invisible, shown

_DONE = {
    Alteration.SHORTENED: "A spreadsheet took order ids for numbers and shortened them",
    Alteration.ROUNDED: "A spreadsheet took order ids for numbers and rounded them, so that they end in zeros",
    Alteration.GROUPED: "A spreadsheet took order ids for numbers and put separators into them",
    Alteration.DECIMALS: "A spreadsheet took order ids for numbers with decimals",
    Alteration.DATE: "A spreadsheet took order ids for dates",
    Alteration.TOO_NARROW: "A spreadsheet saved a column too narrow to show the order ids",
    Alteration.FORMULA: "A spreadsheet saved a formula or its error in place of order ids",
}
_AS_TEXT = (
    "The ids themselves are lost in this file. Export them again from where they come from, give their column the "
    "format Text before they are put in (Excel: Data, From Text/CSV), and save as CSV UTF-8."
)
_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}


def explain_file(error: FileError) -> str:
    """A few short sentences: why the file was not read, and the fix. Never empty, and on one line."""
    return _explain_unreadable(error) if isinstance(error, UnreadableFile) else _explain_table(error)


def _explain_unreadable(error: UnreadableFile) -> str:
    match error:
        case FileTooLarge(size, limit):
            return f"The file is too large: {_megabytes(size)}. Split it into files of at most {_megabytes(limit)}."
        case NotText(kind):
            return f"The file is {kind}, not text. Open it where it was made, save it as CSV, and send that."
        case Undecodable():
            return (
                "The file's characters cannot be read with certainty. Open it where its letters look right, save it in "
                "UTF-8 (Excel: Save As, CSV UTF-8), and send that."
            )
        case _:
            assert_never(error)


def _explain_table(error: TableError) -> str:
    match error:
        case EmptyFile():
            return "The file holds no order ids. Put one id on each line, or a column named order_id."
        case BrokenQuotes() | WrongWidth():
            return _explain_row(error)
        case HeaderBelow(row):
            return (
                f"Row {row:,} seems to hold the names of the columns, and something else stands before it. Delete the "
                "rows before it, so that the names come first, and send it again."
            )
        case NoIdColumn():
            return "No column of the file is known to hold order ids. Name the right one order_id in its first row."
        case OrderNumbersOnly(column, example):
            like = f" ({shown(example)})" if example else ""
            return (
                f"The column {shown(column)} holds the shop's own order numbers{like}. "
                f"{WHICH_NUMBER} Put those into a column named order_id."
            )
        case TwoColumns():
            return _explain_rivals(error)
        case BadCells(first, count):
            return _explain_cells(first, count)
        case _:
            assert_never(error)


def _explain_row(error: BrokenQuotes | WrongWidth) -> str:
    if isinstance(error, BrokenQuotes):
        return (
            f"A quotation mark in or after row {error.row:,} does not pair up. Save the file as CSV again, "
            "or remove that quotation mark."
        )
    more = error.count - 1
    others = "" if not more else f" So {'has' if more == 1 else 'have'} {more:,} more row{'s' if more > 1 else ''}."
    mark = _DELIMITERS.get(error.delimiter, "a separator")
    return (
        f"Row {error.row:,} has {_cells(error.cells)} and the first row {error.expected:,}, so what stands under "
        f"which name is uncertain.{others} Put a cell that holds {mark} in quotation marks, fill up or "
        "correct the row, or save the file as CSV again. In a list without columns, put each id on a line of its own."
    )


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"


def _explain_rivals(error: TwoColumns) -> str:
    more = f", and {error.more:,} more," if error.more else ""
    return (
        f"Both {_with_example(error.first, error.first_cell)} and "
        f"{_with_example(error.second, error.second_cell)}{more} could be the order ids. "
        "Nothing was chosen. Delete the column that is not meant, or paste the ids alone. "
        "Fincart's order id has 24 characters, each a digit or a letter from a to f."
    )


def _with_example(column: str, cell: str) -> str:
    return f"{shown(column)} (for example {shown(cell)})" if cell else shown(column)


def _explain_cells(first: tuple[BadCell, ...], count: int) -> str:
    how = next((cell.bad.how for cell in first if isinstance(cell.bad, Altered)), None)
    what = _DONE[how] if how else "Some rows hold no order id"
    rows = "; ".join(f"row {cell.row:,} has {_explain_cell(cell.bad)}" for cell in first)
    more = f"; and {count - len(first):,} more" if count > len(first) else ""
    several = " If that is several ids, put each on a line of its own." if how is Alteration.GROUPED else ""
    fix = _AS_TEXT + several if how else "Correct those cells or clear them, then send it again."
    which = f" {WHICH_NUMBER}" if any(isinstance(cell.bad, ShopNumberGiven) for cell in first) else ""
    return f"{what}: {rows}{more}. {fix}{which}"


def _explain_cell(bad: BadId | Altered) -> str:
    return shown(bad.value) if isinstance(bad, Altered) else shown(bad_word(bad)) + invisible(bad)


def _megabytes(size: int) -> str:
    return re.sub(r"\.0$", "", f"{size / (1024 * 1024):.1f}") + " MB"
