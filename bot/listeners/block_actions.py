"""Buttons: stores each click for the worker, with who clicked what on which message."""

import re
from typing import Any

from slack_bolt import Ack, App

from bot.deliveries.payloads import BlockAction, ReportFileAsked
from bot.listeners import confirm_modal
from bot.listeners.intake import Body, Intake, identity, team_of
from bot.messages.actions import Action, read_message_value
from bot.messages.answers import button_not_known
from bot.messages.message import Message

_ANY = re.compile(r"[\s\S]*")


def listen(app: App, intake: Intake) -> None:
    """Handle every button, those of older versions included."""

    @app.action(_ANY)
    def button_clicked(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        action = body["actions"][0]
        if action.get("action_id") not in set(Action):
            intake.respond(body.get("response_url"), button_not_known())
        elif trouble := _keep(intake, body, action):
            intake.respond(body.get("response_url"), trouble)


def _keep(intake: Intake, body: Body, action: Body) -> Message | None:
    """Store the click. Returns a message if it could not be recorded."""
    block_action, same = _read(body, action), _identity(body, action)
    if block_action.action is Action.REPORT_CSV:
        message_id = read_message_value(block_action.value) or 0
        asked = ReportFileAsked(
            user=block_action.user, team=block_action.team, channel=block_action.channel, message_id=message_id
        )
        result = intake.keep(asked.incoming(same, body.get("response_url")))
        return result if isinstance(result, Message) else None
    opened = confirm_modal.open_first(intake, body, block_action, same)
    result = opened or intake.keep(block_action.incoming(same, body.get("response_url")))
    return result if isinstance(result, Message) else None


def _identity(body: Body, action: Body) -> tuple[str, ...]:
    value = str(action.get("value") or "")
    return identity(body, str(body["user"]["id"]), action["action_id"], value, action.get("action_ts") or "")


def _read(body: Body, action: Body) -> BlockAction:
    container = body.get("container") or {}
    ephemeral = bool(container.get("is_ephemeral", "message" not in body and "view" not in body))
    return BlockAction(
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
    """Return the `ts` of the clicked message if it is a channel message of its own."""
    ts, thread_ts = container.get("message_ts"), container.get("thread_ts")
    return ts if thread_ts in (None, ts) else None
