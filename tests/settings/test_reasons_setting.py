"""REASONS: which lists are taken, and which are refused before anything starts."""

import pytest
from test_config import load, problem


def test_the_list_is_kept_as_it_is_written() -> None:
    written = "duplicate, out of stock,customer asked , address, Fraud"

    assert ("duplicate", "out of stock", "customer asked", "address", "Fraud") == load(REASONS=written).reasons
    assert () == load().reasons


def test_a_hundred_reasons_of_the_longest_kind_fit() -> None:
    assert 100 == len(load(REASONS=",".join(f"{number:075}" for number in range(100))).reasons)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (",".join(f"reason {number}" for number in range(200)), "holds 200 reasons, and a menu of Slack's has room"),
        ("fraud, dupl\x07icate", "reason 2 holds a character that is not to be seen (U+0007)"),
        ("fraud, dupl\nicate", "reason 2 holds a character that is not to be seen (U+000A)"),
        ("fraud, dupl\u202eicate", "reason 2 holds a character that is not to be seen (U+202E)"),
        ("fraud, duplicate, FRAUD", "reason 3 is reason 1 again, in this or another case"),
        ("out of stock, Out  of stock", "reason 2 is reason 1 again"),
        ("fraud,, duplicate", "reason 2 is empty"),
        ("fraud, duplicate,", "reason 3 is empty"),
        (",", "reason 1 is empty"),
        ("fraud, " + "x" * 76, "reason 2 has 76 characters, and a menu of Slack's shows 75"),
        ("🎉" * 37 + "ab", "reason 1 has 76 characters"),
        ("fraud, ---", "reason 2 has no letter or digit"),
        ("duplicate., fraud", "reason 1 ends with punctuation (.)"),
        ("duplicate; fraud", "reason 1 holds a semicolon"),
        ('fraud, "out of stock"', "reason 2 holds a quotation mark"),
    ],
)
def test_a_list_that_cannot_be_one_is_refused_with_its_fix(value: str, said: str) -> None:
    found = problem(REASONS=value)

    assert "REASONS" == found.name
    assert said in found.what
    assert found.fix.endswith(".")
