"""An Enterprise Grid: one person acts under several ids, and is one person wherever the bot asks who somebody is."""

import pytest
from approvals import APPROVE, ASK, AUDIT, DI, EMERGENCY, asked, becomes, card, state, two_person_world, waiting
from grid import Answering, on_a_grid, other
from sqlalchemy.exc import IntegrityError
from world import ANN, BO, CY, FIRST, SECOND, StartWorld, World, go_ahead, request_id

from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.state import Post, View
from storage.audit.verify import verify_all
from storage.db.transactions import Database

GROUP = "S0000001"
ANSWERS: list[Answering] = ["with the id asked for", "with the organisation's id", "with the workspace's id"]
WAYS = [(ANN, other(ANN)), (other(ANN), ANN)]


def opened(world: World, person: str, where: Post, button: str) -> View:
    """The form that a button opens."""
    world.click(person, where, button)
    form = world.slack.wait_for(lambda: world.slack.open_view(person))
    assert form is not None
    return form


@pytest.mark.parametrize("answering", ANSWERS)
@pytest.mark.parametrize(("listed", "acts"), WAYS)
def test_a_group_that_lists_one_id_lets_the_other_ask(
    start_sqlite_world: StartWorld, listed: str, acts: str, answering: Answering
) -> None:
    world = start_sqlite_world(ALLOWED_USERS="", ALLOWED_USERGROUPS=GROUP)
    world.slack.add_usergroup(GROUP, "operations", BO, listed)
    on_a_grid(world, answering)
    preview = world.answer(acts, f"{FIRST} because duplicate")

    assert "Cancel 1 order?" in preview.text


@pytest.mark.parametrize("answering", ANSWERS)
@pytest.mark.parametrize(("listed", "acts"), WAYS)
def test_a_setting_that_names_one_id_lets_the_other_ask_and_go_ahead(
    start_sqlite_world: StartWorld, listed: str, acts: str, answering: Answering
) -> None:
    world = start_sqlite_world(ALLOWED_USERS=f"{listed},{CY}")
    on_a_grid(world, answering)
    preview = world.answer(acts, f"{FIRST} because duplicate")
    world.press(acts, preview, go_ahead(preview))

    assert "1 cancelled" in world.ended(request_id(preview)).text


@pytest.mark.parametrize(("listed", "acts"), [(BO, other(BO)), (other(BO), BO)])
def test_an_approver_named_by_one_id_approves_with_the_other(
    start_sqlite_world: StartWorld, listed: str, acts: str
) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS=f"{listed},{DI}")
    on_a_grid(world)
    shown = waiting(world)
    world.press(acts, shown, APPROVE)
    world.ended(request_id(shown))

    assert [(acts, other(BO))] == world.rows("SELECT person, stands_for FROM decision")
    assert [(ANN, other(ANN), acts, other(BO))] == world.rows(
        "SELECT requester, requester_person, decided_by, decided_by_person FROM request"
    )
    assert [(acts, other(BO))] == [
        (event["who"], event["person"]) for event in world.audit() if event["kind"] == "approved"
    ]


def test_strangers_on_the_grid_stay_strangers(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world)
    on_a_grid(world)
    shown = waiting(world)
    answer = world.press(other(CY), shown, APPROVE)

    assert "Refused: you are not among those who may approve" in answer.text


@pytest.mark.parametrize(("first", "second"), [(BO, other(BO)), (other(BO), BO)])
def test_two_ids_of_one_person_are_one_approval(start_world: StartWorld, first: str, second: str) -> None:
    world = two_person_world(start_world, APPROVALS_NEEDED="2", APPROVER_USERS=f"{BO},{DI},{CY}")
    on_a_grid(world)
    shown = waiting(world)
    world.press(first, shown, APPROVE)
    answer = world.press(second, becomes(world, request_id(shown), "1 more needed"), APPROVE)

    assert "You have approved this already" in answer.text
    assert "waiting" == state(world, request_id(shown))
    assert not world.fincart.cancel_calls

    world.press(DI, card(world, request_id(shown)), APPROVE)
    world.ended(request_id(shown))


@pytest.mark.parametrize(("first", "second"), [(BO, other(BO)), (other(BO), BO)])
def test_they_are_one_approval_too_where_the_settings_name_the_organisations_id(
    start_sqlite_world: StartWorld, first: str, second: str
) -> None:
    world = two_person_world(start_sqlite_world, APPROVALS_NEEDED="2", APPROVER_USERS=f"{other(BO)},{DI}")
    on_a_grid(world)
    shown = waiting(world)
    world.press(first, shown, APPROVE)
    answer = world.press(second, becomes(world, request_id(shown), "1 more needed"), APPROVE)

    assert "You have approved this already" in answer.text
    assert not world.fincart.cancel_calls


