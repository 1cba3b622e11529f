"""An emergency, and the number that is typed before anything large happens."""

import json
from typing import Any

import pytest
from approvals import APPROVE, ASK, AUDIT, DI, EMERGENCY, asked, becomes, card, state, two_person_world, waiting
from world import ANN, BO, FIRST, ORDERS, SECOND, THIRD, Clock, StartWorld, World, go_ahead, request_id

from bot.sandbox.slack.state import Post, View
from storage.deliveries import Incoming, keep

RULES: dict[str, Any] = {"EMERGENCY_USERS": ANN, "AUDIT_CHANNEL": AUDIT}


def opened(world: World, person: str, where: Post, button: str) -> View:
    """The form that a button opens."""
    world.click(person, where, button)
    form = world.slack.wait_for(lambda: world.slack.open_view(person))
    assert form is not None
    return form


def errors(world: World, person: str) -> dict[str, str]:
    form = world.slack.open_view(person)
    assert form is not None
    return form.errors


def test_an_emergency_runs_alone_and_is_told_and_marked_for_ever(start_world: StartWorld) -> None:
    world = two_person_world(start_world, **RULES)
    preview = asked(world, ANN, f"{FIRST} {SECOND}")
    form = opened(world, ANN, preview, EMERGENCY)
    world.told(ANN, lambda: world.slack.submit(form, {"number": "2", "words": "the shop is on fire"}))
    public_id = request_id(preview)
    end = world.ended(public_id)
    notice = world.slack.wait_for(lambda: world.slack.messages(AUDIT))[-1]
    history = world.answer(BO, "history")

    assert "2 cancelled" in end.text
    assert f"2 cancelled · <@{ANN}>: the shop is on fire\nEmergency: its requester went ahead alone" in end.text
    assert ", under EMERGENCY_USERS" in end.text
    assert "Emergency: cancelling 2 orders without approval" in notice.text
    assert f"without approval · <@{ANN}>: the shop is on fire\n" in notice.text
    assert "emergency · finished: 2 cancelled" in history.text
    assert "emergency" in world.kinds(public_id)
    assert [(True,)] == [(bool(row[0]),) for row in world.rows("SELECT emergency FROM request")]


def test_the_button_is_shown_only_to_whom_it_is_for(start_world: StartWorld) -> None:
    world = two_person_world(start_world, **RULES)

    assert [ASK, EMERGENCY, "Keep them"] == [button.text for button in asked(world, ANN).buttons()]
    assert ["ask_approval", "keep"] == [button.action_id for button in asked(world, BO, THIRD).buttons()]


def test_somebody_else_who_forges_it_is_refused(start_world: StartWorld) -> None:
    world = two_person_world(start_world, **RULES)
    preview = asked(world, BO)
    value = f"{request_id(preview)}:1"
    answer = world.told(BO, lambda: world.slack.forge_click(BO, preview, {"action_id": "emergency", "value": value}))

    assert "Refused: you are not among those who may go ahead alone" in answer.text
    assert "confirming" == state(world, request_id(preview))
    assert not world.fincart.cancel_calls


def test_an_emergency_needs_the_number_and_a_reason(start_world: StartWorld) -> None:
    world = two_person_world(start_world, **RULES)
    preview = asked(world, ANN, f"{FIRST} {SECOND}")
    form = opened(world, ANN, preview, EMERGENCY)
    world.slack.submit(form, {"number": "3", "words": " \u200b "})

    assert {"number", "words"} == set(errors(world, ANN))
    assert "confirming" == state(world, request_id(preview))
    assert not world.fincart.cancel_calls


def test_an_emergency_ends_the_waiting_of_ones_own_request(start_world: StartWorld) -> None:
    world = two_person_world(start_world, **RULES)
    shown = waiting(world)
    listed = world.answer(ANN, "waiting")
    form = opened(world, ANN, listed, EMERGENCY)
    world.told(ANN, lambda: world.slack.submit(form, {"number": "2"}))

    assert "2 cancelled" in world.ended(request_id(shown)).text


