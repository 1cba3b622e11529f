"""Names the lines of the log, and says what each is about.

docs/operations/log.md says what each name means and what to do about it; a test holds both together.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Any


class LogEvent(StrEnum):
    """The `event` of a line. Those of the history are named as their `EventKind` is."""

    REQUEST_MADE = "request_made"
    REQUEST_REFUSED = "request_refused"
    CLICK_REFUSED = "click_refused"
    ASKED_FOR_APPROVAL = "asked_for_approval"
    APPROVED = "approved"
    DECLINED = "declined"
    WENT_AHEAD = "went_ahead"
    EMERGENCY = "emergency"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    RUN_STARTED = "run_started"
    STOPPED = "stopped"
    FINISHED = "finished"
    CORRECTED = "corrected"
    HELD = "held"
    HOLD_ENDED = "hold_ended"

    CALL_INDETERMINATE = "call_indeterminate"
    FORBIDDEN_ONCE = "forbidden_once"
    MESSAGE_GIVEN_UP = "message_given_up"
    MESSAGE_MOVED = "message_moved"
    MESSAGE_SIMPLIFIED = "message_simplified"
    DIGEST_NOT_SENT = "digest_not_sent"
    SLACK_CALL_FAILED = "slack_call_failed"
    SOCKET_MODE_CONNECTED = "socket_mode_connected"
    SOCKET_MODE_LOST = "socket_mode_lost"
    SOCKET_MODE_SHARED = "socket_mode_shared"
    SOCKET_MODE_FAILED = "socket_mode_failed"
    DELIVERY_REJECTED = "delivery_rejected"
    DELIVERY_NOT_RECORDED = "delivery_not_recorded"
    DELIVERY_UNKNOWN = "delivery_unknown"
    DATABASE_AWAY = "database_away"
    DATABASE_BACK = "database_back"
    HEAD_NOT_WRITTEN = "head_not_written"
    SECRET_CHANGED = "secret_changed"
    SECRET_UNUSABLE = "secret_unusable"
    PROCESS_STARTING = "process_starting"
    PROCESS_STARTED = "process_started"
    PROCESS_STOPPING = "process_stopping"
    PROCESS_STOPPED = "process_stopped"
    FAULT = "fault"


_CONTEXT: ContextVar[Mapping[str, Any] | None] = ContextVar("log_context", default=None)


def about(event: LogEvent, **fields: object) -> dict[str, Any]:
    """The `extra` of a log call: the line's event, and its fields beside it. Never what a person typed."""
    return {"event": event, "fields": fields}


@contextmanager
def log_context(**fields: object) -> Iterator[None]:
    """Give these fields to every line that this thread logs in the block."""
    token = _CONTEXT.set({**current_context(), **fields})
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def current_context() -> Mapping[str, Any]:
    """The fields of the blocks around."""
    return _CONTEXT.get() or {}
