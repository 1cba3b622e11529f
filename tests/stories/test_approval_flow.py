"""A second person: asked, reminded of nothing but the rule, and never the requester."""

from approvals import APPROVE, ASK, DI, asked, becomes, card, state, two_person_world, waiting
from world import ANN, BO, CY, FIRST, SECOND, StartWorld, request_id


def test_a_preview_above_the_threshold_offers_to_ask_for_approval(start_world: StartWorld) -> None:
    preview = asked(two_person_world(start_world))

    assert [ASK, "Keep them"] == [button.text for button in preview.buttons()]
    assert "1 other person must approve so many orders." in preview.text


def test_asking_posts_a_card_and_sends_nothing(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = waiting(world)

    assert [APPROVE, "Decline", "Withdraw"] == [button.text for button in shown.buttons()]
    assert FIRST in shown.text
    assert "approved so far" not in shown.text
    assert shown.text.splitlines()[1].endswith(f": <@{BO}> or <@{DI}>")
    assert not world.fincart.cancel_calls
    assert "waiting" == state(world, request_id(shown))


def test_somebody_else_approves_and_the_same_message_tells_the_end(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = waiting(world)
    public_id = request_id(shown)
    answer = world.press(DI, shown, APPROVE)
    end = world.ended(public_id)

    assert "Approved: cancelling 2 orders" in answer.text
    assert shown.ts == end.ts
    assert "2 cancelled" in end.text
    assert f"approved by <@{DI}>, " in end.text
    assert ", under APPROVER_USERS" in end.text
    assert f"2 cancelled · <@{ANN}>: duplicate\n" in end.text
    assert [
        "request_made",
        "preview_shown",
        "asked_for_approval",
        "approved",
        "run_started",
        "batch_settled",
        "finished",
    ] == world.kinds(public_id)[:7]


def test_the_requester_is_told_the_end_that_somebody_else_brought_about(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = waiting(world)
    world.press(DI, shown, APPROVE)
    world.ended(request_id(shown))

    notice = world.slack.wait_for(lambda: [post for post in world.slack.dms(ANN) if "2 cancelled" in post.text])[-1]

    assert notice.text.startswith(f"2 cancelled · <@{ANN}>: duplicate\n{FIRST}, {SECOND} · approved by <@{DI}> · ")
    assert f"|See {request_id(shown)}>" in notice.text


def test_two_people_must_approve_where_two_are_needed(start_world: StartWorld) -> None:
    world = two_person_world(start_world, APPROVALS_NEEDED="2", APPROVER_USERS=f"{BO},{CY},{DI}")
    shown = waiting(world)
    public_id = request_id(shown)
    first = world.press(BO, shown, APPROVE)
    between = becomes(world, public_id, "1 approved so far, 1 more needed.")

    assert "Approved. More people must approve; nothing was sent yet." in first.text
    assert f"approved by <@{BO}>, " in between.text
    assert not world.fincart.cancel_calls

    world.press(DI, card(world, public_id), APPROVE)
    end = world.ended(public_id)

    assert f"approved by <@{BO}>, " in end.text
    assert f"approved by <@{DI}>, " in end.text


def test_the_card_names_who_may_still_approve(start_world: StartWorld) -> None:
    world = two_person_world(start_world, APPROVALS_NEEDED="2", APPROVER_USERS=f"{ANN},{BO},{CY},{DI}")
    shown = waiting(world)
    world.press(BO, shown, APPROVE)
    between = becomes(world, request_id(shown), "1 approved so far, 1 more needed.")

    assert shown.text.splitlines()[1].endswith(f": <@{BO}>, <@{CY}> or <@{DI}>")
    assert between.text.splitlines()[1].endswith(f": <@{CY}> or <@{DI}>")


def test_the_same_person_counts_once(start_world: StartWorld) -> None:
    world = two_person_world(start_world, APPROVALS_NEEDED="2", APPROVER_USERS=f"{BO},{CY},{DI}")
    shown = waiting(world)
    world.press(BO, shown, APPROVE)
    again = world.press(BO, card(world, request_id(shown)), APPROVE)

    assert "You have approved this already; somebody else must approve too" in again.text
    assert "waiting" == state(world, request_id(shown))


def test_whoever_may_not_approve_is_told_who_may(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = waiting(world)
    answer = world.press(CY, shown, APPROVE)

    assert "Refused: you are not among those who may approve" in answer.text
    assert f"Whom to ask: <@{BO}> or <@{DI}>" in answer.text
    assert "not_an_approver" == world.audit()[-1]["details"]["code"]
    assert "waiting" == state(world, request_id(shown))


def test_declining_asks_why_and_tells_the_requester(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = waiting(world)
    public_id = request_id(shown)
    world.click(DI, shown, "Decline")
    form = world.slack.wait_for(lambda: world.slack.open_view(DI))
    assert form is not None
    answer = world.told(DI, lambda: world.slack.submit(form, {"words": "they were *paid* <!channel>"}))
    end = becomes(world, public_id, "Declined. Nothing was sent.")
    notice = world.slack.wait_for(lambda: [post for post in world.slack.dms(ANN) if "Declined" in post.text])[-1]

    assert "Declined. Nothing was sent." in answer.text
    assert "Declined with the words: they were *paid* &lt;!channel&gt;" in end.text
    assert [] == end.buttons()
    assert public_id in notice.text
    assert f"declined by <@{DI}>: they were *paid* &lt;!channel&gt;" in notice.text
    assert [(DI, "declined", "they were *paid* <!channel>")] == world.rows(
        "SELECT person, verdict, comment FROM decision"
    )
    assert not world.fincart.cancel_calls


def test_the_requester_withdraws_and_nobody_can_approve_any_more(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = waiting(world)
    answer = world.press(ANN, shown, "Withdraw")
    end = becomes(world, request_id(shown), "Withdrawn. Nothing was sent.")
    late = world.told(DI, lambda: world.forge(DI, shown, APPROVE))

    assert "Withdrawn. Nothing was sent." in answer.text
    assert [] == end.buttons()
    assert "Already withdrawn" in late.text
    assert not world.fincart.cancel_calls


def test_only_the_requester_withdraws(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = waiting(world)
    answer = world.press(DI, shown, "Withdraw")

    assert "Refused: only who asked can do this" in answer.text
    assert "waiting" == state(world, request_id(shown))


def test_a_request_below_the_threshold_runs_at_its_requesters_word(start_world: StartWorld) -> None:
    world = two_person_world(start_world, SECOND_APPROVAL_ABOVE="2")
    end = world.cancelled(ANN, f"{FIRST} {SECOND}")

    assert "2 cancelled" in end.text


def test_settings_that_ask_for_more_people_are_asked_anew_at_the_click(start_world: StartWorld) -> None:
    world = two_person_world(start_world, APPROVER_USERS=f"{BO},{CY},{DI}")
    shown = waiting(world)
    world.restart(APPROVALS_NEEDED="2")
    answer = world.press(BO, shown, APPROVE)
    changed = becomes(world, request_id(shown), "2 other people must approve")

    assert "This request has changed since. Nothing was sent." in answer.text
    assert "waiting" == state(world, request_id(shown))

    world.press(BO, changed, APPROVE)
    world.press(DI, becomes(world, request_id(shown), "1 more needed"), APPROVE)

    assert "2 cancelled" in world.ended(request_id(shown)).text


def test_a_preview_from_before_the_rule_cannot_run_alone(start_world: StartWorld) -> None:
    world = two_person_world(start_world, SECOND_APPROVAL_ABOVE="")
    preview = world.preview()
    world.restart(SECOND_APPROVAL_ABOVE="0")
    answer = world.press(ANN, preview, "Cancel 2 orders")

    assert "This request has changed since. Nothing was sent." in answer.text
    assert not world.fincart.cancel_calls


def test_approvals_of_one_card_never_touch_another(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    one, other = waiting(world, ANN, FIRST), waiting(world, ANN, SECOND)
    world.press(DI, one, "Approve: cancel 1 order")
    world.ended(request_id(one))

    assert "waiting" == state(world, request_id(other))
    assert [(FIRST,)] == [call.ids for call in world.fincart.cancel_calls]
