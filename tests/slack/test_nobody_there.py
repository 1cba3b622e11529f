"""Nobody who may approve is there: said in the preview, before anything waits; and what Slack must not tell."""

from collections.abc import Callable

import pytest
from approvals import APPROVE, ASK, AUDIT, DI, EMERGENCY, asked, card, state, two_person_world, waiting
from grid import on_a_grid, other
from world import ANN, BO, CY, FIRST, SECOND, StartWorld, World, request_id

from bot.sandbox.slack.faults import SlackFault, SlackFaultKind

GROUP = "S0000001"
UNKNOWN = "U0000099"


def deactivated(world: World) -> None:
    world.slack.state.people[DI].deleted = True


def bot(world: World) -> None:
    world.slack.state.people[DI].is_bot = True


def guest(world: World) -> None:
    world.slack.state.people[DI].is_restricted = True


def unknown(world: World) -> None:
    del world.slack.state.people[DI]


@pytest.mark.parametrize(
    ("happened", "words"),
    [
        (deactivated, "is deactivated"),
        (bot, "is a bot"),
        (guest, "is a guest"),
        (unknown, "is not known to Slack"),
    ],
)
def test_the_preview_says_that_the_only_approver_is_not_there(
    start_sqlite_world: StartWorld, happened: Callable[[World], None], words: str
) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS=DI, CONTACT="the shift lead")
    happened(world)
    preview = asked(world)

    assert "1 other person must approve so many orders, and nobody who may can." in preview.text
    assert f"<@{DI}> {words}" in preview.text
    assert "Whom to ask: the shift lead" in preview.text
    assert ["Keep them"] == [button.text for button in preview.buttons()]


def test_the_preview_says_that_the_approvers_group_is_empty(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS="", APPROVER_USERGROUPS=GROUP)
    world.slack.add_usergroup(GROUP, "approvers")
    preview = asked(world)

    assert f"<!subteam^{GROUP}> has nobody in it" in preview.text
    assert ["Keep them"] == [button.text for button in preview.buttons()]


def test_a_look_says_it_too(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS=DI)
    deactivated(world)
    shown = world.answer(ANN, f"preview {FIRST} {SECOND}")

    assert f"<@{DI}> is deactivated" in shown.text


def test_the_requester_is_nobody_else_under_another_id(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS=other(ANN))
    on_a_grid(world)
    preview = asked(world)

    assert f"<@{other(ANN)}> asks for it: nobody approves their own request" in preview.text
    assert ["Keep them"] == [button.text for button in preview.buttons()]


def test_two_ids_of_one_approver_are_not_two_approvers(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVALS_NEEDED="2", APPROVER_USERS=f"{ANN},{BO},{other(BO)}")
    on_a_grid(world)
    preview = asked(world)

    assert "2 other people must approve so many orders, and only 1 of those who may can." in preview.text


def test_who_leaves_between_the_preview_and_the_click_is_not_waited_for(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS=DI)
    preview = asked(world)
    deactivated(world)
    answer = world.press(ANN, preview, ASK)

    assert "Refused: too few people are there who may approve" in answer.text
    assert "nobody_to_approve" == world.audit()[-1]["details"]["code"]
    assert "confirming" == state(world, request_id(preview))


def test_an_emergency_is_offered_where_nobody_is_there(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS=DI, EMERGENCY_USERS=ANN, AUDIT_CHANNEL=AUDIT)
    deactivated(world)

    assert [EMERGENCY, "Keep them"] == [button.text for button in asked(world).buttons()]


def test_one_of_several_who_is_there_is_enough(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS=f"{DI},{UNKNOWN},{BO}")
    deactivated(world)
    shown = waiting(world)
    world.press(BO, shown, APPROVE)

    assert "2 cancelled" in world.ended(request_id(shown)).text


def test_where_slack_cannot_say_who_is_there_nothing_is_claimed(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS="", APPROVER_USERGROUPS=GROUP)
    world.slack.add_usergroup(GROUP, "approvers")
    world.slack.fail("usergroups.users.list", SlackFault(SlackFaultKind.SERVER_ERROR), times=None)
    preview = asked(world)

    assert [ASK, "Keep them"] == [button.text for button in preview.buttons()]


# Missing scopes


def without(world: World, scope: str) -> None:
    world.slack.state.scopes.remove(scope)


