"""The demo's guide: things to try, each ticked off once it has happened.

It reads that from the bot's records and from what Slack shows, so that a restart forgets nothing.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bot.sandbox.demo.orders import DemoOrder, demo_orders
from bot.sandbox.demo.world import DemoWorld
from bot.sandbox.slack.state import Post
from storage.audit.log import stored_events
from storage.enums import EventKind, Origin


@dataclass(frozen=True, slots=True)
class DemoProgress:
    """What has happened so far."""

    events: tuple[tuple[str, Mapping[str, object]], ...]
    """Every audit event: its kind and its details."""
    posts: tuple[Post, ...]
    has_home: bool
    lost_an_answer: bool
    """A cancel call came to no answer."""

    def happened(self, kind: str, detail: str = "", value: object = None) -> bool:
        """Whether there is an event of that kind with that detail: of that value, or any that is not nothing."""
        return any(kind == each and (not detail or _is(details.get(detail), value)) for each, details in self.events)

    def shown(self, *words: str) -> bool:
        """Whether the bot has shown a message with these words."""
        return any(all(word in post.text for word in words) for post in self.posts)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to try; `command` can be put in the composer, as the person `who`."""

    id: str
    title: str
    how: str
    command: str
    who: str
    done: Callable[[DemoProgress], bool]


def _is(found: object, wanted: object) -> bool:
    return bool(found) if wanted is None else found == wanted


def guide(world: DemoWorld) -> list[dict[str, object]]:
    """The list as the page shows it."""
    seen = _seen(world)
    ids = [order.id for order in _still_pending(world)]
    return [
        {
            "id": step.id,
            "title": step.title,
            "how": step.how,
            "who": step.who,
            "command": _filled(step.command, ids),
            "done": step.done(seen),
        }
        for step in STEPS
    ]


def _seen(world: DemoWorld) -> DemoProgress:
    with world.bot.context.database.read() as session:
        payloads = [json.loads(event.payload) for event in stored_events(session.connection())]
    events = tuple((payload["kind"], payload["details"]) for payload in payloads)
    lost = any(not call.answer.isdigit() for call in world.fincart.cancel_calls)
    with world.slack.core.condition:
        bot = world.slack.state.bot_user
        posts = tuple(post for post in world.slack.state.posts.values() if post.author == bot)
        return DemoProgress(events, posts, bool(world.slack.state.homes), lost)


def _still_pending(world: DemoWorld) -> Iterable[DemoOrder]:
    known = set(world.fincart.order_ids())
    return (each for each in demo_orders() if each.id in known and world.fincart.status(each.id) == "Pending")


def _filled(command: str, ids: list[str]) -> str:
    for count in (12, 3, 2, 1):
        command = command.replace(f"{{{count}}}", ", ".join(ids[:count]))
    return command


STEPS = (
    Step(
        "ask",
        "Ask to cancel two orders",
        "Type the command with order ids and a reason. The preview is for you alone; nothing is sent yet.",
        "/cancel-orders {2} because duplicate",
        "ann",
        lambda seen: seen.happened(EventKind.PREVIEW_SHOWN),
    ),
    Step(
        "confirm",
        "Confirm, and watch the channel",
        "Press the red button of the preview. The channel's message goes from cancelling to what really happened.",
        "",
        "ann",
        lambda seen: seen.happened(EventKind.FINISHED, "cancelled"),
    ),
    Step(
        "history",
        "Look back, and share it",
        "Ask for the history, then press Share in channel.",
        "/cancel-orders history",
        "ann",
        lambda seen: seen.shown("History of cancel requests", "shared by"),
    ),
    Step(
        "refused",
        "Be refused",
        "Be Dee, who is on no list, or Gus, who is a guest. The refusal says why and whom to ask.",
        "/cancel-orders {1} because I felt like it",
        "dee",
        lambda seen: seen.happened(EventKind.REQUEST_REFUSED),
    ),
    Step(
        "form",
        "Use the form with a file",
        "Type the command alone and choose the sample CSV from the Fincart panel.",
        "/cancel-orders",
        "ann",
        lambda seen: seen.happened(EventKind.REQUEST_MADE, "origin", Origin.FORM),
    ),
    Step(
        "partly",
        "Let Fincart refuse one order of three",
        "In the Fincart panel turn on “Refuse one order” for one of the three, then ask and confirm.",
        "/cancel-orders {3} because wrong address",
        "ann",
        lambda seen: seen.happened(EventKind.FINISHED, "rejected"),
    ),
    Step(
        "lost",
        "Lose Fincart's answer",
        "Turn on “Break the connection after cancelling”. The bot reads the orders' logs, or says that it cannot know.",
        "/cancel-orders {2} because customer changed their mind",
        "ann",
        lambda seen: seen.lost_an_answer,
    ),
    Step(
        "two",
        "Have a large request approved by a second person",
        "More than ten orders need one. Ask as Ann, press Ask for approval, then be Ben and approve.",
        "/cancel-orders {12} because warehouse fire",
        "ann",
        lambda seen: seen.happened(EventKind.APPROVED),
    ),
    Step(
        "self",
        "Try to approve your own request",
        "As Ann, press Approve on the card of your own request.",
        "",
        "ann",
        lambda seen: seen.happened(EventKind.CLICK_REFUSED, "act", "approve"),
    ),
    Step(
        "check",
        "Settle what was unknown",
        "Lose an answer with the logs unreadable: the outcome is unknown. Make them readable and press Check again.",
        "",
        "ann",
        lambda seen: seen.happened(EventKind.CHECK_ASKED),
    ),
    Step(
        "emergency",
        "Go ahead alone in an emergency",
        "Ben may: he asks for more than ten, presses Emergency and types the number. The notices channel is told.",
        "/cancel-orders {12} because warehouse fire",
        "ben",
        lambda seen: seen.happened(EventKind.EMERGENCY),
    ),
    Step(
        "home",
        "Open the app's Home tab",
        "Choose the bot under Apps, then Home: what waits for you, and your last results.",
        "",
        "ann",
        lambda seen: seen.has_home,
    ),
    Step(
        "wrong",
        "Mistype",
        "The answer says what was not understood and what would be.",
        "/cancel-orders hlep",
        "ann",
        lambda seen: seen.shown("is not understood"),
    ),
)
