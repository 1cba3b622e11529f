"""HTTP: Slack's deliveries at /slack/events, and the two health pages of both modes.

A delivery's size is bounded and its signature checked before anything in it is read
(docs.slack.dev/authentication/verifying-requests-from-slack).
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping

from slack_bolt import App, BoltRequest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.app import Bot
from bot.listeners.shapes import Flaw, read
from bot.manifest import EVENTS_PATH
from bot.socket_mode import SocketMode
from storage.database import StorageUnavailable
from storage.migrate import is_current

LARGEST_BODY = 1024 * 1024
SIGNATURE_LIVES = 300
"""Seconds before and after which a delivery's timestamp is refused."""


_PLAIN = {"content-type": "text/plain; charset=utf-8"}


class Signature:
    """Checks that a delivery is Slack's: HMAC-SHA256 over the timestamp and the raw body, compared in constant time."""

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        self._secret = secret.encode()
        self._now = now

    def is_right(self, timestamp: str, signature: str, body: bytes) -> bool:
        """False for a wrong or missing signature, and for a timestamp that is old, in the future or no number."""
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return False
        if abs(self._now() - int(timestamp)) > SIGNATURE_LIVES:
            return False
        wanted = hmac.new(self._secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(f"v0={wanted}".encode(), signature.encode())


class Deliveries:
    """What answers Slack once a delivery's body is here: checked, read, kept and acknowledged in one thread."""

    def __init__(self, app: App, signature: Signature) -> None:
        self._app = app
        self._signature = signature

    def handle(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """The status, headers and body of the answer. The names of `headers` are in lower case.

        401 for what Slack has not signed, 400 for what is well signed but unreadable.
        """
        stamp, signed = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
        if not self._signature.is_right(stamp, signed, body):
            return 401, _PLAIN, b"not signed by Slack\n"
        said = read(body, headers.get("content-type", ""))
        if said is Flaw.UNREADABLE:
            return 400, _PLAIN, b"not a delivery of Slack's\n"
        if said is Flaw.INCOMPLETE:
            return 200, _PLAIN, b""
        # As Socket Mode hands it over: given the raw body, Bolt would read it again, and read it differently.
        answer = self._app.dispatch(BoltRequest(body=said, headers=dict(headers), mode="socket_mode"))
        content_type = answer.headers.get("content-type")
        return answer.status, {"content-type": content_type[0]} if content_type else _PLAIN, answer.body.encode()


def http_app(bot: Bot, socket_mode: SocketMode | None = None) -> Starlette:
    """The web application. In Socket Mode it has the health pages alone."""

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        trouble = await run_in_threadpool(_not_ready, bot, socket_mode)
        return PlainTextResponse(f"{trouble or 'ready'}\n", status_code=503 if trouble else 200)

    routes = [Route("/healthz", healthz, methods=["GET"]), Route("/readyz", readyz, methods=["GET"])]
    if socket_mode is None:
        secret = bot.parts.settings.slack_signing_secret
        assert secret is not None
        deliveries = Deliveries(bot.app, Signature(secret.get_secret_value()))

        async def events(request: Request) -> Response:
            return await _delivered(deliveries, request)

        routes.append(Route(EVENTS_PATH, events, methods=["POST"]))
    return Starlette(routes=routes)


def _not_ready(bot: Bot, socket_mode: SocketMode | None) -> str:
    """Why this process cannot do its work, or nothing: the database answers, every lane runs, Slack can deliver."""
    if bot.stopping.is_set():
        return "stopping"
    try:
        with bot.parts.database.read() as session:
            if not is_current(session.connection()):
                return "the database is of another version"
    except StorageUnavailable:
        return "the database cannot be read"
    if not bot.worker.is_alive():
        return "the worker does not run"
    if socket_mode is not None and not socket_mode.is_connected:
        return "no Socket Mode connection to Slack"
    return ""


async def _delivered(deliveries: Deliveries, request: Request) -> Response:
    body = await _body(request)
    if body is None:
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
