"""The stand-in Fincart's faults, and the replies that a shell carries out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Endpoint(StrEnum):
    """The two calls that Fincart documents for this bot."""

    CANCEL = "cancel"
    LOGS = "logs"


class FaultKind(StrEnum):
    """How a call fails. `Applied` says what it changes despite the failure."""

    FORBIDDEN = "forbidden"  # 403 in the documented words
    BAD_ID = "bad_id"  # 400 that blames one id
    RATE_LIMITED = "rate_limited"  # 429, with Retry-After where the fault has one
    SERVER_ERROR = "server_error"  # 500, with Retry-After where the fault has one
    NOT_FOUND = "not_found"  # 404 in Fincart's error body, whether or not there is such an order
    SLOW = "slow"  # the ordinary answer, after `seconds`
    HANG = "hang"  # no answer until released
    DROP = "drop"  # the connection is closed without an answer
    GARBAGE = "garbage"  # 200 with a body that is no JSON
    GATEWAY_PAGE = "gateway_page"  # 200 with an HTML page, as from a wrong address
    REDIRECT = "redirect"  # 302
    SAYS_FAILURE = "says_failure"  # 200 whose data.status is "failed"
    SAYS_SUCCESS = "says_success"  # the documented 200, whatever was applied: silently skips what is not pending
    NO_CONNECTION = "no_connection"  # refused before a byte was read; over real HTTP it can only be a drop


class Applied(StrEnum):
    """Which pending orders of the call are cancelled although the call goes wrong."""

    NONE = "none"
    ALL = "all"
    REST = "rest"  # all but the fault's own order
    FIRST_HALF = "first_half"  # the first half of the call, rounded down


class IdPolicy(StrEnum):
    """What a cancel call does with an id that is unknown or not pending. Fincart does not say."""

    REFUSE_CALL = "refuse_call"  # 400, nothing is applied
    REFUSE_AFTER_REST = "refuse_after_rest"  # 400, and the others are cancelled
    SKIP = "skip"  # 200, and the id is silently skipped


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. It strikes calls of its endpoint that carry its order (any, if None), `times` times (for ever, if
    None). `seconds` is SLOW's delay, `retry_after` the header's value as written."""

    kind: FaultKind
    endpoint: Endpoint = Endpoint.CANCEL
    order_id: str | None = None
    applied: Applied = Applied.NONE
    times: int | None = 1
    retry_after: str | None = None
    seconds: float = 0.0

    def meets(self, endpoint: Endpoint, ids: tuple[str, ...]) -> bool:
        """Tell whether this fault strikes such a call."""
        return self.endpoint is endpoint and (self.order_id is None or self.order_id in ids)


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer without a socket."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class AnswerDelivery(StrEnum):
    """What the shell does with the response."""

    SEND = "send"
    HANG = "hang"  # send it only once released
    DROP = "drop"
    NO_CONNECTION = "no_connection"


@dataclass(frozen=True, slots=True)
class FaultReply:
    """The stand-in's whole reaction to a call: its response, after `delay` seconds, and how it is delivered.
    `release` numbers a hang, for `FincartStandIn.wait_for_release`."""

    response: Response
    delivery: AnswerDelivery = AnswerDelivery.SEND
    delay: float = 0.0
    release: int = 0


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """What a call asks for, and of which orders."""

    method: str
    path: str
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceivedCall:
    """One call as Fincart received it and what it changed. `wrong` names what was against the documentation;
    `answer` is the HTTP status, or the way in which no answer was given: a 200 without Fincart's body is none."""

    number: int
    at: str
    method: str
    path: str
    ids: tuple[str, ...]
    answer: str
    applied: tuple[str, ...]
    wrong: str | None = None
