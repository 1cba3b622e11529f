"""Nobody approves their own request: every way in, and every rule that might have let them."""

from collections.abc import Callable
from typing import Any

import pytest
from approvals import APPROVE, DI, card, state, two_person_world, waiting
from grid import Answering, on_a_grid, other
from world import ANN, BO, FIRST, SECOND, StartWorld, World, request_id

from bot.messages.request_form import IDS_BLOCK
from bot.sandbox.slack.people import ClaimedTeams
from bot.sandbox.slack.state import Post

GROUP = "S0000001"

APPROVE_ONE = "Approve: cancel 1 order"

RULES: dict[str, dict[str, Any]] = {
    "named as an approver": {"APPROVER_USERS": f"{ANN},{BO},{DI}"},
    "in an approvers' group": {"APPROVER_USERS": "", "APPROVER_USERGROUPS": GROUP},
    "nobody named, so whoever may ask": {"APPROVER_USERS": ""},
    "everybody may ask and approve": {"APPROVER_USERS": "", "ALLOWED_USERS": "", "ALLOW_EVERYONE": "true"},
    "may go ahead alone in an emergency": {
        "APPROVER_USERS": f"{ANN},{BO},{DI}",
        "EMERGENCY_USERS": ANN,
        "AUDIT_CHANNEL": "C0000009",
    },
    "may approve, and two others are needed": {"APPROVER_USERS": f"{ANN},{BO},{DI}", "APPROVALS_NEEDED": "2"},
}


def by_command(world: World, who: str) -> Post:
    return waiting(world, who)


def by_form(world: World, who: str) -> Post:
    world.type(who, "")
    form = world.slack.wait_for(lambda: world.slack.open_view(who))
    assert form is not None
    preview = world.told(who, lambda: world.slack.submit(form, {IDS_BLOCK: f"{FIRST} {SECOND}"}))
    world.press(who, preview, "Ask for approval: cancel 2 orders")
    return card(world, request_id(preview))


def by_a_press_on_the_card(world: World, who: str, shown: Post) -> Post:
    return world.press(who, shown, APPROVE)


def from_another_team(world: World, who: str, shown: Post) -> Post:
    def press() -> object:
        return world.slack.click(who, shown, APPROVE, teams=ClaimedTeams("T0OTHER", "T0OTHER"))

    return world.told(who, press)


def by_a_hand_made_payload(world: World, who: str, shown: Post) -> Post:
    return world.told(who, lambda: world.forge(who, shown, APPROVE, f"{request_id(shown)}:1"))


def on_another_revision(world: World, who: str, shown: Post) -> Post:
    return world.told(who, lambda: world.forge(who, shown, APPROVE, f"{request_id(shown)}:7"))


def after_a_restart(world: World, who: str, shown: Post) -> Post:
    world.restart()
    return world.press(who, shown, APPROVE)


IDS: dict[str, tuple[str, str, Answering]] = {
    "one id": (ANN, ANN, "with the id asked for"),
    "asks as U…, approves as W…": (ANN, other(ANN), "with the id asked for"),
    "asks as W…, approves as U…": (other(ANN), ANN, "with the id asked for"),
    "asks as U…, approves as W…, and Slack answers as U…": (ANN, other(ANN), "with the workspace's id"),
    "asks as W…, approves as U…, and Slack answers as W…": (other(ANN), ANN, "with the organisation's id"),
}
"""Which of Ann's ids asks and which approves, and with which Slack answers."""


PRESSES = (by_a_press_on_the_card, from_another_team, by_a_hand_made_payload, on_another_revision, after_a_restart)
"""Ways to approve; one after the other on one card, which stays as it is."""


# Each rule with each pair of ids; the two ways to ask take turns, so that each stands with each rule and each pair.
@pytest.mark.parametrize(
    ("ids", "rules", "path"),
    [(ids, rules, (by_command, by_form)[(i + j) % 2]) for i, ids in enumerate(IDS) for j, rules in enumerate(RULES)],
)
def test_ones_own_approval_is_refused(
    start_sqlite_world: StartWorld, ids: str, rules: str, path: Callable[[World, str], Post]
) -> None:
    asks, approves, answering = IDS[ids]
    world = two_person_world(start_sqlite_world, **RULES[rules])
    world.slack.add_usergroup(GROUP, "approvers", ANN, BO)
    if asks != approves:
        on_a_grid(world, answering)
    shown = path(world, asks)
    answers = {press.__name__: press(world, approves, shown).text for press in PRESSES}
    refused = [event["details"].get("code") for event in world.audit()[-len(PRESSES) :]]

    assert [] == [how for how, text in answers.items() if "Refused: nobody approves their own request" not in text]
    assert ["own_request"] * len(PRESSES) == refused
    assert "waiting" == state(world, request_id(shown))
    assert [] == world.rows("SELECT person FROM decision")
    assert not world.fincart.cancel_calls


