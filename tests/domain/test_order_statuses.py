"""How orders stand: which can be cancelled, which are alike. Whatever Fincart says, each order is counted once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.outcome.order_statuses import OrderStatus, status_groups
from storage.enums import ABSENT

WORDS = st.sampled_from(("Pending", "pending ", "PENDING", "Cancelled", "canceled", "On Hold", ABSENT, "")) | st.text()


@pytest.mark.parametrize("status", ["Pending", "pending", " PENDING "])
def test_a_pending_order_can_be_cancelled(status: str) -> None:
    assert OrderStatus("1", status, "Cancelled").can_be_cancelled is True


@pytest.mark.parametrize(
    "status", ["Processing", "successful", "UNSUCCESSFUL", "Cancelled", "canceled", " processing\n", ABSENT]
)
def test_an_order_that_has_gone_further_or_is_not_there_cannot(status: str) -> None:
    assert OrderStatus("1", status, "Pending").can_be_cancelled is False


@pytest.mark.parametrize("status", ["", "On Hold", "pending?", "not pending", "process", "Delivered"])
def test_a_word_that_fincart_does_not_document_decides_nothing(status: str) -> None:
    assert OrderStatus("1", status, "Pending").can_be_cancelled is None


def test_the_most_frequent_come_first_and_spellings_are_one() -> None:
    words = (
        ("Cancelled", "x"),
        ("Pending", "New"),
        ("pending", "  new"),
        ("canceled", "X"),
        ("PENDING", "ne w"),
        ("Pending", "NEW"),
    )
    found = tuple(OrderStatus(str(number), *each) for number, each in enumerate(words))

    assert ["125", "03", "4"] == ["".join(each.order_id for each in group) for group in status_groups(found)]


def test_both_spellings_of_cancelled_are_one_as_a_sub_status_too() -> None:
    found = tuple(OrderStatus(word, "Cancelled", word) for word in ("Cancelled", "canceled"))

    assert (found,) == status_groups(found)


@given(st.lists(st.tuples(WORDS, WORDS)))
def test_every_order_is_in_one_group_whose_orders_have_one_answer(words: list[tuple[str, str]]) -> None:
    found = tuple(OrderStatus(str(number), *each) for number, each in enumerate(words))
    groups = [group for can in (True, False, None) for group in status_groups(_which(found, can))]

    assert sorted(each.order_id for each in found) == sorted(each.order_id for group in groups for each in group)


def _which(found: tuple[OrderStatus, ...], can: bool | None) -> list[OrderStatus]:
    return [each for each in found if each.can_be_cancelled is can]
