"""Serve: run the bot in Socket Mode or over HTTP until it is told to stop."""

import asyncio
import logging
import socket
import threading

import uvicorn

from bot.app import Bot
from bot.server.http import http_app
from bot.server.shutdown import StopSignal
from bot.slack.socket_mode import SocketMode

log = logging.getLogger(__name__)


class CannotServe(Exception):
    """The bot cannot run as it was told to; the words say why and what to do."""


def serve(bot: Bot, stop: StopSignal) -> None:
    """Run until told to stop, then stop within ten seconds, leaving what is not done to the next start.

    Raises `CannotServe` where the address cannot be listened on (then no work has begun), where Slack will never
    accept the app token, and where the web server ends by itself. Call it on the main thread, then end the process
    with `os._exit`: threads of pools may still wait for an answer, and Python would wait for them.
    """
    settings = bot.context.settings
    slack = _socket_mode(bot)
    server = _Server(bot, slack, _listen(settings.host, settings.port))
    stop.work_begins()
    bot.start()
    server.start()
    if slack is not None:
        slack.start()
    log.info("serving %s, listening on http://%s:%d", "Socket Mode" if slack else "HTTP", settings.host, server.port)
    try:
        _wait(stop, server, slack)
    finally:
        log.info("stopping")
        server.leave()
        if slack is not None:
            slack.stop()
        bot.stop()
        server.join(0.5)
    log.info("stopped")


def _wait(stop: StopSignal, server: "_Server", slack: SocketMode | None) -> None:
    while not stop.wait(0.5):
        if not server.is_alive():
            raise CannotServe("the web server ended by itself; the log says why")
        if slack is not None and slack.refused is not None:
            raise CannotServe(
                f"Slack refuses SLACK_APP_TOKEN ({slack.refused}). Copy the token that starts with xapp- and has the "
                "scope connections:write from Basic Information, App-Level Tokens, and switch on Socket Mode."
            )


def _socket_mode(bot: Bot) -> SocketMode | None:
    settings = bot.context.settings
    if settings.slack_app_token is None:
        return None
    return SocketMode(bot.app, settings.slack_app_token, settings.slack_api_url)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address, so that a port in use is known before any work begins."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # Named as TCP, or asyncio leaves Nagle's algorithm on, and answers wait 40 ms for the client's ACK.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(1024)
        return listening
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        fix = "Change HOST or PORT, or end what uses it."
        raise CannotServe(f"cannot listen on {host}, port {port}: {why}. {fix}") from None


class _Server(threading.Thread):
    """uvicorn on a thread of its own, so that the main thread is free to be told to stop."""

    def __init__(self, bot: Bot, slack: SocketMode | None, listening: socket.socket) -> None:
        super().__init__(name="http", daemon=True)
        self.port: int = listening.getsockname()[1]
        self._listening = listening
        config = uvicorn.Config(
            http_app(bot, slack),
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        asyncio.run(self._server.serve([self._listening]))

    def leave(self) -> None:
        """Answer what is under way, then listen no more; returns at once."""
        self._server.should_exit = True
