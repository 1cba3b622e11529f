"""Two shells around the stand-in Fincart: real HTTP on a free port of this machine, and a transport that
calls it without sockets."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import ClassVar

import httpx

from bot.sandbox.fincart.faults import AnswerDelivery, FaultReply
from bot.sandbox.fincart.standin import FincartStandIn


class FincartServer:
    """Serves a stand-in over HTTP on 127.0.0.1 (within `tls`, where it is given), at `url`, from `start()` to `stop()`
    (or as a context).

    A dropped call's connection is really closed and a hanging call really hangs, until the stand-in releases
    it or the server stops. A NO_CONNECTION fault can only be a drop here: stop the server for the real thing.
    """

    def __init__(self, standin: FincartStandIn, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._stopping = threading.Event()
        stopping = self._stopping

        class BoundFincartHandler(_FincartHandler):
            fincart = standin
            stop_event = stopping

        self._standin = standin
        self._tls = tls
        self._server = _FincartServer(("127.0.0.1", port), BoundFincartHandler)
        if tls is not None:
            # The TLS handshake runs in the connection's own thread, at its first read.
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="fincart-stand-in", daemon=True
        )

    @property
    def url(self) -> str:
        """The base URL for the client."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.server_port}"

    def start(self) -> FincartServer:
        """Begin to serve."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End every call and connection, and wait until all threads have ended."""
        self._stopping.set()
        self._standin.notify()
        self._server.shutdown()
        self._server.close_connections()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> FincartServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _FincartServer(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[_FincartHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def close_connections(self) -> None:
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _FincartHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    fincart: ClassVar[FincartStandIn]
    stop_event: ClassVar[threading.Event]

    def handle(self) -> None:
        assert isinstance(self.server, _FincartServer)
        self.server.opened(self.connection)
        try:
            # A client's time-out shows here as a connection closed during a call.
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                super().handle()
        finally:
            self.server.closed(self.connection)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    do_PUT = do_DELETE = do_PATCH = do_GET

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length)) if length.isdigit() else b""
        if length.isdigit() and len(body) < int(length):
            self.close_connection = True  # the client died while sending: no call arrived
            return
        reply = self.fincart.handle(self.command, self.path, dict(self.headers.items()), body)
        if reply.delay:
            self.stop_event.wait(reply.delay)
        if reply.delivery is AnswerDelivery.HANG:
            self.fincart.wait_for_release(reply.release, self.stop_event.is_set)
        if self.stop_event.is_set() or reply.delivery in {AnswerDelivery.DROP, AnswerDelivery.NO_CONNECTION}:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send(reply)

    def _send(self, reply: FaultReply) -> None:
        response = reply.response
        lines = [f"HTTP/1.1 {response.status} {self.responses.get(response.status, ('',))[0]}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        lines += [f"Content-Length: {len(response.body)}", "", ""]
        # In one write: the second of two would wait for the first's TCP acknowledgement.
        self.wfile.write("\r\n".join(lines).encode("latin-1") + response.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what was received is in the stand-in's own record."""


class StandInTransport(httpx.BaseTransport):
    """Calls a stand-in directly, in the caller's thread. What would break a connection is raised as the
    exception httpx would raise; `wait` passes the time (of a virtual clock, say) instead of sleeping, and a
    call that outlasts its read time-out ends as one."""

    def __init__(self, standin: FincartStandIn, wait: Callable[[float], None] = lambda seconds: None) -> None:
        self._standin = standin
        self._wait = wait

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        read_seconds = request.extensions.get("timeout", {}).get("read")
        target = request.url.raw_path.decode("ascii")
        reply = self._standin.handle(request.method, target, dict(request.headers.items()), request.read())
        if reply.delivery is AnswerDelivery.NO_CONNECTION:
            raise httpx.ConnectError("[Errno 111] Connection refused", request=request)
        hangs = reply.delivery is AnswerDelivery.HANG
        if read_seconds is not None and (hangs or reply.delay > read_seconds):
            self._wait(read_seconds)
            raise httpx.ReadTimeout("timed out", request=request)
        if hangs:
            raise httpx.ReadTimeout("hangs for ever", request=request)
        if reply.delay:
            self._wait(reply.delay)
        if reply.delivery is AnswerDelivery.DROP:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        response = reply.response
        return httpx.Response(response.status, headers=response.headers, content=response.body, request=request)
