"""What a card has promised holds until it is decided: how many people look at it, and at what."""

from approvals import APPROVE, DI, EMERGENCY, asked, becomes, card, state, two_person_world, waiting
from world import ANN, BO, CY, StartWorld, request_id


def test_settings_that_ask_for_fewer_people_take_nothing_away(start_world: StartWorld) -> None:
    world = two_person_world(start_world, APPROVALS_NEEDED="2", APPROVER_USERS=f"{BO},{CY},{DI}")
    shown = waiting(world)
    world.restart(APPROVALS_NEEDED="1")
    answer = world.press(BO, shown, APPROVE)

    assert "Approved. More people must approve; nothing was sent yet." in answer.text
    assert "waiting" == state(world, request_id(shown))
    assert () == world.fincart.cancel_calls


def test_an_approval_of_what_the_card_said_before_counts_for_nothing(start_world: StartWorld) -> None:
    world = two_person_world(start_world, APPROVER_USERS=f"{BO},{CY},{DI}")
    shown = waiting(world)
    world.restart(APPROVALS_NEEDED="2")
    world.press(BO, shown, APPROVE)
    becomes(world, request_id(shown), "2 other people must approve")
    answer = world.told(DI, lambda: world.forge(DI, shown, APPROVE))

    assert "This request has changed since. Nothing was sent." in answer.text
    assert [] == world.rows("SELECT person FROM decision")


def test_an_emergency_form_of_what_the_card_said_before_lets_nothing_run(start_world: StartWorld) -> None:
    world = two_person_world(
        start_world, APPROVER_USERS=f"{BO},{CY},{DI}", EMERGENCY_USERS=ANN, AUDIT_CHANNEL="C0000009"
    )
    preview = asked(world)
    world.press(ANN, preview, "Ask for approval: cancel 2 orders")
    shown = card(world, request_id(preview))
    world.forge(ANN, preview, EMERGENCY)
    form = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert form is not None
    world.restart(APPROVALS_NEEDED="2")
    world.press(BO, shown, APPROVE)
    answer = world.told(ANN, lambda: world.slack.submit(form, {"number": "2"}))

    assert "This request has changed since. Nothing was sent." in answer.text
    assert "waiting" == state(world, request_id(shown))
