"""Tables of orders: one width, one delimiter, one column that is meant, and nothing that a spreadsheet altered."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.commands.order_ids import NoDigit, WrongCharacter
from bot.domain.files.column_names import normal, strength
from bot.domain.files.order_file import read_order_file
from bot.domain.files.order_table import DELIMITERS
from bot.domain.files.results import (
    BadCell,
    BadCells,
    FileOrders,
    HeaderBelow,
    NoIdColumn,
    OrderNumbersOnly,
    TwoColumns,
    WrongWidth,
)
from bot.domain.files.spreadsheet_cells import Alteration, Altered

ONE = "6864fecda075914a1b1e353c"
TWO = "6877b613a665f49134ef0001"
THREE = "6877b613a665f49134ef0002"
ROUNDED = "686412345678901000000000"


def values(text: str) -> list[str]:
    """The ids of a UTF-8 file of this text, in order."""
    parsed = read_order_file(text.encode())
    assert isinstance(parsed, FileOrders), parsed
    return [found.order.value for found in parsed.orders]


def error(text: str) -> object:
    """Why a UTF-8 file of this text is not read."""
    return read_order_file(text.encode())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"name,address,order_id\nAnn,12 Nile St, 11511,{ONE}\nBob,5 Tahrir Sq,{TWO}\n", WrongWidth(2, 4, 3, 1, ",")),
        (f"name;order_id\nAnn;{ONE}\nBob{TWO}\nCy;1;{THREE}\n", WrongWidth(3, 1, 2, 2, ";")),
        (f"Ann,12 Nile St, 11511,{ONE}\nBob,5 Tahrir Sq,{TWO}\n", WrongWidth(2, 3, 4, 1, ",")),
        (f"\nname,address,order_id\nAnn,12 Nile St, 11511,\n\nBob,,{TWO}\n", WrongWidth(3, 4, 3, 1, ",")),
        (f"order_id,name\n{ONE},Ann\n{TWO}\n", WrongWidth(3, 1, 2, 1, ",")),
        (f"{ONE},{TWO}\n{THREE}\n", WrongWidth(2, 1, 2, 1, ",")),
        (f'order_id,name\n{ONE},"a\nb"\n{TWO},x,y\n', WrongWidth(3, 3, 2, 1, ",")),
        (f"name,order_id\nAnn;{ONE}\n", WrongWidth(2, 1, 2, 1, ",")),
    ],
    ids=[
        "more",
        "fewer",
        "no header",
        "more, the last empty",
        "the last missing",
        "ids alone",
        "row of a quote",
        "two",
    ],
)
def test_a_row_with_more_or_fewer_cells_than_the_first_is_named(text: str, wrong: WrongWidth) -> None:
    assert wrong == error(text)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (f"Orders to cancel,,\norder_id,name,city\n{ONE},Ann,Cairo\n", 2),
        (f"Orders to cancel\norder_id,name,city\n{ONE},Ann,Cairo\n", 2),
        (f"Report,24/11/2026,\n,,\nname,رقم الطلب,city\nAnn,{ONE},Cairo\n", 3),
        ("Orders of November;;\nname;order_id;city\nAnn;1001;Cairo\n", 2),
        (f"Orders\tto cancel\nname\torder_id\tcity\nAnn\t{ONE}\tCairo\n", 2),
    ],
)
def test_a_title_above_the_names_of_the_columns_is_told_as_one(text: str, row: int) -> None:
    assert HeaderBelow(row) == error(text)


def test_names_that_come_twice_are_no_title() -> None:
    assert BadCells((BadCell(3, NoDigit("order_id")),), 1) == error(f"order_id,name\n{ONE},Ann\norder_id,name\n")


@pytest.mark.parametrize(("name", "expected"), [("Fincart ID", 3), ("Order ID", 2), ("ID", 1), ("Colour", 0)])
def test_a_name_says_how_surely_its_column_holds_order_ids(name: str, expected: int) -> None:
    assert expected == strength(normal(name))


def test_the_delimiter_under_which_rows_are_alike_is_the_delimiter() -> None:
    assert NoIdColumn() == read_order_file(b"kind;colour,size\nA;B\nC;D\n")


def test_a_row_of_empty_cells_is_blank_however_wide_it_is() -> None:
    assert [ONE, TWO] == values(f"order_id,name\n{ONE},Ann\n,,,,\n\n,\n \n{TWO},Bob\n")


@pytest.mark.parametrize(
    ("cell", "how"),
    [
        ("6,86E+23", Alteration.SHORTENED),
        ("6.86E+23", Alteration.SHORTENED),
        ("6E+23", Alteration.SHORTENED),
        ("1E-05", Alteration.SHORTENED),
        ("6.864123456789012e23", Alteration.SHORTENED),
        ("6.8641234567890123456E+23"[:24], Alteration.SHORTENED),
        ("٦٫٨٦E+٢٣", Alteration.SHORTENED),
        ("5,551,234", Alteration.GROUPED),
        ("5.551.234", Alteration.GROUPED),
        ("5\u202f551\u202f234", Alteration.GROUPED),
        ("5’551’234", Alteration.GROUPED),
        ("55,51,234", Alteration.GROUPED),
        ("1,001.00", Alteration.GROUPED),
        ("1001.0", Alteration.DECIMALS),
        ("1001,00", Alteration.DECIMALS),
        (ROUNDED, Alteration.ROUNDED),
        ("686412345678901230000000", Alteration.ROUNDED),
        ("12345678901234500000", Alteration.ROUNDED),
        ("12-May", Alteration.DATE),
        ("May-12", Alteration.DATE),
        ("12/05/2026", Alteration.DATE),
        ("2026-05-12 00:00:00", Alteration.DATE),
        ("########", Alteration.TOO_NARROW),
        ("#N/A", Alteration.FORMULA),
        ("#REF!", Alteration.FORMULA),
        ("#DIV/0!", Alteration.FORMULA),
        ("=A1&B1", Alteration.FORMULA),
    ],
)
def test_what_a_spreadsheet_altered_is_never_taken_for_an_order(cell: str, how: Alteration) -> None:
    shown = cell.translate({ord("٦"): "6", ord("٨"): "8", ord("٢"): "2", ord("٣"): "3"})
    other_mark = ";" if "," in cell else ","
    quoted = io.StringIO()
    csv.writer(quoted).writerows([["order_id", "name"], [cell, "Ann"]])
    told = BadCells((BadCell(2, Altered(shown, how)),), 1)

    assert told == error(f"order_id\n{cell}\n")
    assert told == error(f'order_id\n="{cell}"\n')
    assert told == error(f"order_id{other_mark}name\n{cell}{other_mark}Ann\n")
    assert told == error(quoted.getvalue())
    assert BadCells((BadCell(1, Altered(shown, how)),), 1) == error(cell)
    assert BadCells((BadCell(1, Altered(shown, how)),), 1) == error(f"{cell}\n{ONE}\n")
    assert BadCells((BadCell(1, Altered(shown, how)),), 1) == error(f"{cell}\r{ONE}\r")


@pytest.mark.parametrize("id", [ONE, "A1", "1001", "DMA-EX-00001234", "1e5", "686412345678901230000001", "05-12"])
def test_an_id_that_only_looks_a_little_like_a_number_is_read(id: str) -> None:
    assert [id] == values(f"order_id\n{id}\n")


def test_what_was_altered_is_told_before_what_is_no_id() -> None:
    told = error("order_id\na\nb\nc\nd\n6E+23\n")

    assert isinstance(told, BadCells)
    assert 5 == told.count
    assert BadCell(6, Altered("6E+23", Alteration.SHORTENED)) == told.first[0]


def test_a_number_cut_by_its_decimal_comma_is_told_whole() -> None:
    told = BadCells((BadCell(2, Altered("6,86E+23", Alteration.SHORTENED)),), 1)

    assert told == error("order_id,name\n6,86E+23,Ann\n")


@pytest.mark.parametrize("delimiter", ";\t|")
def test_cells_that_are_parted_by_no_comma_are_not_a_number_cut_by_one(delimiter: str) -> None:
    assert WrongWidth(2, 3, 2, 1, delimiter) == error(
        delimiter.join(["order_id", "name"]) + "\n" + delimiter.join(["6", "86E+23", "Ann"]) + "\n"
    )


@pytest.mark.parametrize("wrapped", [f"“{ONE}”", f" {ONE}", f"{ONE}\u200b", f"'{ONE}'"])
def test_a_wrapped_fincart_id_speaks_for_its_column(wrapped: str) -> None:
    assert [ONE, TWO] == values(f"no,x\n1,{wrapped}\n2,{TWO}\n")
    assert TwoColumns("order_id", "A1", "x", wrapped.strip(" \u200b")) == error(f"order_id,x\nA1,{wrapped}\n")


def test_the_shortest_that_is_left_of_a_fincart_id_makes_its_column_a_question() -> None:
    assert TwoColumns("order_id", "A1", "x", "6E23") == error("order_id,x\nA1,6E23\n")


def test_the_column_with_more_fincart_ids_is_the_one_that_rivals_a_name() -> None:
    assert TwoColumns("order_id", "A1", "x", ONE) == error(f"order_id,x,y\nA1,{ONE},1\nA2,{TWO},{THREE}\n")
    assert [ONE, TWO] == values(f"x,y\n{ONE},1\n{TWO},{THREE}\n")


def test_how_many_more_columns_could_be_meant_is_told() -> None:
    assert TwoColumns("a", ONE, "b", ONE, 1) == error(f"a,b,c\n{ONE},{ONE},{ONE}\n")


def test_a_row_above_the_first_that_holds_anything_is_no_row_of_another_width() -> None:
    assert [ONE] == values(f"\n , ,\norder_id,name\n{ONE},Ann\n")


def test_line_breaks_inside_a_cell_are_spaces_whatever_they_are() -> None:
    parsed = read_order_file(f'order_id,name\r\n{ONE},"a\rb\r\nc"\r\n'.encode())

    assert isinstance(parsed, FileOrders)
    assert ["a b c"] == [found.label for found in parsed.orders]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (f"Fincart ID,Order ID\n{ONE},{TWO}\n", [ONE]),
        (f"x,y\n{ONE},{THREE}\n{TWO},a\n", [ONE, TWO]),
        (f"order_id,name|note\n{ONE},Ann|x\n", [ONE]),
        (f"order_id,name\r{ONE},Ann\r{TWO},Bo\r", [ONE, TWO]),
        (f"3,{ONE},x\n1,{TWO},order id\n", [ONE, TWO]),
        ("order_id\nX1X\n", ["X1X"]),
        (f"no,x\n1,{ONE.translate(str.maketrans('0123456789', '۰۱۲۳۴۵۶۷۸۹'))}\n", [ONE]),
    ],
    ids=["a better name", "more cells", "two delimiters", "old line ends", "a name below", "letters", "Persian digits"],
)
def test_the_one_column_that_is_meant_is_read(text: str, ids: list[str]) -> None:
    assert ids == values(text)


@pytest.mark.parametrize(
    ("text", "labels"),
    [(f",name\n{ONE},Ann\n", ["Ann"]), (f"{ONE},name\n{TWO},Lamp\n", [None, None]), (f"order_id\n{ONE}\n", [None])],
    ids=["ids without a name", "no header", "no label"],
)
def test_labels_are_taken_from_below_a_name_alone(text: str, labels: list[str | None]) -> None:
    parsed = read_order_file(text.encode())

    assert isinstance(parsed, FileOrders)
    assert (labels, 0) == ([found.label for found in parsed.orders], parsed.blank_rows)


def test_the_example_of_a_column_is_no_blank_cell() -> None:
    assert TwoColumns("order_id", "A1", "x", ONE) == error(f"order_id,x\n ,{ONE}\nA1,{TWO}\n")


def test_a_lone_column_is_never_split() -> None:
    told = BadCells((BadCell(2, WrongCharacter(f"{ONE},{TWO}", ",")),), 1)

    assert told == error(f"order_id\n{ONE},{TWO}\n")
    assert [ONE, TWO] == values(f"order_id\n{ONE},\n{TWO},\n")


@pytest.mark.parametrize(
    ("header", "row", "named"),
    [
        ("Order ID,_id", f"1001,{ONE}", ("Order ID", "1001", "_id", ONE)),
        ("_id,Order ID", f"{ONE},1001", ("_id", ONE, "Order ID", "1001")),
        ("رقم الطلب,_id", f"1001,{ONE}", ("رقم الطلب", "1001", "_id", ONE)),
        ("customer,order_id", f"{ONE},A1", ("customer", ONE, "order_id", "A1")),
        ("from,to", f"{ONE},{TWO}", ("from", ONE, "to", TWO)),
        ("order_id,fincart_order_id,Fincart ID", f"A1,{ONE},{TWO}", ("fincart_order_id", ONE, "Fincart ID", TWO)),
        ("Order ID,_id", f"1001,{ROUNDED}", ("Order ID", "1001", "_id", ROUNDED)),
    ],
)
def test_columns_that_rival_are_a_question(header: str, row: str, named: tuple[str, str, str, str]) -> None:
    assert TwoColumns(*named) == error(f"{header}\n{row}\n")


@pytest.mark.parametrize("lost", ["6.86E+23", "686.4E+21", ROUNDED])
def test_what_is_left_of_a_fincart_id_speaks_for_its_column(lost: str) -> None:
    told = error(f"order_id,shipment\n{lost},{ONE}\n")

    assert isinstance(told, BadCells)
    assert told == error(f"shipment,city\n{lost},Cairo\n")


@pytest.mark.parametrize(
    "header",
    [
        "id,orderId,customer",
        "#,Fincart order ID,order_id",
        "no,رقم الطلب,_id",
        "qty,_id,shipment",
        "1,رقم_الطّلب,العميل",
    ],
)
def test_a_column_with_the_best_name_and_fincart_ids_is_read(header: str) -> None:
    second = TWO if "customer" in header or "shipment" in header else ""

    assert [ONE] == values(f"{header}\n7,{ONE},{second}\n")


@pytest.mark.parametrize(
    "name",
    [
        "رقم الطلب",
        "رقم_الطلب",
        "رَقْم الطَّلَب",
        "رقـــم الطلب",
        "معرّف الطلب",
        "رقم الأوردر",
        "رقم الاوردر",
        "شماره سفارش",
        "شناسه‌ سفارش",
        "N° de commande",
        "Nº de commande",
        "No. de commande",
        "Numéro de commande",
        "NUMERO DE COMMANDE",
        "Identifiant de la commande",
        "ORDER_ID",
        "orderId",
        "Order-ID",
        "Fincart ID",
        "_id",
    ],
)
def test_a_header_is_known_in_every_language_met_whatever_the_ids_look_like(name: str) -> None:
    assert ["A1", "1002"] == values(f"city;{name}\nCairo;A1\nGiza;١٠٠٢\n")


@pytest.mark.parametrize("name", ["Order number", "order_no", "Order No.", "Order #", "orderNumber"])
def test_a_shops_own_order_numbers_are_told_from_fincarts_ids(name: str) -> None:
    assert OrderNumbersOnly(name, "#1001") == error(f"{name},city\n#1001,Cairo\n")
    assert [ONE] == values(f"{name},city\n{ONE},Cairo\n")
    assert [ONE] == values(f"{name},order_id\n#1001,{ONE}\n")


@pytest.mark.parametrize("digits", ["٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹"])
def test_arabic_and_persian_digits_are_digits(digits: str) -> None:
    typed = ONE.translate(str.maketrans("0123456789", digits))

    assert [ONE] == values(f"order_id,name\n{typed},Ann\n")
    assert [ONE] == values(typed)


@pytest.mark.parametrize("unseen", ["\u200b", "\u200d", "\u2060", "\ufeff"])
def test_what_is_not_to_be_seen_inside_a_cell_never_makes_two_orders_of_one(unseen: str) -> None:
    assert [ONE] == values(f"order_id,name\n{ONE[:9]}{unseen}{ONE[9:]},Ann\n")
    assert not isinstance(error(f"order_id,name\n1001{unseen}1002,Ann\n"), FileOrders)


@pytest.mark.parametrize(("before", "after"), [("\u200e", "\u200f"), ("\u202b", "\u202c"), ("\u2068", "\u2069")])
def test_marks_of_direction_around_an_id_are_dropped(before: str, after: str) -> None:
    assert [ONE] == values(f"رقم الطلب,الاسم\n{before}{ONE}{after},محمد\n")


def test_a_header_that_is_an_order_is_read() -> None:
    assert [ONE, TWO] == values(f"{ONE},Order name\n{TWO},Lamp\n")


_CELLS = st.text('ab1290 ,;."\n|\t+Eé\u200b٣', max_size=8) | st.sampled_from(
    [ONE, TWO, ROUNDED, "6,86E+23", "5,551,234", "order_id", "_id", "name", "رقم الطلب", "1001", ""]
)


@given(st.lists(st.lists(_CELLS, min_size=1, max_size=4), min_size=1, max_size=5), st.sampled_from(",;\t|"))
def test_every_order_read_is_the_whole_content_of_one_cell(rows: list[list[str]], delimiter: str) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    parsed = read_order_file(file.getvalue().encode())
    cells = {cell for row in rows for mark in DELIMITERS for cell in [*row, *delimiter.join(row).split(mark)]}
    held = {cell.strip(" ,;\n\t\u200b'\"").translate({ord("٣"): "3"}) for cell in cells}

    if isinstance(parsed, FileOrders) and parsed.column is not None:
        assert {found.order.value for found in parsed.orders} <= held
        assert len(parsed.orders) + parsed.blank_rows <= len(rows) + file.getvalue().count("\n")
        assert len(parsed.orders) + len(parsed.duplicates) + parsed.blank_rows <= len(rows) + file.getvalue().count(
            "\n"
        )


@given(st.lists(_CELLS.filter(lambda cell: "\n" not in cell), min_size=2, max_size=4), st.integers(1, 3))
def test_no_row_of_another_width_is_read(cells: list[str], more: int) -> None:
    file = io.StringIO()
    csv.writer(file).writerows([["order_id", "name"], [ONE, "Ann"], [TWO, *cells, "x" * more]])

    assert not isinstance(read_order_file(file.getvalue().encode()), FileOrders)
