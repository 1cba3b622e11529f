"""Admits only this computer's browser under a loopback name, and acts only from the page itself.

Listening on 127.0.0.1 is not enough: a web page elsewhere can have its own name point here (DNS rebinding), or post
a form to here. So the `Host` must be ours, and what changes something must carry our `Origin`.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""The page's content security policy: nothing from anywhere else, and no script but its own files."""


class LocalOnly:
    """Answers 403 to requests that are not for, or not from, the page; adds the page's security headers to the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, port = Headers(scope=scope), scope["server"][1]
        hosts = {f"{name}:{port}" for name in NAMES}
        changes = scope["method"] not in ("GET", "HEAD")
        if headers.get("host") not in hosts:
            await PlainTextResponse("this page is for this computer alone\n", 403)(scope, receive, send)
        elif changes and headers.get("origin") not in {f"http://{host}" for host in hosts}:
            await PlainTextResponse("only the page itself may do this\n", 403)(scope, receive, send)
        else:
            await self._app(scope, receive, _secured(send))


def _secured(send: Send) -> Send:
    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = POLICY
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "no-referrer"
            headers["Cache-Control"] = "no-store"
        await send(message)

    return secured
