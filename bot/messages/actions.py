"""PURE: the closed set of what can be pressed, and what a button carries."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """The `action_id` of every button the bot sends. Old messages keep theirs: never rename one."""

    GO_AHEAD = "go_ahead"
    KEEP = "keep"
    OLDER = "history_older"
    NEWER = "history_newer"
    SHARE = "history_share"
    SHOW_NEXT = "show_next"
    SHOW_PREVIOUS = "show_previous"


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a button about one request carries: its id and, by the action, the revision seen or the page wanted."""

    public_id: str
    number: int


_VALUE = re.compile(r"(R-[0-9A-HJKMNP-TV-Z]{6}):([0-9]{1,9})")


def request_value(public_id: str, number: int) -> str:
    """A button's value: `R-7K3F9Q:3`. Facts come from the database, never from a button."""
    return f"{public_id}:{number}"


def read_request_value(value: str) -> Pressed | None:
    """What `request_value` wrote, or None for anything else (a hand-made payload, another version's button)."""
    match = _VALUE.fullmatch(value)
    return Pressed(match[1], int(match[2])) if match else None
