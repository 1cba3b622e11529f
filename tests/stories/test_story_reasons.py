"""Reasons from a list: chosen in the form, typed after `because`, kept, found and exported."""

import json
from typing import Any

import pytest
from approvals import AUDIT, EMERGENCY, two_person_world
from test_emergency import errors, opened
from test_export import exported
from world import ANN, BO, FIRST, ORDERS, SECOND, StartWorld, World, go_ahead, request_id

from bot.messages.request_form import IDS_BLOCK, MENU_ACTION, MENU_BLOCK, REASON_BLOCK
from bot.sandbox.slack.checks import Problems
from bot.sandbox.slack.elements import STATIC_SELECT
from bot.sandbox.slack.forms import NotOnScreen
from bot.sandbox.slack.state import View
from bot.slack.manifest import SHORTCUT

REASONS = "duplicate, out of stock, customer asked, address, fraud"
REQUIRED: dict[str, Any] = {"REASONS": REASONS, "REQUIRE_REASON": "true"}


@pytest.fixture
def listed(start_world: StartWorld) -> World:
    """A world with a list that nobody is held to."""
    return start_world(REASONS=REASONS)


def form_of(world: World) -> View:
    world.type(ANN, "")
    form = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert form is not None
    return form


def kept(world: World) -> list[tuple[str | None, str | None]]:
    """The reason of each request, and which of the list it carries."""
    return [(row[0], row[1]) for row in world.rows("SELECT reason, reason_listed FROM request ORDER BY seq")]


# Typed


@pytest.mark.parametrize(
    ("because", "carries"),
    [
        ("because Duplicate: sent twice", "duplicate"),
        ("because OUT OF STOCK.", "out of stock"),
        ("reason: fraud, as the bank says", "fraud"),
        ("because duplicates of yesterday", None),
    ],
)
def test_a_typed_reason_carries_the_one_it_begins_with(listed: World, because: str, carries: str | None) -> None:
    words = because.split(maxsplit=1)[1]
    shown = listed.preview(ANN, f"{FIRST} {because}")

    assert f"Reason: {words}\n" in shown.text
    assert [(words, carries)] == kept(listed)


def test_a_reason_that_is_none_of_the_list_is_refused_with_the_list_where_one_is_required(
    start_world: StartWorld,
) -> None:
    world = start_world(**REQUIRED)
    refused = world.answer(ANN, f"{FIRST} because nonsense")
    without = world.answer(ANN, FIRST)
    shown = world.preview(ANN, f"{FIRST} because fraud, really")

    assert "Refused: the reason is none of the list" in refused.text
    assert REASONS in refused.text
    assert "Refused: a reason is needed" in without.text
    assert REASONS in without.text
    assert "Cancel 1 order?" in shown.text
    assert [("nonsense", None), (None, None), ("fraud, really", "fraud")] == kept(world)
    assert "reason_not_listed" in str(world.rows("SELECT verdict FROM request ORDER BY seq")[0][0])


def test_a_preview_is_shown_without_any_reason(start_world: StartWorld) -> None:
    assert "1 order" in start_world(**REQUIRED).answer(ANN, f"preview {FIRST}").text


def test_a_preview_shows_the_reason_and_says_to_type_it_again(start_world: StartWorld) -> None:
    shown = start_world(**REQUIRED).answer(ANN, f"preview {FIRST} because Duplicate: sent twice")

    assert "Reason: Duplicate: sent twice" in shown.text
    assert "to ask for it, type /cancel-orders and the same ids and reason" in shown.text


def test_a_preview_refuses_the_reason_that_asking_would_refuse(start_world: StartWorld) -> None:
    refused = start_world(**REQUIRED).answer(ANN, f"preview {FIRST} because nonsense")

    assert "Refused: the reason is none of the list" in refused.text


def test_a_list_made_while_a_preview_stood_is_asked_for_at_the_press(start_world: StartWorld) -> None:
    world = start_world()
    shown = world.preview(ANN, f"{FIRST} because nonsense")
    world.restart(**REQUIRED)
    answer = world.press(ANN, shown, go_ahead(shown))

    assert "Refused: the reason is none of the list" in answer.text
    assert not world.fincart.cancel_calls


