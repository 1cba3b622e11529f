"""Races about one card: exactly one wins, and every loser is told. No path sends without the approvals it needs."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from approvals import DI, state, two_person_world, waiting
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import ANN, BO, CY, Clock, StartWorld, World, request_id

from bot.sandbox.slack.state import Post

ROUNDS = 6


def at_once(*acts: Callable[[], object]) -> None:
    """Do these in threads of their own, all let go at the same moment."""
    begin = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        begin.wait()
        act()

    threads = [threading.Thread(target=run, args=(act,), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def one_press(world: World, person: str, shown: Post, action: str) -> Callable[[], object]:
    value = f"{request_id(shown)}:1"
    return lambda: world.slack.forge_click(person, shown, {"action_id": action, "value": value})


def new_card(world: World, order: str) -> Post:
    world.fincart.add(order)
    return waiting(world, ANN, order)


def outcome(world: World, public_id: str) -> list[str]:
    """The two decisions, once both presses have been handled and, where it runs, its end is told."""
    world.until(lambda: len(_decided(world, public_id)) == 2)
    decided = sorted(_decided(world, public_id))
    if "approved" in decided:
        world.ended(public_id)
    return decided


def sends(world: World, order: str) -> int:
    return sum(order in call.ids for call in world.fincart.cancel_calls)


def test_of_two_approvals_one_lets_it_run_and_it_is_sent_once(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    for number in range(ROUNDS):
        order = f"6877b613a665f49134ef1{number:03d}"
        shown = new_card(world, order)
        at_once(one_press(world, BO, shown, "approve"), one_press(world, DI, shown, "approve"))

        assert ["approved", "click_refused"] == outcome(world, request_id(shown))
        assert 1 == sends(world, order)


def test_of_an_approval_and_a_withdrawal_one_wins(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    for number in range(ROUNDS):
        order = f"6877b613a665f49134ef2{number:03d}"
        shown = new_card(world, order)
        at_once(one_press(world, ANN, shown, "withdraw"), one_press(world, DI, shown, "approve"))
        decided = outcome(world, request_id(shown))

        assert "click_refused" in decided
        assert decided.count("approved") == sends(world, order)


def test_of_an_approval_and_a_decline_one_wins(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    for number in range(ROUNDS):
        order = f"6877b613a665f49134ef5{number:03d}"
        shown = new_card(world, order)
        world.click(BO, shown, "Decline")
        form = world.slack.wait_for(lambda: world.slack.open_view(BO))
        assert form is not None
        at_once(partial(world.slack.submit, form, {}), one_press(world, DI, shown, "approve"))
        decided = outcome(world, request_id(shown))

        assert "click_refused" in decided
        assert decided.count("approved") == sends(world, order)


def test_of_an_approval_and_the_deadline_one_wins(start_world: StartWorld) -> None:
    clock = Clock()
    world = two_person_world(start_world, clock)
    for number in range(ROUNDS):
        order = f"6877b613a665f49134ef3{number:03d}"
        shown = new_card(world, order)
        at_once(partial(clock.advance, 14_401), one_press(world, DI, shown, "approve"))
        world.until(partial(_is_over, world, request_id(shown)))
        kinds = world.kinds(request_id(shown))

        assert ("expired" in kinds) is not ("approved" in kinds)
        assert kinds.count("approved") == sends(world, order)


PRESSES = st.lists(
    st.tuples(
        st.sampled_from([ANN, BO, CY, DI]),
        st.sampled_from(["go_ahead", "ask_approval", "approve", "emergency", "keep", "remind"]),
        st.integers(1, 2),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(presses=PRESSES)
def test_no_path_runs_a_request_without_the_approvals_of_others(
    shared_world: World, presses: list[tuple[str, str, int]]
) -> None:
    world = shared_world
    preview = world.answer(ANN, "6877b613a665f49134ef4000")
    public_id = request_id(preview)
    pressed = [
        world.slack.forge_click(person, preview, {"action_id": action, "value": f"{public_id}:{revision}"})
        for person, action, revision in presses
    ]
    world.until(lambda: not world.rows("SELECT id FROM delivery WHERE due_at IS NOT NULL"))
    approvers = {row[0] for row in world.rows(_APPROVERS.format(public_id))}

    assert all(each.ok for each in pressed)
    assert ANN not in approvers
    if state(world, public_id) in ("approved", "executing", "finished"):
        assert len(approvers) >= 2
        assert approvers <= {BO, DI}
    world.told(ANN, lambda: world.slack.forge_click(ANN, preview, {"action_id": "keep", "value": f"{public_id}:1"}))


_APPROVERS = (
    "SELECT person FROM decision JOIN request ON request.seq = decision.request_seq"
    " WHERE public_id = '{}' AND decision.verdict = 'approved'"
)


@pytest.fixture
def shared_world(start_sqlite_world: StartWorld) -> World:
    """One world for all that hypothesis tries: every request in it is a new one."""
    return two_person_world(
        start_sqlite_world, APPROVALS_NEEDED="2", APPROVER_USERS=f"{ANN},{BO},{DI}", ALLOWED_USERS=f"{ANN},{BO},{CY}"
    )


def _is_over(world: World, public_id: str) -> bool:
    return state(world, public_id) in ("expired", "finished")


def _decided(world: World, public_id: str) -> list[str]:
    wanted = ("approved", "declined", "withdrawn", "click_refused")
    return [kind for kind in world.kinds(public_id) if kind in wanted]
