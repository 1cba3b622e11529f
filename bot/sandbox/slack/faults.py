"""The stand-in Slack's faults, and the log of every call it received."""

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class SlackError(Exception):
    """The call is refused: Slack would answer `ok: false` with this code."""

    def __init__(self, code: str, **extra: object) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra


class ConnectionDropped(Exception):
    """The connection closes without an answer; over HTTP it really does."""


class NoAnswer(Exception):
    """No answer ever comes; over HTTP the request hangs until the faults are healed or the shell stops.

    `healed` is how often they had been healed when it began to hang."""

    def __init__(self, healed: int) -> None:
        super().__init__("no answer")
        self.healed = healed


class SlackFaultKind(StrEnum):
    """What goes wrong."""

    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    NOT_FOUND = "not_found"
    HANG = "hang"
    DROP = "drop"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class SlackFault:
    """One way to fail. `applied` faults do the work first and lose the answer; `error` is the code of `ERROR`."""

    kind: SlackFaultKind
    applied: bool = False
    retry_after: int = 1
    error: str = "internal_error"


@dataclass(frozen=True, slots=True)
class Call:
    """One call received. `outcome` is "ok", an error code, or the kind of fault that struck."""

    method: str
    params: Json
    at: float
    status: int
    outcome: str


@dataclass(slots=True)
class _Planned:
    method: str
    fault: SlackFault
    left: int | None


@dataclass(slots=True)
class Faults:
    """Which calls fail next. Methods are Web API names, `response_url`, `upload`, `download`, or `*` for all."""

    planned: list[_Planned] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    healed: int = 0

    def add(self, method: str, fault: SlackFault, times: int | None = 1) -> None:
        """Let the next `times` calls of the method fail; None is until cleared. Plans strike in order."""
        self.planned.append(_Planned(method, fault, times))

    def clear(self, method: str | None = None) -> None:
        """Forget the plans for the method, or all of them; releases hanging calls."""
        self.healed += 1
        self.planned = [] if method is None else [plan for plan in self.planned if plan.method != method]

    def take(self, method: str) -> SlackFault | None:
        """The fault that strikes this call, if any."""
        for plan in self.planned:
            if plan.method in (method, "*"):
                if plan.left is not None:
                    plan.left -= 1
                    if plan.left <= 0:
                        self.planned.remove(plan)
                self.struck[plan.fault.kind] += 1
                return plan.fault
        return None

    def interrupt(self, fault: SlackFault | None) -> None:
        """Raise if the fault leaves the caller without an answer."""
        if fault and fault.kind is SlackFaultKind.HANG:
            raise NoAnswer(self.healed)
        if fault and fault.kind is SlackFaultKind.DROP:
            raise ConnectionDropped


@dataclass(slots=True)
class CallLog:
    """The last calls in full, and how many there were of each method ever."""

    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=20_000))
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, call: Call) -> None:
        """Note one call."""
        self.calls.append(call)
        self.counts[call.method] += 1
