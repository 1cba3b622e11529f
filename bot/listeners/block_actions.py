"""Buttons: each press is kept for the worker with who pressed what on which message."""

import re
from typing import Any

from slack_bolt import Ack, App

from bot.listeners import actions
from bot.listeners.intake import Body, Intake, identity, team_of
from bot.messages.actions import Action
from bot.messages.answers import button_not_known
from bot.messages.message import Message
from bot.worker.inbox import CLICK
from storage.deliveries import Incoming

_ANY = re.compile(r"[\s\S]*")


def listen(app: App, intake: Intake) -> None:
    """Handle every button there is, and those of older versions."""

    @app.action(_ANY)
    def pressed(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        action = body["actions"][0]
        if action.get("action_id") not in set(Action):
            intake.respond(body.get("response_url"), button_not_known())
        elif trouble := _keep(intake, body, _incoming(body, action)):
            intake.respond(body.get("response_url"), trouble)


def _keep(intake: Intake, body: Body, press: Incoming) -> Message | None:
    """A message: what the press was for could not be recorded."""
    opened = actions.open_first(intake, body, press)
    kept = opened or intake.keep(press)
    return kept if isinstance(kept, Message) else None


def _posted_as(container: Body) -> str | None:
    """Slack's name of the message that was pressed, where it stands in a channel by itself."""
    ts, thread_ts = container.get("message_ts"), container.get("thread_ts")
    return ts if thread_ts in (None, ts) else None


def _incoming(body: Body, action: Body) -> Incoming:
    container = body.get("container") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id")
    user, value = str(body["user"]["id"]), str(action.get("value") or "")
    ephemeral = container.get("is_ephemeral", "message" not in body and "view" not in body)
    return Incoming(
        CLICK,
        identity(body, user, action["action_id"], value, action.get("action_ts") or ""),
        {
            "team": team_of(body),
            "user": user,
            "channel": channel,
            "action": action["action_id"],
            "value": value,
            "ephemeral": bool(ephemeral),
            "message_ts": None if ephemeral else _posted_as(container),
            "on_home_tab": (body.get("view") or {}).get("type") == "home",
        },
        body.get("response_url"),
    )
