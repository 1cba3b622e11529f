"""HTTP: Slack's deliveries at /slack/events, and the two health pages of both modes.

A delivery's size is bounded and its signature checked before it is parsed
(docs.slack.dev/authentication/verifying-requests-from-slack).
"""

import hashlib
import hmac
import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import SecretStr
from slack_bolt import App, BoltRequest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.listeners.payload_schema import Flaw, read
from bot.server.health import Health
from bot.settings.secret_files import accepted
from bot.slack.manifest import EVENTS_PATH
from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024
SIGNATURE_LIVES = 300
"""A delivery's timestamp may differ from the clock by so many seconds."""


_PLAIN = {"content-type": "text/plain; charset=utf-8"}
_TIMESTAMP, _SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"
_TELL_EVERY = 60.0
"""Seconds between two log lines about rejected deliveries, which anybody on the Internet can send."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a delivery was rejected: a word to count by, and a sentence that quotes nothing of the delivery."""

    kind: str
    why: str


class Rejections:
    """Logs rejected deliveries, at most one line a minute, with the number since the last line. Thread-safe."""

    def __init__(self, uptime: Callable[[], float] = time.monotonic) -> None:
        self._uptime = uptime
        self._lock = threading.Lock()
        self._next = -math.inf
        self._untold: Counter[str] = Counter()

    def tell(self, rejection: Rejection) -> None:
        """Log it, or count it for the next line."""
        with self._lock:
            if self._uptime() < self._next:
                self._untold[rejection.kind] += 1
                return
            self._next = self._uptime() + _TELL_EVERY
            untold, self._untold = self._untold, Counter()
        since = ", ".join(f"{count} {kind}" for kind, count in untold.items())
        more = f" (and since the last such line: {since})" if since else ""
        log.warning("a delivery was rejected: %s%s", rejection.why, more, extra=about(LogEvent.DELIVERY_REJECTED))


class Signature:
    """Checks that a delivery is Slack's: HMAC-SHA256 over the timestamp and the raw body, compared in constant time."""

    def __init__(self, secret: SecretStr, now: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._now = now

    def flaw(self, headers: Mapping[str, str], body: bytes) -> Rejection | None:
        """Return why it is rejected: a missing header, an old, future or invalid timestamp, a wrong signature. Quotes
        nothing of the delivery."""
        for name in (_TIMESTAMP, _SIGNATURE):
            if not headers.get(name):
                return Rejection("unsigned", f"it lacks the header {name}, which whatever Slack sends has")
        timestamp = headers[_TIMESTAMP]
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return Rejection("unsigned", f"its header {_TIMESTAMP} is not a number of seconds")
        age = round(self._now() - int(timestamp))
        if abs(self._now() - int(timestamp)) > SIGNATURE_LIVES:
            stale = f"{age} seconds old" if age > 0 else f"{-age} seconds in the future"
            fix = "it was long on its way, or this machine's clock is wrong"
            return Rejection("stale", f"its timestamp is {stale}, and {SIGNATURE_LIVES} are allowed: {fix}")
        signed = b"v0:" + timestamp.encode() + b":" + body
        for secret in accepted(self._secret):
            expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
            if hmac.compare_digest(f"v0={expected}".encode(), headers[_SIGNATURE].encode()):
                return None
        where = "Compare it with the Signing Secret under Basic Information in Slack's app settings"
        return Rejection("wrongly signed", f"its signature is not made with SLACK_SIGNING_SECRET. {where}")


class Deliveries:
    """Answers Slack: checks, parses, stores and acknowledges a delivery in one thread."""

    def __init__(self, app: App, signature: Signature) -> None:
        self._app = app
        self._signature = signature
        self._rejections = Rejections()

    def too_large(self) -> None:
        """Log a body that was too large to read."""
        self._rejections.tell(Rejection("too large", f"it is larger than {LARGEST_BODY} bytes"))

    def handle(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Return the answer's status, headers and body. `headers` has lower-case names.

        The status is 401 for a wrong signature, 400 for a well-signed but invalid body.
        """
        if flaw := self._signature.flaw(headers, body):
            self._rejections.tell(flaw)
            return 401, _PLAIN, b"not signed by Slack\n"
        payload = read(body, headers.get("content-type", ""))
        if payload is Flaw.UNREADABLE:
            self._rejections.tell(
                Rejection("unreadable", "it is well signed, and none of the shapes Slack delivers in")
            )
            return 400, _PLAIN, b"not a delivery of Slack's\n"
        if payload is Flaw.INCOMPLETE:
            return 200, _PLAIN, b""
        # Passed parsed, as in Socket Mode: Bolt would parse a raw body again, and differently.
        answer = self._app.dispatch(BoltRequest(body=payload, headers=dict(headers), mode="socket_mode"))
        content_type = answer.headers.get("content-type")
        return answer.status, {"content-type": content_type[0]} if content_type else _PLAIN, answer.body.encode()


def http_app(health: Health) -> Starlette:
    """Build the web application; in Socket Mode it has only the health pages."""
    bot = health.bot

    async def healthz(request: Request) -> Response:
        return _page(health.alive(), "ok")

    async def readyz(request: Request) -> Response:
        found = health.ready_at_once()
        return _page(await run_in_threadpool(health.ready) if found is None else found, "ready")

    routes = [Route("/healthz", healthz, methods=["GET"]), Route("/readyz", readyz, methods=["GET"])]
    if health.socket_mode is None:
        secret = bot.context.settings.slack_signing_secret
        assert secret is not None
        deliveries = Deliveries(bot.app, Signature(secret))

        async def events(request: Request) -> Response:
            return await _delivered(deliveries, request)

        routes.append(Route(EVENTS_PATH, events, methods=["POST"]))
    return Starlette(routes=routes)


def _page(ailments: Sequence[str], well: str) -> Response:
    """A line for each ailment."""
    return PlainTextResponse("\n".join(ailments or [well]) + "\n", status_code=503 if ailments else 200)


async def _delivered(deliveries: Deliveries, request: Request) -> Response:
    body = await _body(request)
    if body is None:
        deliveries.too_large()
        return PlainTextResponse("too large\n", status_code=413)
    status, headers, answer = await run_in_threadpool(deliveries.handle, body, request.headers)
    return Response(answer, status, headers)


async def _body(request: Request) -> bytes | None:
    """Read the raw body; None if it exceeds `LARGEST_BODY`, whatever its header says."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)
