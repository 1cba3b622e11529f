"""PURE: the closed set of the buttons that can be pressed, and what a button carries."""

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
    SHARE_REPORT = "report_share"
    REPORT_CSV = "report_csv"
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
    """The value of a button about one request: its id, and the revision it shows or the page to show."""

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
    """A paging button's value: the message, and where the page starts."""

    message_id: int
    before: int | None
    after: int | None


def read_message_value(value: str) -> int | None:
    """The message that a button under a report is about; None for anything else."""
    return int(value) if _MESSAGE.fullmatch(value) else None


_MESSAGE = re.compile(r"[0-9]{1,18}")
_PAGE = re.compile(r"([0-9]{1,18}):(before|after):([0-9]{1,18})")


def page_value(message_id: int, way: str, seq: int | None) -> str:
    """The value of a button that turns or shares a page: `17:before:40`."""
    return f"{message_id}:{way}:{seq}"


def read_page_value(value: str) -> Turned | None:
    """What `page_value` wrote, or None for anything else."""
    match = _PAGE.fullmatch(value)
    if match is None:
        return None
    seq, is_older = int(match[3]), match[2] == "before"
    return Turned(int(match[1]), before=seq if is_older else None, after=None if is_older else seq)
