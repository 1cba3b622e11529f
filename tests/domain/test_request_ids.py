"""Request ids: short, and hard to mistake for one another or for a word."""

import re
from random import Random

from bot.domain.commands.request_ids import ALPHABET, RequestIds
from bot.domain.commands.typed_text import request_id


def test_an_id_has_six_characters_that_are_hard_to_mistake_and_reads_back_as_itself() -> None:
    ids = RequestIds(Random(7))
    drawn = [ids.new() for _ in range(500)]

    assert all(re.fullmatch("R-[0-9A-HJKMNP-TV-Z]{6}", each) for each in drawn)
    assert drawn == [request_id(each) for each in drawn]
    assert len(set(drawn)) == len(drawn)
    assert set("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == set("".join(each[2:] for each in drawn))


def test_an_id_without_a_digit_is_drawn_again() -> None:
    first, second = ("".join(chance.choices(ALPHABET, k=6)) for chance in [Random(5)] * 2)

    assert (first.isalpha(), f"R-{second}") == (True, RequestIds(Random(5)).new())
