"""A word that is unlike the other ids is asked about by name: no go-ahead covers it unless its requester says so."""

import json

import pytest
from world import ANN, BO, FIRST, SECOND, StartWorld, World, go_ahead, order_ids, request_id

from bot.messages.request_form import FILE_BLOCK, IDS_BLOCK
from bot.sandbox.slack.state import Post
from storage.audit.log import StoredEvent
from storage.audit.replay import Disagreement, replay

PHONE = "01001234567"


def _labels(shown: Post) -> list[str]:
    return [button.text for button in shown.buttons()]


def _submitted(world: World, ids: str = "", file: bytes | None = None) -> Post:
    world.type(ANN, "")
    form = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert form is not None
    filled = {IDS_BLOCK: ids} if ids else {}
    files = {FILE_BLOCK: [world.slack.add_file(ANN, "orders.csv", file)]} if file is not None else {}
    return world.told(ANN, lambda: world.slack.submit(form, {**filled, **files}), with_button="go_ahead")


def test_a_telephone_number_beside_an_id_is_named_and_not_sent(world: World) -> None:
    world.fincart.add(PHONE)
    preview = world.preview(ANN, f"{FIRST} {PHONE} because duplicate")
    world.click(ANN, preview, "Cancel 1 order")
    end = world.ended(request_id(preview))

    assert "Cancel 1 order?" in preview.text
    assert f"1 word is unlike the other ids and is left out:\n• {PHONE}" in preview.text
    assert "1 cancelled" in end.text
    assert ["cancelled", "pending"] == [status.lower() for status in world.statuses(FIRST, PHONE)]
    assert [(FIRST,)] == [call.ids for call in world.fincart.cancel_calls]


def test_the_61st_of_61_is_named_and_not_sent_although_the_list_is_cut_and_no_log_is_read(world: World) -> None:
    ids = order_ids(60)
    world.fincart.add(*ids, PHONE)
    world.fincart.settings.log_lag = 60
    preview = world.preview(ANN, " ".join([*ids, PHONE]))
    world.click(ANN, preview, "Cancel 60 orders")
    world.ended(request_id(preview))

    assert PHONE in preview.text
    assert f"Include it too: {PHONE}" in _labels(preview)
    assert set(ids) == {order for call in world.fincart.cancel_calls for order in call.ids}


def test_it_is_sent_when_its_requester_includes_it_and_the_history_tells_who_did(world: World) -> None:
    world.fincart.add(PHONE)
    first = world.preview(ANN, f"{FIRST} {PHONE}")
    again = world.told(ANN, lambda: world.click(ANN, first, f"Include it too: {PHONE}"), with_button="go_ahead")
    world.click(ANN, again, "Cancel 2 orders")
    world.ended(request_id(first))
    made, included = (
        next(event for event in world.audit(request_id(first)) if event["kind"] == kind)
        for kind in ("request_made", "included")
    )

    assert ([FIRST], [PHONE], 1) == tuple(made["details"][key] for key in ("orders", "set_aside", "order_count"))
    assert (ANN, [PHONE], 2, 2) == (
        included["who"],
        *(included["details"][key] for key in ("orders", "order_count", "revision")),
    )
    assert [] == [label for label in _labels(again) if label.startswith("Include")]
    assert {FIRST, PHONE} == {order for call in world.fincart.cancel_calls for order in call.ids}


def test_what_was_left_out_is_told_by_show_and_nobody_else_may_include_it(world: World) -> None:
    preview = world.preview(ANN, f"{FIRST} {PHONE}")
    refused = world.told(BO, lambda: world.forge(BO, preview, f"Include it too: {PHONE}"))
    shown = world.answer(ANN, f"show {request_id(preview)}")

    assert "only who asked can do this" in refused.text
    assert f"Left out, being unlike the other ids: {PHONE}" in shown.text


def test_a_go_ahead_for_what_was_shown_before_is_not_one_for_what_was_included_since(world: World) -> None:
    first = world.preview(ANN, f"{FIRST} {PHONE}")
    world.told(ANN, lambda: world.click(ANN, first, f"Include it too: {PHONE}"), with_button="go_ahead")
    late = world.told(ANN, lambda: world.forge(ANN, first, "Cancel 1 order"))

    assert "has changed since" in late.text
    assert () == world.fincart.cancel_calls


