"""PURE: reads a file's text as a table and finds the column of the orders.

In doubt it returns an error and never guesses: a wrong column would cancel the wrong orders. Rows count from 1 as in
spreadsheets, header and blank rows included.
"""

import csv
import io
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from bot.domain.commands.order_ids import MOST_BAD_IDS, BadId, OrderId, read_order_id, unwrap
from bot.domain.commands.typed_text import ascii_digits, is_blank, tidy
from bot.domain.files import column_names
from bot.domain.files.results import (
    BadCell,
    BadCells,
    BrokenQuotes,
    EmptyFile,
    FileOrder,
    FileOrders,
    HeaderBelow,
    NoIdColumn,
    OrderNumbersOnly,
    TableError,
    TwoColumns,
    WrongWidth,
)
from bot.domain.files.spreadsheet_cells import Alteration, Altered, alteration, was_long_number

DELIMITERS = ",;\t|"
LONGEST_LABEL = 100
"""Characters; a longer label is cut."""

PLAIN_FINCART_ID = re.compile(r"(?=[A-Fa-f]*[0-9])(?![1-9][0-9]*0000$)[0-9A-Fa-f]{24}")
"""The common case, matched fast: a bare Fincart order id that cannot be rounded."""

_Row = list[str]

_NO_DELIMITER = "\x01"
"""No text contains it, so rows are one cell wide."""
_ROWS_LOOKED_AT = 50

_TEXT_FORMULA = re.compile(r'="([^"]*)"')
"""The spelling of a cell that Excel must not convert."""


def read_table(text: str, delimiter: str | None) -> FileOrders | TableError:
    """Read the orders of a table. `delimiter` is the one that the file itself names, if any."""
    delimiter = delimiter or _delimiter(text)
    rows: list[_Row] = []
    try:
        rows.extend(_reader(text, delimiter))
    except csv.Error:
        # No quotation mark: the csv module met a cell over its size limit.
        return BrokenQuotes(len(rows) + 1) if '"' in text else NoIdColumn()
    top = next((index for index, row in enumerate(rows) if not _is_blank(row)), None)
    if top is None:
        return EmptyFile()
    read = _wrong_width(rows, top, delimiter) or _read_rows(rows, top)
    below = None if isinstance(read, FileOrders) else _header_below(rows, top)
    return read if below is None else HeaderBelow(below + 1)


def read_cell(cell: str) -> OrderId | BadId | Altered | None:
    """Return the cell's order id or what is wrong with it; None if it is blank."""
    if PLAIN_FINCART_ID.fullmatch(cell):
        return OrderId(cell.lower())
    word = unwrap(ascii_digits(_trim(cell)))
    if not word:
        return None
    read = read_order_id(word)
    return _altered(word) or read


def unaltered(order: OrderId) -> OrderId | Altered:
    """Return the order id, or `Altered` if a spreadsheet altered it."""
    return _altered(order.value) or order


def _altered(word: str) -> Altered | None:
    how = alteration(word)
    return Altered(word, how) if how else None


def _trim(cell: str) -> str:
    bare = cell.strip().strip("\u180e\u200b\u200c\u200d\u2060\ufeff,;").strip()
    text = _TEXT_FORMULA.fullmatch(bare) if bare.startswith("=") else None
    return text[1].strip() if text else bare


def _reader(text: str, delimiter: str) -> Iterable[_Row]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _is_blank(row: _Row) -> bool:
    return all(map(is_blank, row))


def _delimiter(text: str) -> str:
    """Choose the file's delimiter among those in its first row: most cells are Fincart order ids, then the best column
    names, then most rows of equal width. Without one, each row is one cell."""
    first = next(line for line in io.StringIO(text, newline=None) if not is_blank(line))
    if isinstance(read_cell(first), Altered):
        # `5,551` and `6,86E+23` are one number each.
        return _NO_DELIMITER
    fits = {each: fit for each in DELIMITERS if (fit := _fit(text, each)) is not None}
    return max(fits, key=lambda each: fits[each], default=_NO_DELIMITER)


def _fit(text: str, delimiter: str) -> tuple[int, int, int] | None:
    rows: list[_Row] = []
    with suppress(csv.Error):
        rows.extend(row for row in islice(_reader(text, delimiter), _ROWS_LOOKED_AT) if not _is_blank(row))
    if not rows or len(rows[0]) == 1:
        return None
    names = max(column_names.strength(column_names.normal(cell)) for cell in rows[0])
    return sum(_holds(cell) for row in rows for cell in row), names, sum(len(row) == len(rows[0]) for row in rows)


def _holds(cell: str) -> bool:
    """Tell whether the cell is a Fincart order id or a spreadsheet's remains of one."""
    if PLAIN_FINCART_ID.fullmatch(cell):
        return True
    if len(cell) >= 24:
        read = read_cell(cell)
        if isinstance(read, OrderId) and not read.unlike_fincart:
            return True
    return len(cell) >= 4 and was_long_number(unwrap(ascii_digits(_trim(cell))))


def _wrong_width(rows: list[_Row], top: int, delimiter: str) -> WrongWidth | BadCells | None:
    """Find the first row with more or fewer cells than the top one. The missing or extra cell may be anywhere, so no
    cell of such a row can be trusted. A row of empty cells is blank, however wide."""
    expected = len(rows[top])
    wrong = [index for index in range(top, len(rows)) if len(rows[index]) != expected and not _is_blank(rows[index])]
    if not wrong:
        return None
    first = wrong[0]
    if cut := next(filter(None, map(_cut_number, pairwise(rows[first]))), None) if delimiter == "," else None:
        return BadCells((BadCell(first + 1, cut),), 1)
    return WrongWidth(first + 1, len(rows[first]), expected, len(wrong), delimiter)


