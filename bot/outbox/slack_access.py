"""Whether Slack lets the bot in at all: a revoked token or an uninstalled app holds all sending until it does again.

Only auth.test decides. A single refused call may be about something else, and a Slack that does not answer says
nothing about the token.
"""

import logging
import threading

from bot.context import Context
from bot.outbox import enqueue
from bot.slack.results import NO_ACCESS, Ok, Refused
from storage import live_messages, send_gate, slack_messages
from storage.enums import HoldKind

log = logging.getLogger(__name__)

ASKED_EVERY = 30.0
"""Seconds between two looks while all is well."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 8.0
"""Seconds between two looks while Slack refuses the token: doubled after each, so that its end is seen in ten."""


class SlackAccess:
    """Looks whether Slack takes the token, now and then and whenever a call was refused for it. `doubt` is thread-safe;
    `step` is one thread's."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._doubted = threading.Event()
        self._asked_at: float | None = None
        self._pause: float | None = FIRST_PAUSE
        """Seconds until it is asked again, while Slack has not said that all is well; None: it has."""

    def doubt(self) -> None:
        """A call was refused for the token's sake: look soon."""
        self._doubted.set()

    def step(self) -> bool:
        """Ask Slack, where it is time to; hold all sending, or let it go on."""
        now, soon = self._context.uptime(), FIRST_PAUSE if self._doubted.is_set() else ASKED_EVERY
        if self._asked_at is not None and now < self._asked_at + (self._pause or soon):
            return False
        self._doubted.clear()
        self._asked_at = now
        answer = self._context.slack.auth_test()
        if isinstance(answer, Ok):
            self._pause = None
            self._go_on()
            return True
        self._pause = min(LONGEST_PAUSE, 2 * self._pause) if self._pause else FIRST_PAUSE
        if isinstance(answer, Refused) and answer.code in NO_ACCESS:
            self._hold(answer.code)
        return True

    def _hold(self, code: str) -> None:
        with self._context.database.write() as transaction:
            if not send_gate.hold(transaction, HoldKind.SLACK, None, why=code):
                return
            enqueue.all_live(transaction)
        fix = "Install the app again, or correct SLACK_BOT_TOKEN and restart"
        log.error("Slack refuses the bot's token (%s): nothing is sent to Fincart until Slack takes it. %s.", code, fix)

    def _go_on(self) -> None:
        with self._context.database.read() as session:
            since = send_gate.held_since(session, HoldKind.SLACK)
        if since is None:
            return
        with self._context.database.write() as transaction:
            if not send_gate.lift(transaction, HoldKind.SLACK):
                return
            enqueue.all_live(transaction)
            live_messages.show_finished_anew(transaction, since)
            slack_messages.try_now(transaction, NO_ACCESS)
        log.warning("Slack takes the bot's token again: sending goes on")
