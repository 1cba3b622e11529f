"""Calls Fincart; no other module does. Every answer and failure is returned as one of the closed classes of
`bot.domain.outcome.responses`; no HTTP error is raised to the caller.

The calls are those of Fincart's public documentation (*Cancel Orders*, *Get Order Logs*): the header
`Authorization` carries the token alone, without `Bearer`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol
from urllib.parse import quote

import httpx

from bot.domain.outcome.responses import (
    Answer,
    Exchange,
    LogEntry,
    LogKind,
    LogReading,
    classify_cancel,
    classify_log_answer,
    clean,
    date_of,
    error_message,
)
from bot.network import BoundedTransport, Fence, FenceClosedError, distrust
from bot.settings.logging import quiet_libraries
from storage.enums import AnswerKind

__all__ = [
    "Answer",
    "AnswerKind",
    "FincartClient",
    "LogEntry",
    "LogKind",
    "LogReading",
    "Probe",
    "ProbeKind",
]

BODY_LIMIT = 64 * 1024
LOG_BODY_LIMIT = 512 * 1024
_NO_ORDER = "0" * 24
_ALWAYS = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "Content-Type": "application/json",
    "User-Agent": "cancel-orders-bot",
}


class Secret(Protocol):
    """Holds a token that its repr hides, such as pydantic's SecretStr."""

    def get_secret_value(self) -> str:
        """Return the token."""


class ProbeKind(StrEnum):
    """What `check` can say about Fincart without cancelling anything."""

    GOOD = "good"
    TOKEN = "token"  # missing, wrong or without permission
    UNREACHABLE = "unreachable"
    DISTRUSTED = "distrusted"  # its certificate is not accepted here
    PROXY = "proxy"  # the proxy does not let the call through
    DOWN = "down"  # something answers 5xx
    STRANGE = "strange"  # something answers, but not as Fincart documents


@dataclass(frozen=True, slots=True)
class Probe:
    """The result of one harmless call. `words` say what happened, without the token."""

    kind: ProbeKind
    words: str


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """The time limits of calls and the number of connections.

    `timeout_seconds` bounds a whole cancel call, from connecting to the answer's last byte; `log_timeout_seconds`
    bounds a log read likewise. `max_connections` counts cancel calls and log reads together.
    """

    timeout_seconds: float = 20.0
    log_timeout_seconds: float = 3.0
    max_connections: int = 12


