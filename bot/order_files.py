"""PURE: the bytes of an uploaded CSV or text file into orders, saying which column was read, or a closed error.

When in doubt it asks rather than guesses: a wrong column would cancel the wrong orders. Rows are counted from 1 as
spreadsheets count them, header and blank rows included.
"""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from bot.file_text import NotText, Undecodable, decode
from bot.order_ids import (
    BAD_IDS_TOLD,
    BadId,
    OrderId,
    OrderList,
    parse_order_ids,
    read_order_id,
    unwrap,
)
from bot.typed_text import is_blank, tidy

LARGEST_FILE = 5 * 1024 * 1024
"""Bytes."""

LONGEST_LABEL = 100
"""Characters; a longer label is cut."""


@dataclass(frozen=True, slots=True)
class FileOrder:
    """An order and the words that its row gives it, which are text and nothing more, whatever they look like."""

    order: OrderId
    label: str | None


@dataclass(frozen=True, slots=True)
class FileOrders:
    """At least one order, each once. `column` is the header read or "column 2"; None for a plain list."""

    orders: tuple[FileOrder, ...]
    duplicates: tuple[OrderId, ...]
    column: str | None
    label_column: str | None
    blank_rows: int


@dataclass(frozen=True, slots=True)
class FileTooLarge:
    """More bytes than `limit`."""

    size: int
    limit: int


@dataclass(frozen=True, slots=True)
class EmptyFile:
    """Nothing in it, or nothing but white space, or a header alone."""


@dataclass(frozen=True, slots=True)
class BrokenQuotes:
    """A quoted cell that does not end as one, in or after this row: rows after it would be swallowed."""

    row: int


@dataclass(frozen=True, slots=True)
class NoIdColumn:
    """No column is named like order ids, and none holds Fincart order ids."""


@dataclass(frozen=True, slots=True)
class TwoColumns:
    """Two columns that could equally well be meant."""

    first: str
    second: str


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell of the column read that is no order id."""

    row: int
    bad: BadId


@dataclass(frozen=True, slots=True)
class BadCells:
    """The first few bad cells, and how many there are."""

    first: tuple[BadCell, ...]
    count: int


FileError = FileTooLarge | EmptyFile | NotText | Undecodable | BrokenQuotes | NoIdColumn | TwoColumns | BadCells

_Rows = list[list[str]]

_DELIMITERS = ",;\t|"
_ROWS_LOOKED_AT = 50
_SEPARATOR_SAID = re.compile(rf'"?sep=([{re.escape(_DELIMITERS)}])?"?[,;]*\r?(?:\n|\Z)', re.IGNORECASE)
"""What Excel takes a file's first line for, if it looks like this, and then shows no row for it."""

_KEPT_AS_TEXT = re.compile(r'="([^"]*)"')
"""How a cell is written that Excel is to leave as it is."""

_ORDER_ID_NAMES = ("orderid", "orderids", "fincartorderid", "fincartid")
_ID_NAMES = ("id", "ids", "order", "orders")
_LABEL_NAMES = ("label", "name", "reference", "referencenumber", "ref", "ordercode", "ordernumber", "shortid")


def read_order_file(data: bytes) -> FileOrders | FileError:
    """The orders of a file, or why they cannot be told for certain. Linear in its size; how many is not judged here."""
    if len(data) > LARGEST_FILE:
        return FileTooLarge(len(data), LARGEST_FILE)
    text = decode(data)
    if not isinstance(text, str):
        return text
    said = _SEPARATOR_SAID.match(text)
    below = text[said.end() :] if said else text
    if is_blank(below):
        return EmptyFile()
    if plain := _plain_list(below):
        return plain
    rows = _read_rows(below, said[1] if said else None)
    if not isinstance(rows, list):
        return rows
    return _read_table(rows)


def _plain_list(text: str) -> FileOrders | None:
    """Ids in any mix of separators: one line of ids alike, or lines of several.

    Lines that hold equally many with a delimiter between them may be the columns of a table instead.
    """
    lines = [line for line in text.splitlines() if not is_blank(line)]
    counts: set[int] = set()
    for line in lines:
        ids = parse_order_ids(line)
        if not isinstance(ids, OrderList):
            return None
        kinds = {order.unlike_fincart for order in ids.orders}
        if len(kinds) > 1 or (True in kinds and len(lines) > 1):
            return None
        counts.add(len(ids.orders))
    if len(lines) > 1 and counts != {1} and len(counts) == 1 and any(mark in text for mark in _DELIMITERS):
        return None
    found = parse_order_ids(text)
    assert isinstance(found, OrderList)
    blank = sum(1 for line in text.splitlines() if is_blank(line))
    return FileOrders(tuple(FileOrder(order, None) for order in found.orders), found.duplicates, None, None, blank)


def _read_rows(text: str, delimiter: str | None) -> _Rows | BrokenQuotes | NoIdColumn:
    rows: _Rows = []
    try:
        rows.extend(_reader(text, delimiter or _delimiter(text)))
    except csv.Error:
        # Without any quotation mark, a cell too long for anything was met.
        return BrokenQuotes(len(rows) + 1) if '"' in text else NoIdColumn()
    return rows