def test_a_reason_taken_off_the_list_while_a_preview_stood_is_good_enough(start_world: StartWorld) -> None:
    world = start_world(**REQUIRED)
    shown = world.preview(ANN, f"{FIRST} because duplicate")
    world.restart(REASONS="fraud")
    world.click(ANN, shown, go_ahead(shown))

    assert "1 cancelled" in world.ended(request_id(shown)).text


# In the form


def test_the_form_has_a_menu_of_the_list_beside_the_words(listed: World) -> None:
    form = form_of(listed)
    menu = next(block for block in form.content["blocks"] if block["block_id"] == MENU_BLOCK)

    assert REASONS.split(", ") == [option["text"]["text"] for option in menu["element"]["options"]]
    assert menu["optional"]
    assert REASON_BLOCK in [block["block_id"] for block in form.content["blocks"]]


def test_without_a_list_the_form_has_no_menu(world: World) -> None:
    assert MENU_BLOCK not in [block["block_id"] for block in form_of(world).content["blocks"]]


def test_slack_opens_a_form_with_the_longest_list_there_can_be(start_world: StartWorld) -> None:
    world = start_world(REASONS=",".join(f"{number:075}" for number in range(100)))
    form = form_of(world)
    world.told(ANN, lambda: world.slack.submit(form, {IDS_BLOCK: FIRST, MENU_BLOCK: f"{99:075}"}))

    assert [(f"{99:075}", f"{99:075}")] == kept(world)


@pytest.mark.parametrize(("options", "refused"), [(100, False), (101, True)])
def test_the_stand_in_refuses_a_menu_that_slack_refuses(options: int, refused: bool) -> None:
    problems = Problems()
    each = {"text": {"type": "plain_text", "text": "x"}, "value": "x"}
    STATIC_SELECT({"type": "static_select", "action_id": "a", "options": [each] * options}, "", problems)

    assert refused == bool(problems.messages)


@pytest.mark.parametrize(
    ("filled", "reason"),
    [
        ({MENU_BLOCK: "duplicate"}, ("duplicate", "duplicate")),
        ({MENU_BLOCK: "duplicate", REASON_BLOCK: "sent twice"}, ("duplicate: sent twice", "duplicate")),
        ({MENU_BLOCK: "duplicate", REASON_BLOCK: "Duplicate, twice"}, ("Duplicate, twice", "duplicate")),
        ({MENU_BLOCK: "fraud", REASON_BLOCK: "duplicate card"}, ("fraud: duplicate card", "fraud")),
        ({REASON_BLOCK: "out of stock again"}, ("out of stock again", "out of stock")),
        ({REASON_BLOCK: "a flood"}, ("a flood", None)),
        ({}, (None, None)),
    ],
)
def test_the_menu_gives_the_reason_and_the_words_add_to_it(
    listed: World, filled: dict[str, str], reason: tuple[str | None, str | None]
) -> None:
    form = form_of(listed)
    shown = listed.told(ANN, lambda: listed.slack.submit(form, {IDS_BLOCK: FIRST, **filled}))

    assert (f"Reason: {reason[0]}\n" if reason[0] else "No reason given.\n") in shown.text
    assert [reason] == kept(listed)


def test_the_form_of_a_message_has_the_menu_too(listed: World) -> None:
    post = listed.slack.say(BO, ORDERS, f"please cancel {FIRST}")
    listed.slack.shortcut(ANN, post, SHORTCUT)
    form = listed.slack.wait_for(lambda: listed.slack.open_view(ANN))
    assert form is not None
    listed.told(ANN, lambda: listed.slack.submit(form, {MENU_BLOCK: "address"}))

    assert [("address", "address")] == kept(listed)


def test_where_one_is_required_the_menu_must_be_filled_in(start_world: StartWorld) -> None:
    world = start_world(**REQUIRED)
    form = form_of(world)

    with pytest.raises(NotOnScreen):
        world.slack.submit(form, {IDS_BLOCK: FIRST, REASON_BLOCK: "nonsense"})


