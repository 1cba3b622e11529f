"""Turns what a person does on the page into acts of the stand-in workspace and switches of the stand-in Fincart."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox.demo.fincart import Switch
from bot.sandbox.demo.people import ROLES
from bot.sandbox.demo.world import DemoWorld
from bot.sandbox.slack.deliveries import SlackDelivery
from bot.sandbox.slack.forms import NotOnScreen
from bot.sandbox.slack.state import Post, View

Json = dict[str, Any]
Wanted = Mapping[str, Any]


class NotPossible(Exception):
    """The act is not possible; the text says why."""


def act(world: DemoWorld, person: str, wanted: Wanted) -> Json:
    """Do what this person does and say what Slack itself says to it, if anything. Raises `NotPossible`."""
    name = str(wanted.get("act"))
    if person not in {role.id for role in ROLES} or name not in ACTS:
        raise NotPossible("there is no such person or act")
    try:
        delivery = ACTS[name](world, person, wanted)
    except (NotOnScreen, KeyError, ValueError, TypeError) as trouble:
        raise NotPossible(str(trouble)) from trouble
    return {"notice": delivery.notice if delivery else ""}


def _say(world: DemoWorld, person: str, wanted: Wanted) -> SlackDelivery | None:
    text, channel = str(wanted["text"]).strip(), str(wanted["channel"])
    if not text:
        raise NotPossible("there is nothing to send")
    command = world.bot.context.settings.command_name
    if text.split()[0] == command:
        return world.slack.type_command(person, channel, text)
    if text.startswith("/"):
        raise NotPossible(f"{text.split()[0]} is not a valid command. The bot's is {command}.")
    world.slack.say(person, channel, text)
    return None


def _click(world: DemoWorld, person: str, wanted: Wanted) -> SlackDelivery | None:
    value = wanted.get("value")
    typed = dict(wanted.get("typed") or {})
    return world.slack.click(person, _where(world, person, wanted), str(wanted["action"]), value=value, typed=typed)


def _choose(world: DemoWorld, person: str, wanted: Wanted) -> SlackDelivery | None:
    return world.slack.choose(person, _where(world, person, wanted), str(wanted["action"]), str(wanted["value"]))


def _submit(world: DemoWorld, person: str, wanted: Wanted) -> SlackDelivery | None:
    return world.slack.submit(_view(world, person, wanted), dict(wanted.get("typed") or {}))


def _close(world: DemoWorld, person: str, wanted: Wanted) -> SlackDelivery | None:
    return world.slack.close(_view(world, person, wanted))


def _home(world: DemoWorld, person: str, wanted: Wanted) -> SlackDelivery | None:
    return world.slack.open_home(person)


def _shortcut(world: DemoWorld, person: str, wanted: Wanted) -> SlackDelivery | None:
    post = _where(world, person, wanted)
    if not isinstance(post, Post):
        raise NotPossible("a shortcut is used on a message")
    return world.slack.shortcut(person, post, str(wanted["callback"]))


def _reload(world: DemoWorld, person: str, wanted: Wanted) -> SlackDelivery | None:
    world.slack.reload(person)
    return None


def _switch(world: DemoWorld, person: str, wanted: Wanted) -> SlackDelivery | None:
    world.fincart.turn(Switch(wanted["switch"]), bool(wanted["on"]), str(wanted.get("order") or ""))
    return None


def _move(world: DemoWorld, person: str, wanted: Wanted) -> SlackDelivery | None:
    world.fincart.move(str(wanted["order"]), "Processing", "Picked Up")
    return None


ACTS: Mapping[str, Callable[[DemoWorld, str, Wanted], SlackDelivery | None]] = {
    "say": _say,
    "click": _click,
    "choose": _choose,
    "submit": _submit,
    "close": _close,
    "home": _home,
    "shortcut": _shortcut,
    "reload": _reload,
    "switch": _switch,
    "move": _move,
}


def _where(world: DemoWorld, person: str, wanted: Wanted) -> Post | View:
    if wanted.get("view"):
        return _view(world, person, wanted)
    with world.slack.core.condition:
        return world.slack.state.posts[str(wanted["ts"])]


def _view(world: DemoWorld, person: str, wanted: Wanted) -> View:
    with world.slack.core.condition:
        view = world.slack.state.views[str(wanted["view"])]
    if view.user != person:
        raise NotPossible("that view is somebody else's")
    return view
