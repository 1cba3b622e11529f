"""Who may do what: every refusal as the refused person meets it, and what it leaves behind."""

import time

import pytest
from world import ANN, BO, CY, FIRST, ORDERS, PATIENCE, RETURNS, SECOND, THIRD, StartWorld, World, go_ahead, request_id

from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.state import Post

GUS = "U0000009"
"""Somebody whom each test makes what it needs."""

GROUP = "S0000001"

NOBODY = SlackFault(SlackFaultKind.ERROR, error="user_not_found")
"""What Slack says for certain, and is not asked again."""


def _refusal(world: World) -> str:
    """The code with which the last event was refused."""
    return str(world.audit()[-1]["details"]["code"])


def _nothing_happened(world: World) -> bool:
    return not world.fincart.cancel_calls and not world.slack.messages(ORDERS)


def test_somebody_on_no_list_is_refused_and_told_whom_to_ask(start_world: StartWorld) -> None:
    world = start_world(CONTACT="the night desk")
    answer = world.answer(CY, f"{FIRST} because duplicate")

    assert "Refused: you are not among those who may cancel orders" in answer.text
    assert "Nothing was sent." in answer.text
    assert "Whom to ask: the night desk" in answer.text
    assert [] == answer.buttons()
    assert ["request_made", "request_refused"] == world.kinds(request_id(answer))
    assert "not_on_the_list" == _refusal(world)
    assert _nothing_happened(world)


@pytest.mark.parametrize(
    ("what", "heading", "code"),
    [
        ({"is_restricted": True}, "Refused: guests cannot do this", "guest"),
        ({"is_ultra_restricted": True}, "Refused: guests cannot do this", "guest"),
        ({"team_id": "T0ELSEWHERE"}, "Refused: people of other organisations cannot do this", "outsider"),
        ({"deleted": True}, "Refused: this account is deactivated", "deactivated"),
        ({"is_bot": True}, "Refused: bots cannot do this", "bot"),
    ],
)
def test_being_on_the_list_is_not_enough_for(
    start_world: StartWorld, what: dict[str, object], heading: str, code: str
) -> None:
    world = start_world(ALLOWED_USERS=f"{ANN},{GUS}")
    world.slack.add_person(GUS, "gus", **what)
    answer = world.answer(GUS, FIRST)

    assert heading in answer.text
    assert code == _refusal(world)
    assert _nothing_happened(world)


@pytest.mark.parametrize(
    ("what", "setting"),
    [({"is_restricted": True}, "ALLOW_GUESTS"), ({"team_id": "T0ELSEWHERE"}, "ALLOW_EXTERNAL")],
)
def test_guests_and_outsiders_may_where_the_settings_say_so(
    start_world: StartWorld, what: dict[str, object], setting: str
) -> None:
    world = start_world(ALLOWED_USERS=GUS, **{setting: "true"})
    world.slack.add_person(GUS, "gus", **what)

    assert "1 cancelled" in world.cancelled(GUS, FIRST).text


def test_only_the_named_channels_take_orders(start_world: StartWorld) -> None:
    world = start_world(ALLOWED_CHANNELS=RETURNS)
    answer = world.answer(ANN, FIRST)

    assert "Refused: orders cannot be cancelled from this channel" in answer.text
    assert f"<#{RETURNS}>" in answer.text
    assert "wrong_channel" == _refusal(world)
    assert "Cancel 1 order?" in world.answer(ANN, FIRST, channel=RETURNS).text


def test_a_channel_shared_with_another_organisation_takes_none(world: World) -> None:
    world.slack.add_channel("C0000005", "partners", ANN, is_ext_shared=True)
    answer = world.answer(ANN, FIRST, channel="C0000005")

    assert "Refused: this channel is shared with another organisation" in answer.text
    assert "shared_channel" == _refusal(world)
    assert _nothing_happened(world)


def test_more_orders_than_a_request_may_hold_are_refused_with_the_limit(start_world: StartWorld) -> None:
    world = start_world(MAX_ORDERS_PER_REQUEST="2")
    answer = world.answer(ANN, f"{FIRST} {SECOND} {THIRD}")

    assert "Refused: a request of 3 orders is too large" in answer.text
    assert "at most 2 orders each" in answer.text
    assert "too_many_orders" == _refusal(world)
    assert _nothing_happened(world)


def test_a_required_reason_is_asked_for_with_an_example(start_world: StartWorld) -> None:
    world = start_world(REQUIRE_REASON="true")
    answer = world.answer(ANN, FIRST)

    assert "Refused: a reason is needed" in answer.text
    assert "because duplicate" in answer.text
    assert "reason_needed" == _refusal(world)
    assert "Cancel 1 order?" in world.answer(ANN, f"{FIRST} because duplicate").text


