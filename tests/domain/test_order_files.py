"""Order ids out of uploaded files: which column, which rows, and when to ask rather than guess."""

import csv
import io
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.commands.order_ids import NoDigit, OrderId, RequestIdGiven, TooLong, WrongCharacter
from bot.domain.files.decoding import NotText, Undecodable, decode
from bot.domain.files.order_file import LARGEST_FILE, read_order_file
from bot.domain.files.results import (
    BadCell,
    BadCells,
    BrokenQuotes,
    EmptyFile,
    FileOrder,
    FileOrders,
    FileTooLarge,
    NoIdColumn,
    TwoColumns,
)
from bot.domain.files.spreadsheet_cells import Alteration, Altered
from bot.messages.file_errors import explain_file

ONE = "6864fecda075914a1b1e353c"
TWO = "6877b613a665f49134ef0001"
THREE = "6877b613a665f49134ef0002"


def read(text: str) -> FileOrders:
    """What a UTF-8 file of this text holds."""
    parsed = read_order_file(text.encode())
    assert isinstance(parsed, FileOrders), parsed
    return parsed


def values(parsed: FileOrders) -> list[str]:
    """The ids, in order."""
    return [found.order.value for found in parsed.orders]


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE}\n{TWO}\n",
        f"{ONE}\r\n{TWO}",
        f"{ONE}\r{TWO}",
        f"{ONE}, {TWO}",
        f"“{ONE}”;\u200b{TWO}",
        f"- {ONE}\n• {TWO}",
        f"{ONE} {TWO}\n",
    ],
)
def test_a_plain_list_is_split_like_any_text(text: str) -> None:
    parsed = read(text)

    assert [ONE, TWO] == values(parsed)


def test_a_list_may_hold_several_on_a_line() -> None:
    parsed = read(f"{ONE} {TWO}\n\n{THREE}")

    assert FileOrders(tuple(FileOrder(OrderId(i), None) for i in (ONE, TWO, THREE)), (), None, 1) == parsed


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_usual_encoding_is_read(encoding: str) -> None:
    parsed = read_order_file(f"order_id,name\n{ONE},Café\n".encode(encoding))

    assert FileOrders((FileOrder(OrderId(ONE), "Café"),), (), "order_id", 0) == parsed


