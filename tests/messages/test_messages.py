"""The wording of the messages: plain, complete, true."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.commands.filters import History
from bot.domain.commands.parser import WORDS, NotUnderstood, parse
from bot.domain.policy.decide import Asked, VerdictCode
from bot.messages.actions import Action, ActionValue, read_request_value, request_value
from bot.messages.answers import could_not_record, not_read
from bot.messages.document import Bullets, Button, Buttons, ChannelName, Paragraph
from bot.messages.help import help_message
from bot.messages.history import described, history_page
from bot.messages.live import correction_notice, end_notice, live
from bot.messages.message import Message
from bot.messages.preview import preview
from bot.messages.preview_ended import already_decided, expired, went_ahead, withdrawn
from bot.messages.refusals import refused
from bot.messages.render import render
from bot.messages.request_form import FORM, form_errors, form_view
from bot.messages.show import ORDERS_PER_PAGE, ShownPage, page_count, show_page
from bot.messages.view_models import DecisionFacts, Figures, SourceFacts
from bot.messages.words import duration, figures, orders
from bot.sandbox.gallery.facts import (
    ALL_WELL,
    ANN,
    ASKED,
    BEN,
    BOT,
    CONFIRMED,
    CORRECTIONS,
    EVENTS,
    HEAD,
    LINK,
    MIXED,
    NOW,
    ORDERS,
    RULES,
    TWO,
)
from bot.sandbox.slack.blocks import view_problems
from storage.enums import DecisionVerdict, RequestState


def buttons(message: Message) -> list[dict[str, Any]]:
    return [button for block in message.blocks if block["type"] == "actions" for button in block["elements"]]


def labels(message: Message) -> list[str]:
    return [button["text"]["text"] for button in buttons(message)]


def test_the_preview_offers_to_cancel_or_keep_the_orders() -> None:
    assert ["Cancel 2 orders", "Keep them"] == labels(preview(ASKED))


def test_the_preview_of_one_order_speaks_of_one_order() -> None:
    one = replace(ASKED, order_count=1, orders=TWO[:1])

    assert ["Cancel 1 order", "Keep them"] == labels(preview(one))
    assert preview(one).text.startswith("Cancel 1 order? ")


def test_the_buttons_of_a_preview_carry_the_request_and_the_revision_seen() -> None:
    assert [("go_ahead", "R-7K3F9Q:3"), ("keep", "R-7K3F9Q:3")] == [
        (button["action_id"], button["value"]) for button in buttons(preview(ASKED))
    ]


@pytest.mark.parametrize(
    "said",
    [
        "6864fecda075914a1b1e353c",
        "6877b613a665f49134ef0001",
        "Reason: duplicate",
        "R-7K3F9Q · asked by <@U0ANN0001> in <#C0ORDERS1>",
        "2026-11-24 17:55 UTC",
        "Cancelling cannot be undone.",
    ],
)
def test_the_preview_says_what_would_happen(said: str) -> None:
    assert said in preview(ASKED).text


def test_the_preview_says_what_was_dropped_and_which_column_was_read() -> None:
    source = SourceFacts(("A1", "A2", "A3", "A4"), "orders.csv", "order_id", blank_rows=1)
    text = preview(replace(ASKED, source=source)).text

    assert "Read from the file orders.csv, order_id only" in text
    assert "1 blank row left out" in text
    assert "4 ids given more than once, kept once: A1, A2, A3 … and 1 more" in text


def test_a_list_that_is_cut_says_how_many_more_there_are_and_has_a_button_that_shows_them() -> None:
    cut = preview(replace(ASKED, order_count=1000))

    assert "… and 998 more" in cut.text
    assert ["Cancel 1,000 orders", "Keep them", "Show all"] == labels(cut)


@pytest.mark.parametrize("reason", ["because " * 40, "x" * 301])
def test_a_reason_that_is_cut_can_be_seen_whole(reason: str) -> None:
    assert "Show all" in labels(live(replace(ALL_WELL, reason=reason)))


def test_what_is_shown_whole_has_no_button_that_shows_it() -> None:
    assert [] == labels(live(ALL_WELL))


def test_ten_orders_whose_labels_do_not_fit_are_shown_by_a_button() -> None:
    named = tuple(replace(order, position=n, label="&" * 100) for n, order in enumerate(ALL_WELL.ended * 5))
    ten = replace(ALL_WELL, order_count=10, figures=Figures(10), ended=named)

    assert ["Show all"] == labels(live(ten))


def test_ten_orders_with_long_labels_are_all_named() -> None:
    named = tuple(replace(ALL_WELL.ended[0], position=n, order_id=f"{n:064}", label="&" * 60) for n in range(10))
    ten = replace(ALL_WELL, order_count=10, figures=Figures(10), ended=named, reason="&" * 300)

    assert [] == [order.order_id for order in named if order.order_id not in live(ten).text]


def test_the_preview_says_where_the_live_message_goes_when_the_bot_cannot_post_in_the_channel() -> None:
    text = preview(replace(ASKED, in_direct_message=True), BOT).text

    assert "The bot cannot post in <#C0ORDERS1>" in text
    assert "(unarchived first, if it is archived), type there: /invite <@U0BOT>" in text


def test_a_request_from_a_direct_message_is_not_told_to_invite_the_bot_there() -> None:
    assert "/invite" not in live(replace(MIXED, channel_id="D0ANN0001", in_direct_message=True), BOT).text


def test_the_live_message_counts_up() -> None:
    running = replace(CONFIRMED, state=RequestState.EXECUTING, order_count=40, figures=Figures(cancelled=12))

    assert live(running).text.startswith("Cancelling ▓▓▓░░░░░░░ 12 of 40 · <@U0ANN0001>: duplicate")


def test_a_result_shows_every_figure_and_ends_with_the_head_of_the_audit() -> None:
    lines = live(MIXED).text.splitlines()

    assert lines[0].startswith("99 cancelled · 1 rejected · 2 not sent · 1 unknown · <@U0ANN0001>: duplicate")
    assert lines[-1].endswith(f" · audit {HEAD}")


def test_a_result_says_what_to_do_about_unknown_orders_before_anything_else() -> None:
    text = live(MIXED).text
    unknown = text.index("Do not assume either way;")

    assert unknown < text.index("Order is delivered")


def test_a_result_repeats_fincarts_words_beside_the_order() -> None:
    assert "6877b613a665f49134ef0006: Order is delivered" in live(MIXED).text


def test_what_several_orders_share_is_said_once() -> None:
    assert 1 == live(MIXED).text.count("the approval ran out")


def test_a_result_names_who_asked_who_decided_and_the_rule() -> None:
    text = live(MIXED).text

    assert "asked in <#C0ORDERS1> and confirmed by its requester, " in text
    assert "under ALLOWED_USERS" in text


def test_a_result_names_whoever_approved_and_what_they_said() -> None:
    approved = DecisionFacts(BEN, DecisionVerdict.APPROVED, "look twice", "APPROVER_USERS", NOW)
    lines = live(replace(MIXED, decided_by=BEN, decisions=(approved,))).text.splitlines()

    assert "Approved with the words: look twice" == lines[1]
    assert "approved by <@U0BEN0002>, " in lines[-1]


@pytest.mark.parametrize("state", [RequestState.WITHDRAWN, RequestState.EXPIRED, RequestState.DECLINED])
def test_a_request_that_came_to_nothing_says_that_nothing_was_sent(state: RequestState) -> None:
    assert "Nothing was sent." in live(replace(CONFIRMED, state=state)).text


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_figures_always_add_up(cancelled: int, rejected: int, not_sent: int, unknown: int, missing: int) -> None:
    found = Figures(cancelled, rejected, not_sent, unknown)
    shown = figures(found, found.settled() + missing)
    numbers = [int(part.split()[0]) for part in shown.split(" · ") if part != "no orders"]

    assert found.settled() + missing == sum(numbers)
    assert 0 not in numbers


def test_the_end_is_told_with_a_link() -> None:
    text = end_notice(MIXED).text

    assert f"<{LINK.replace('&', '&amp;')}|See R-7K3F9Q>" in text
    assert text.startswith("99 cancelled · 1 rejected")


def test_the_notice_of_the_end_is_two_lines_and_names_what_needs_somebody() -> None:
    first, second = end_notice(MIXED).text.splitlines()

    assert live(MIXED).text.splitlines()[0] == first
    assert second.startswith("unknown: 6877b613a665f49134ef0005 · rejected: 6877b613a665f49134ef0006 · not sent: ")
    assert "look in Fincart at what was not cancelled" in second


def test_the_notice_of_an_end_with_everything_cancelled_asks_for_nothing() -> None:
    assert "look in Fincart" not in end_notice(replace(MIXED, figures=Figures(cancelled=103), ended=())).text


def test_not_sent_orders_say_that_retry_asks_for_the_rejected_too() -> None:
    words = "press Retry (which asks for the rejected anew as well):"

    assert words in live(MIXED).text
    assert words not in live(replace(MIXED, figures=Figures(cancelled=101, not_sent=2))).text
    assert "Retry 3 orders" in [each["text"]["text"] for each in buttons(live(MIXED))]


def test_a_correction_says_what_its_reader_must_do() -> None:
    text = correction_notice(MIXED, CORRECTIONS, 2).text

    assert "What is rejected was not cancelled: look at it in Fincart before asking again." in text
    assert "press Check again in its message, or look in Fincart." in text


def test_a_correction_says_what_is_and_what_had_been_told() -> None:
    one, two = (correction_notice(MIXED, CORRECTIONS[:count], count).text for count in (1, 2))

    assert one.startswith("Corrected: 1 order is rejected, not cancelled · <@U0ANN0001>: duplicate")
    assert "6877b613a665f49134ef0006 is rejected, not cancelled: Order is delivered" in two


def test_after_going_ahead_the_preview_says_where_to_watch() -> None:
    assert "Watch it in the channel" in went_ahead(CONFIRMED).text
    assert [] == buttons(went_ahead(CONFIRMED))


def test_after_keeping_the_preview_says_that_nothing_was_sent() -> None:
    assert withdrawn(CONFIRMED).text.startswith("Kept. Nothing was sent.")


def test_an_expired_preview_says_how_to_ask_again() -> None:
    assert "ask again: type /cancel-orders" in expired(ASKED).text


def test_whoever_is_too_late_is_told_who_won_and_what_came_of_it() -> None:
    text = already_decided(MIXED).text

    assert text.startswith("Already confirmed · <@U0ANN0001>: ")
    assert "confirmed by its requester" in text
    assert "finished: 99 cancelled · 1 rejected · 2 not sent · 1 unknown" in text


def test_somebody_else_who_presses_is_told_who_can() -> None:
    text = refused(VerdictCode.NOT_THE_REQUESTER, "", Asked(), RULES, ASKED).text

    assert text.startswith("Refused: only who asked can do this · <@U0ANN0001>: ")


@pytest.mark.parametrize("code", [code for code in VerdictCode if code is not VerdictCode.ALLOWED])
def test_every_refusal_names_the_rule_and_whom_to_ask(code: VerdictCode) -> None:
    text = refused(code, "THE_RULE", Asked((BEN,)), RULES).text

    assert text.startswith("Refused: ")
    assert "The rule: THE_RULE" in text
    assert "Whom to ask: <@U0BEN0002>" in text


def test_who_could_not_be_checked_is_told_to_try_again() -> None:
    text = refused(VerdictCode.COULD_NOT_BE_CHECKED, "", Asked(), RULES).text

    assert "Slack could not say who you are within 5 seconds. Try again in a minute." in text
    assert "Nothing was sent." in text


def test_a_refused_click_on_a_running_request_does_not_claim_that_nothing_was_sent() -> None:
    text = refused(VerdictCode.NOT_AN_APPROVER, "", Asked(), RULES, MIXED).text

    assert "Nothing was sent." not in text


def test_what_cannot_be_recorded_is_not_sent() -> None:
    text = could_not_record("Dana").text

    assert "nothing was sent" in text
    assert "ask Dana" in text


def test_what_was_not_understood_is_answered_with_the_nearest_and_an_example() -> None:
    wrong = parse("hlep")

    assert isinstance(wrong, NotUnderstood)
    text = not_read(wrong, None, "/cancel-orders").text

    assert "Did you mean: /cancel-orders help" in text
    assert "because duplicate" in text


def test_history_shows_the_figures_beside_finished_and_the_first_three_orders() -> None:
    four = (*TWO, *TWO)
    text = history_page((replace(MIXED, orders=four),), described(History())).text

    assert "R-7K3F9Q · finished: 99 cancelled · 1 rejected · 2 not sent · 1 unknown" in text
    assert "… and 100 more" in text
    assert "|message>" in text


def test_history_has_only_the_buttons_of_pages_that_there_are() -> None:
    assert ["Older", "Share in channel"] == labels(history_page((MIXED,), ("everything",), older="o", share="s"))
    assert [] == labels(history_page((MIXED,), ("everything",)))


def test_an_empty_history_says_what_was_searched_and_how_to_widen_it() -> None:
    filters = parse("history <@U0BEN0002> outcome:rejected since:7d")

    assert isinstance(filters, History)
    text = history_page((), described(filters)).text

    assert "requests of or decided by <@U0BEN0002>, outcome rejected, since 7 days ago" in text
    assert "To widen it" in text


def test_a_shared_history_says_who_shared_it_and_has_no_buttons() -> None:
    shared = history_page((MIXED,), ("everything",), "o", "n", "s", shared_by=BEN)

    assert "shared by <@U0BEN0002>" in shared.text
    assert [] == buttons(shared)


def test_show_turns_pages() -> None:
    middle = show_page(MIXED, ShownPage(MIXED.ended[:4], EVENTS[:5], 2, 11, 13))

    assert [("show_previous", "R-7K3F9Q:1"), ("show_next", "R-7K3F9Q:3")] == [
        (button["action_id"], button["value"]) for button in buttons(middle)
    ]
    assert "Orders 11–14 of 103:" in middle.text
    assert "What happened 6–10 of 13:" in middle.text


def test_show_gives_its_requester_the_live_buttons_again_and_nobody_else() -> None:
    def shown_to(viewer: str) -> list[str]:
        return labels(show_page(ASKED, ShownPage(TWO, (), 1, 1, 0), viewer))

    assert ["Cancel 2 orders", "Keep them"] == shown_to(ANN)
    assert [] == shown_to(BEN)


def test_show_has_the_whole_reason_on_its_first_page() -> None:
    reason = "because " * 120
    page = show_page(replace(MIXED, reason=reason), ShownPage(MIXED.ended[:4], EVENTS[:5], 1, 11, 13))

    assert reason.strip() in page.text


def test_pages_hold_all_orders_and_all_events() -> None:
    assert 1 == page_count(0, 0)
    assert 11 == page_count(10 * ORDERS_PER_PAGE + 1, 2)
    assert 3 == page_count(1, 11)


@pytest.mark.parametrize(
    "said",
    [
        "because duplicate",
        "history",
        "show R-7K3F9Q",
        "At most 1,000 orders",
        "15 minutes",
        "1 hour",
        "<#C0ORDERS1>",
        "Ann Okafor",
    ],
)
def test_help_tells_the_forms_and_the_rules_in_force(said: str) -> None:
    assert said in help_message(RULES).text


def test_help_tells_every_keyword() -> None:
    text = help_message(RULES).text

    assert [] == [word for word in WORDS if f"/cancel-orders {word}" not in text]


def test_slack_takes_the_form() -> None:
    view = form_view("draft-1", ORDERS, RULES, "1" * 5000)

    assert [] == view_problems(view)
    assert (FORM, "draft-1") == (view["callback_id"], view["private_metadata"])


def test_the_reason_is_optional_in_the_form_unless_it_is_required() -> None:
    def optional(required: bool) -> bool:
        return bool(form_view("draft-1", ORDERS, replace(RULES, require_reason=required))["blocks"][-1]["optional"])

    assert optional(False)
    assert not optional(True)


def test_errors_of_the_form_stand_at_their_fields() -> None:
    assert {"ids": "No order id.", "reason": "Too long."} == form_errors(ids="No order id.", reason="Too long.")


def test_a_buttons_value_reads_back() -> None:
    assert ActionValue("R-7K3F9Q", 3) == read_request_value(request_value("R-7K3F9Q", 3))


@pytest.mark.parametrize("value", ["", "R-7K3F9Q", "R-7K3F9Q:", "R-7K3F9Q:-1", "x:1", "R-7K3F9Q:1\n", "R-7K3F9Q:१"])
def test_any_other_value_is_nothing(value: str) -> None:
    assert None is read_request_value(value)


def test_two_buttons_of_a_row_cannot_have_the_same_action() -> None:
    button = Button("Keep them", Action.KEEP, "R-7K3F9Q:1")

    with pytest.raises(ValueError, match="same action"):
        Buttons((button, button))


def test_a_button_cannot_carry_more_than_slack_takes() -> None:
    with pytest.raises(ValueError, match="2000"):
        Button("Older", Action.OLDER, "x" * 2001)


def test_a_direct_message_has_no_name() -> None:
    assert "a direct message" == render((Paragraph(((ChannelName("D0ANN0001"),),)),)).text


def test_a_list_without_items_still_says_how_many_there_are() -> None:
    assert "• 7 in all" == render((Bullets((), 7),)).text


@pytest.mark.parametrize(("count", "words"), [(0, "0 orders"), (1, "1 order"), (1000, "1,000 orders")])
def test_orders_are_counted(count: int, words: str) -> None:
    assert words == orders(count)


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 second"), (90, "90 seconds"), (900, "15 minutes"), (3600, "1 hour"), (86400, "1 day")]
)
def test_a_duration_is_said_exactly(seconds: int, words: str) -> None:
    assert words == duration(seconds)
