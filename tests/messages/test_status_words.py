"""How a preview's orders stand, in words: whatever Fincart says, within Slack's limits and formatting nothing."""

from dataclasses import replace

import pytest

from bot.domain.outcome.order_statuses import OrderStatus
from bot.messages.preview import dry_run, preview
from bot.messages.render import fits
from bot.messages.view_models import OrderFacts, RequestFacts, StatusFacts
from bot.sandbox.gallery.facts import ASKED

HOSTILE = ("<!channel> & *all*", "w" * 5_000, "a\x00b\u202ec\nd", "😀" * 300, "\u200b", "• 3 already Cancelled: all")


def seen(*statuses: tuple[str, str]) -> RequestFacts:
    """A request whose orders stand so."""
    found = tuple(OrderStatus(f"6864fecda075914a{number:08x}", *each) for number, each in enumerate(statuses))
    orders = tuple(OrderFacts(number, each.order_id) for number, each in enumerate(found[:60]))
    return replace(ASKED, order_count=len(found), orders=orders, status=StatusFacts(found))


def test_a_preview_of_an_earlier_version_tells_main_statuses_alone() -> None:
    text = preview(seen(("Pending", ""), ("Pending", ""), ("Processing", ""))).text

    assert "• 1 already Processing: 6864fecda075914a00000002" in text
    assert "2 are pending at Fincart.\n" in text


def test_orders_without_a_sub_status_among_others_are_counted_by_their_main_status() -> None:
    assert "All 2 are pending at Fincart (1 New, 1 Pending)." in preview(seen(("Pending", "New"), ("Pending", ""))).text


def test_a_status_of_which_nothing_can_be_seen_is_told_as_none() -> None:
    text = preview(seen(("", ""), ("", "New"))).text

    assert "• 1 without a status: 6864fecda075914a00000000" in text
    assert "• 1 New: 6864fecda075914a00000001" in text


@pytest.mark.parametrize("status", ["Pending", "Processing", "On Hold"])
def test_five_hundred_hostile_sub_statuses_stay_within_the_limits(status: str) -> None:
    facts = seen(*((status, f"{number} {HOSTILE[number % len(HOSTILE)]}") for number in range(500)))
    messages = [preview(facts), dry_run(facts)]

    assert [True, True] == [fits(message) for message in messages]
    assert [] == [message.text for message in messages if "<!channel>" in message.text or "\x00" in message.text]
    assert ["495 of other kinds" in message.text for message in messages] == [True, True]


@pytest.mark.parametrize("words", HOSTILE)
def test_a_hostile_main_status_is_shown_on_one_line_and_decides_nothing(words: str) -> None:
    text = preview(seen((words, words), ("Pending", "New"))).text

    assert "cannot be cancelled" not in text
    assert 1 == sum("6864fecda075914a00000000" in line for line in text.splitlines())
    assert "1 is pending at Fincart (1 New)." in text
