"""A web application on a free port, served from a thread of a process of the benchmark."""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import uvicorn

from bench.children import words

Answer = Callable[[str], Any]


def serve_child(config: uvicorn.Config, say: Callable[[Any], None], told: Answer | None = None) -> None:
    """Serve, say the port, then do what is told until there is nobody left to tell."""
    # Named as TCP, or asyncio leaves Nagle's algorithm on, and each answer waits 40 ms for the client's ACK.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    say({"port": listening.getsockname()[1]})
    for word in words():
        say(told(word) if told else None)
    server.should_exit = True
    thread.join(2)
