"""Characters as people type them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.commands.typed_text import as_typed, ascii_digits, characters, closed_format, nearest


@pytest.mark.parametrize("typed", ["٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９", "0١2۳４5٦7۸９"])
def test_arabic_persian_and_full_width_digits_are_the_same_digits(typed: str) -> None:
    assert "0123456789" == ascii_digits(typed)


@given(st.text())
def test_only_digits_change_and_each_into_one_of_its_value(text: str) -> None:
    read = ascii_digits(text)

    assert len(text) == len(read)
    assert all(
        before == after or unicodedata.decimal(before) == int(after) for before, after in zip(text, read, strict=True)
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<@U1|sam>", "@sam"),
        ("<@U1|@sam>", "@sam"),
        ("<#C1|#ops#>", "#ops#"),
        ("<@U1>", "@U1"),
        ("<!here>", "@here"),
        ("<https://a.example|a.example>", "a.example"),
        ("<https://a.example>", "https://a.example"),
        ("<https://a.example|our shop>", "our shop (https://a.example)"),
        ("a &lt;b&gt; &amp;lt;", "a <b> &lt;"),
    ],
)
def test_a_mention_and_a_link_look_as_they_did_when_they_were_typed(text: str, shown: str) -> None:
    assert shown == as_typed(text)


@pytest.mark.parametrize(("word", "near"), [("a" * 23 + "b", "a" * 24), ("a" * 24 + "b", None), ("zzz", None)])
def test_a_word_too_long_to_be_a_slip_is_like_nothing(word: str, near: str | None) -> None:
    assert near == nearest(word, ["a" * 24, "help"])


def test_the_nearest_of_several_is_named() -> None:
    assert "history" == nearest("HISTROY", ["his", "history", "store"])


def test_a_list_of_characters_is_each_of_them_and_nothing_else() -> None:
    assert "\u200b\u200c\u200d\uffff" == characters("\u200b-\u200d\uffff\U00010000")
    assert "X" == characters("X")


def test_a_closed_format_is_digits_and_hyphens_that_can_be_seen() -> None:
    assert "2026-11-24" == closed_format("\u200e٢٠٢٦–۱۱—24\u200b")
