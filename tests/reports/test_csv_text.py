"""CSV that no spreadsheet takes for a formula."""

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reports.csv_text import cell, lines


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " =", "\u00a0 @"])
def test_what_a_spreadsheet_would_run_stands_behind_an_apostrophe(first: str) -> None:
    assert f"'{first}1+1" == cell(f"{first}1+1")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (7, "7"),
        ("", ""),
        ("a=1", "a=1"),
        ("X=1", "X=1"),
        ("a\x00b", "a\ufffdb"),
        ("'=1", "'=1"),
        ("1 ", "1 "),
    ],
)
def test_all_else_is_as_it_is(value: object, text: str) -> None:
    assert text == cell(value)


def test_lines_have_the_header_first_and_read_no_further_than_asked() -> None:
    given_out: list[int] = []

    def rows() -> Iterator[list[object]]:
        for number in range(3):
            given_out.append(number)
            yield [number, "=1", None, 'a,"b"']

    read = lines(["n", "=title"], rows())

    assert ["n,=title\r\n", '0,\'=1,,"a,""b"""\r\n'] == [next(read), next(read)]
    assert [0] == given_out


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4), max_size=4))
def test_rows_read_back_as_their_cells(rows: list[list[str]]) -> None:
    text = "".join(lines(["header"], rows))

    assert [["header"], *([cell(each) for each in row] for row in rows)] == list(
        csv.reader(io.StringIO(text, newline=""))
    )