@pytest.mark.parametrize(("block", "with_menu"), [(MENU_BLOCK, True), (REASON_BLOCK, False)])
def test_what_is_submitted_without_one_of_the_list_all_the_same_is_told_the_list_beside_the_field(
    start_world: StartWorld, block: str, with_menu: bool
) -> None:
    """Also from a form that was opened before there was a list."""
    world = start_world(**(REQUIRED if with_menu else {}))
    form = form_of(world)
    world.restart(**REQUIRED)
    values: dict[str, Any] = {
        IDS_BLOCK: {"ids_typed": {"type": "plain_text_input", "value": FIRST}},
        REASON_BLOCK: {"reason_typed": {"type": "plain_text_input", "value": "nonsense"}},
    }
    if with_menu:
        values[MENU_BLOCK] = {MENU_ACTION: {"type": "static_select", "selected_option": None}}
    refused = json.loads(world.slack.forge_submit(ANN, form, values).answer)

    assert [block] == list(refused["errors"])
    assert REASONS in refused["errors"][block]
    assert [] == world.kinds()


def test_a_form_from_before_the_list_changed_says_what_is_gone(start_world: StartWorld) -> None:
    world = start_world(REASONS=REASONS)
    form = form_of(world)
    world.restart(REASONS="fraud, flood")
    world.slack.submit(form, {IDS_BLOCK: FIRST, MENU_BLOCK: "duplicate"})

    assert "not on the list any more" in errors(world, ANN)[MENU_BLOCK]
    assert [] == world.kinds()


def test_words_that_are_too_long_with_what_was_chosen_are_told_beside_them(listed: World) -> None:
    listed.slack.submit(form_of(listed), {IDS_BLOCK: FIRST, MENU_BLOCK: "fraud", REASON_BLOCK: "x" * 1000})

    assert "1,007 characters. Shorten it to 1,000 or fewer." in errors(listed, ANN)[REASON_BLOCK]


# An emergency, and a retry


def test_an_emergency_takes_any_reason(start_world: StartWorld) -> None:
    world = two_person_world(start_world, EMERGENCY_USERS=ANN, AUDIT_CHANNEL=AUDIT)
    world.type(ANN, f"{FIRST} {SECOND}")
    shown = world.slack.wait_for(lambda: [post for post in world.slack.ephemerals(ANN) if "Cancel 2" in post.text])[-1]
    world.restart(**REQUIRED)
    form = opened(world, ANN, shown, EMERGENCY)
    world.told(ANN, lambda: world.slack.submit(form, {"number": "2", "words": "the warehouse burns"}))

    assert REASONS in form.rendered()
    assert "2 cancelled" in world.ended(request_id(shown)).text
    assert [("the warehouse burns", None)] == kept(world)


def test_an_emergencys_reason_carries_one_of_the_list(start_world: StartWorld) -> None:
    world = two_person_world(start_world, EMERGENCY_USERS=ANN, AUDIT_CHANNEL=AUDIT, REASONS=REASONS)
    world.type(ANN, f"{FIRST} {SECOND}")
    shown = world.slack.wait_for(lambda: [post for post in world.slack.ephemerals(ANN) if "Cancel 2" in post.text])[-1]
    form = opened(world, ANN, shown, EMERGENCY)
    world.told(ANN, lambda: world.slack.submit(form, {"number": "2", "words": "Fraud: a stolen card"}))
    world.ended(request_id(shown))

    assert [("Fraud: a stolen card", "fraud")] == kept(world)


@pytest.mark.parametrize("reason", ["a flood", "fraud: a stolen card"])
def test_a_retry_keeps_the_reason_whatever_the_list_has_become(start_world: StartWorld, reason: str) -> None:
    world = start_world(REASONS=REASONS)
    world.fincart.move(FIRST, "Processing")
    end = world.cancelled(ANN, f"{FIRST} because {reason}")
    world.restart(REASONS="flood, duplicate", REQUIRE_REASON="true")
    world.fincart.move(FIRST, "Pending")
    again = world.told(ANN, lambda: world.click(ANN, end, "Retry 1 order"), with_button="go_ahead")
    world.click(ANN, again, go_ahead(again))

    assert "1 cancelled" in world.ended(request_id(again)).text
    assert 2 == len(kept(world))
    assert 1 == len(set(kept(world)))


