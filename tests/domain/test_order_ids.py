"""Order ids out of whatever a person pastes."""

import timeit
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.commands.order_ids import (
    BadIds,
    BidiControlGiven,
    LinkGiven,
    MentionGiven,
    NoDigit,
    NoOrderIds,
    OrderId,
    OrderList,
    RequestIdGiven,
    ShopNumberGiven,
    SpreadsheetNumber,
    TooLong,
    WrongCharacter,
    first_word,
    parse_order_ids,
    read_order_id,
    unwrap,
)
from bot.messages.parse_errors import explain

FINCART = "6864fecda075914a1b1e353c"
OTHER = "6877b613a665f49134ef0001"

separator_texts = st.from_regex(
    r"[\t\n\r ;，；][\t\n\r \u00a0\u2009\u200b\u200d\u2060\ufeff,;，；]{0,4}", fullmatch=True
)
id_texts = st.one_of(
    st.text("0123456789abcdefABCDEF", min_size=24, max_size=24),
    st.text("ABab01-_", min_size=1, max_size=64),
    st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
).filter(lambda text: isinstance(read_order_id(text), OrderId))


def values(text: str) -> list[str]:
    """The ids that the text parses to."""
    parsed = parse_order_ids(text)
    assert isinstance(parsed, OrderList), parsed
    return [order.value for order in parsed.orders]


@pytest.mark.parametrize(
    "between",
    [" ", "\n", "\t", "\u00a0", "\u200b", "\u2060", "\ufeff", ",", ";", ", ;\u200b\n", "，", " — ", "\n- ", "\n• "],
)
def test_any_mix_of_separators_parts_ids(between: str) -> None:
    found = values(f"{FINCART}{between}{OTHER}")

    assert [FINCART, OTHER] == found


@pytest.mark.parametrize(
    "wrapped", ['"{}"', "'{}'", "`{}`", "“{}”", "‘{}’", "«{}»", "• {}", "•{}", "* {}", "—{}", "– {} –", "```{}```"]
)
def test_what_wraps_an_id_is_dropped(wrapped: str) -> None:
    found = values(wrapped.format(FINCART))

    assert [FINCART] == found


@pytest.mark.parametrize(
    "mark", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069\u200b\u200d\u2060\u00ad\ufeff"
)
@pytest.mark.parametrize("wrapped", ["{mark}{id}", "{id}{mark}", "{mark}“{mark}{id}”{mark}", "{mark} {id} {mark}"])
def test_what_is_not_to_be_seen_around_an_id_is_dropped(mark: str, wrapped: str) -> None:
    assert [FINCART, "DMA-1"] == values(
        f"{wrapped.format(mark=mark, id=FINCART)} {wrapped.format(mark=mark, id='DMA-1')}"
    )


@pytest.mark.parametrize("hidden", "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u034f")
def test_a_character_of_no_width_never_makes_two_orders_of_one(hidden: str) -> None:
    assert [FINCART] == values(f"{FINCART[:9]}{hidden}{FINCART[9:17]}{hidden}{FINCART[17:]}")
    assert [FINCART, OTHER, "A1"] == values(f"{FINCART}{hidden}{OTHER}”{hidden}“{FINCART} A1")
    assert isinstance(parse_order_ids(f"DMA-{hidden}EX-0001"), BadIds)
    assert isinstance(parse_order_ids(f"{FINCART}{hidden}{OTHER[:23]}"), BadIds)


@pytest.mark.parametrize("digits", ["٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９"])
def test_digits_of_other_scripts_are_the_same_digits(digits: str) -> None:
    typed = FINCART.translate({ord(str(value)): digit for value, digit in enumerate(digits)})

    assert [FINCART] == values(typed)


