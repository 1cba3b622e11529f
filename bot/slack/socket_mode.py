"""Socket Mode: the connection over which Slack delivers when the bot has no public address.

Slack's own client keeps it open and renews it; here it is opened for the first time, for as long as that takes, and
closed within a bounded time. Neither ever holds up the rest: both happen on threads of their own.
(docs.slack.dev/apis/events-api/using-socket-mode)
"""

import logging
import threading

import httpx
from pydantic import SecretStr
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackApiError

from bot.network import proxy_for
from bot.slack.transport import web_client

log = logging.getLogger(__name__)

_OPEN_SECONDS = 10
_LONGEST_PAUSE = 15.0
"""Seconds between two tries to connect."""

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
"""Answers that no later try would change: the token is wrong, or Socket Mode is switched off."""


class SocketMode:
    """One Socket Mode connection that delivers into `app`. `refused` is Slack's code where it will never be."""

    def __init__(self, app: App, token: SecretStr, api_url: str) -> None:
        client = web_client(api_url, _OPEN_SECONDS)
        self._handler = SocketModeHandler(app, token.get_secret_value(), web_client=client)
        # Left alone it takes the environment's, whatever NO_PROXY says.
        proxy = proxy_for(httpx.URL(api_url))
        self._handler.client.proxy = None if proxy is None else str(proxy)
        self._stopping = threading.Event()
        self.refused: str | None = None

    @property
    def is_connected(self) -> bool:
        """Whether Slack can deliver just now."""
        return self._handler.client.is_connected()

    def start(self) -> None:
        """Connect, now or as soon as Slack can be reached; returns at once."""
        threading.Thread(target=self._connect, name="socket-mode", daemon=True).start()

    def stop(self, within_seconds: float = 0.5) -> None:
        """Take no more deliveries; what hangs in closing is left behind."""
        self._stopping.set()
        closing = threading.Thread(target=self._close, name="socket-mode-closing", daemon=True)
        closing.start()
        closing.join(within_seconds)

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
                log.error("Slack refuses a Socket Mode connection for now: %s", code)
            except Exception as error:  # the client lets through whatever its socket trips over
                log.error("Slack cannot be reached for Socket Mode: %s", type(error).__name__)
            else:
                log.info("connected to Slack in Socket Mode")
                return
            self._stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _close(self) -> None:
        try:
            self._handler.client.close()
        except Exception as error:
            log.warning("the Socket Mode connection did not close cleanly: %s", type(error).__name__)
