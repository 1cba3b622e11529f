"""Serve: run the bot in Socket Mode or over HTTP until it is told to stop."""

import asyncio
import logging
import signal
import threading
from contextlib import suppress

import uvicorn
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot.app import Bot
from bot.server import http_app

log = logging.getLogger(__name__)


def serve(bot: Bot) -> None:
    """Run until SIGTERM or SIGINT, then stop within ten seconds, leaving what is not done to the next start."""
    settings = bot.parts.settings
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    server = _Server(bot, with_slack=not settings.socket_mode)
    bot.start()
    server.start()
    socket = _connect(bot) if settings.socket_mode else None
    log.info("serving %s on http://%s:%d", "Socket Mode" if socket else "HTTP", settings.host, settings.port)
    while not told.wait(0.5) and server.is_alive():
        pass
    log.info("stopping")
    if socket is not None:
        with suppress(Exception):
            socket.client.close()
    server.stop()
    bot.stop()
    if not told.is_set():
        raise SystemExit(1)


def _connect(bot: Bot) -> SocketModeHandler:
    token = bot.parts.settings.slack_app_token
    assert token is not None
    handler = SocketModeHandler(bot.app, token.get_secret_value())
    handler.client.connect()
    return handler


class _Server(threading.Thread):
    """uvicorn on a thread of its own, so that the main thread is free to be told to stop."""

    def __init__(self, bot: Bot, *, with_slack: bool) -> None:
        super().__init__(name="http", daemon=True)
        settings = bot.parts.settings
        config = uvicorn.Config(
            http_app(bot, with_slack=with_slack),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        asyncio.run(self._server.serve())

    def stop(self) -> None:
        """Answer what is under way, then stop listening."""
        self._server.should_exit = True
        self.join(2)
