"""Serves a web application on 127.0.0.1 from a thread, for the demo and tests."""

import asyncio
import socket
import threading

import uvicorn
from starlette.types import ASGIApp


class WebThread:
    """Serves from `start` to `stop` (or as a context). Raises OSError where the port is taken; 0 is a free one.

    The socket listens from construction on, so that nobody has to wait until the server is up.
    """

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self._socket = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name=f"web-{self.port}", daemon=True)

    def start(self) -> "WebThread":
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answer what is under way, at most for a second, then close."""
        self._server.should_exit = True
        self._thread.join(3)
        self._socket.close()

    def __enter__(self) -> "WebThread":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))
