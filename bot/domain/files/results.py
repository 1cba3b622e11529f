"""What reading a file of orders ends in: its orders, or one of a closed set of errors."""

from dataclasses import dataclass

from bot.domain.commands.order_ids import BadId, OrderId
from bot.domain.files.decoding import NotText, Undecodable
from bot.domain.files.spreadsheet_cells import Altered


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
class WrongWidth:
    """A row with more or fewer cells than the first row, so that its cells may stand under the wrong names.

    `count` is how many such rows there are, `delimiter` what stands between the cells of this file.
    """

    row: int
    cells: int
    expected: int
    count: int
    delimiter: str


@dataclass(frozen=True, slots=True)
class HeaderBelow:
    """The names of the columns stand in this row, and something else, such as a title, in the rows above it."""

    row: int


@dataclass(frozen=True, slots=True)
class NoIdColumn:
    """No column is named like order ids, and none holds Fincart order ids."""


@dataclass(frozen=True, slots=True)
class OrderNumbersOnly:
    """The only column that could be meant is named as a shop's own order numbers, and holds no Fincart order id."""

    column: str
    example: str


@dataclass(frozen=True, slots=True)
class TwoColumns:
    """Two columns that could be meant, each with the first of its cells; `more` others could be too."""

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
    """The first few bad cells, and how many there are. Where a spreadsheet altered any, those come first."""

    first: tuple[BadCell, ...]
    count: int


TableError = BrokenQuotes | WrongWidth | HeaderBelow | EmptyFile | NoIdColumn | OrderNumbersOnly | TwoColumns | BadCells
UnreadableFile = FileTooLarge | NotText | Undecodable
FileError = UnreadableFile | TableError
