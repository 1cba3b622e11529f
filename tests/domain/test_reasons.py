"""How a reason is read: which of the list it carries, and how history is filtered by one."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.commands.filters import EmptyFilter, Filter, GivenTwice, History, parse_history
from bot.domain.commands.order_ids import OrderId
from bot.domain.commands.parser import Export, parse
from bot.domain.commands.reasons import GivenReason, listed_reason, with_listed
from storage.enums import RequestState

LIST = ("duplicate", "out of stock", "customer asked", "address", "address unknown", "Fraud", "خطأ في العنوان")


@pytest.mark.parametrize(
    ("typed", "carries"),
    [
        ("duplicate", "duplicate"),
        ("DUPLICATE", "duplicate"),
        ("duplicate.", "duplicate"),
        ("duplicate, sent twice", "duplicate"),
        ("Duplicate: sent twice", "duplicate"),
        ("duplicate — sent twice", "duplicate"),
        ("duplicate—sent twice", "duplicate"),
        ("duplicate (see #1001)", "duplicate"),
        ("duplicate!!", "duplicate"),
        ("“duplicate” it says", "duplicate"),
        ("- duplicate", "duplicate"),
        ("_duplicate_", "duplicate"),
        ("dupli\u200bcate", "duplicate"),
        ("fraud", "Fraud"),
        ("ＦＲＡＵＤ", "Fraud"),
        ("out of stock", "out of stock"),
        ("out  of\u00a0stock since monday", "out of stock"),
        ("address", "address"),
        ("address, unknown", "address"),
        ("address unknown", "address unknown"),
        ("Address Unknown: no street", "address unknown"),
        ("address unknowns", "address"),
        ("خطأ في العنوان: شارع", "خطأ في العنوان"),
        ("duplicates", None),
        ("duplicated", None),
        ("duplicate-ish", None),
        ("duplicate_ish", None),
        ("fraud's over", None),
        ("frau\u0308d", None),
        ("duplicate\u0301", None),
        ("fraud\u0301", None),
        ("a duplicate", None),
        ("no fraud", None),
        ("out of", None),
        ("out-of-stock", None),
        ("", None),
        (".", None),
    ],
)
def test_a_reason_carries_the_longest_of_the_list_that_it_begins_with(typed: str, carries: str | None) -> None:
    assert carries == listed_reason(typed, LIST)


def test_the_longest_counts_however_it_is_spelled() -> None:
    assert "Address Unknown" == listed_reason("address unknown", ("address", "Address Unknown"))


def test_what_was_typed_is_kept_beside_what_it_carries() -> None:
    assert GivenReason("Duplicate: twice", "duplicate") == GivenReason.typed("Duplicate: twice", LIST)


def test_without_a_list_no_reason_carries_one() -> None:
    assert GivenReason("duplicate", None) == GivenReason.typed("duplicate", ())
    assert GivenReason(None, None) == GivenReason.typed(None, LIST)


@pytest.mark.parametrize(
    ("chosen", "words", "said"),
    [
        ("duplicate", None, "duplicate"),
        ("duplicate", "sent twice", "duplicate: sent twice"),
        ("duplicate", "Duplicate, sent twice", "Duplicate, sent twice"),
        ("duplicate", "duplicates of yesterday", "duplicate: duplicates of yesterday"),
        ("address", "duplicate", "address: duplicate"),
    ],
)
def test_what_was_chosen_stands_before_the_words_unless_they_say_it(chosen: str, words: str | None, said: str) -> None:
    assert said == with_listed(chosen, words)


WORD = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)
PHRASE = st.lists(WORD, min_size=1, max_size=3).map(" ".join)


@given(st.lists(PHRASE, min_size=1, max_size=6), st.data(), st.sampled_from(["", ".", ",", ": more", " more", "! x"]))
def test_every_reason_of_a_list_is_carried_by_itself_in_any_case(
    reasons: list[str], data: st.DataObject, after: str
) -> None:
    reason = data.draw(st.sampled_from(reasons))
    found = listed_reason(reason.swapcase() + after, reasons)

    assert found is not None
    assert len(reason) <= len(found)
    assert reason.casefold() + after.casefold() == (found + (reason + after)[len(found) :]).casefold()


@given(st.lists(PHRASE, max_size=6), st.text(max_size=40))
def test_what_is_carried_is_always_of_the_list(reasons: list[str], typed: str) -> None:
    assert listed_reason(typed, reasons) in (*reasons, None)


@given(PHRASE, PHRASE)
def test_what_was_chosen_is_carried_by_what_is_kept(chosen: str, words: str) -> None:
    assert chosen == listed_reason(with_listed(chosen, words), (chosen,))


# The filter


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("reason:duplicate", "duplicate"),
        ("REASON:Duplicate", "Duplicate"),
        ('reason:"out of stock"', "out of stock"),
        ("reason:“out of stock”", "out of stock"),
        ("reason:'duplicate'", "duplicate"),
        ("reason: duplicate.", "duplicate"),
        ("reason:duplicate,", "duplicate"),
        ("reason:out of stock", "out of stock"),
        ("reason:R&amp;D", "R&D"),
    ],
)
def test_history_is_filtered_by_a_reason(typed: str, reason: str) -> None:
    assert History(reason=reason) == parse_history(typed)


def test_a_reason_of_several_words_ends_at_the_next_filter_or_order() -> None:
    found = parse_history("reason:out of stock status:finished 6864fecda075914a1b1e353c")

    assert (
        History(reason="out of stock", status=RequestState.FINISHED, order_id=OrderId("6864fecda075914a1b1e353c"))
        == found
    )


def test_a_word_after_a_reason_in_quotes_is_none_of_it() -> None:
    assert not isinstance(parse_history('reason:"out of" stock'), History)
    assert not isinstance(parse_history("reason:duplicate status:finished stock"), History)
    assert not isinstance(parse_history("reason:duplicate finished"), History)


def test_export_takes_it_too() -> None:
    assert Export(History(reason="duplicate")) == parse("export reason:duplicate")


@pytest.mark.parametrize("typed", ["reason:", 'reason:""', "reason: ", "reason:' '"])
def test_an_empty_reason_is_an_error(typed: str) -> None:
    assert EmptyFilter(Filter.REASON) == parse_history(typed)


def test_a_reason_that_is_nothing_but_punctuation_is_found_as_such() -> None:
    assert History(reason=".") == parse_history("reason:.")


def test_two_reasons_are_one_too_many() -> None:
    assert GivenTwice("reason") == parse_history("reason:duplicate reason:fraud")