def _header_below(rows: list[_Row], top: int) -> int | None:
    """Find the row that looks like a header below a title, if the first row names no column."""
    names = [_best_name(row) for row in rows[top : top + _ROWS_LOOKED_AT]]
    return None if names[0] > 1 else next((top + index for index, name in enumerate(names) if name > 1), None)


def _best_name(row: _Row) -> int:
    """Rank how surely a row names a column of order ids; below a title without delimiters each row is one cell."""
    cells = re.split(f"[{re.escape(DELIMITERS)}]", row[0]) if len(row) == 1 else row
    return max((column_names.strength(column_names.normal(cell)) for cell in cells), default=0)


def _cut_number(cells: tuple[str, str]) -> Altered | None:
    """Join two cells that were one number with a decimal comma, like `6,86E+23`."""
    read = _altered(ascii_digits(",".join(cells)).strip())
    return read if read is not None and read.how is Alteration.SHORTENED else None


def _read_rows(rows: list[_Row], top: int) -> FileOrders | TableError:
    columns = _columns(rows[top:])
    column = _choose_column(columns)
    if not isinstance(column, _Column):
        return column
    head = rows[top][column.index]
    named = any(each.name in column_names.ANY for each in columns)
    data = column.top_holds or isinstance(read_cell(head), Altered)
    header = not data and (named or not (is_blank(head) or re.search("[0-9]", ascii_digits(head))))
    label = _label_column(columns, column) if header else None
    found = _collect(rows, top + 1 if header else top, column.index, label)
    if not isinstance(found, FileOrders):
        return found
    title = tidy(head) if header else ""
    return replace(found, column=title or f"column {column.index + 1}")


@dataclass(slots=True)
class _Column:
    """One column: its (normalised) name and its cells."""

    index: int
    name: str
    title: str
    top_holds: bool
    first_cell: str
    used: bool
    filled: int = 0
    held: int = 0

    @property
    def claim(self) -> tuple[int, int]:
        """Rank how surely it holds orders: by its name, and by its cells (2 all are Fincart order ids, 1 some, 0
        none)."""
        held, filled = self.held + self.top_holds, self.filled + self.top_holds
        return column_names.strength(self.name), 0 if not held else 1 + (held == filled)

    def beats(self, other: "_Column") -> bool:
        """Tell whether this column ranks higher in one of the two and lower in neither."""
        (name, cells), (its_name, its_cells) = self.claim, other.claim
        return name >= its_name and cells >= its_cells and (name, cells) != (its_name, its_cells)


def _columns(rows: list[_Row]) -> list[_Column]:
    columns = [
        _Column(index, column_names.normal(cell), _title(cell, index), holds, cell if holds else "", not is_blank(cell))
        for index, (cell, holds) in enumerate(zip(rows[0], map(_holds, rows[0]), strict=True))
    ]
    for row in islice(rows, 1, None):
        for column, cell in zip(columns, row, strict=False):
            if cell and not is_blank(cell):
                column.first_cell = column.first_cell or cell
                column.filled += 1
                column.held += _holds(cell)
    return columns


def _title(cell: str, index: int) -> str:
    title = tidy(cell)
    return title if title and not re.search("[0-9]", ascii_digits(title)) else f"column {index + 1}"


def _choose_column(columns: list[_Column]) -> _Column | NoIdColumn | OrderNumbersOnly | TwoColumns:
    """Choose the column that beats every other candidate, by name or by cells, or is the only one."""
    claiming = [column for column in columns if column.claim != (0, 0)]
    if not claiming:
        used = [column for column in columns if column.used or column.filled]
        numbers = [column for column in columns if column.name in column_names.ORDER_NUMBER]
        if numbers:
            return OrderNumbersOnly(numbers[0].title, tidy(numbers[0].first_cell))
        return used[0] if len(used) == 1 else NoIdColumn()
    best = max(claiming, key=lambda column: (sum(map(column.beats, claiming)), -column.index))
    rivals = [column for column in claiming if column is not best and not best.beats(column)]
    if not rivals:
        return best
    first, second = sorted((best, rivals[0]), key=lambda column: column.index)
    return TwoColumns(first.title, tidy(first.first_cell), second.title, tidy(second.first_cell), len(rivals) - 1)


def _label_column(columns: list[_Column], chosen: _Column) -> int | None:
    indices = {column.name: column.index for column in reversed(columns) if column is not chosen}
    return next((indices[name] for name in column_names.LABEL if name in indices), None)


def _collect(rows: list[_Row], start: int, column: int, label: int | None) -> FileOrders | EmptyFile | BadCells:
    orders: dict[str, FileOrder] = {}
    duplicates: dict[str, OrderId] = {}
    bad: list[BadCell] = []
    blank = 0
    for index in range(start, len(rows)):
        row = rows[index]
        read = read_cell(row[column]) if column < len(row) else None
        if read is None:
            blank += 1
        elif not isinstance(read, OrderId):
            bad.append(BadCell(index + 1, read))
        elif read.value in orders:
            duplicates[read.value] = read
        else:
            orders[read.value] = FileOrder(read, _label(row, label))
    if bad:
        return bad_cells(bad)
    if not orders:
        return EmptyFile()
    return FileOrders(tuple(orders.values()), tuple(duplicates.values()), None, blank)


def bad_cells(bad: list[BadCell]) -> BadCells:
    """Report the first bad cells and their number; altered cells come first, since they show what went wrong."""
    worst_first = sorted(bad, key=lambda cell: not isinstance(cell.bad, Altered))
    return BadCells(tuple(worst_first[:MOST_BAD_IDS]), len(bad))


def _label(row: _Row, label: int | None) -> str | None:
    return (tidy(row[label])[:LONGEST_LABEL] or None) if label is not None else None