# Looking back


def test_history_finds_a_reason_in_any_case_also_when_the_list_has_it_no_more(listed: World) -> None:
    first = listed.cancelled(ANN, f"{FIRST} because OUT of stock since monday")
    listed.cancelled(ANN, f"{SECOND} because fraud: not out of stock")
    listed.restart(REASONS="Out Of Stock, flood")
    other = listed.preview(BO, f"{SECOND} because out of stock too")
    found = listed.answer(BO, "history reason:Out  of stock.")

    assert "requests: reason “Out of stock”\n" in found.text
    assert request_id(first) in found.text
    assert request_id(other) in found.text
    assert "fraud" not in found.text


def test_history_of_a_reason_that_nobody_used_names_those_there_are(listed: World) -> None:
    listed.cancelled(ANN, f"{FIRST} because fraud")
    listed.restart(REASONS="duplicate, Fraud, flood")
    found = listed.answer(BO, "history reason:nonsense")
    unused = listed.answer(BO, "history reason:flood")

    assert "reason “nonsense” (no such reason is listed or was used; there are: duplicate, flood, Fraud)" in found.text
    assert "Nothing was found." in found.text
    assert "requests: reason “flood”\n" in unused.text


@pytest.mark.parametrize("reasons", ["", "size 42"])
def test_history_and_report_count_the_same_spellings_as_one_reason(start_world: StartWorld, reasons: str) -> None:
    world = start_world()
    typed = ("Size 42", "size  42.", "SIZE 42 !", "ｓｉｚｅ 42", "size 43", "size 42 or so")
    asked = [request_id(world.preview(ANN, f"{FIRST} because {each}")) for each in typed]
    world.restart(REASONS=reasons)
    asked.append(request_id(world.preview(ANN, f"{SECOND} because size 42")))
    found = world.answer(BO, 'history reason:"size 42"').text
    figures = world.answer(BO, 'report reason:"Size 42." by:reason').text
    rows = exported(world, BO, 'export reason:"size 42"')
    alike = {*asked[:4], asked[6]}

    assert alike == {each for each in asked if each in found}
    assert "5 orders in 5 requests" in figures
    assert alike == {row["request"] for row in rows}


def test_a_reason_without_quotes_before_a_number_is_told_how(world: World) -> None:
    answer = world.answer(ANN, "history reason:size 42")

    assert 'whether “42” belongs to the reason. If it does, use quotes: reason:"size 42"' in answer.text


def test_history_of_a_reason_where_there_is_no_list_says_so(world: World) -> None:
    assert "there is no list of reasons here" in world.answer(ANN, "history reason:nonsense").text


def test_an_empty_reason_is_answered_with_an_example(world: World) -> None:
    assert 'Nothing follows reason: in the filters. Type reason:duplicate or reason:"out of stock"' in (
        world.answer(ANN, "history reason:").text
    )


def test_the_export_has_it_last_and_takes_the_filter(listed: World) -> None:
    listed.cancelled(ANN, f"{FIRST} because Duplicate: sent twice")
    listed.cancelled(ANN, f"{SECOND} because a flood")
    rows = exported(listed, BO, "export")
    duplicates = exported(listed, BO, "export reason:DUPLICATE")

    assert "reason_listed" == list(rows[0])[-1]
    assert {FIRST: "duplicate", SECOND: ""} == {row["order_id"]: row["reason_listed"] for row in rows}
    assert [FIRST] == [row["order_id"] for row in duplicates]


def test_help_names_the_list(start_world: StartWorld) -> None:
    world = start_world(**REQUIRED)
    told = json.loads(world.type(ANN, "help").answer)["text"]

    assert f"A reason is required, and begins with one of these: {REASONS}" in told
