"""The results of reading a file: its orders, or one of a closed set of errors."""

from dataclasses import dataclass

from bot.domain.commands.order_ids import BadId, OrderId
from bot.domain.files.decoding import NotText, Undecodable
from bot.domain.files.spreadsheet_cells import Altered


@dataclass(frozen=True, slots=True)
class FileOrder:
    """An order and the words beside it in its row, which are never parsed."""

    order: OrderId
    label: str | None


@dataclass(frozen=True, slots=True)
class FileOrders:
    """At least one order, each once. `column` is the header read or "column 2"; None for a plain list."""

    orders: tuple[FileOrder, ...]
    duplicates: tuple[OrderId, ...]
    column: str | None
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
    """An unclosed quoted cell in or after this row, which would swallow later rows."""

    row: int


@dataclass(frozen=True, slots=True)
class WrongWidth:
    """A row with more or fewer cells than the first, so that its cells may be in the wrong columns.

    `count` is the number of such rows, `delimiter` the file's delimiter.
    """

    row: int
    cells: int
    expected: int
    count: int
    delimiter: str


@dataclass(frozen=True, slots=True)
class HeaderBelow:
    """The column names are in this row, below other rows such as a title."""

    row: int


@dataclass(frozen=True, slots=True)
class NoIdColumn:
    """No column is named like order ids, and none holds Fincart order ids."""


@dataclass(frozen=True, slots=True)
class OrderNumbersOnly:
    """The only candidate column is named as a shop's own order numbers, and holds no Fincart order id."""

    column: str
    example: str


@dataclass(frozen=True, slots=True)
class TwoColumns:
    """Two candidate columns, each with its first cell; `more` counts the others."""

    first: str
    first_cell: str
    second: str
    second_cell: str
    more: int = 0


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell of the column read that is no order id."""

    row: int
    bad: BadId | Altered


@dataclass(frozen=True, slots=True)
class BadCells:
    """The first few bad cells, and their number. Cells that a spreadsheet altered come first."""

    first: tuple[BadCell, ...]
    count: int


TableError = BrokenQuotes | WrongWidth | HeaderBelow | EmptyFile | NoIdColumn | OrderNumbersOnly | TwoColumns | BadCells
UnreadableFile = FileTooLarge | NotText | Undecodable
FileError = UnreadableFile | TableError
