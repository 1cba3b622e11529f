"""The stand-in Slack over HTTP: a thin shell around the workspace, on 127.0.0.1 and a free port."""

import contextlib
import http.client
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bot.sandbox.slack.deliveries import ACK_SECONDS, Deliver
from bot.sandbox.slack.faults import ConnectionDropped, NoAnswer
from bot.sandbox.slack.workspace import SlackWorkspace

Json = dict[str, Any]
Reply = tuple[int, dict[str, str], bytes]


def deliver_http(url: str) -> Deliver:
    """Deliver to the bot's request URL, such as `http://127.0.0.1:3000/slack/events`, waiting 3 seconds at most."""
    parts = urlsplit(url)

    def deliver(kind: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=ACK_SECONDS)
        try:
            connection.request("POST", parts.path or "/", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    return deliver


class SlackServer:
    """Serves the workspace from construction until `stop`; a context manager."""

    def __init__(self, workspace: SlackWorkspace, port: int = 0) -> None:
        self.workspace = workspace
        self._stopping = False
        self._server = _SlackServer(("127.0.0.1", port), self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        workspace.core.base_url = self.url
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def api_url(self) -> str:
        """Return the value for `SLACK_API_URL`."""
        return f"{self.url}/api/"

    def stop(self) -> None:
        """Stop listening, and drop the calls that hang."""
        with self.workspace.core.changing():
            self._stopping = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> "SlackServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def hang(self, hanging: NoAnswer) -> None:
        """Block the calling thread until the faults are healed or the server stops."""
        core = self.workspace.core
        with core.condition:
            core.condition.wait_for(lambda: self._stopping or core.faults.healed > hanging.healed)


class _SlackServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], shell: SlackServer) -> None:
        self.shell = shell
        super().__init__(address, _SlackHandler)


class _SlackHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _SlackServer

    def handle(self) -> None:
        # A bot that is killed during a call is no error here.
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the workspace keeps its own log."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        shell = self.server.shell
        try:
            status, headers, content = self._route(shell.workspace, body)
        except NoAnswer as hanging:
            shell.hang(hanging)
            self.close_connection = True
            return
        except ConnectionDropped:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _route(self, workspace: SlackWorkspace, body: bytes) -> Reply:
        path = urlsplit(self.path).path
        routes: dict[str, Callable[[], Reply]] = {
            "api": lambda: self._api(workspace, path, body),
            "response": lambda: self._response_url(workspace, path, body),
            "upload": lambda: self._upload(workspace, path, body),
            "files": lambda: workspace.download(path, self._bearer()),
        }
        route = routes.get(path.split("/")[1])
        return route() if route else (404, {}, b"not found")

    def _api(self, workspace: SlackWorkspace, path: str, body: bytes) -> Reply:
        params = {**dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)), **self._params(body)}
        token = self._bearer() or params.get("token")
        status, headers, answer = workspace.call(path.removeprefix("/api/"), params, token)
        headers["Content-Type"] = "application/json; charset=utf-8"
        return status, headers, json.dumps(answer).encode()

    def _response_url(self, workspace: SlackWorkspace, path: str, body: bytes) -> Reply:
        status, headers, answer = workspace.post_response_url(path, self._params(body))
        headers["Content-Type"] = "application/json"
        return status, headers, b"ok" if answer.get("ok") else json.dumps(answer).encode()

    def _upload(self, workspace: SlackWorkspace, path: str, body: bytes) -> Reply:
        status, answer = workspace.upload(path, body)
        return status, {"Content-Type": "text/plain"}, answer

    def _params(self, body: bytes) -> Json:
        if "json" in self.headers.get("Content-Type", ""):
            try:
                params = json.loads(body)
            except ValueError:
                return {}
            return params if isinstance(params, dict) else {}
        return dict(parse_qsl(body.decode(), keep_blank_values=True))

    def _bearer(self) -> str | None:
        kind, _, token = (self.headers.get("Authorization") or "").partition(" ")
        return token if kind == "Bearer" else None