def test_the_database_keeps_one_decision_of_a_person_whatever_races(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    on_a_grid(world)
    shown = waiting(world)
    world.press(BO, shown, APPROVE)
    world.ended(request_id(shown))

    with pytest.raises(IntegrityError), world.bot.context.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO decision SELECT request_seq, 'W9', verdict, comment, rule, at, stands_for FROM decision"
        )


def test_whoever_approved_declines_with_the_other_id(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVALS_NEEDED="2", APPROVER_USERS=f"{BO},{DI},{CY}")
    on_a_grid(world)
    shown = waiting(world)
    world.press(BO, shown, APPROVE)
    becomes(world, request_id(shown), "1 more needed")
    form = opened(world, other(BO), card(world, request_id(shown)), "Decline")
    world.slack.submit(form, {})
    world.until(lambda: state(world, request_id(shown)) == "declined")

    assert [(other(BO), "declined")] == world.rows("SELECT person, verdict FROM decision")


@pytest.mark.parametrize(("asks", "acts"), WAYS)
def test_ones_own_buttons_work_with_the_other_id(start_sqlite_world: StartWorld, asks: str, acts: str) -> None:
    world = two_person_world(start_sqlite_world)
    on_a_grid(world)
    first = asked(world, asks)
    world.press(acts, first, "Keep them")
    preview = asked(world, asks)
    world.press(acts, preview, ASK)
    shown = card(world, request_id(preview))
    listed = world.answer(acts, "waiting")
    world.press(acts, shown, "Withdraw")

    assert ["withdraw", "remind"] == [button.action_id for button in listed.buttons()]
    assert ["withdrawn", "withdrawn"] == [state(world, request_id(each)) for each in (first, preview)]
    assert [(asks, acts, other(ANN))] * 2 == world.rows("SELECT requester, decided_by, decided_by_person FROM request")


def test_a_card_names_its_requester_under_no_id_among_those_who_may_approve(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS=f"{ANN},{other(ANN)},{BO},{DI}")
    on_a_grid(world)
    shown = waiting(world)

    assert shown.text.splitlines()[1].endswith(f": <@{BO}> or <@{DI}>")


@pytest.mark.parametrize(("asks", "acts"), WAYS)
def test_an_emergency_is_ones_own_with_the_other_id(start_sqlite_world: StartWorld, asks: str, acts: str) -> None:
    world = two_person_world(start_sqlite_world, EMERGENCY_USERS=ANN, AUDIT_CHANNEL=AUDIT)
    on_a_grid(world)
    preview = asked(world, asks)

    assert EMERGENCY in [button.text for button in preview.buttons()]

    form = opened(world, acts, preview, EMERGENCY)
    world.slack.submit(form, {"number": "2"})

    assert "2 cancelled" in world.ended(request_id(preview)).text