def test_above_the_limit_the_number_is_typed_to_go_ahead(start_world: StartWorld) -> None:
    world = start_world(TYPE_TO_CONFIRM_ABOVE="1")
    preview = world.preview()
    form = opened(world, ANN, preview, go_ahead(preview))
    world.slack.submit(form, {"number": "1"})

    assert "This is about 2 orders." in errors(world, ANN)["number"]
    assert not world.fincart.cancel_calls

    open_form = world.slack.open_view(ANN)
    assert open_form is not None
    world.slack.submit(open_form, {"number": " 2 "})

    assert "2 cancelled" in world.ended(request_id(preview)).text


def test_at_the_limit_nothing_is_typed(start_world: StartWorld) -> None:
    world = start_world(TYPE_TO_CONFIRM_ABOVE="2")

    assert "2 cancelled" in world.cancelled().text


def test_the_number_is_typed_to_ask_and_to_approve_with_a_comment(start_world: StartWorld) -> None:
    world = two_person_world(start_world, TYPE_TO_CONFIRM_ABOVE="1")
    preview = asked(world)
    form = opened(world, ANN, preview, ASK)
    world.slack.submit(form, {"number": "2"})
    shown = card(world, request_id(preview))
    form = opened(world, DI, shown, APPROVE)
    world.slack.submit(form, {"number": "2", "words": "checked each"})
    end = world.ended(request_id(preview))

    assert "Approved with the words: checked each\n" in end.text


def test_a_press_that_comes_without_its_form_is_refused(start_world: StartWorld) -> None:
    world = start_world(TYPE_TO_CONFIRM_ABOVE="1")
    preview = world.preview()
    press = {
        "team": "T",
        "user": ANN,
        "channel": ORDERS,
        "action": "go_ahead",
        "value": f"{request_id(preview)}:1",
        "ephemeral": True,
    }
    # As a process kept it that knew no such rule.
    kept = Incoming("click", ("trigger", ANN), json.dumps(press))
    answer = world.told(ANN, lambda: keep(world.bot.context.database, kept))

    assert "The number of orders must be typed first." in answer.text
    assert "confirming" == state(world, request_id(preview))
    assert not world.fincart.cancel_calls


def test_a_form_of_somebody_else_decides_nothing(start_world: StartWorld) -> None:
    world = start_world(TYPE_TO_CONFIRM_ABOVE="1")
    preview = world.preview()
    form = opened(world, ANN, preview, go_ahead(preview))
    values = {"number": {"number_typed": {"type": "plain_text_input", "value": "2"}}}
    refused = world.slack.forge_submit(BO, form, values)

    assert "errors" in refused.answer
    assert "confirming" == state(world, request_id(preview))
    assert not world.fincart.cancel_calls


def test_a_form_submitted_too_late_is_told_so(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock, TYPE_TO_CONFIRM_ABOVE="1")
    preview = world.preview()
    form = opened(world, ANN, preview, go_ahead(preview))
    clock.advance(901)
    answer = world.told(ANN, lambda: world.slack.submit(form, {"number": "2"}))

    assert "Expired. Nothing was sent." in answer.text
    assert not world.fincart.cancel_calls


@pytest.mark.parametrize("button", [APPROVE, "Decline"])
def test_whoever_is_refused_for_certain_types_nothing_first(start_world: StartWorld, button: str) -> None:
    world = two_person_world(start_world, TYPE_TO_CONFIRM_ABOVE="0")
    preview = asked(world)
    form = opened(world, ANN, preview, ASK)
    world.told(ANN, lambda: world.slack.submit(form, {"number": "2"}))
    shown = becomes(world, request_id(preview), "asks to cancel")
    answer = world.press(ANN, shown, button)

    assert "Refused: nobody approves their own request" in answer.text
    assert world.slack.open_view(ANN) is None