@pytest.mark.parametrize(
    ("typed", "orders"),
    [
        ("<tel:1805551234|1805551234>", ["1805551234"]),
        ("<tel:1805551234|180-555-1234>", ["180-555-1234"]),
        ("<tel:1805551234>", ["1805551234"]),
        (f"<tel:{FINCART[:4]}|{FINCART[:4]}>{FINCART[4:]}", [FINCART]),
        (f"> {FINCART}\n>{OTHER}", [FINCART, OTHER]),
        (f"_{FINCART}_ *_{OTHER}_*", [FINCART, OTHER]),
        (f"```\n{FINCART}\n{OTHER}\n```", [FINCART, OTHER]),
        ("_1_", ["_1_"]),
        ("101,102,103", ["101", "102", "103"]),
        ("1,2,345,6", ["1", "2", "345", "6"]),
    ],
)
def test_what_phones_and_chat_programs_make_of_ids_is_undone(typed: str, orders: list[str]) -> None:
    assert orders == values(typed)


@pytest.mark.parametrize(
    ("word", "bare"),
    [
        ("“A1”", "A1"),
        ("-A1-", "-A1-"),
        ("-", ""),
        ("“--”", ""),
        ("—", ""),
        ("X", "X"),
        ("X-1X", "X-1X"),
        ("-X-", "-X-"),
    ],
)
def test_hyphens_alone_are_no_word(word: str, bare: str) -> None:
    assert bare == unwrap(word)


@pytest.mark.parametrize(
    ("text", "word"), [("", ""), (" , —", ""), ("- “A1”, B2", "A1"), ("-- XA1", "XA1"), ("<@U1|a b> c", "<@U1|a b>")]
)
def test_the_first_word_is_found_behind_what_is_dropped(text: str, word: str) -> None:
    assert word == first_word(text)


def test_a_number_of_a_spreadsheet_is_the_one_thing_that_is_wrong() -> None:
    assert BadIds((SpreadsheetNumber("6.86E+23"),), 1) == parse_order_ids(f"{FINCART} 6.86E+23 x y")


def test_a_telephone_number_that_is_another_than_the_one_shown_is_a_link() -> None:
    assert isinstance(parse_order_ids("<tel:1805551234|1805551235>"), BadIds)
    assert ["180555123"] == values("<tel:+1 (805) 55-123|180555123>")


HIDDEN = (
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u034f\ufe0f"
    "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


@given(
    st.lists(id_texts, min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 400), st.text(HIDDEN, min_size=1, max_size=3)), max_size=8),
    st.sampled_from([" ", "\n", " \u200e", "\u200b ", "; "]),
)
def test_whatever_is_hidden_in_a_text_it_gives_the_same_orders_or_an_error(
    typed: list[str], hidden: list[tuple[int, str]], between: str
) -> None:
    first = values(" ".join(typed))
    text = between.join(first)
    for place, characters in hidden:
        text = text[: place % (len(text) + 1)] + characters + text[place % (len(text) + 1) :]
    parsed = parse_order_ids(text)

    assert not isinstance(parsed, OrderList) or first == [order.value for order in parsed.orders]


@given(st.lists(st.text("0123456789abcdef", min_size=24, max_size=24), min_size=1, max_size=6), st.data())
def test_fincart_ids_stay_themselves_whatever_of_no_width_is_in_and_between_them(
    typed: list[str], data: st.DataObject
) -> None:
    first = values(" ".join(typed))
    hidden = st.text("\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e", max_size=2)
    text = " ".join(
        "".join(data.draw(hidden) + character for character in value) + data.draw(hidden) for value in first
    )

    assert first == values(text)


def test_duplicates_are_dropped_and_told_after_normalisation() -> None:
    parsed = parse_order_ids(f"{FINCART.upper()} a1 “{FINCART}” {FINCART} A1")

    assert OrderList((OrderId(FINCART), OrderId("a1"), OrderId("A1")), (OrderId(FINCART),)) == parsed


def test_a_plain_repetition_is_told() -> None:
    parsed = parse_order_ids("a1 a1")

    assert OrderList((OrderId("a1"),), (OrderId("a1"),)) == parsed


def test_24_hexadecimal_characters_are_lower_cased_and_like_fincarts() -> None:
    order = read_order_id(FINCART.upper())

    assert OrderId(FINCART) == order
    assert not OrderId(FINCART).unlike_fincart


