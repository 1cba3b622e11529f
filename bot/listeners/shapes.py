"""PURE: a delivery's body as what it says, and whether it has what its kind must have: nothing further in has to
read it again, or to doubt it."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl


class Flaw(StrEnum):
    """What is wrong with a well-signed delivery."""

    UNREADABLE = "unreadable"
    """None of the shapes in which Slack delivers."""
    INCOMPLETE = "incomplete"
    """One of them, and it lacks what its kind must have: nobody can handle it."""


def read(body: bytes, content_type: str) -> dict[str, Any] | Flaw:
    """The command, payload or event that a body says, if it is whole. Anything at all may come."""
    try:
        text = body.decode()
        if "json" in content_type:
            event = json.loads(text)
            if not isinstance(event, dict):
                return Flaw.UNREADABLE
            return event if _is_whole_event(event) else Flaw.INCOMPLETE
        fields: dict[str, Any] = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
        if "payload" in fields:
            payload = json.loads(fields["payload"])
            if not isinstance(payload, dict) or "type" not in payload:
                return Flaw.UNREADABLE
            return payload if is_whole(payload) else Flaw.INCOMPLETE
        is_command = fields.keys() >= {"command", "user_id", "channel_id"} or "ssl_check" in fields
        return fields if is_command else Flaw.UNREADABLE
    except (ValueError, RecursionError):
        return Flaw.UNREADABLE


def is_whole(payload: Mapping[str, Any]) -> bool:
    """Whether an interactive payload says who did what: its type, a person, and what the type is about."""
    if not isinstance(payload.get("type"), str) or not _names_a_person(payload.get("user")):
        return False
    match payload["type"]:
        case "block_actions":
            actions = payload.get("actions")
            return isinstance(actions, list) and bool(actions) and all(_is_action(each) for each in actions)
        case "view_submission" | "view_closed":
            return isinstance(payload.get("view"), dict) and isinstance(payload["view"].get("callback_id"), str)
        case "message_action":
            return isinstance(payload.get("callback_id"), str) and isinstance(payload.get("channel"), dict)
        case _:
            return True


def _is_whole_event(body: Mapping[str, Any]) -> bool:
    if body.get("type") != "event_callback":
        return True
    event = body.get("event")
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        return False
    return event["type"] != "app_home_opened" or isinstance(event.get("user"), str)


def _names_a_person(user: object) -> bool:
    return isinstance(user, dict) and isinstance(user.get("id"), str) and bool(user["id"])


def _is_action(action: object) -> bool:
    return isinstance(action, dict) and isinstance(action.get("action_id"), str)