def test_a_missing_scope_is_named_to_whoever_asks(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world(CONTACT="the shift lead")
    without(world, "users:read")
    answer = world.answer(ANN, FIRST)

    assert "Refused: Slack does not let the bot look that up" in answer.text
    assert "lacks the scope users:read" in answer.text
    assert "Ask an administrator" in answer.text
    assert "in a minute" not in answer.text
    assert "missing_scope" == world.audit()[-1]["details"]["code"]


@pytest.mark.parametrize(
    ("scope", "settings"),
    [
        ("usergroups:read", {"ALLOWED_USERS": "", "ALLOWED_USERGROUPS": GROUP}),
        ("channels:read", {}),
    ],
)
def test_so_is_one_for_groups_and_channels(
    start_sqlite_world: StartWorld, scope: str, settings: dict[str, str]
) -> None:
    world = start_sqlite_world(**settings)
    without(world, scope)
    answer = world.answer(ANN, FIRST)

    assert f"lacks the scope {scope}" in answer.text
    assert "in a minute" not in answer.text


def test_so_is_one_at_an_approval(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world)
    shown = waiting(world)
    without(world, "users:read")
    answer = world.press(BO, shown, APPROVE)

    assert "lacks the scope users:read" in answer.text
    assert "waiting" == state(world, request_id(card(world, request_id(shown))))


def test_whoever_is_refused_for_another_reason_hears_that_one(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world(ALLOWED_CHANNELS="C0000002")
    without(world, "users:read")

    assert "Refused: orders cannot be cancelled from this channel" in world.answer(CY, FIRST).text


def test_an_approvers_group_that_the_bot_may_not_look_into_is_told_in_the_preview(
    start_sqlite_world: StartWorld,
) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS="", APPROVER_USERGROUPS=GROUP, CONTACT="the shift lead")
    world.slack.add_usergroup(GROUP, "approvers", BO)
    without(world, "usergroups:read")
    preview = asked(world)

    assert f"<!subteam^{GROUP}> cannot be looked into: the app in Slack lacks the scope usergroups:read" in preview.text
    assert "Have the scope added and the app installed again, then ask again" in preview.text
    assert ["Keep them"] == [button.text for button in preview.buttons()]


def test_a_group_that_was_closed_to_the_bot_since_the_preview_is_not_waited_for(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS="", APPROVER_USERGROUPS=GROUP)
    world.slack.add_usergroup(GROUP, "approvers", BO)
    preview = asked(world)
    without(world, "usergroups:read")
    answer = world.press(ANN, preview, ASK)

    assert "lacks the scope usergroups:read" in answer.text
    assert "confirming" == state(world, request_id(preview))


def test_no_more_approvers_are_looked_up_than_are_needed(start_sqlite_world: StartWorld) -> None:
    crowd = [f"U1{number:06d}" for number in range(30)]
    world = two_person_world(start_sqlite_world, APPROVER_USERS=",".join(crowd))
    for each in crowd:
        world.slack.add_person(each, each.lower())
    asked(world)

    assert [ANN, crowd[0]] == [call.params["user"] for call in world.slack.calls("users.info")]


def test_a_group_that_asks_and_approves_is_asked_for_once_a_click(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(
        start_sqlite_world, ALLOWED_USERS="", ALLOWED_USERGROUPS=GROUP, APPROVER_USERS="", APPROVER_USERGROUPS=GROUP
    )
    world.slack.add_usergroup(GROUP, "operations", ANN, BO)
    preview = asked(world)
    world.slack.core.log.counts["usergroups.users.list"] = 0
    world.press(ANN, preview, ASK)

    assert 1 == world.slack.count("usergroups.users.list")


def test_of_many_approvers_slack_is_asked_no_further_once_it_cannot_say(start_sqlite_world: StartWorld) -> None:
    crowd = [f"U1{number:06d}" for number in range(60)]
    world = two_person_world(start_sqlite_world, APPROVER_USERS="", APPROVER_USERGROUPS=GROUP)
    world.slack.add_usergroup(GROUP, "approvers", *crowd)
    world.answer(ANN, "help")
    world.answer(ANN, "history")
    before = world.slack.count("users.info")
    world.slack.fail("users.info", SlackFault(SlackFaultKind.RATE_LIMITED, retry_after=30), times=None)
    preview = asked(world)

    assert [ASK, "Keep them"] == [button.text for button in preview.buttons()]
    assert before + 1 == world.slack.count("users.info")


def test_whoever_left_the_workspace_and_is_at_work_in_the_organisation_can_approve(
    start_sqlite_world: StartWorld,
) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS=DI)
    on_a_grid(world)
    deactivated(world)
    shown = waiting(world)
    world.press(other(DI), shown, APPROVE)

    assert "2 cancelled" in world.ended(request_id(shown)).text


def test_an_approver_who_has_left_under_every_id_is_named_once(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS=DI)
    on_a_grid(world)
    deactivated(world)
    world.slack.state.people[other(DI)].deleted = True
    preview = asked(world)

    assert f"<@{DI}> is deactivated" in preview.text
    assert other(DI) not in preview.text