@pytest.mark.parametrize(
    "typed", ["DMA-EX-00001", "1", "_1", "-1", "-" + FINCART, FINCART + "0", "7K3F9Q", "a" * 63 + "1"]
)
def test_anything_else_is_taken_exactly_and_marked(typed: str) -> None:
    parsed = parse_order_ids(typed)

    assert OrderList((OrderId(typed),)) == parsed
    assert OrderId(typed).unlike_fincart


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("a1" + "a" * 63, TooLong("a1" + "a" * 63)),
        ("duplicate", NoDigit("duplicate")),
        ("#1800022D2", ShopNumberGiven("#1800022D2")),
        ("#١٠٠١", ShopNumberGiven("#1001")),
        ("#", ShopNumberGiven("#")),
        (f"#{FINCART}", WrongCharacter(f"#{FINCART}", "#")),
        ("<#C123|1001>", ShopNumberGiven("<#C123|1001>")),
        ("5,551,234", SpreadsheetNumber("5,551,234")),
        ("5\u202f551\u202f234", SpreadsheetNumber("5\u202f551\u202f234")),
        ("6.86E+23", SpreadsheetNumber("6.86E+23")),
        ("6,86E+23", SpreadsheetNumber("6,86E+23")),
        ("6,86E23", SpreadsheetNumber("6,86E23")),
        ("686412345678901000000000", SpreadsheetNumber("686412345678901000000000")),
        ("686412345678901230000000", SpreadsheetNumber("686412345678901230000000")),
        ("DMA–EX–1", WrongCharacter("DMA–EX–1", "–")),
        (f"{FINCART}—{OTHER}", WrongCharacter(f"{FINCART}—{OTHER}", "—")),
        ("1🙂", WrongCharacter("1🙂", "🙂")),
        ("1.", WrongCharacter("1.", ".")),
        ("1)", WrongCharacter("1)", ")")),
        ("(1)", WrongCharacter("(1)", "(")),
        ("1️⃣", WrongCharacter("1️⃣", "\ufe0f")),
        ("[x]", WrongCharacter("[x]", "[")),
        ("ID:1", WrongCharacter("ID:1", ":")),
        (f"{FINCART[:8]}…", WrongCharacter(f"{FINCART[:8]}…", "…")),
        ("a\u200b1", WrongCharacter("a\u200b1", "\u200b")),
        (f"{FINCART}\u200d1", WrongCharacter(f"{FINCART}\u200d1", "\u200d")),
        ("1\x00", WrongCharacter("1\x00", "\x00")),
        ("R-7K3F9Q", RequestIdGiven("R-7K3F9Q")),
        ("r-7k3f9q", RequestIdGiven("R-7K3F9Q")),
        ("R–7K3F9Q", RequestIdGiven("R-7K3F9Q")),
        ("<https://fincart.io/1|order 1, the first>", LinkGiven("<https://fincart.io/1|order 1, the first>")),
        ("https://fincart.io/1", LinkGiven("https://fincart.io/1")),
        ("<mailto:a1@b.io|a1@b.io>", LinkGiven("<mailto:a1@b.io|a1@b.io>")),
        ("<@U123|sam>", MentionGiven("<@U123|sam>")),
        ("<#C123|orders>", MentionGiven("<#C123|orders>")),
        ("<tel:1805551234|1805551235>", LinkGiven("<tel:1805551234|1805551235>")),
        ("<tel:01001234567|0100 123 4567>", LinkGiven("<tel:01001234567|0100 123 4567>")),
        ("<!channel>", MentionGiven("<!channel>")),
        ("<!subteam^S123|@ops>", MentionGiven("<!subteam^S123|@ops>")),
        ("@sam1", MentionGiven("@sam1")),
        ("\u202e1", BidiControlGiven("\u202e1", "\u202e")),
        ("1\u200e2", BidiControlGiven("1\u200e2", "\u200e")),
        ("\u2066<@U1>", MentionGiven("<@U1>")),
    ],
)
def test_what_is_no_order_id_is_an_error_that_says_what_it_is(typed: str, error: object) -> None:
    parsed = parse_order_ids(f"{OTHER} {typed}")

    assert isinstance(parsed, BadIds)
    assert error == parsed.first[0]


@pytest.mark.parametrize("typed", ["R-ABCDEF", "R-7K3F9U", "R-7K3F9", "R-7K3F9QQ", "S-7K3F9Q"])
def test_only_a_request_id_is_one(typed: str) -> None:
    assert not isinstance(read_order_id(typed), RequestIdGiven)


