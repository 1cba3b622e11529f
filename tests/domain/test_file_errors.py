"""The wording of every way in which a file cannot be read."""

from typing import get_args

import pytest

from bot.domain.commands.order_ids import BidiControlGiven, NoDigit, ShopNumberGiven, TooLong
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
    TwoColumns,
    WrongWidth,
)
from bot.domain.files.spreadsheet_cells import Alteration, Altered
from bot.messages.file_errors import explain_file

ERRORS = [
    (FileTooLarge(10 * 1024 * 1024, 5 * 1024 * 1024), "at most 5 MB"),
    (EmptyFile(), "Put one id on each line"),
    (NotText("a PDF"), "save it as CSV"),
    (Undecodable(), "UTF-8"),
    (BrokenQuotes(3), "remove that quotation mark"),
    (WrongWidth(2, 4, 3, 1, ","), "Row 2 has 4 cells and the first row 3"),
    (WrongWidth(2, 1, 3, 3, ";"), "So have 2 more rows. Put a cell that holds a semicolon in quotation marks"),
    (HeaderBelow(3), "Row 3 seems to hold the names of the columns"),
    (NoIdColumn(), "order_id"),
    (OrderNumbersOnly("Order no", "#1001"), "Fincart wants its own order id"),
    (TwoColumns("a", "1001", "column 2", "x"), "Both “a” (for example “1001”) and “column 2” (for example “x”) could"),
    (TwoColumns("a", "", "b", "", 2), "Both “a” and “b”, and 2 more, could"),
    (BadCells((BadCell(2, BidiControlGiven("\u202e1", "\u202e")),), 1), "“1” (it holds U+202E"),
    (BadCells((BadCell(2, TooLong("1" * 65)),), 1), "…” (65 characters, at most 64)"),
    (BadCells((BadCell(2, Altered("5,551", Alteration.GROUPED)),), 1), "If that is several ids, put each on a line"),
    (BadCells((BadCell(2, ShopNumberGiven("#1001")),), 1), "Look the order up in Fincart's merchant portal"),
    (BadCells((BadCell(2, NoDigit("x")),), 3), "row 2 has “x”; and 2 more. Correct those cells"),
    (BadCells((BadCell(2, Altered("6E+23", Alteration.SHORTENED)),), 1), "shortened them: row 2 has “6E+23”. The ids"),
]


@pytest.mark.parametrize(("error", "fix"), ERRORS, ids=lambda value: type(value).__name__)
def test_every_error_of_a_file_is_worded_with_its_fix(error: FileError, fix: str) -> None:
    assert fix in explain_file(error)


@pytest.mark.parametrize("how", Alteration)
def test_everything_that_a_spreadsheet_does_is_said_with_how_to_export_as_text(how: Alteration) -> None:
    said = explain_file(BadCells((BadCell(7, Altered("x", how)),), 1))

    assert "A spreadsheet" in said
    assert "row 7 has “x”" in said
    assert "the format Text" in said


def test_no_error_of_a_file_is_left_without_a_case_here() -> None:
    assert set(get_args(FileError)) == {type(error) for error, _ in ERRORS}
