"""Leaves out lines that only repeat what the log has said lately, so that an hour's outage is some dozen lines."""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from storage.enums import HoldKind
from storage.log_events import LogEvent

FIRST_PAUSE, LONGEST_PAUSE = 10.0, 600.0
"""Seconds until a repeated line is written again: doubled each time, until it stays away for as long."""

_REPEATED = frozenset(
    {
        LogEvent.DATABASE_AWAY,
        LogEvent.DELIVERY_NOT_RECORDED,
        LogEvent.DELIVERY_UNKNOWN,
        LogEvent.FORBIDDEN_ONCE,
        LogEvent.MESSAGE_SIMPLIFIED,
        LogEvent.SOCKET_MODE_FAILED,
    }
)
"""Events that last: whoever meets the same condition says so again. So do faults and lines of libraries, each from its
own place. Of any other event each is written."""


@dataclass(slots=True)
class _Repeat:
    next_at: float
    pause: float
    left_out: int = 0


class LogThrottle(logging.Filter):
    """Passes a line of one kind, then the next of its kind only after a growing pause, as `left_out` with the number of
    those between. Thread-safe."""

    def __init__(self, uptime: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._uptime = uptime
        self._lock = threading.Lock()
        self._repeats: dict[Hashable, _Repeat] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write this line."""
        kind = _kind(record)
        if kind is None:
            return True
        now = self._uptime()
        with self._lock:
            last = self._repeats.get(kind)
            if last is not None and now < last.next_at:
                last.left_out += 1
                return False
            goes_on = last is not None and now < last.next_at + last.pause
            pause = min(LONGEST_PAUSE, 2 * last.pause) if last is not None and goes_on else FIRST_PAUSE
            self._repeats[kind] = _Repeat(now + pause, pause)
        if last is not None and last.left_out:
            record.left_out = last.left_out
        return True


def _kind(record: logging.LogRecord) -> Hashable:
    """What repeats; None if each line counts."""
    event: LogEvent | None = getattr(record, "event", None)
    if event is not None and event is not LogEvent.FAULT:
        if event in _REPEATED:
            # In the same words: that an answer is not recorded yet is not said by a lane that waits.
            return event, record.msg
        # Fincart may limit the rate every second.
        is_rate = record.__dict__["fields"].get("hold") == HoldKind.RATE_LIMIT
        return (event, HoldKind.RATE_LIMIT) if is_rate else None
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    raised = (trace.tb_frame.f_code, trace.tb_lineno) if trace is not None else None
    return record.pathname, record.lineno, raised