def _reader(text: str, delimiter: str) -> Iterable[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _delimiter(text: str) -> str:
    """The delimiter under which most cells are Fincart order ids, or else most rows are as wide as the first."""
    return max(_DELIMITERS, key=lambda delimiter: _fit(text, delimiter))


def _fit(text: str, delimiter: str) -> tuple[int, int]:
    rows: _Rows = []
    try:
        rows.extend(row for row in islice(_reader(text, delimiter), _ROWS_LOOKED_AT) if row)
    except csv.Error:
        return 0, 0
    ids = sum(_is_fincart_id(cell) for row in rows for cell in row)
    width = len(rows[0]) if rows else 0
    return ids, sum(len(row) == width for row in rows) if width > 1 else 0


def _is_fincart_id(cell: str) -> bool:
    if len(cell) < 24:
        return False
    read = _read_cell(cell)
    return isinstance(read, OrderId) and not read.unlike_fincart


def _read_cell(cell: str) -> OrderId | BadId | None:
    bare = unwrap(_trim(cell))
    return read_order_id(bare) if bare else None


def _trim(cell: str) -> str:
    bare = cell.strip().strip("\u180e\u200b\u200c\u200d\u2060\ufeff,;").strip()
    kept = _KEPT_AS_TEXT.fullmatch(bare) if bare.startswith("=") else None
    return kept[1].strip() if kept else bare


def _read_table(rows: _Rows) -> FileOrders | FileError:
    top = next((index for index, row in enumerate(rows) if any(not is_blank(cell) for cell in row)), None)
    if top is None:
        return EmptyFile()
    names = [_normal(cell) for cell in rows[top]]
    named = any(name in _ORDER_ID_NAMES + _ID_NAMES + _LABEL_NAMES for name in names)
    column = _choose_column(rows[top:], names)
    if not isinstance(column, int):
        return column
    head = rows[top][column] if column < len(rows[top]) else ""
    header = named or (not is_blank(head) and not re.search("[0-9]", head))
    label = _label_column(names, column) if header else None
    title = tidy(head) if header else ""
    found = _collect(rows, top + 1 if header else top, column, label)
    if not isinstance(found, FileOrders):
        return found
    return FileOrders(
        found.orders,
        found.duplicates,
        title or f"column {column + 1}",
        None if label is None else tidy(rows[top][label]),
        found.blank_rows,
    )


def _choose_column(rows: _Rows, names: list[str]) -> int | NoIdColumn | TwoColumns:
    width = max(len(row) for row in rows)
    counts, used = [0] * width, [False] * width
    for row in rows:
        for index, cell in enumerate(row):
            used[index] = used[index] or not is_blank(cell)
            if len(cell) >= 24 and _is_fincart_id(cell):
                counts[index] += 1
    strong = [index for index, name in enumerate(names) if name in _ORDER_ID_NAMES]
    weak = [index for index, name in enumerate(names) if name in _ID_NAMES]
    holding = [index for index, count in enumerate(counts) if count]
    alone = [index for index, use in enumerate(used) if use]
    candidates = strong or weak or holding or (alone if len(alone) == 1 else [])
    if not candidates:
        return NoIdColumn()
    best = sorted(candidates, key=lambda index: -counts[index])
    rival = best[1] if len(best) > 1 and counts[best[0]] == counts[best[1]] else None
    if rival is None and not strong and not counts[best[0]] and holding:
        rival = holding[0]
    if rival is not None:
        return TwoColumns(_title(rows[0], best[0]), _title(rows[0], rival))
    return best[0]


def _title(top: list[str], index: int) -> str:
    cell = tidy(top[index]) if index < len(top) else ""
    return cell if cell and not re.search("[0-9]", cell) else f"column {index + 1}"


def _normal(cell: str) -> str:
    return re.sub("[^a-z0-9]", "", cell.lower())


def _label_column(names: list[str], column: int) -> int | None:
    indices = {name: index for index, name in reversed(list(enumerate(names))) if index != column}
    return next((indices[name] for name in _LABEL_NAMES if name in indices), None)


def _collect(rows: _Rows, start: int, column: int, label: int | None) -> FileOrders | EmptyFile | BadCells:
    orders: dict[str, FileOrder] = {}
    duplicates: dict[str, OrderId] = {}
    bad: list[BadCell] = []
    blank = bad_count = 0
    for index in range(start, len(rows)):
        row = rows[index]
        read = _read_cell(row[column]) if column < len(row) else None
        if read is None:
            blank += 1
        elif not isinstance(read, OrderId):
            bad_count += 1
            if bad_count <= BAD_IDS_TOLD:
                bad.append(BadCell(index + 1, read))
        elif read.value in orders:
            duplicates[read.value] = read
        else:
            orders[read.value] = FileOrder(read, _label(row, label))
    if bad:
        return BadCells(tuple(bad), bad_count)
    if not orders:
        return EmptyFile()
    return FileOrders(tuple(orders.values()), tuple(duplicates.values()), None, None, blank)


def _label(row: list[str], label: int | None) -> str | None:
    return (tidy(row[label])[:LONGEST_LABEL] or None) if label is not None and label < len(row) else None
