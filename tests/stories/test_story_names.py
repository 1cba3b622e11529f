"""An installation with a command and a name of its own: nothing that a person sees names another command."""

import json
from collections.abc import Callable, Iterator

import pytest
from world import ANN, BO, CY, FIRST, ORDERS, SECOND, THIRD, StartWorld, World, go_ahead, request_id

from bot.messages.request_form import IDS_BLOCK
from bot.sandbox.slack.deliveries import SlackDelivery
from bot.sandbox.slack.state import Post
from bot.slack.manifest import SHORTCUT

COMMAND = "/cancel-staging"
NAMES = {"COMMAND_NAME": COMMAND, "INSTALLATION_NAME": "staging"}


@pytest.fixture
def staging(start_world: StartWorld) -> World:
    """The installation called staging, in which every request of two orders needs a second person."""
    return start_world(**NAMES, SECOND_APPROVAL_ABOVE="1")


def typed(world: World, text: str, person: str = ANN) -> SlackDelivery:
    return world.slack.type_command(person, ORDERS, f"{COMMAND} {text}".strip())


def told(world: World, text: str, person: str = ANN) -> Post:
    return world.told(person, lambda: typed(world, text, person))


def sent(world: World, answers: list[str]) -> Iterator[str]:
    """All that Slack was given to show, and what acknowledgements showed."""
    yield from answers
    for call in world.slack.calls():
        if {"text", "view", "files"} & call.params.keys():
            yield json.dumps(call.params, ensure_ascii=False)


def use(world: World) -> list[str]:
    """Do a bit of everything; returns what acknowledgements showed."""
    acked = [typed(world, text) for text in ("help", "hlep", "show", "", f"because {FIRST}")]
    form = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert form is not None
    acked.append(world.slack.submit(form, {IDS_BLOCK: "R-7K3F9Q"}))
    for text in ("history", "waiting", "report", "show R-2B2B2B", f"preview {FIRST}", "history since:today until:7d"):
        told(world, text)
    told(world, FIRST, CY)
    world.slack.open_home(ANN)
    world.slack.open_home(CY)
    waits = told(world, f"{FIRST} {SECOND} because duplicate")
    world.click(ANN, waits, "Ask for approval: cancel 2 orders")
    card = world.slack.wait_for(lambda: world.live(request_id(waits)))
    assert card is not None
    world.slack.wait_for(lambda: "Approve: cancel 2 orders" in str(card.buttons()))
    told(world, "waiting")
    world.click(BO, card, "Approve: cancel 2 orders")
    world.ended(request_id(waits))
    told(world, f"show {request_id(waits)}")
    told(world, "export")
    told(world, "pause because of a drill", BO)
    # The export's file may come in between.
    held = world.told(ANN, lambda: typed(world, THIRD), with_button="go_ahead")
    world.click(ANN, held, go_ahead(held))
    told(world, "resume", BO)
    world.ended(request_id(held))
    world.slack.shortcut(ANN, world.slack.say(BO, ORDERS, f"look at {THIRD}"), SHORTCUT)
    world.forge(ANN, held, go_ahead(held), "nonsense")
    world.until_all_is_shown()
    return [each.answer for each in acked if each.answer]


def test_all_that_is_shown_names_the_installation_and_its_own_command_alone(staging: World) -> None:
    shown = list(sent(staging, use(staging)))

    assert [] == [each for each in shown if "/cancel-orders" in each]
    assert [] == [each for each in shown if "staging" not in each.replace(COMMAND, "") and '"errors"' not in each]


def test_a_result_still_ends_with_its_audit_head(start_world: StartWorld) -> None:
    world = start_world(**NAMES)
    preview = told(world, f"{FIRST} because duplicate")
    world.click(ANN, preview, go_ahead(preview))
    small_print = world.ended(request_id(preview)).text.splitlines()[-1]

    assert small_print.startswith(f"{request_id(preview)} · asked ")
    assert " · staging · audit " in small_print


def test_another_command_is_answered_with_the_one_it_has(staging: World) -> None:
    answer = staging.told(ANN, lambda: staging.slack.type_command(ANN, ORDERS, f"/cancel-orders {FIRST}")).text

    assert "You typed: /cancel-orders" in answer
    assert f"It answers to {COMMAND} help" in answer
    assert [] == staging.audit()


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda world: typed(world, "hlep"), f"Did you mean: {COMMAND} help"),
        (lambda world: typed(world, "show"), f"for example: {COMMAND} show R-7K3F9Q"),
        (lambda world: typed(world, "help"), f"{COMMAND} pause [because WHY]"),
    ],
    ids=["a wrong word", "a missing one", "help"],
)
def test_what_it_says_to_type_is_its_own_command(
    staging: World, act: Callable[[World], SlackDelivery], says: str
) -> None:
    assert says in staging.told(ANN, lambda: act(staging)).text


def test_what_a_name_holds_formats_and_pings_nothing(start_world: StartWorld) -> None:
    world = start_world(INSTALLATION_NAME="<!channel> *pre* & `prod`")
    shown = told_with_default(world)

    assert "&lt;!channel&gt; *pre* &amp; `prod`" in shown.text
    assert {"type": "plain_text", "text": "<!channel> *pre* & `prod`", "emoji": False} in (
        element for block in shown.blocks if block["type"] == "context" for element in block["elements"]
    )


def told_with_default(world: World) -> Post:
    return world.told(ANN, lambda: world.type(ANN, FIRST))


def test_an_export_is_called_after_the_installation(staging: World) -> None:
    told(staging, "export")
    (upload,) = (call.params for call in staging.slack.calls("files.completeUploadExternal"))
    (file,) = upload["files"] if isinstance(upload["files"], list) else json.loads(upload["files"])

    assert file["title"].startswith("cancel-staging-")
    assert file["title"].endswith(".csv (staging)")


def test_an_open_message_of_before_is_edited_under_the_new_name(start_world: StartWorld) -> None:
    world = start_world(SECOND_APPROVAL_ABOVE="0")
    asked = world.answer(ANN, FIRST)
    world.click(ANN, asked, "Ask for approval: cancel 1 order")
    world.slack.wait_for(lambda: world.live(request_id(asked)))
    world.restart(**NAMES)

    assert world.until(lambda: (card := world.live(request_id(asked))) is not None and "staging" in card.text)
