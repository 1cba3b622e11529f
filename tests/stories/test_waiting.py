"""What waits: the list with its live buttons, reminders, and deadlines that hold across restarts."""

import pytest
from approvals import APPROVE, DI, becomes, state, two_person_world, waiting
from world import ANN, BO, CY, FIRST, ORDERS, SECOND, Clock, StartWorld, World, request_id

from bot.sandbox.slack.state import Post


def thread(world: World, shown: Post) -> list[Post]:
    """The replies under the card."""
    return [post for post in world.slack.messages(ORDERS, shown.ts) if post.ts != shown.ts]


def test_waiting_lists_what_waits_with_the_buttons_of_whoever_may_approve(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = waiting(world)
    listed = world.answer(DI, "waiting")

    assert "1 request waits for somebody" in listed.text
    assert request_id(shown) in listed.text
    assert "One other person must approve, before " in listed.text
    assert [APPROVE, "Decline", "Remind"] == [button.text for button in listed.buttons()]


def test_somebody_takes_over_at_night_from_the_list(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = waiting(world)
    listed = world.answer(DI, "waiting", "C0000002")
    answer = world.press(DI, listed, APPROVE)

    assert "Approved: cancelling 2 orders" in answer.text
    assert "2 cancelled" in world.ended(request_id(shown)).text


def test_the_requester_may_withdraw_and_remind_there(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    waiting(world)

    assert ["Withdraw", "Remind"] == [button.text for button in world.answer(ANN, "waiting").buttons()]


def test_show_has_the_live_buttons_again(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = world.answer(DI, f"show {request_id(waiting(world))}")

    assert [APPROVE, "Decline", "Remind"] == [button.text for button in shown.buttons()]


def test_ones_own_preview_waits_too_and_nobody_elses(start_world: StartWorld) -> None:
    world = two_person_world(start_world, SECOND_APPROVAL_ABOVE="5")
    preview = world.preview()

    assert request_id(preview) in world.answer(ANN, "waiting").text
    assert "Nothing waits for anybody" in world.answer(BO, "waiting").text


def test_waiting_is_not_for_everybody(start_world: StartWorld) -> None:
    world = two_person_world(start_world)

    assert "Refused: you are not among those who may read the history" in world.answer(CY, "waiting").text


def test_approvers_are_reminded_by_name_once_halfway(start_world: StartWorld) -> None:
    world = two_person_world(start_world, Clock(), APPROVAL_TTL_SECONDS="7200")
    shown = waiting(world)
    world.pass_time(3601)
    reminder = world.slack.wait_for(lambda: thread(world, shown))[-1]

    assert f"<@{BO}> or <@{DI}>: please approve or decline cancelling 2 orders" in reminder.text

    world.pass_time(3000)
    world.answer(DI, "waiting")

    assert 1 == len(thread(world, shown))
    assert 1 == world.kinds(request_id(shown)).count("reminded")


def test_whoever_has_approved_is_not_reminded(start_world: StartWorld) -> None:
    world = two_person_world(start_world, Clock(), APPROVALS_NEEDED="2", APPROVER_USERS=f"{BO},{CY},{DI}")
    shown = waiting(world)
    world.press(BO, shown, APPROVE)
    world.pass_time(7201)
    reminder = world.slack.wait_for(lambda: thread(world, shown))[-1]

    assert reminder.text.startswith(f"<@{CY}> or <@{DI}>: please")


def test_remind_posts_at_most_once_in_ten_minutes(start_world: StartWorld) -> None:
    world = two_person_world(start_world, Clock())
    shown = waiting(world)
    listed = world.answer(ANN, "waiting")
    first = world.press(ANN, listed, "Remind")
    world.slack.wait_for(lambda: thread(world, shown))
    again = world.press(ANN, listed, "Remind")

    assert "Reminded, in the thread of its message" in first.text
    assert "Somebody has just been reminded of this" in again.text
    assert 1 == len(thread(world, shown))

    world.pass_time(601)
    world.press(ANN, listed, "Remind")

    assert 2 == len(world.slack.wait_for(lambda: thread(world, shown)[1:] and thread(world, shown)))


def test_the_automatic_reminder_counts_too(start_world: StartWorld) -> None:
    world = two_person_world(start_world, Clock(), APPROVAL_TTL_SECONDS="7200")
    shown = waiting(world)
    world.pass_time(3601)
    world.slack.wait_for(lambda: thread(world, shown))

    assert "Somebody has just been reminded" in world.press(ANN, world.answer(ANN, "waiting"), "Remind").text


def test_remind_is_for_the_requester_and_whoever_may_approve(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = waiting(world)
    action = {"action_id": "remind", "value": f"{request_id(shown)}:1"}
    answer = world.told(CY, lambda: world.slack.forge_click(CY, shown, action))

    assert "Refused: you are not among those who may approve" in answer.text
    assert [] == thread(world, shown)


@pytest.mark.parametrize("restarted", [False, True])
def test_at_the_deadline_the_card_says_expired_and_the_requester_is_told(
    start_world: StartWorld, restarted: bool
) -> None:
    clock = Clock()
    world = two_person_world(start_world, clock)
    shown = waiting(world)
    public_id = request_id(shown)
    if restarted:
        world.shut_down()
        clock.advance(14_401)
        world.start()
    else:
        world.pass_time(14_401)
    end = becomes(world, public_id, "Expired. Nothing was sent.")
    notice = world.slack.wait_for(lambda: [post for post in world.slack.dms(ANN) if "Expired" in post.text])[-1]

    assert shown.ts == end.ts
    assert [] == end.buttons()
    assert public_id in notice.text
    assert "expired" == state(world, public_id)
    assert not world.fincart.cancel_calls


def test_an_approval_after_the_deadline_is_too_late(start_world: StartWorld) -> None:
    world = two_person_world(start_world, Clock())
    shown = waiting(world)
    world.pass_time(14_401)
    answer = world.told(DI, lambda: world.forge(DI, shown, APPROVE))

    assert "Expired. Nothing was sent." in answer.text
    assert not world.fincart.cancel_calls


def test_what_expires_soonest_comes_first_and_the_rest_is_counted(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = [waiting(world, ANN, f"{FIRST} because {number}") for number in range(6)]
    listed = world.answer(DI, "waiting")

    assert "6 requests wait for somebody" in listed.text
    assert "1 more: /cancel-orders history status:waiting" in listed.text
    assert all(request_id(each) in listed.text for each in shown[:5])
    assert SECOND not in listed.text


def test_a_run_on_hold_waits_for_somebody_to_let_it_go_on(start_world: StartWorld) -> None:
    world = two_person_world(start_world, UNDO_SECONDS="300")
    shown = waiting(world)
    world.press(DI, shown, APPROVE)
    world.press(ANN, becomes(world, request_id(shown), "Nothing is sent before"), "Pause")
    listed = world.answer(DI, "waiting")

    assert "1 request waits for somebody" in listed.text
    assert "Paused by its requester: nothing more of it is sent until somebody presses Go on, or Stop." in listed.text
    assert ["Undo", "Stop", "Go on"] == [button.text for button in listed.buttons()]

    shown_by_id = world.answer(DI, f"show {request_id(shown)}")

    assert ["Undo", "Stop", "Go on"] == [button.text for button in shown_by_id.buttons()]
    assert "Paused by its requester" in shown_by_id.text

    world.press(DI, shown_by_id, "Undo")
    end = becomes(world, request_id(shown), "Withdrawn. Nothing was sent.")

    assert f"approved by <@{DI}>, " in end.text
    assert f"withdrawn by <@{DI}>, " in end.text


def test_a_pause_of_everything_is_told_where_people_look_for_what_waits(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    world.answer(DI, "pause because courier strike")

    assert f"All sending is paused by <@{DI}> (courier strike)" in world.answer(ANN, "waiting").text