def test_a_slack_that_says_nothing_means_no_within_seconds(world: World) -> None:
    world.slack.fail("users.info", SlackFault(SlackFaultKind.HANG), None)
    asked_at = time.monotonic()
    answer = world.told(ANN, lambda: world.type(ANN, FIRST), timeout=PATIENCE)
    waited = time.monotonic() - asked_at

    assert "Refused: it could not be checked who you are" in answer.text
    assert "Slack could not say who you are within 5 seconds. Try again in a minute." in answer.text
    # Five, and what a busy machine takes besides.
    assert waited < 10
    assert "could_not_be_checked" == _refusal(world)
    assert _nothing_happened(world)


@pytest.mark.parametrize("kind", [SlackFaultKind.SERVER_ERROR, SlackFaultKind.DROP, SlackFaultKind.RATE_LIMITED])
def test_a_slack_that_fails_once_is_asked_again(world: World, kind: SlackFaultKind) -> None:
    world.slack.fail("users.info", SlackFault(kind))

    assert "Cancel 1 order?" in world.answer(ANN, FIRST).text


def test_a_slack_that_knows_nobody_means_no_at_once(world: World) -> None:
    world.slack.fail("users.info", NOBODY, None)

    assert "Refused: it could not be checked who you are" in world.answer(ANN, FIRST).text


def test_after_slack_has_recovered_the_same_person_may(world: World) -> None:
    world.slack.fail("users.info", NOBODY, None)
    world.answer(ANN, FIRST)
    world.slack.heal()

    assert "Cancel 1 order?" in world.answer(ANN, FIRST).text


def test_members_of_an_allowed_group_may_ask(start_world: StartWorld) -> None:
    world = start_world(ALLOWED_USERS="", ALLOWED_USERGROUPS=GROUP)
    world.slack.add_usergroup(GROUP, "order-desk", CY)

    assert "1 cancelled" in world.cancelled(CY, FIRST).text
    assert "Refused: you are not among those who may cancel orders" in world.answer(ANN, SECOND).text


def test_whoever_left_the_group_after_the_preview_is_refused_at_the_click(start_world: StartWorld) -> None:
    world = start_world(ALLOWED_USERS="", ALLOWED_USERGROUPS=GROUP)
    group = world.slack.add_usergroup(GROUP, "order-desk", CY, BO)
    preview = world.preview(CY, FIRST)
    group.members.remove(CY)
    answer = world.press(CY, preview, go_ahead(preview))

    assert "Refused: you are not among those who may cancel orders" in answer.text
    assert "not_on_the_list" == _refusal(world)
    assert [("confirming",)] == world.rows("SELECT state FROM request")
    assert _nothing_happened(world)


def test_whoever_was_deactivated_after_the_preview_is_refused_at_the_click(world: World) -> None:
    preview = world.preview(ANN)
    world.slack.state.people[ANN].deleted = True
    answer = world.press(ANN, preview, go_ahead(preview))

    assert "Refused: this account is deactivated" in answer.text
    assert _nothing_happened(world)


def test_a_click_that_was_refused_leaves_the_preview_and_its_buttons(world: World) -> None:
    preview = world.preview(ANN)
    world.slack.fail("users.info", NOBODY, None)
    world.press(ANN, preview, go_ahead(preview))
    world.slack.heal()
    world.click(ANN, preview, go_ahead(preview))

    assert "2 cancelled" in world.ended(request_id(preview)).text


def test_keeping_needs_nobody_to_be_looked_up(world: World) -> None:
    preview = world.preview(ANN)
    world.slack.fail("users.info", NOBODY, None)

    assert "Kept. Nothing was sent." in world.press(ANN, preview, "Keep them").text


def test_everyone_may_where_the_settings_say_so_aloud(start_world: StartWorld) -> None:
    world = start_world(ALLOWED_USERS="", ALLOW_EVERYONE="true")

    assert "1 cancelled" in world.cancelled(CY, FIRST).text


def test_the_whole_verdict_and_the_settings_it_used_are_kept(world: World) -> None:
    world.answer(CY, FIRST)
    [(verdict,)] = world.rows("SELECT verdict FROM request")

    for part in ('"not_on_the_list"', f'"{ANN}"', f'"{CY}"', '"max_orders_per_request": 1000'):
        assert part in verdict


@pytest.mark.parametrize("typed", ["history", "show {id}"])
def test_somebody_who_may_not_ask_may_not_read(world: World, typed: str) -> None:
    public_id = request_id(world.cancelled())
    answer = world.answer(CY, typed.format(id=public_id))

    assert "Refused: you are not among those who may read the history" in answer.text
    assert FIRST not in answer.text


def _history(world: World, person: str) -> Post:
    return world.answer(person, "history")


def test_auditors_may_read_and_not_ask(start_world: StartWorld) -> None:
    world = start_world(AUDITOR_USERS=CY)
    public_id = request_id(world.cancelled())
    read = _history(world, CY)
    shown = world.answer(CY, f"show {public_id}")
    asked = world.answer(CY, THIRD)

    assert public_id in read.text
    assert public_id in shown.text
    assert "Refused: you are not among those who may cancel orders" in asked.text
