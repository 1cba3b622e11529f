"""The stand-in Slack over Socket Mode: envelopes out, acknowledgements in, on 127.0.0.1 and a free port.

Needs `websockets`, a development dependency; nothing else in the package imports this module.
"""

import json
import threading
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from bot.sandbox.slack.deliveries import ACK_SECONDS
from bot.sandbox.slack.faults import SlackError
from bot.sandbox.slack.workspace import SlackWorkspace

Json = dict[str, Any]

MOST_CONNECTIONS = 10
ENVELOPES = {"command": "slash_commands", "interactive": "interactive", "event": "events_api"}


class SlackSocket:
    """Serves Socket Mode from construction until `stop`, and becomes the workspace's way to the bot.

    Each delivery goes to one connection, in turn. A context manager."""

    def __init__(self, workspace: SlackWorkspace) -> None:
        self.workspace = workspace
        self._core = workspace.core
        self._tickets: set[str] = set()
        self._connections: list[ServerConnection] = []
        self._acks: dict[str, Json] = {}
        self._sent = 0
        self._server = serve(self._serve, "127.0.0.1", 0, process_request=self._admit)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self._core.socket_url = self._new_url
        workspace.deliver = self.deliver

    @property
    def connections(self) -> int:
        """How many connections may get deliveries now."""
        with self._core.condition:
            return len(self._connections)

    def deliver(self, kind: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        """Send one envelope and wait for its acknowledgement, as `Deliver` promises."""
        payload = _payload(kind, headers["Content-Type"], body)
        with self._core.changing():
            if not self._connections:
                raise ConnectionError("no Socket Mode connection")
            self._sent += 1
            connection = self._connections[self._sent % len(self._connections)]
            envelope_id = f"envelope-{self._sent}"
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": ENVELOPES[kind],
            "payload": payload,
            "accepts_response_payload": kind != "event",
        }
        if "x-slack-retry-num" in headers:
            envelope["retry_attempt"] = int(headers["x-slack-retry-num"])
            envelope["retry_reason"] = headers["x-slack-retry-reason"]
        try:
            connection.send(json.dumps(envelope))
        except ConnectionClosed as error:
            raise ConnectionError("the Socket Mode connection closed") from error
        return self._acknowledgement(envelope_id)

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to come anew; unless the reason is `warning`, also close it and send it no more.

        (Slack's Python client reads the new connection only once the old one has closed or gone quiet for 3 s.)"""
        message = json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
        if reason == "warning":
            with self._core.condition:
                warned = list(self._connections)
            for connection in warned:
                connection.send(message)
            return
        for connection in self._let_go():
            connection.send(message)
            connection.close()

    def drop(self) -> None:
        """Lose every connection without a word."""
        for connection in self._let_go():
            connection.close()

    def stop(self) -> None:
        """Close all connections and stop listening."""
        self._core.socket_url = None
        self.drop()
        self._server.shutdown()
        self._thread.join()

    def __enter__(self) -> "SlackSocket":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _acknowledgement(self, envelope_id: str) -> tuple[int, str]:
        with self._core.condition:
            if not self._core.condition.wait_for(lambda: envelope_id in self._acks, ACK_SECONDS):
                raise TimeoutError("not acknowledged in time")
            payload = self._acks.pop(envelope_id).get("payload")
        return 200, json.dumps(payload) if payload else ""

    def _new_url(self) -> str:
        if len(self._connections) >= MOST_CONNECTIONS:
            raise SlackError("too_many_websockets")
        ticket = self._core.state.new_id("K")
        self._tickets.add(ticket)
        port = self._server.socket.getsockname()[1]
        return f"ws://127.0.0.1:{port}/link/?ticket={ticket}&app_id={self._core.state.app_id}"

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        ticket = parse_qs(urlsplit(request.path).query).get("ticket", [""])[0]
        with self._core.changing():
            if ticket in self._tickets:
                self._tickets.remove(ticket)
                return None
        return connection.respond(HTTPStatus.UNAUTHORIZED, "a ticket works once\n")

    def _serve(self, connection: ServerConnection) -> None:
        with self._core.changing():
            count = len(self._connections) + 1
        connection.send(json.dumps(self._hello(count)))
        with self._core.changing():
            self._connections.append(connection)
        try:
            for message in connection:
                ack = json.loads(message)
                with self._core.changing():
                    self._acks[ack["envelope_id"]] = ack
        except ConnectionClosed:
            pass
        finally:
            with self._core.changing():
                if connection in self._connections:
                    self._connections.remove(connection)

    def _hello(self, count: int) -> Json:
        return {
            "type": "hello",
            "num_connections": count,
            "debug_info": {"host": "sandbox", "approximate_connection_time": 3600},
            "connection_info": {"app_id": self._core.state.app_id},
        }

    def _let_go(self) -> list[ServerConnection]:
        with self._core.changing():
            gone, self._connections = self._connections, []
        return gone


def _payload(kind: str, content_type: str, body: bytes) -> Json:
    if "json" in content_type:
        payload: Json = json.loads(body)
        return payload
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return form if kind == "command" else dict(json.loads(form["payload"]))