def test_pressed_twice_it_is_included_once(world: World) -> None:
    first = world.preview(ANN, f"{FIRST} {PHONE}")
    include = f"Include it too: {PHONE}"
    world.told(ANN, lambda: world.click(ANN, first, include), with_button="go_ahead")
    again = world.told(ANN, lambda: world.forge(ANN, first, include))

    assert "has changed since" in again.text
    assert 1 == world.kinds(request_id(first)).count("included")


def test_after_leave_those_out_it_can_still_be_included(world: World) -> None:
    world.fincart.add(PHONE)
    first = world.preview(ANN, f"{FIRST} 6864fecda075914a1b1e3999 {SECOND} {PHONE}")
    fewer = world.told(ANN, lambda: world.click(ANN, first, "Leave those out"), with_button="go_ahead")
    again = world.told(ANN, lambda: world.click(ANN, fewer, f"Include it too: {PHONE}"), with_button="go_ahead")
    world.click(ANN, again, "Cancel 3 orders")

    assert "3 cancelled" in world.ended(request_id(first)).text


def test_retry_does_not_bring_back_what_was_left_out(world: World) -> None:
    world.fincart.add(PHONE)
    ended = world.cancelled(ANN, f"{FIRST} 6864fecda075914a1b1e3999 {PHONE}")
    preview = world.told(ANN, lambda: world.click(ANN, ended, "Retry 1 order"), with_button="go_ahead")

    assert PHONE not in preview.text
    assert ["Cancel 1 order", "Keep them"] == [label for label in _labels(preview) if label != "Leave those out"]
    assert ["pending"] == [status.lower() for status in world.statuses(PHONE)]


def test_ids_that_are_all_unlike_fincarts_are_asked_for_as_they_are(world: World) -> None:
    preview = world.preview(ANN, f"{PHONE} DMA-EX-0001")

    assert "Cancel 2 orders?" in preview.text
    assert "left out" not in preview.text


def test_most_being_unlike_makes_no_difference(world: World) -> None:
    preview = world.preview(ANN, f"DMA-1 {FIRST} DMA-2 DMA-3")

    assert "Cancel 1 order" == go_ahead(preview)
    assert "Include those 3 too" in _labels(preview)
    assert all(named in preview.text for named in ("• DMA-1", "• DMA-2", "• DMA-3"))


def test_more_of_them_than_can_be_shown_by_name_are_not_to_be_included(world: World) -> None:
    few, many = (" ".join([FIRST, *(f"DMA-{number:060}" for number in range(count))]) for count in (20, 21))
    named, unnamed = world.preview(ANN, few), world.preview(ANN, many)

    assert "Include those 20 too" in _labels(named)
    assert all(f"• DMA-{number:060}" in named.text for number in range(20))
    assert ["Cancel 1 order", "Keep them", "Show all"] == _labels(unnamed)
    assert "ask for them in a request of their own" in unnamed.text


def test_the_form_asks_too(world: World) -> None:
    preview = _submitted(world, f"{FIRST}\t{PHONE}\n{SECOND}\t01007654321")

    assert "Cancel 2 orders" == go_ahead(preview)
    assert "2 words are unlike the other ids and are left out:" in preview.text


def test_a_list_in_a_file_asks_too(world: World) -> None:
    listed = _submitted(world, FIRST, f"{PHONE}\n".encode())

    assert "Cancel 1 order" == go_ahead(listed)
    assert PHONE in listed.text


@pytest.mark.parametrize("header", ["order_id,name", "Fincart ID,name", "رقم الطلب,name", "_id,name", "shipment,name"])
def test_a_total_under_a_columns_name_is_asked_about_with_what_stands_beside_it(world: World, header: str) -> None:
    world.fincart.add("11511")
    preview = _submitted(world, file=f"{header}\n{FIRST},Lamp\n{SECOND},Sofa\n11511,Total\n".encode())
    world.click(ANN, preview, "Cancel 2 orders")
    world.ended(request_id(preview))

    assert "1 word is unlike the other ids and is left out:\n• 11511 (Total)" in preview.text
    assert "Include it too: 11511" in _labels(preview)
    assert ["pending"] == [status.lower() for status in world.statuses("11511")]


