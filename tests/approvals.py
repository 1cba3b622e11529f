"""What the stories of approval share: a world in which two orders need a second person, and the card they wait on."""

from typing import Any

from world import ANN, BO, CY, FIRST, ORDERS, SECOND, Clock, StartWorld, World, request_id

from bot.sandbox.slack.state import Post

DI = "U0000004"
"""Somebody who may approve and not ask."""

AUDIT = "C0000009"

ASK = "Ask for approval: cancel 2 orders"
APPROVE = "Approve: cancel 2 orders"
EMERGENCY = "Emergency: cancel 2 orders"


def two_person_world(start_world: StartWorld, clock: Clock | None = None, **settings: Any) -> World:
    """Ann and Bo may ask; Bo and Di may approve; every request needs one other person."""
    rules: dict[str, Any] = {"SECOND_APPROVAL_ABOVE": "0", "APPROVER_USERS": f"{BO},{DI}"}
    world = start_world(clock=clock, **(rules | settings))
    world.slack.add_person(DI, "di")
    world.slack.add_channel(AUDIT, "audit", ANN, BO, CY, DI)
    for channel in (ORDERS, "C0000002"):
        world.slack.state.channels[channel].members.append(DI)
    return world


def asked(world: World, person: str = ANN, text: str = f"{FIRST} {SECOND} because duplicate") -> Post:
    """The preview of a request that needs approval."""
    before = len(_previews(world, person))
    world.type(person, text)
    return world.slack.wait_for(lambda: _previews(world, person)[before:])[-1]


def _previews(world: World, person: str) -> list[Post]:
    """Those that this person has been shown; what became of them stands in their place later."""
    return [post for post in world.slack.ephemerals(person) if _first_text(post)]


def _first_text(post: Post) -> bool:
    return post.text.startswith("Cancel ") or post.revisions > 0


def waiting(world: World, person: str = ANN, text: str = f"{FIRST} {SECOND} because duplicate") -> Post:
    """The card of a request that waits."""
    preview = asked(world, person, text)
    label = next(button.text for button in preview.buttons() if button.action_id == "ask_approval")
    world.press(person, preview, label)
    shown = card(world, request_id(preview))
    # Reminders need the card's place as the bot has it, which comes after Slack has it.
    world.until(lambda: world.rows("SELECT ts FROM slack_message WHERE kind = 'live'")[-1][0])
    return shown


def card(world: World, public_id: str, channel: str = ORDERS) -> Post:
    """The request's message in the channel, once it is there."""
    found = world.slack.wait_for(lambda: world.live(public_id, channel))
    assert found is not None
    return found


def becomes(world: World, public_id: str, words: str) -> Post:
    """The request's message in the channel once it says this."""

    def says() -> Post | None:
        found = world.live(public_id)
        return found if found is not None and words in found.text else None

    found = world.slack.wait_for(says)
    assert found is not None
    return found


def state(world: World, public_id: str) -> str:
    """The request's state as the database has it."""
    return str(world.rows(f"SELECT state FROM request WHERE public_id = '{public_id}'")[0][0])
