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
    SHOW_ALL = "show_all"
    SHOW_NEXT = "show_next"
    SHOW_PREVIOUS = "show_previous"
    ASK_APPROVAL = "ask_approval"
    EMERGENCY = "emergency"
    APPROVE = "approve"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    REMIND = "remind"
    STOP = "stop"
    PAUSE = "pause"
    GO_ON = "go_on"
    UNDO = "undo"
    CHECK_AGAIN = "check_again"
    RETRY = "retry"
    LEAVE_OUT = "leave_out"
    INCLUDE = "include"


@dataclass(frozen=True, slots=True)
class ActionValue:
    """What a button about one request carries: its id and, by the action, the revision seen or the page wanted."""

    public_id: str
    number: int


_VALUE = re.compile(r"(R-[0-9A-HJKMNP-TV-Z]{6}):([0-9]{1,9})")


def request_value(public_id: str, number: int) -> str:
    """A button's value: `R-7K3F9Q:3`. Facts come from the database, never from a button."""
    return f"{public_id}:{number}"


def read_request_value(value: str) -> ActionValue | None:
    """What `request_value` wrote, or None for anything else (a hand-made payload, another version's button)."""
    match = _VALUE.fullmatch(value)
    return ActionValue(match[1], int(match[2])) if match else None


@dataclass(frozen=True, slots=True)
class Turned:
    """What a button under a page of history carries: which message, and from where on the other page runs."""

    message_id: int
    way: str
    """`before` or `after`."""
    seq: int

    def cursor(self) -> dict[str, int]:
        """The place in history as the message's facts keep it."""
        return {self.way: self.seq}


_PAGE = re.compile(r"([0-9]{1,18}):(before|after):([0-9]{1,18})")


def page_value(message_id: int, way: str, seq: int | None) -> str:
    """The value of a button that turns or shares a page: `17:before:40`."""
    return f"{message_id}:{way}:{seq}"


def read_page_value(value: str) -> Turned | None:
    """What `page_value` wrote, or None for anything else."""
    match = _PAGE.fullmatch(value)
    return Turned(int(match[1]), match[2], int(match[3])) if match else None