@pytest.mark.parametrize("rules", RULES)
def test_approvals_of_a_request_count_nothing_for_its_retry_nor_does_ones_own(
    start_sqlite_world: StartWorld, rules: str
) -> None:
    world = two_person_world(start_sqlite_world, **RULES[rules])
    world.slack.add_usergroup(GROUP, "approvers", ANN, BO, DI)
    first = waiting(world, ANN, "6877b613a665f49134efffff because gone")
    needed = int(RULES[rules].get("APPROVALS_NEEDED", 1))
    for person in (BO, DI)[:needed]:
        world.press(person, card(world, request_id(first)), APPROVE_ONE)
    end = world.ended(request_id(first))
    preview = world.told(ANN, lambda: world.click(ANN, end, "Retry 1 order"), with_button="ask_approval")
    world.press(ANN, preview, "Ask for approval: cancel 1 order")
    shown = card(world, request_id(preview))
    answer = world.press(ANN, shown, APPROVE_ONE)

    assert request_id(first) != request_id(shown)
    assert "approved so far" not in shown.text
    assert "Refused: nobody approves their own request" in answer.text
    assert "waiting" == state(world, request_id(shown))
    assert [(needed,)] == world.rows("SELECT count(*) FROM decision")


@pytest.mark.parametrize("verb", ["approve", "decline"])
def test_ones_own_decision_is_refused_in_the_lists_too(start_sqlite_world: StartWorld, verb: str) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS=f"{ANN},{BO},{DI}")
    shown = waiting(world)
    listed = world.answer(ANN, "waiting")
    value = f"{request_id(shown)}:1"
    answer = world.told(ANN, lambda: world.slack.forge_click(ANN, listed, {"action_id": verb, "value": value}))

    assert ["withdraw", "remind"] == [button.action_id for button in listed.buttons()]
    assert "Refused: nobody approves their own request" in answer.text
    assert "waiting" == state(world, request_id(shown))


def test_the_buttons_of_ones_own_preview_cannot_be_bent_to_go_ahead(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world)
    preview = world.answer(ANN, f"{FIRST} {SECOND}")
    value = f"{request_id(preview)}:1"
    world.told(ANN, lambda: world.slack.forge_click(ANN, preview, {"action_id": "go_ahead", "value": value}))

    assert "confirming" == state(world, request_id(preview))
    assert not world.fincart.cancel_calls


def test_the_same_delivery_again_counts_once_and_sends_once(start_world: StartWorld) -> None:
    world = two_person_world(start_world, APPROVALS_NEEDED="2", APPROVER_USERS=f"{ANN},{BO},{DI}")
    shown = waiting(world)
    pressed = world.click(BO, shown, APPROVE)
    world.until(lambda: world.rows("SELECT person FROM decision"))
    world.slack.redeliver(pressed)
    world.press(ANN, card(world, request_id(shown)), APPROVE)

    assert [(BO,)] == world.rows("SELECT person FROM decision")
    assert 1 == world.kinds(request_id(shown)).count("approved")
    assert not world.fincart.cancel_calls


def test_the_database_keeps_no_decision_of_the_requester(start_sqlite_world: StartWorld) -> None:
    from storage import decisions, requests
    from storage.enums import DecisionVerdict
    from storage.models import Decision

    world = two_person_world(start_sqlite_world)
    public_id = request_id(waiting(world))
    with world.bot.context.database.write() as transaction:
        request = requests.lock(transaction, public_id)
        assert request is not None
        assert request.seq is not None
        decision = Decision(
            request_seq=request.seq,
            person=ANN,
            verdict=DecisionVerdict.APPROVED,
            rule="ALLOWED_USERS",
            at=transaction.now(),
        )
        with pytest.raises(ValueError, match="nobody decides"):
            decisions.decide(transaction, request, decision)


def test_whoever_left_the_group_since_cannot_approve(start_world: StartWorld) -> None:
    world = two_person_world(start_world, APPROVER_USERS="", APPROVER_USERGROUPS=GROUP)
    world.slack.add_usergroup(GROUP, "approvers", BO, DI)
    shown = waiting(world)
    world.answer(DI, "waiting")
    world.slack.state.usergroups[GROUP].members.remove(DI)
    refused = world.press(DI, shown, APPROVE)

    assert "Refused: you are not among those who may approve" in refused.text

    world.press(BO, shown, APPROVE)

    assert "2 cancelled" in world.ended(request_id(shown)).text


def test_whoever_became_a_guest_since_cannot_approve(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = waiting(world)
    world.answer(DI, "waiting")
    world.slack.state.people[DI].is_restricted = True
    refused = world.press(DI, shown, APPROVE)

    assert "Refused: guests cannot do this" in refused.text
    assert "waiting" == state(world, request_id(shown))
