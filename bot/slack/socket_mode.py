"""Socket Mode: the connection over which Slack delivers when the bot has no public address.

Slack's own client keeps it open and renews it. This module retries the first connection until it succeeds, and closes
it within a bounded time, both on their own threads.
(docs.slack.dev/apis/events-api/using-socket-mode)
"""

import json
import logging
import threading
from dataclasses import dataclass

import httpx
from pydantic import SecretStr
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackApiError

from bot.network import proxy_for
from bot.slack.transport import web_client
from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)

_OPEN_SECONDS = 10
_LONGEST_PAUSE = 15.0
"""Seconds between two tries to connect."""
_LOOK_EVERY = 0.5
"""Seconds between two looks whether the connection has broken without a word."""

NEVER = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
        "missing_scope",
        "no_permission",
        "forbidden_team",
        "app_not_found",
    }
)
"""Error codes that no retry can change: the token is wrong, or Socket Mode is off."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What Slack says once a connection stands."""

    connections: int
    """How many the app token has now, this one included."""
    least_own: int
    most_own: int
    """How many of them this process holds: one that is being replaced may count until it is closed."""


class SocketMode:
    """One Socket Mode connection that delivers into `app`. `refused` is Slack's error code if it can never connect."""

    def __init__(self, app: App, token: SecretStr, api_url: str) -> None:
        self._web_client = web_client(api_url, _OPEN_SECONDS)
        self._handler = SocketModeHandler(app, token.get_secret_value(), web_client=self._web_client)
        # By default it uses the environment's proxy, whatever NO_PROXY says.
        proxy = proxy_for(httpx.URL(api_url))
        self._handler.client.proxy = None if proxy is None else str(proxy)
        self._handler.client.on_message_listeners.append(self._heard)
        self._handler.client.on_close_listeners.append(lambda code, reason: self._lost())
        self._stopping = threading.Event()
        self._is_renewed = False
        self.hello: Hello | None = None
        self._lock = threading.Lock()
        self._is_up = False
        """Whether the log's last line about it says that the connection stands."""
        self.refused: str | None = None

    @property
    def is_connected(self) -> bool:
        """Tell whether Slack can deliver now."""
        return self._handler.client.is_connected()

    def start(self) -> None:
        """Connect as soon as Slack can be reached; returns at once."""
        threading.Thread(target=self._run, name="socket-mode", daemon=True).start()

    def stop(self, within_seconds: float = 0.5) -> None:
        """Stop taking deliveries; abandons a connection that hangs while closing."""
        self._stopping.set()
        closing = threading.Thread(target=self._close, name="socket-mode-closing", daemon=True)
        closing.start()
        closing.join(within_seconds)

    def renew(self) -> None:
        """Replace a connection that stands by a new one, to hear how many there are; deliveries go on meanwhile."""
        if self._stopping.is_set() or not self.is_connected:
            return
        self._is_renewed = True
        try:
            self._handler.client.connect_to_new_endpoint(force=True)
            if self._stopping.is_set():
                self._handler.client.disconnect()
        except Exception as error:  # the client raises whatever its socket raises
            self._is_renewed = False
            words = "the Socket Mode connection could not be renewed: %s"
            log.info(words, type(error).__name__, extra=about(LogEvent.SOCKET_MODE_FAILED))

    def _run(self) -> None:
        self._connect()
        while self.refused is None and not self._stopping.wait(_LOOK_EVERY):
            if not self.is_connected:
                self._lost()

    def _heard(self, message: str) -> None:
        """Notes and logs that Slack says hello: from then on it delivers here."""
        payload = json.loads(message) if '"hello"' in message else {}
        if payload.get("type") != "hello":
            return
        least, most = 1 + self._is_renewed, 1 + (self.hello is not None)
        self._is_renewed = False
        self.hello = Hello(int(payload.get("num_connections") or 1), least, most)
        with self._lock:
            self._is_up = True
        log.info("connected to Slack in Socket Mode", extra=about(LogEvent.SOCKET_MODE_CONNECTED))

    def _lost(self) -> None:
        with self._lock:
            was_up, self._is_up = self._is_up, False
        if was_up and not self._stopping.is_set():
            words = "the Socket Mode connection to Slack is lost; a new one is made"
            log.warning(words, extra=about(LogEvent.SOCKET_MODE_LOST))

    def _connect(self) -> None:
        pause = 0.5
        client = self._handler.client
        while not self._stopping.is_set():
            client.wss_uri = None  # a ticket works once
            try:
                client.connect()
            except SlackApiError as error:
                code = str(error.response.get("error"))
                if code in NEVER:
                    self.refused = code
                    return
                words = "Slack refuses a Socket Mode connection for now: %s"
                log.error(words, code, extra=about(LogEvent.SOCKET_MODE_FAILED))
            except Exception as error:  # the client raises whatever its socket raises
                words = "Slack cannot be reached for Socket Mode: %s"
                log.error(words, type(error).__name__, extra=about(LogEvent.SOCKET_MODE_FAILED))
            else:
                return
            self._stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _close(self) -> None:
        try:
            self._handler.client.close()
            self._web_client.close()
        except Exception as error:
            words = "the Socket Mode connection did not close cleanly: %s"
            log.warning(words, type(error).__name__, extra=about(LogEvent.SOCKET_MODE_FAILED))
