"""Buttons: each press is stored for the worker, with who pressed what on which message."""

import re
from typing import Any

from slack_bolt import Ack, App

from bot.deliveries.payloads import ButtonPressed
from bot.listeners import actions
from bot.listeners.intake import Body, Intake, identity, team_of
from bot.messages.actions import Action
from bot.messages.answers import button_not_known
from bot.messages.message import Message

_ANY = re.compile(r"[\s\S]*")


def listen(app: App, intake: Intake) -> None:
    """Handle every button there is, and those of older versions."""

    @app.action(_ANY)
    def pressed(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        action = body["actions"][0]
        if action.get("action_id") not in set(Action):
            intake.respond(body.get("response_url"), button_not_known())
        elif trouble := _keep(intake, body, action):
            intake.respond(body.get("response_url"), trouble)


def _keep(intake: Intake, body: Body, action: Body) -> Message | None:
    """A message: what the press was for could not be recorded."""
    press, same = _read(body, action), _identity(body, action)
    opened = actions.open_first(intake, body, press, same)
    kept = opened or intake.keep(press.incoming(same, body.get("response_url")))
    return kept if isinstance(kept, Message) else None


def _identity(body: Body, action: Body) -> tuple[str, ...]:
    value = str(action.get("value") or "")
    return identity(body, str(body["user"]["id"]), action["action_id"], value, action.get("action_ts") or "")


def _read(body: Body, action: Body) -> ButtonPressed:
    container = body.get("container") or {}
    ephemeral = bool(container.get("is_ephemeral", "message" not in body and "view" not in body))
    return ButtonPressed(
        team=team_of(body),
        user=str(body["user"]["id"]),
        channel=(body.get("channel") or {}).get("id") or container.get("channel_id"),
        action=Action(action["action_id"]),
        value=str(action.get("value") or ""),
        ephemeral=ephemeral,
        message_ts=None if ephemeral else _posted_as(container),
        on_home_tab=(body.get("view") or {}).get("type") == "home",
    )


def _posted_as(container: Body) -> str | None:
    """Slack's name of the message that was pressed, where it stands in a channel by itself."""
    ts, thread_ts = container.get("message_ts"), container.get("thread_ts")
    return ts if thread_ts in (None, ts) else None
