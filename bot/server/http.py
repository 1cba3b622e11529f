"""HTTP: Slack's deliveries at /slack/events, and the two health pages of both modes.

A delivery's size is bounded and its signature checked before anything in it is read
(docs.slack.dev/authentication/verifying-requests-from-slack).
"""

import hashlib
import hmac
import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slack_bolt import App, BoltRequest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.app import Bot
from bot.listeners.payload_schema import Flaw, read
from bot.slack.manifest import EVENTS_PATH
from bot.slack.socket_mode import SocketMode
from storage.db.readiness import Readiness

log = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024
SIGNATURE_LIVES = 300
"""Seconds before and after which a delivery's timestamp is refused."""


_PLAIN = {"content-type": "text/plain; charset=utf-8"}
_TIMESTAMP, _SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"
_TELL_EVERY = 60.0
"""Seconds between two log lines about rejected deliveries: anybody on the Internet can send such."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a delivery was rejected: in a word, to be counted, and in a sentence without anything that was sent."""

    kind: str
    why: str


class Rejections:
    """Logs rejected deliveries, a line a minute at most, which counts those since the line before. Thread-safe."""

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
        log.warning("a delivery was rejected: %s%s", rejection.why, more)


class Signature:
    """Checks that a delivery is Slack's: HMAC-SHA256 over the timestamp and the raw body, compared in constant time."""

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        self._secret = secret.encode()
        self._now = now

    def flaw(self, headers: Mapping[str, str], body: bytes) -> Rejection | None:
        """What is wrong with it: a header that is missing, a timestamp that is old, in the future or no number, a wrong
        signature. Nothing of what was sent is repeated."""
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
        wanted = hmac.new(self._secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        if hmac.compare_digest(f"v0={wanted}".encode(), headers[_SIGNATURE].encode()):
            return None
        where = "Compare it with the Signing Secret under Basic Information in Slack's app settings"
        return Rejection("wrongly signed", f"its signature is not made with SLACK_SIGNING_SECRET. {where}")


class Deliveries:
    """What answers Slack once a delivery's body is here: checked, read, kept and acknowledged in one thread."""

    def __init__(self, app: App, signature: Signature) -> None:
        self._app = app
        self._signature = signature
        self._rejections = Rejections()

    def too_large(self) -> None:
        """Log that a body was not read to its end."""
        self._rejections.tell(Rejection("too large", f"it is larger than {LARGEST_BODY} bytes"))

    def handle(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """The status, headers and body of the answer. The names of `headers` are in lower case.

        401 for what Slack has not signed, 400 for what is well signed but unreadable.
        """
        if flaw := self._signature.flaw(headers, body):
            self._rejections.tell(flaw)
            return 401, _PLAIN, b"not signed by Slack\n"
        said = read(body, headers.get("content-type", ""))
        if said is Flaw.UNREADABLE:
            self._rejections.tell(
                Rejection("unreadable", "it is well signed, and none of the shapes Slack delivers in")
            )
            return 400, _PLAIN, b"not a delivery of Slack's\n"
        if said is Flaw.INCOMPLETE:
            return 200, _PLAIN, b""
        # As Socket Mode hands it over: given the raw body, Bolt would read it again, and read it differently.
        answer = self._app.dispatch(BoltRequest(body=said, headers=dict(headers), mode="socket_mode"))
        content_type = answer.headers.get("content-type")
        return answer.status, {"content-type": content_type[0]} if content_type else _PLAIN, answer.body.encode()


def http_app(bot: Bot, socket_mode: SocketMode | None = None) -> Starlette:
    """The web application. In Socket Mode it has the health pages alone."""
    database = Readiness(bot.context.database)

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        trouble = await run_in_threadpool(_not_ready, bot, database, socket_mode)
        return PlainTextResponse(f"{trouble or 'ready'}\n", status_code=503 if trouble else 200)

    routes = [Route("/healthz", healthz, methods=["GET"]), Route("/readyz", readyz, methods=["GET"])]
    if socket_mode is None:
        secret = bot.context.settings.slack_signing_secret
        assert secret is not None
        deliveries = Deliveries(bot.app, Signature(secret.get_secret_value()))

        async def events(request: Request) -> Response:
            return await _delivered(deliveries, request)

        routes.append(Route(EVENTS_PATH, events, methods=["POST"]))
    return Starlette(routes=routes)


def _not_ready(bot: Bot, database: Readiness, socket_mode: SocketMode | None) -> str:
    """Why this process cannot do its work, or nothing: the database can be read and written, every lane runs, Slack can
    deliver."""
    if bot.stopping.is_set():
        return "stopping"
    if trouble := database.trouble():
        return trouble
    if not bot.worker.is_alive():
        return "the worker does not run"
    if why := database.refused_by_slack:
        return f"Slack refuses the bot's token ({why}); install the app again, or correct SLACK_BOT_TOKEN"
    if socket_mode is not None and not socket_mode.is_connected:
        return "no Socket Mode connection to Slack"
    return ""


async def _delivered(deliveries: Deliveries, request: Request) -> Response:
    body = await _body(request)
    if body is None:
        deliveries.too_large()
        return PlainTextResponse("too large\n", status_code=413)
    status, headers, answer = await run_in_threadpool(deliveries.handle, body, request.headers)
    return Response(answer, status, headers)


async def _body(request: Request) -> bytes | None:
    """The raw body; None once it is larger than `LARGEST_BODY`, whatever its header says."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)