@pytest.mark.parametrize(("mark", "encoding"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_utf_16_of_either_order_is_read(mark: bytes, encoding: str) -> None:
    parsed = read_order_file(mark + f"order_id\tname\r\n{ONE}\tCafé\r\n".encode(encoding))

    assert FileOrders((FileOrder(OrderId(ONE), "Café"),), (), "order_id", 0) == parsed


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_read(encoding: str) -> None:
    parsed = read_order_file(f"order_id\tname\r\n{ONE}\tCafé\r\n".encode(encoding))

    assert FileOrders((FileOrder(OrderId(ONE), "Café"),), (), "order_id", 0) == parsed


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_its_mark_is_read_where_nothing_in_it_is_ascii(encoding: str) -> None:
    assert "محمد" == decode("\ufeffمحمد".encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_and_with_half_a_character_is_no_text(encoding: str) -> None:
    assert not isinstance(read_order_file(f"order_id\r\n{ONE}\r\n".encode(encoding) + b"1"), FileOrders)


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
@pytest.mark.parametrize("text", [b"order_id Ann", "Café à la crème".encode("cp1252"), "محمد علي".encode("cp1256")])
def test_what_has_the_mark_of_utf_16_and_half_a_character_is_in_no_encoding(mark: bytes, text: bytes) -> None:
    assert Undecodable() == decode(mark + text[: len(text) // 2 * 2] + b"1")


def test_zeros_far_below_make_no_utf_16_of_a_text() -> None:
    assert isinstance(decode(b"1" * 1000 + b"\0001"), NotText)


def test_a_mark_at_the_end_of_a_garbled_text_changes_nothing() -> None:
    assert Undecodable() == read_order_file(f"\ufefforder_id,name\n{ONE},CafÃ©\n".encode())


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_read_in_arabic_too(encoding: str) -> None:
    parsed = read_order_file(f"رقم الطلب\tالاسم\r\n{ONE}\tمصباح\r\n".encode(encoding))

    assert FileOrders((FileOrder(OrderId(ONE), "مصباح"),), (), "رقم الطلب", 0) == parsed


@pytest.mark.parametrize(
    "label",
    ["محمد", "نور", "أريكة حمراء", "چاي", "چراغ", "پرده", "مصباح، 20 ×", "«ساعة»", "L’été", "Zoé", "Señor Núñez"],
)
def test_windows_1256_and_1252_are_told_apart_by_a_single_label(label: str) -> None:
    encoding = "cp1252" if label[0].isascii() else "cp1256"
    parsed = read_order_file(f"order_id,name\r\n{ONE},{label}\r\n".encode(encoding))

    assert FileOrders((FileOrder(OrderId(ONE), label),), (), "order_id", 0) == parsed


@pytest.mark.parametrize(
    ("labels", "encoding"),
    [
        ("محمد أحمد,مدينة نصر,عبد الرحمن,شارع النيل", "iso8859_6"),
        ("محمد أحمد,مدينة نصر,عبد الرحمن,شارع النيل", "cp720"),
        ("Hélène,Élodie,François,à bientôt", "mac_roman"),
        ("Hélène,Élodie,François,Crème", "cp850"),
        ("Αθήνα,λάμπα,Γιώργος", "cp1253"),
        ("שלום,מנורה", "cp1255"),
        ("Işık,şişe,ağaç", "cp1254"),
        ("Żółty,źródło,książka", "cp1250"),
        ("où", "mac_roman"),
        ("août", "mac_roman"),
        ("où", "cp850"),
        ("Иван", "koi8_r"),
    ],
)
def test_no_label_is_shown_in_characters_that_it_was_not_written_in(labels: str, encoding: str) -> None:
    rows = [f"{number:024x},{label}" for number, label in enumerate(labels.split(","), 1)]

    assert Undecodable() == read_order_file("\n".join(["order_id,name", *rows]).encode(encoding))


@pytest.mark.parametrize("label", ["Café", "Hélène à Orléans", "محمد", "چراغ", "Größe", "10 € – L’été"])
@pytest.mark.parametrize("misread", ["cp1252", "cp1256", "latin-1"])
def test_letters_that_an_earlier_program_garbled_are_not_shown(label: str, misread: str) -> None:
    garbled = label.encode().decode(misread, "ignore") if misread == "cp1252" else label.encode().decode(misread)

    assert Undecodable() == read_order_file(f"order_id,name\n{ONE},{garbled}\n".encode())


def test_utf_8_with_one_broken_byte_is_not_taken_for_another_encoding() -> None:
    whole = f"order_id,name\n{ONE},محمد\n{TWO},Café\n".encode()

    assert Undecodable() == read_order_file(whole.replace(b"\xd8\xad", b"\xd8"))


@pytest.mark.parametrize("first", ["sep=;\n", "SEP=;\r\n", '"sep=;"\r\n', "\ufeffsep=;\n"])
def test_the_line_that_tells_excel_the_delimiter_is_no_row(first: str) -> None:
    parsed = read(f"{first}order_id;name\n{ONE};a, b\n")

    assert FileOrders((FileOrder(OrderId(ONE), "a, b"),), (), "order_id", 0) == parsed


@pytest.mark.parametrize("cell", [f'="{ONE}"', f'"=""{ONE}"""', f'" =""{ONE}"" "'])
def test_a_cell_that_excel_was_to_leave_as_text_is_its_text(cell: str) -> None:
    assert [ONE, TWO] == values(read(f"order_id;name\n{cell};Lamp\n{TWO};Sofa\n"))
    assert [ONE, TWO] == values(read(f"{cell}\n{TWO}\n"))


def test_a_cell_too_long_for_anything_is_not_blamed_on_quotation_marks() -> None:
    assert NoIdColumn() == read_order_file(b"a" * 200_000)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_usual_delimiter_is_found(delimiter: str) -> None:
    rows = [["city", "Order ID", "note"], ["Cairo, Giza; x", ONE, 'say "hi"'], ["", TWO, ""]]
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    parsed = read(file.getvalue())

    assert [ONE, TWO] == values(parsed)
    assert "Order ID" == parsed.column


def test_a_column_without_a_header_is_known_by_its_ids() -> None:
    parsed = read(f"3,{ONE},x\n1,{TWO},y\n")

    assert ("column 2", [ONE, TWO]) == (parsed.column, values(parsed))


def test_a_header_of_another_name_is_known_by_the_ids_below_it() -> None:
    parsed = read(f"Line,Shipment\n1,{ONE}\n2,{TWO}\n")

    assert ("Shipment", [ONE, TWO]) == (parsed.column, values(parsed))


def test_a_name_against_ids_is_a_question_with_an_example_of_each() -> None:
    parsed = read_order_file(f"customer,order_id\n{ONE},A1\n{TWO},A2\n".encode())

    assert TwoColumns("customer", ONE, "order_id", "A1") == parsed


def test_order_id_is_a_better_name_than_id() -> None:
    parsed = read(f"id,orderId\n{ONE},{TWO}\n")

    assert [TWO] == values(parsed)


def test_a_single_column_of_other_ids_is_read_with_or_without_a_header() -> None:
    assert ("codes", ["A1", "A2"]) == ((parsed := read("codes\nA1\nA2\n")).column, values(parsed))
    assert ("column 1", ["A1", "A2"]) == ((parsed := read("A1\nA2\n")).column, values(parsed))


def test_labels_are_kept_as_text_and_cut() -> None:
    parsed = read(f"orderId,referenceNumber\n{ONE},=1+1\n{TWO},{'x' * 200}\n{THREE},\n")

    assert ["=1+1", "x" * 100, None] == [found.label for found in parsed.orders]


def test_blank_cells_are_skipped_and_counted() -> None:
    parsed = read(f"order_id,x\n{ONE},1\n,2\n\n \u00a0,3\n{TWO},\n")

    assert (3, [ONE, TWO]) == (parsed.blank_rows, values(parsed))


def test_duplicates_are_dropped_and_the_first_label_kept() -> None:
    parsed = read(f"order_id,label\n{ONE},first\n{ONE.upper()},second\n")

    assert FileOrders((FileOrder(OrderId(ONE), "first"),), (OrderId(ONE),), "order_id", 0) == parsed


def test_quoted_cells_are_read_with_what_is_in_them() -> None:
    parsed = read(f'order_id,label\n"{ONE}","a, ""b""\nc"\n')

    assert 'a, "b" c' == parsed.orders[0].label


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyFile()),
        (b"\xef\xbb\xbf \r\n\r\n", EmptyFile()),
        (b"order_id\n", EmptyFile()),
        (b",,,\n,,", EmptyFile()),
        (b"0" * (LARGEST_FILE + 1), FileTooLarge(LARGEST_FILE + 1, LARGEST_FILE)),
        (b"%PDF".ljust(LARGEST_FILE), NotText("a PDF")),
        (b"PK\x03\x04rest", NotText("an Excel workbook or another zip file")),
        (b"\xd0\xcf\x11\xe0rest", NotText("an old Excel workbook")),
        (b"%PDF-1.7", NotText("a PDF")),
        (b"\n <!DOCTYPE html><html>", NotText("a web page")),
        (b"1\x00\x00\x002\x00\x00\x00", NotText("made of bytes that are no characters")),
        (b"\xff\xfe1", Undecodable()),
        (b"\xff\xfe" + f"order_id\n{ONE}\n".encode("utf-16-le") + b"1", Undecodable()),
        (b"\x00ab\x00", NotText("made of bytes that are no characters")),
        ("order_id,name\n1001,Лампа\n1002,Иван".encode("cp1251"), Undecodable()),
        (f"order_id,name\n{ONE},Caf\ufffd\n".encode(), Undecodable()),
        (f'order_id,label\n{ONE},x\n{TWO},"y\n{THREE},z\n'.encode(), BrokenQuotes(3)),
        (f'order_id,label\n{ONE},"{"y" * 200_000}"\n'.encode(), BrokenQuotes(2)),
        (b"quantity,name\n1,x\n2,y\n", NoIdColumn()),
        (b"quantity,city\n1,x\n2,y\n", NoIdColumn()),
        (f"{ONE},{TWO}\n{TWO},{THREE}\n".encode(), TwoColumns("column 1", ONE, "column 2", TWO)),
        (f"from,to\n{ONE},{TWO}\n".encode(), TwoColumns("from", ONE, "to", TWO)),
        (f"order_id,Order ID\n{ONE},{TWO}\n".encode(), TwoColumns("order_id", ONE, "Order ID", TWO)),
        (f"id,shipment\n1,{ONE}\n2,{TWO}\n".encode(), TwoColumns("id", "1", "shipment", ONE)),
    ],
)
def test_what_cannot_be_told_for_certain_is_an_error(data: bytes, error: object) -> None:
    assert error == read_order_file(data)


def test_bad_cells_are_told_with_their_rows() -> None:
    parsed = read_order_file(
        f"order_id,label\n{ONE},x\n\ntotal,y\nR-7K3F9Q,z\n{TWO} {ONE},\n{'1' * 65},\n".encode(),
    )

    assert (
        BadCells(
            (
                BadCell(4, NoDigit("total")),
                BadCell(5, RequestIdGiven("R-7K3F9Q")),
                BadCell(6, WrongCharacter(f"{TWO} {ONE}", " ")),
            ),
            4,
        )
        == parsed
    )


def test_what_a_spreadsheet_left_of_several_on_the_one_line_of_a_list_is_told_with_its_row() -> None:
    rounded = ["68641234567890100000", "68641234567890200000"]
    told = BadCells(tuple(BadCell(3, Altered(id, Alteration.ROUNDED)) for id in rounded), 2)

    assert told == read_order_file(f"\n\n{' '.join(rounded)}\n".encode())


def test_what_a_spreadsheet_left_in_a_plain_list_is_told_with_each_of_its_rows() -> None:
    rounded = ["686412345678901000000000", "686412345678902000000000"]
    told = BadCells(
        tuple(BadCell(row, Altered(id, Alteration.ROUNDED)) for row, id in zip((2, 4), rounded, strict=True)), 2
    )

    assert told == read_order_file(f"{ONE}\n{rounded[0]}\n\n{rounded[1]}\n".encode())


def test_the_delimiter_that_a_file_names_is_its_delimiter() -> None:
    table = f"order_id,name\n{ONE},Ann\n"

    assert [ONE] == values(read(f"sep=,\n{table}"))
    assert not isinstance(read_order_file(f"sep=|\n{table}".encode()), FileOrders)


def test_the_same_id_twice_on_a_line_of_several_may_be_two_columns() -> None:
    assert TwoColumns("column 1", ONE, "column 2", ONE) == read_order_file(f"{ONE},{ONE}\n{TWO},{TWO}\n".encode())


def test_ids_of_two_kinds_on_one_line_are_no_list() -> None:
    assert not isinstance(read_order_file(f"{ONE} A1".encode()), FileOrders)


def test_one_id_on_each_of_several_lines_is_a_list_whatever_stands_after_it() -> None:
    assert FileOrders((FileOrder(OrderId(ONE), None), FileOrder(OrderId(TWO), None)), (), None, 0) == read(
        f"{ONE},\n{TWO},\n"
    )


def test_a_bad_line_in_a_plain_list_is_told_with_its_row() -> None:
    assert BadCells((BadCell(2, TooLong("1" * 65)),), 1) == read_order_file(f"{ONE}\n{'1' * 65}\n".encode())


def test_a_first_row_with_digits_is_never_dropped_as_a_header() -> None:
    assert BadCells((BadCell(1, WrongCharacter("6864%5", "%")),), 1) == read_order_file(f"6864%5\n{ONE}\n".encode())


@given(st.binary(max_size=300) | st.text('ab1,;\t|"\n\r\ufeff -', max_size=100).map(str.encode))
def test_any_bytes_give_orders_or_an_error_with_wording(data: bytes) -> None:
    parsed = read_order_file(data)

    if isinstance(parsed, FileOrders):
        assert parsed.orders
    else:
        assert explain_file(parsed).strip()


@given(
    st.lists(
        st.tuples(
            st.text("0123456789abcdef", min_size=24, max_size=24).filter(lambda text: not text.isalpha()),
            # U+034F joins graphemes and is dropped: nobody sees it.
            st.text(
                st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="\u034f"),
                min_size=1,
                max_size=20,
            ),
        ),
        min_size=1,
        unique_by=lambda row: row[0],
    ),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_spreadsheet_writes_is_read_back(rows: list[tuple[str, str]], delimiter: str, encoding: str) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([("order_id", "label"), *rows])
    parsed = read_order_file(file.getvalue().encode(encoding))

    assert isinstance(parsed, FileOrders)
    assert rows == [(found.order.value, found.label) for found in parsed.orders]


LARGE = {
    "a list": "\n".join(f"{number:024x}" for number in range(210_000)),
    "a table": "order_id,label\n" + "\n".join(f"{number:024x},x" for number in range(190_000)),
    "many cells": ",".join(["1"] * 50 + [ONE]) + ("\n" + ",".join(["1"] * 50)) * 50_000,
    "Arabic labels": "order_id,label\n" + "\n".join(f"{number:024x},شارع النيل" for number in range(140_000)),
    "quotation marks": '"' * LARGEST_FILE,
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_five_megabytes_take_a_few_seconds_at_most(text: str) -> None:
    data = text.encode("cp1256")[:LARGEST_FILE]
    start = thread_time()
    read_order_file(data)
    took = thread_time() - start

    # About two on a quiet machine; anything that is not linear takes minutes.
    assert took < 8
