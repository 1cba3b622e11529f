"""PURE: parses a delivery's body and validates it for its kind, so that no later code has to."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

_EACH = "*"
"""Stands for every key."""

_FIELD = {
    "value": str,
    "selected_option": {"value": str},
    "files": [{"id": str, "name": str, "url_private": str, "url_private_download": str}],
}
_PARTS: Mapping[str, Any] = {
    "enterprise": {"id": str},
    "team": {"id": str},
    "user": {"id": str},
    "channel": {"id": str},
    "container": {"channel_id": str, "message_ts": str, "thread_ts": str},
    "message": {},
    "trigger_id": str,
    "response_url": str,
    "actions": [{"action_id": str, "value": str, "action_ts": str}],
    "event": {},
    "view": {
        "id": str,
        "type": str,
        "callback_id": str,
        "private_metadata": str,
        "blocks": [{}],
        "state": {"values": {_EACH: {_EACH: _FIELD}}},
    },
}
"""The types of the payload fields that we or Bolt read, checked unless absent or null."""


class Flaw(StrEnum):
    """Why a well-signed delivery is invalid."""

    UNREADABLE = "unreadable"
    """In none of the forms in which Slack delivers."""
    INCOMPLETE = "incomplete"
    """In a known form, but without what its kind must have."""


def read(body: bytes, content_type: str) -> dict[str, Any] | Flaw:
    """Parse any body into its command, payload or event; return a `Flaw` if it is incomplete."""
    try:
        text = body.decode()
        if "json" in content_type:
            return _whole(json.loads(text))
        fields: dict[str, Any] = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
        if "payload" in fields:
            payload = json.loads(fields["payload"])
            return _whole(payload) if "type" in payload else Flaw.UNREADABLE
        is_command = fields.keys() >= {"command", "user_id", "channel_id"} or "ssl_check" in fields
        return fields if is_command else Flaw.UNREADABLE
    except (ValueError, TypeError, RecursionError):
        return Flaw.UNREADABLE


def _whole(delivered: object) -> dict[str, Any] | Flaw:
    if not isinstance(delivered, dict):
        return Flaw.UNREADABLE
    return delivered if _is_whole(delivered) else Flaw.INCOMPLETE


def _is_whole(body: Mapping[str, Any]) -> bool:
    """Tell whether it has its type, its person if any, and the fields of that type."""
    return _is_text(body) and _fits(body, _PARTS) and _has_what_it_is_about(body)


def _has_what_it_is_about(body: Mapping[str, Any]) -> bool:
    match body.get("type"):
        case "event_callback":
            event = body.get("event")
            if not isinstance(event, dict) or not isinstance(event.get("type"), str):
                return False
            if not isinstance(event.get("channel"), str | dict | None):
                return False
            return event["type"] != "app_home_opened" or isinstance(event.get("user"), str)
        case "block_actions":
            actions = body.get("actions")
            return _names_a_person(body) and bool(actions) and all("action_id" in each for each in actions or ())
        case "view_submission" | "view_closed":
            return (
                _fits(body.get("response_urls", []), [{}])
                and _names_a_person(body)
                and bool((body.get("view") or {}).get("callback_id"))
            )
        case "message_action":
            return _names_a_person(body) and bool(body.get("callback_id")) and bool(body.get("channel"))
        case "shortcut":
            return _names_a_person(body) and bool(body.get("callback_id"))
        case _:
            return True


def _names_a_person(body: Mapping[str, Any]) -> bool:
    return bool((body.get("user") or {}).get("id"))


def _fits(value: object, expected: Any) -> bool:
    if isinstance(expected, type):
        return isinstance(value, expected)
    if isinstance(expected, list):
        return isinstance(value, list) and all(_fits(each, expected[0]) for each in value)
    if not isinstance(value, dict):
        return False
    if _EACH in expected:
        return all(_fits(each, expected[_EACH]) for each in value.values())
    return all(value.get(key) is None or _fits(value[key], part) for key, part in expected.items())


def _is_text(body: Mapping[str, Any]) -> bool:
    """Tell whether it is free of lone surrogates, which no database stores."""
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except ValueError:
        return False
    return True