class FincartClient:
    """Cancels orders and reads their logs. Safe to share between threads; close it at the end.

    `transport` replaces the network in tests. `now` is the clock for dates in `Retry-After`. `uptime` is the clock for
    `Date`: monotonic, and it counts suspended time.

    Raises ValueError for a token that no HTTP header can carry, and `bot.network.UnusableProxyError`.
    """

    def __init__(
        self,
        base_url: str,
        token: Secret,
        limits: CallLimits | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], datetime] = _utc_now,
        uptime: Callable[[], float] = time.monotonic,
    ) -> None:
        secret = token.get_secret_value()
        if not secret or not secret.isascii() or not secret.isprintable() or secret != secret.strip():
            raise ValueError("the Fincart token must be printable ASCII without spaces around it")
        quiet_libraries()
        self._token = token
        self._limits = limits or CallLimits()
        self._now = now
        self._uptime = uptime
        self.started_at: datetime | None = None
        """Fincart's time when `uptime` was 0, by its last dated answer; None before the first."""
        self.on_answer: Callable[[str, str, float], None] = lambda call, result, seconds: None
        """Called with each call's name, the class of its answer, and how many seconds it took."""
        # The real transport checks the fence itself, just before the bytes leave.
        self._fence_here = transport is not None
        self._base_url = base_url.rstrip("/")
        # Skips httpx's client: its redirects, cookies and URL credentials are unwanted, and cost more time than the
        # call; a preview makes up to a thousand.
        self._transport = transport or BoundedTransport(httpx.URL(base_url), self._limits.max_connections)

    def __repr__(self) -> str:
        return f"FincartClient({self._base_url!r})"

    def close(self) -> None:
        """Close the connections; calls in flight end as indeterminate."""
        self._transport.close()

    def cancel(self, order_ids: Sequence[str], *, fence: Callable[[], bool] | None = None) -> Answer | None:
        """Send one cancel call for these orders and classify its answer. Never raises for the network or Fincart.

        `fence` is checked just before the bytes leave; if it returns False, nothing is sent and the result is None.
        """
        began = time.monotonic()
        answer = self._cancel(order_ids, fence)
        if answer is not None:
            self.on_answer("cancel", answer.kind.name.lower(), time.monotonic() - began)
        return answer

    def read_log(self, order_id: str) -> LogReading:
        """Read one order's log. A failure is returned as a kind of reading, never raised."""
        began = time.monotonic()
        reading = self._read_log(order_id)
        self.on_answer("read_log", reading.kind.name.lower(), time.monotonic() - began)
        return reading

    def _cancel(self, order_ids: Sequence[str], fence: Callable[[], bool] | None) -> Answer | None:
        body = json.dumps({"filters": {"ids": list(order_ids)}}).encode()
        # The one that is sent: its file may change before the answer that may quote it.
        asked, secret = Fence(fence), self._token.get_secret_value()
        try:
            exchange = self._exchange("POST", "/v4/orders/cancel", body, asked, self._limits.timeout_seconds)
        except FenceClosedError:
            return None
        except Exception as error:
            kind = AnswerKind.NOT_APPLIED if _sent_nothing(error, asked) else AnswerKind.INDETERMINATE
            return Answer(kind, None, clean(_words(error, asked)[1], secret))
        return classify_cancel(exchange, secret)

    def _read_log(self, order_id: str) -> LogReading:
        asked, secret = Fence(), self._token.get_secret_value()
        try:
            exchange = self._exchange("GET", _log_path(order_id), None, asked, self._limits.log_timeout_seconds)
        except Exception as error:
            return LogReading(LogKind.UNAVAILABLE, why=clean(_words(error, asked)[1], secret))
        return classify_log_answer(exchange, secret)

    def probe(self) -> Probe:
        """Test the address and token by reading the log of an order that does not exist. Cancels nothing."""
        secret = self._token.get_secret_value()
        asked = Fence()
        try:
            exchange = self._exchange("GET", _log_path(_NO_ORDER), None, asked, self._limits.log_timeout_seconds)
        except Exception as error:
            kind, words = _words(error, asked)
            return Probe(kind, clean(words, secret))
        if classify_cancel(exchange, secret).kind is AnswerKind.TOKEN:
            words = error_message(exchange) or f"Fincart answered HTTP {exchange.status}"
            return Probe(ProbeKind.TOKEN, clean(words, secret))
        reading = classify_log_answer(exchange, secret)
        documented = reading.kind in (LogKind.READ, LogKind.ABSENT) or reading.is_empty
        if documented or (400 <= exchange.status < 500 and error_message(exchange) is not None):
            return Probe(ProbeKind.GOOD, "Fincart answers")
        if reading.kind is LogKind.UNAVAILABLE:
            return Probe(ProbeKind.DOWN, reading.why)
        return Probe(ProbeKind.STRANGE, reading.why)

    def _exchange(self, method: str, path: str, body: bytes | None, fence: Fence, seconds: float) -> Exchange:
        request = httpx.Request(
            method,
            self._base_url + path,
            headers=_ALWAYS | {"Authorization": self._token.get_secret_value()},
            content=body,
            extensions={"timeout": httpx.Timeout(seconds).as_dict(), "trace": fence.trace},
        )
        if self._fence_here:
            fence.pass_through()
        began = self._uptime()
        response = self._transport.handle_request(request)
        try:
            received_at, took = self._now(), self._uptime() - began
            content = _content(response, BODY_LIMIT if method == "POST" else LOG_BODY_LIMIT)
        finally:
            response.close()
        exchange = Exchange(response.status_code, response.headers, content, received_at, took)
        date = date_of(exchange)
        if date is not None:
            self.started_at = date - timedelta(seconds=began + took)
        return exchange


def _content(response: httpx.Response, limit: int) -> bytes | None:
    """Return the body, or None if it is cut off, longer than `limit` or past the deadline. Never raises: the status has
    arrived, and some statuses need no body."""
    content = bytearray()
    try:
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > limit:
                return None
    except (httpx.HTTPError, httpx.StreamError):
        return None
    return bytes(content)


def _sent_nothing(error: Exception, fence: Fence) -> bool:
    """Whether the failed call certainly sent nothing. A kept-alive connection closed while we wrote does not count."""
    return not fence.passed or isinstance(error, httpx.PoolTimeout | httpx.ConnectTimeout | httpx.ConnectError)


def _words(error: Exception, fence: Fence) -> tuple[ProbeKind, str]:
    """Word an exception of the transport without a proxy's credentials."""
    if isinstance(error, httpx.ProxyError) and not fence.passed:
        return ProbeKind.PROXY, f"the proxy does not connect to Fincart: {error}"
    if why := distrust(error):
        return ProbeKind.DISTRUSTED, f"Fincart's certificate is not trusted here: {why}"
    if isinstance(error, httpx.PoolTimeout):
        words = "no connection to Fincart was free in time"
    elif isinstance(error, httpx.ConnectTimeout):
        words = "Fincart could not be connected to in time"
    elif isinstance(error, httpx.ConnectError):
        words = f"Fincart could not be connected to: {error}"
    elif isinstance(error, httpx.TimeoutException):
        words = "Fincart did not answer in time" if fence.passed else "Fincart could not be connected to in time"
    elif fence.passed:
        words = "the connection to Fincart broke off before its answer came"
    else:
        words = "the connection to Fincart broke off before anything was sent"
    return ProbeKind.UNREACHABLE, words


def _log_path(order_id: str) -> str:
    # Quotes dots too: clients and servers resolve a path of `..`.
    return f"/v4/orders/{quote(order_id, safe='').replace('.', '%2E')}/logs"
