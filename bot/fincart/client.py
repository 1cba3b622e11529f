"""The only thing that talks to Fincart. Every answer and every failure comes back as one of the closed
classes of `bot.domain.outcome.responses`; no HTTP error is ever raised to the caller.

The calls are those of Fincart's public documentation (*Cancel Orders*, *Get Order Logs*): the header
`Authorization` carries the token alone, without `Bearer`.
"""

from __future__ import annotations

import json
import logging
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
    """Something that hides a token and gives it only when asked, such as pydantic's SecretStr."""

    def get_secret_value(self) -> str:
        """The token itself."""


class ProbeKind(StrEnum):
    """What `check` can say about Fincart without cancelling anything."""

    GOOD = "good"
    TOKEN = "token"  # missing, wrong or may not do this
    UNREACHABLE = "unreachable"
    DISTRUSTED = "distrusted"  # its certificate is not accepted here
    PROXY = "proxy"  # the proxy does not let the call through
    STRANGE = "strange"  # something answers there, and it does not speak like Fincart


@dataclass(frozen=True, slots=True)
class Probe:
    """The result of one harmless call. `words` say what was met, without the token."""

    kind: ProbeKind
    words: str


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long calls may take, and how many connections they may use at once.

    `timeout_seconds` bounds a whole cancel call, from the first attempt to connect to the last byte of the answer;
    `log_timeout_seconds` likewise a log read. `max_connections` are those of cancel calls and log reads together.
    """

    timeout_seconds: float = 20.0
    log_timeout_seconds: float = 3.0
    max_connections: int = 12


class FincartClient:
    """Cancels orders and reads their logs. Safe to share between threads; close it at the end.

    `transport` replaces the network, for tests; `now` is the clock against which a date in `Retry-After` is held, and
    `uptime` the one for `Date`: it is never set, and goes on while we sleep.

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
        # Its lines at DEBUG carry addresses and headers.
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        self._token = token
        self._limits = limits or CallLimits()
        self._now = now
        self._uptime = uptime
        self.started_at: datetime | None = None
        """Fincart's time when `uptime` was 0, as its last answer told that did; None before any has."""
        # The network's own transport asks the fence itself, later and closer to the bytes.
        self._fence_here = transport is not None
        self._base_url = base_url.rstrip("/")
        self._headers = httpx.Headers(_ALWAYS | {"Authorization": secret})
        # Without httpx's client above it: of redirects, cookies and sign-in by URL none is wanted here, and they take
        # longer than the call; a preview makes up to a thousand.
        self._transport = transport or BoundedTransport(httpx.URL(base_url), self._limits.max_connections)

    def __repr__(self) -> str:
        return f"FincartClient({self._base_url!r})"

    def close(self) -> None:
        """Close the connections; calls in flight end as indeterminate."""
        self._transport.close()

    def cancel(self, order_ids: Sequence[str], *, fence: Callable[[], bool] | None = None) -> Answer | None:
        """Send one cancel call for these orders and say what it came to. Never raises for anything that the
        network or Fincart does.

        `fence` is asked at the last moment before bytes are handed over; when it answers False nothing is
        sent and the result is None.
        """
        body = json.dumps({"filters": {"ids": list(order_ids)}}).encode()
        asked = Fence(fence)
        try:
            exchange = self._exchange("POST", "/v4/orders/cancel", body, asked, self._limits.timeout_seconds)
        except FenceClosedError:
            return None
        except Exception as error:
            kind = AnswerKind.NOT_APPLIED if _sent_nothing(error, asked) else AnswerKind.INDETERMINATE
            return Answer(kind, None, clean(_words(error, asked)[1], self._token.get_secret_value()))
        return classify_cancel(exchange, self._token.get_secret_value())

    def read_log(self, order_id: str) -> LogReading:
        """Read one order's log. Whatever stands in the way is told by its kind, never by an exception."""
        asked = Fence()
        try:
            exchange = self._exchange("GET", _log_path(order_id), None, asked, self._limits.log_timeout_seconds)
        except Exception as error:
            words = clean(_words(error, asked)[1], self._token.get_secret_value())
            return LogReading(LogKind.UNAVAILABLE, why=words)
        return classify_log_answer(exchange, self._token.get_secret_value())

    def probe(self) -> Probe:
        """Try address and token with a log read of an order that does not exist. Cancels nothing."""
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
        return Probe(ProbeKind.STRANGE, reading.why)

    def _exchange(self, method: str, path: str, body: bytes | None, fence: Fence, seconds: float) -> Exchange:
        request = httpx.Request(
            method,
            self._base_url + path,
            headers=self._headers,
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
    """The body, or None when it is cut off, longer than `limit` or slower than the call may last. The
    status line has arrived by then, and some statuses speak for themselves."""
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
    """Whether the call that failed so has done nothing for certain: only what fails before the first byte is handed
    over, and all that fails while a proxy is asked for a connection, the TLS handshake included. A kept-alive
    connection that Fincart closed as we wrote is not: the call may have been read."""
    return not fence.passed or isinstance(error, httpx.PoolTimeout | httpx.ConnectTimeout | httpx.ConnectError)


def _words(error: Exception, fence: Fence) -> tuple[ProbeKind, str]:
    """What an exception of the transport means, in words that hold nothing of a proxy's credentials."""
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
    # Dots too: a path of `..` would be resolved away.
    return f"/v4/orders/{quote(order_id, safe='').replace('.', '%2E')}/logs"
