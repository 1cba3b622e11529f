"""Runs the bot in Socket Mode or over HTTP until a signal stops it."""

import asyncio
import logging
import socket
import threading

import uvicorn

from bot.app import Bot
from bot.server.health import Health
from bot.server.http import http_app
from bot.server.metrics import serve_metrics
from bot.server.other_connections import OtherConnections
from bot.server.shutdown import StopSignal
from bot.slack.socket_mode import SocketMode
from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)


KEEP_ALIVE_SECONDS = 90
"""How long an idle connection stays open: longer than load balancers keep theirs (60 to 75 seconds). One that we closed
first could be used for a delivery just then, and the delivery would be lost."""


class CannotServe(Exception):
    """The bot cannot run; the text says why and what to do."""


def serve(bot: Bot, stop: StopSignal) -> None:
    """Run until a signal, then wait `STOP_SECONDS` at most for calls in flight, and leave other work to the next start.
    Until then deliveries are taken and stored, for another process or the next start.

    Raises `CannotServe` if it cannot listen on the address (then no work has begun), if Slack rejects the app token for
    good, or if the web server ends by itself. Call it on the main thread, then end the process with `os._exit`: Python
    would wait for pool threads that still wait for an answer.
    """
    settings = bot.context.settings
    slack = _socket_mode(bot)
    health = Health(bot, slack)
    server = _Server(health, _listen(settings.host, settings.port))
    metrics_port = _serve_metrics(health)
    stop.work_begins(settings.stop_within)
    bot.start(*([OtherConnections(bot.context, slack).lane()] if slack is not None else []))
    server.start()
    if slack is not None:
        slack.start()
    how, extra = "Socket Mode" if slack else "HTTP", about(LogEvent.PROCESS_STARTED)
    log.info("serving %s, listening on http://%s:%d", how, settings.host, server.port, extra=extra)
    if metrics_port is not None:
        log.info("metrics on http://%s:%d/metrics", settings.metrics_host, metrics_port, extra=extra)
    try:
        _wait(stop, server, slack)
    finally:
        words = "stopping: calls in flight have %g seconds"
        log.info(words, settings.stop_within, extra=about(LogEvent.PROCESS_STOPPING))
        bot.stop(lambda: _leave(server, slack))
    log.info("stopped", extra=about(LogEvent.PROCESS_STOPPED))


def _leave(server: "_Server", slack: SocketMode | None) -> None:
    """Take no more deliveries, once those under way are stored."""
    server.leave()
    if slack is not None:
        slack.stop()
    server.join(1.0)


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


def _serve_metrics(health: Health) -> int | None:
    settings = health.bot.context.settings
    host, port = settings.metrics_host, settings.metrics_port
    if port is None:
        return None
    try:
        return serve_metrics(health, host, port)
    except OSError as error:
        raise _cannot_listen(host, port, error, "METRICS_HOST or METRICS_PORT") from None


def _listen(host: str, port: int) -> socket.socket:
    """Open the listening socket, so that a port in use is known before any work begins."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # Without the explicit protocol asyncio leaves Nagle's algorithm on, and answers wait 40 ms for the client's
        # ACK.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(1024)
        return listening
    except OSError as error:
        raise _cannot_listen(host, port, error, "HOST or PORT") from None


def _cannot_listen(host: str, port: int, error: OSError, settings: str) -> CannotServe:
    why = (error.strerror or str(error)).lower()
    return CannotServe(f"cannot listen on {host}, port {port}: {why}. Change {settings}, or end what uses it.")


class _Server(threading.Thread):
    """Runs uvicorn on its own thread, so that the main thread can wait for signals."""

    def __init__(self, health: Health, listening: socket.socket) -> None:
        super().__init__(name="http", daemon=True)
        self.port: int = listening.getsockname()[1]
        self._listening = listening
        config = uvicorn.Config(
            http_app(health),
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        asyncio.run(self._server.serve([self._listening]))

    def leave(self) -> None:
        """Finish the requests in progress and stop listening; returns at once."""
        self._server.should_exit = True
