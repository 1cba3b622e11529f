"""The Home tab and the message shortcut."""

from functools import partial
from typing import Any

import pytest
from shown_ids import NOT_READ, READ
from world import ANN, BO, CY, FIRST, ORDERS, SECOND, StartWorld, World, order_ids, request_id

from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.slack.manifest import SHORTCUT


def opened(world: World, person: str) -> str:
    """Open the Home tab, and read it."""
    before = world.slack.count("views.publish")
    world.slack.open_home(person)
    world.slack.wait_for(lambda: world.slack.count("views.publish") > before)
    home = world.slack.home(person)
    assert home is not None
    return home.rendered()


def test_home_shows_ones_own_last_results(world: World) -> None:
    ended = world.cancelled()

    shown = opened(world, ANN)

    assert f"{request_id(ended)} · 2 orders · finished: 2 cancelled" in shown


def test_home_begins_with_the_figures_that_report_shows(world: World) -> None:
    world.cancelled()
    reported = world.answer(BO, "report").text.splitlines()[0]

    shown = opened(world, ANN).splitlines()

    assert "2 cancelled" in reported
    assert reported == shown[0].strip("*")


def test_home_names_ones_own_requests_with_their_reasons(world: World) -> None:
    world.cancelled(ANN, f"{FIRST} because of <!channel> *flood*")
    world.cancelled(BO, f"{SECOND} because lost")

    shown = opened(world, ANN)

    assert "finished: 1 cancelled · of <!channel> *flood* ·" in shown
    assert "lost" not in shown


def test_home_says_how_many_more_wait_than_it_shows(start_world: StartWorld) -> None:
    world = start_world(SECOND_APPROVAL_ABOVE="0")
    world.fincart.add(*order_ids(7))
    for order_id in order_ids(7):
        shown = world.told(ANN, partial(world.type, ANN, order_id), with_button="ask_approval")
        world.press(ANN, shown, "Ask for approval: cancel 1 order")

    home = opened(world, BO)

    assert "7 requests wait for somebody" in home
    assert "2 more wait: /cancel-orders waiting" in home


def test_home_says_to_whoever_may_nothing_whom_to_ask(start_world: StartWorld) -> None:
    world = start_world(CONTACT="the shift lead")

    shown = opened(world, CY)

    assert "You may not cancel orders" in shown
    assert "the shift lead" in shown


def test_home_names_the_scope_that_the_bot_lacks(world: World) -> None:
    world.slack.state.scopes.remove("users:read")
    shown = opened(world, ANN)

    assert "lacks the scope users:read" in shown
    assert "install the app again" in shown
    assert "You may not" not in shown


def test_home_says_where_slack_could_not_name_its_reader(world: World) -> None:
    world.slack.fail("users.info", SlackFault(SlackFaultKind.ERROR, error="internal_error"), times=None)
    shown = opened(world, ANN)

    assert "Slack could not say who you are. Open this tab again in a minute." in shown
    assert "You may not" not in shown


def test_an_approval_from_the_home_tab_works_and_is_answered_directly(start_world: StartWorld) -> None:
    world = start_world(SECOND_APPROVAL_ABOVE="1")
    shown = world.told(ANN, lambda: world.type(ANN, f"{FIRST} {SECOND}"), with_button="ask_approval")
    world.click(ANN, shown, "Ask for approval: cancel 2 orders")
    public_id = request_id(shown)
    world.slack.wait_for(lambda: world.live(public_id))
    opened(world, BO)
    home = world.slack.home(BO)
    assert home is not None
    published = world.slack.count("views.publish")

    world.slack.click(BO, home, "Approve: cancel 2 orders")

    assert "2 cancelled" in world.ended(public_id).text
    world.slack.wait_for(lambda: [post for post in world.slack.dms(BO) if public_id in post.text])
    world.slack.wait_for(lambda: world.slack.count("views.publish") > published)


def test_the_shortcut_opens_the_form_with_the_ids_of_the_message(world: World) -> None:
    post = world.slack.say(BO, ORDERS, f"please cancel {FIRST.upper()}, and {SECOND}; not 12")
    world.slack.shortcut(ANN, post, SHORTCUT)
    view = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert view is not None

    shown = world.told(ANN, lambda: world.slack.submit(view, {}), with_button="go_ahead")

    assert FIRST in shown.text
    assert SECOND in shown.text
    assert "Cancel 2 orders" in [button.text for button in shown.buttons()]
    assert "shortcut" == world.rows("SELECT origin FROM request")[0][0]


def test_the_form_says_how_many_ids_the_message_held_and_how_many_are_not_in_it(world: World) -> None:
    def intro(text: str) -> str:
        world.slack.shortcut(ANN, world.slack.say(BO, ORDERS, text), SHORTCUT)
        view = world.slack.wait_for(lambda: world.slack.open_view(ANN))
        assert view is not None
        world.slack.close(view)
        return view.rendered()

    assert "No order id was found in the message." in intro("good morning")
    assert "2 order ids found in the message, filled in." in intro(f"{FIRST} {SECOND}")
    many = intro(" ".join(order_ids(150)))
    assert "150 order ids found in the message: the first 120 are filled in, the other 30 are NOT" in many


def _found(world: World, **message: Any) -> str:
    """What the form that the shortcut opens on another app's message says."""
    world.slack.shortcut(ANN, world.slack.alert(ORDERS, **message), SHORTCUT)
    view = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert view is not None
    world.slack.close(view)
    return view.rendered()


@pytest.mark.parametrize("message", READ.values(), ids=READ.keys())
def test_the_shortcut_finds_the_id_that_a_person_reads(start_sqlite_world: StartWorld, message: dict[str, Any]) -> None:
    shown = _found(start_sqlite_world(), **message)

    assert "1 order id found in the message" in shown
    assert FIRST in shown


@pytest.mark.parametrize("message", NOT_READ.values(), ids=NOT_READ.keys())
def test_the_shortcut_finds_no_id_that_nobody_reads(start_sqlite_world: StartWorld, message: dict[str, Any]) -> None:
    assert "No order id was found in the message." in _found(start_sqlite_world(), **message)
