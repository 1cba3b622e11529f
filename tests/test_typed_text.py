"""Characters as people type them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.typed_text import ascii_digits


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