def test_a_column_of_nothing_but_other_ids_is_taken_at_its_word(world: World) -> None:
    preview = _submitted(world, file=b"order_id,city\nDMA-EX-1,Cairo\n1002,Giza\n")

    assert "Cancel 2 orders" == go_ahead(preview)
    assert "left out" not in preview.text


def test_preview_names_it_too(world: World) -> None:
    look = world.answer(ANN, f"preview {FIRST} {PHONE}")

    assert "1 order: what would happen" in look.text
    assert f"1 word is unlike the other ids and is left out:\n• {PHONE}" in look.text
    assert [] == look.buttons()


def test_policy_counts_what_would_be_sent(start_world: StartWorld) -> None:
    world = start_world(SECOND_APPROVAL_ABOVE="1", MAX_ORDERS_PER_REQUEST="2")
    first = world.told(ANN, lambda: world.type(ANN, f"{FIRST} {PHONE}"), with_button="go_ahead")
    asked = world.told(ANN, lambda: world.click(ANN, first, f"Include it too: {PHONE}"), with_button="ask_approval")
    full = world.told(ANN, lambda: world.type(ANN, f"{FIRST} {SECOND} {PHONE}"), with_button="ask_approval")
    refused = world.told(ANN, lambda: world.click(ANN, full, f"Include it too: {PHONE}"))

    assert "Cancel 1 order" in _labels(first)
    assert "Ask for approval: cancel 2 orders" in _labels(asked)
    assert "Refused: a request of 3 orders is too large" in refused.text
    assert "Ask for approval: cancel 2 orders" in _labels(full)


def test_what_nobody_could_approve_then_is_not_included_and_the_rest_can_still_go_ahead(
    start_world: StartWorld,
) -> None:
    world = start_world(SECOND_APPROVAL_ABOVE="1", APPROVER_USERS=f"{BO},{ANN}")
    world.slack.state.people[BO].deleted = True
    preview = world.preview(ANN, f"{FIRST} {PHONE}")
    refused = world.told(ANN, lambda: world.click(ANN, preview, f"Include it too: {PHONE}"))
    world.click(ANN, preview, "Cancel 1 order")

    assert "Refused: too few people are there who may approve" in refused.text
    assert "1 cancelled" in world.ended(request_id(preview)).text


def test_more_words_than_any_request_may_hold_are_refused(start_world: StartWorld) -> None:
    world = start_world(MAX_ORDERS_PER_REQUEST="2")
    answer = world.answer(ANN, f"{FIRST} DMA-1 DMA-2 DMA-3")

    assert "Refused: a request of 4 orders is too large" in answer.text


def test_history_that_includes_what_was_never_set_aside_is_found_out() -> None:
    made: dict[str, object] = {
        "team": "T1",
        "channel": "C1",
        "origin": "command",
        "retry_of": None,
        "reason": None,
        "order_count": 1,
    }
    made |= {"expires_at": "2026-11-24T18:00:00+00:00", "orders": [FIRST], "set_aside": [PHONE]}
    included = {"orders": [SECOND], "order_count": 2, "revision": 2, "approvals_needed": 0}
    payloads = [
        {"at": "2026-11-24T17:40:00+00:00", "who": ANN, "request": "R-7K3F9Q", "kind": kind, "details": details}
        for kind, details in (("request_made", made), ("included", included))
    ]
    events = [StoredEvent(seq, json.dumps(payload), "", "") for seq, payload in enumerate(payloads, 1)]

    assert Disagreement(2, "request R-7K3F9Q", "it includes what was not set aside") == replay("R-7K3F9Q", events)


@pytest.mark.parametrize("number", ["٣", "۳", "\u200f٣\u200f", "３"])
def test_the_number_to_confirm_may_be_typed_in_the_digits_of_its_writer(start_world: StartWorld, number: str) -> None:
    world = start_world(TYPE_TO_CONFIRM_ABOVE="2")
    preview = world.preview(ANN, " ".join((FIRST, SECOND, "6877b613a665f49134ef0002")))
    world.click(ANN, preview, "Cancel 3 orders")
    form = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert form is not None
    world.slack.submit(form, {"number": number})

    assert "3 cancelled" in world.ended(request_id(preview)).text
