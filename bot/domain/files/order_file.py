"""PURE: reads an uploaded CSV or text file, a list of ids or a table, into orders or a closed error.

Every order is a whole cell of a table or a whole word of a list, unaltered by a spreadsheet.
"""

import re

from bot.domain.commands.order_ids import OrderList, parse_order_ids
from bot.domain.commands.typed_text import ascii_digits, is_blank
from bot.domain.files.decoding import decode
from bot.domain.files.order_table import DELIMITERS, PLAIN_FINCART_ID, bad_cells, read_table, unaltered
from bot.domain.files.results import BadCell, BadCells, EmptyFile, FileError, FileOrder, FileOrders, FileTooLarge
from bot.domain.files.spreadsheet_cells import Altered, alteration

LARGEST_FILE = 5 * 1024 * 1024
"""Bytes."""

_SEPARATOR_LINE = re.compile(rf'"?sep=([{re.escape(DELIMITERS)}])?"?[,;]*\r?(?:\n|\Z)', re.IGNORECASE)
"""What Excel takes a file's first line for, if it looks like this, and then shows no row for it."""


def read_order_file(data: bytes) -> FileOrders | FileError:
    """Return a file's orders, or why they are not certain. Linear in its size; the limit of orders is checked
    elsewhere."""
    if len(data) > LARGEST_FILE:
        return FileTooLarge(len(data), LARGEST_FILE)
    text = decode(data)
    if not isinstance(text, str):
        return text
    separator = _SEPARATOR_LINE.match(text)
    below = text[separator.end() :] if separator else text
    if is_blank(below):
        return EmptyFile()
    return _plain_list(below) or read_table(below, separator[1] if separator else None)


def _plain_list(text: str) -> FileOrders | BadCells | None:
    """Read a file of ids alone: one line of similar ids with any separators, or one Fincart id a line.

    Several delimited ids on each of several lines may be the columns of a table, so they are not a list.
    """
    lines = [line for line in text.splitlines() if not is_blank(line)]
    for row, line in enumerate(text.splitlines(), 1):
        if is_blank(line):
            continue
        if PLAIN_FINCART_ID.fullmatch(line):
            continue
        ids = parse_order_ids(line)
        if not isinstance(ids, OrderList) or alteration(ascii_digits(line.strip())):
            return None
        kinds = {order.unlike_fincart for order in ids.orders}
        if len(lines) > 1 and (True in kinds or _may_be_columns(line, len(ids.orders) + len(ids.duplicates))):
            return None
        if len(kinds) > 1:
            return None
        if bad := [BadCell(row, read) for read in map(unaltered, ids.orders) if isinstance(read, Altered)]:
            return bad_cells(bad)
    found = parse_order_ids(text)
    assert isinstance(found, OrderList)
    blank = sum(1 for line in text.splitlines() if is_blank(line))
    return FileOrders(tuple(FileOrder(order, None) for order in found.orders), found.duplicates, None, blank)


def _may_be_columns(line: str, ids: int) -> bool:
    return ids > 1 and any(mark in line for mark in DELIMITERS)