@pytest.mark.parametrize("typed", ["", "  ", ",;,", "“”", "—", "- -- •"])
def test_nothing_but_separators_is_no_order_ids(typed: str) -> None:
    assert NoOrderIds() == parse_order_ids(typed)


def test_the_first_three_different_bad_words_are_told_and_all_counted() -> None:
    parsed = parse_order_ids("a b c d a 1")

    assert BadIds((NoDigit("a"), NoDigit("b"), NoDigit("c")), 4) == parsed


@given(st.lists(id_texts, min_size=1, max_size=20), st.data())
def test_joining_the_parsed_ids_by_any_separators_parses_to_the_same(typed: list[str], data: st.DataObject) -> None:
    first = values(" ".join(typed))
    joined = "".join(value + data.draw(separator_texts) for value in first)

    assert first == values(joined)


@given(st.text(st.characters()) | st.text('aR-17<>@!#|,;“"*—\u200b\u202e &'))
def test_any_text_gives_ids_or_an_error_with_wording(text: str) -> None:
    parsed = parse_order_ids(text)

    if isinstance(parsed, OrderList):
        assert len(parsed.orders) == len({order.value for order in parsed.orders}) > 0
        assert set(parsed.duplicates) <= set(parsed.orders)
        assert all(isinstance(read_order_id(order.value), OrderId) for order in parsed.orders)
    else:
        assert explain(parsed, "/cancel-orders").strip()


LONG = {
    "Fincart ids": " ".join(f"{number:024x}" for number in range(170)),
    "short ids": " ".join(str(number) for number in range(1100)),
    "one id over and over": "1 " * 2000,
    "opening brackets": "<" * 4000,
    "opened links": "<a " * 1400,
    "emoji": "🙂 " * 2000,
    "wrapped ids": "“1” " * 1000,
    "one long word": "a" * 4000,
    "hyphens": "-" * 3999 + "é",
    "the shortest ids": " ".join(f"{letter}{digit}" for letter in map(chr, range(97, 123)) for digit in range(10)) * 6,
    "ids in quotes": "".join(f"“{number}” " for number in range(1000)),
    "ids after bullets": "".join(f"•{number}\n" for number in range(1000)),
    "ids before dashes": "".join(f"{number}— " for number in range(1000)),
    "ids apart by nothing to be seen": "".join(f"{number}\u200b" for number in range(1000)),
    "one short id over and over": "a1 " * 1333,
    "hyphens alone": "- " * 2000,
    "turners of direction": "\u202e " * 2000,
    "mentions": "".join(f"<@U{number}>" for number in range(800)),
    "links": "".join(f"<http://{number}.a|{number}>" for number in range(250)),
    "brackets that do not close": "".join(f"<{chr(0x4E00 + number)}" for number in range(2000)),
    "wrapped bad words": "".join(f"“{chr(0x4E00 + number)}” " for number in range(1000)),
    "many bad words, one good": "1 " + "".join(f"{chr(0x4E00 + number)}- " for number in range(1333)),
    "ids that nothing parts to be seen": f"{FINCART}\u200b" * 160,
    "an id and what is not to be seen": FINCART + "\u200b" * 3970,
    "pieces of ids": "a\u200b" * 2000,
    "telephone links": "<tel:1|1>" * 440,
    "opened telephone links": "<tel:" * 800,
    "marks of quotation": ">\n" * 2000,
    "white space before a mark of quotation": "\n" * 3990 + "x>",
    "no-break spaces before none": "\u00a0" * 3990 + "x>",
    "numbers with thousands": "1,234," * 660,
    "nearly numbers": "1e" * 2000,
    "underscores": "_" * 4000,
    "Arabic digits": "١٢٣٤ " * 800,
    "bad words": "".join(chr(0x4E00 + number) + " " for number in range(2000)),
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_4000_characters_take_two_milliseconds_at_most(text: str) -> None:
    times = timeit.repeat(lambda: parse_order_ids(text[:4000]), timer=thread_time, number=1, repeat=51)

    # Alone they take 0.7 at most. What the machine does besides only adds, and a core that is shared is half as fast.
    assert min(times) < 0.002