def test_a_day_is_counted_over_both_ids(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world(MAX_ORDERS_PER_PERSON_PER_DAY="1")
    on_a_grid(world)
    preview = world.answer(ANN, FIRST)
    world.press(ANN, preview, go_ahead(preview))
    world.ended(request_id(preview))
    refused = world.answer(other(ANN), SECOND)

    assert "more than its requester may cancel in one day" in refused.text
    assert [(other(ANN), 1)] == world.rows("SELECT person, orders FROM quota")


@pytest.mark.parametrize("searched", [ANN, other(ANN)])
def test_history_of_a_person_finds_what_both_ids_did(start_sqlite_world: StartWorld, searched: str) -> None:
    world = start_sqlite_world()
    on_a_grid(world)
    asked_for = [request_id(world.answer(who, FIRST)) for who in (ANN, other(ANN))]
    found = world.answer(BO, f"history @{world.slack.state.people[searched].name}")

    assert [True, True] == [each in found.text for each in asked_for]


def test_without_slack_nobody_approves_and_the_requester_takes_it_back(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world)
    on_a_grid(world)
    shown = waiting(world)
    world.slack.fail("users.info", SlackFault(SlackFaultKind.SERVER_ERROR), times=None)
    refused = world.press(BO, shown, APPROVE)

    assert "Refused: it could not be checked who you are" in refused.text

    world.press(ANN, card(world, request_id(shown)), "Withdraw")
    world.until(lambda: state(world, request_id(shown)) == "withdrawn")


def test_what_a_payload_says_of_a_person_is_not_believed(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world)
    shown = waiting(world)
    payload = world.click(CY, shown, APPROVE).payload
    payload["user"] |= {"enterprise_user": {"id": BO}}
    answer = world.told(CY, lambda: world.slack.forge("interactive", payload | {"trigger_id": "1.2.x"}))

    assert "Refused: you are not among those who may approve" in answer.text


@pytest.mark.parametrize("column", ["requester_person", "decided_by_person"])
def test_verification_finds_a_person_who_was_put_in_anothers_place(start_sqlite_world: StartWorld, column: str) -> None:
    world = two_person_world(start_sqlite_world)
    on_a_grid(world)
    shown = waiting(world)
    world.press(BO, shown, APPROVE)
    world.ended(request_id(shown))
    world.shut_down()
    database = Database(world.database_url)
    with database.engine.begin() as connection:
        was = connection.exec_driver_sql(f"SELECT {column} FROM request").scalar_one()
        connection.exec_driver_sql(f"UPDATE request SET {column} = 'W0000009'")
    found = verify_all(database).rows
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE request SET {column} = '{was}'")
    database.close()

    assert found is not None
    assert f"its {column} is 'W0000009'" in found.why


def looked_up(world: World) -> list[str]:
    """Whom Slack has been asked about."""
    return [call.params["user"] for call in world.slack.calls("users.info")]


def test_where_everybody_has_one_id_an_approval_asks_slack_about_the_approver_alone(
    start_sqlite_world: StartWorld,
) -> None:
    world = two_person_world(start_sqlite_world)
    shown = waiting(world)
    before = len(looked_up(world))
    world.press(BO, shown, APPROVE)
    world.ended(request_id(shown))

    assert [BO] == looked_up(world)[before:]


def test_a_requester_whose_id_slack_has_lost_is_told_apart_by_the_record(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS=f"{ANN},{BO}")
    on_a_grid(world)
    shown = waiting(world)
    del world.slack.state.people[ANN]
    refused = world.press(other(ANN), shown, APPROVE)

    assert "Refused: nobody approves their own request" in refused.text

    world.press(BO, shown, APPROVE)

    assert "2 cancelled" in world.ended(request_id(shown)).text


def test_nobody_approves_where_slack_lost_a_requester_of_before_the_grid(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(start_sqlite_world, APPROVER_USERS=f"{ANN},{BO}")
    shown = waiting(world)
    on_a_grid(world)
    del world.slack.state.people[ANN]
    refused = world.press(other(ANN), shown, APPROVE)

    assert "Refused: it could not be checked who you are" in refused.text
    assert not world.fincart.cancel_calls


def test_whoever_approved_before_the_workspace_joined_a_grid_may_decline(start_world: StartWorld) -> None:
    world = two_person_world(start_world, APPROVALS_NEEDED="2", APPROVER_USERS=f"{BO},{DI},{CY}")
    shown = waiting(world)
    world.press(BO, shown, APPROVE)
    becomes(world, request_id(shown), "1 more needed")
    on_a_grid(world)
    world.restart()
    form = opened(world, BO, card(world, request_id(shown)), "Decline")
    world.slack.submit(form, {})
    world.until(lambda: state(world, request_id(shown)) == "declined")

    assert [(BO, other(BO), "declined")] == world.rows("SELECT person, stands_for, verdict FROM decision")


def reminding(world: World, person: str, shown: Post) -> Post:
    """The answer to a press on Remind, whoever may press it."""
    action = {"action_id": "remind", "value": f"{request_id(shown)}:1"}
    return world.told(person, lambda: world.slack.forge_click(person, shown, action))


def test_groups_that_list_different_ids_of_a_person_are_both_theirs(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(
        start_sqlite_world, ALLOWED_USERGROUPS=GROUP, APPROVER_USERS="", APPROVER_USERGROUPS="S0000002"
    )
    world.slack.add_usergroup(GROUP, "operations", other(BO))
    world.slack.add_usergroup("S0000002", "approvers", CY, BO)
    on_a_grid(world)
    shown = waiting(world)
    answer = reminding(world, other(BO), shown)

    assert "Refused" not in answer.text


def test_whoever_is_in_one_group_alone_hears_that_the_other_has_them_not(start_sqlite_world: StartWorld) -> None:
    world = two_person_world(
        start_sqlite_world, ALLOWED_USERGROUPS=GROUP, APPROVER_USERS="", APPROVER_USERGROUPS="S0000002"
    )
    world.slack.add_usergroup(GROUP, "operations", CY)
    world.slack.add_usergroup("S0000002", "approvers", BO, DI)
    on_a_grid(world)
    shown = waiting(world)
    answer = reminding(world, other(CY), shown)

    assert "Refused: you are not among those who may approve" in answer.text


def test_history_of_a_person_finds_what_the_other_id_did_before_the_grid(start_sqlite_world: StartWorld) -> None:
    world = start_sqlite_world()
    earlier = request_id(world.answer(ANN, FIRST))
    on_a_grid(world)
    world.restart()
    world.answer(ANN, SECOND)
    found = world.answer(BO, f"history @{world.slack.state.people[other(ANN)].name}")

    assert earlier in found.text
