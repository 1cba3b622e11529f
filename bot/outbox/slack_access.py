"""Checks whether Slack accepts the bot's token: a revoked token or an uninstalled app holds all sending until it does
again.

Only auth.test decides. A refused call may concern something else, and a Slack that does not answer says nothing about
the token.
"""

import threading

from bot.context import Context
from bot.outbox import enqueue
from bot.slack.results import NO_ACCESS, Ok, Refused
from storage import live_messages, send_gate, slack_messages
from storage.enums import HoldKind

ASKED_EVERY = 10.0
"""Seconds between two checks while all is well."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 8.0
"""Seconds between two checks while Slack refuses the token: doubled after each, so that recovery is seen within ten."""


class SlackAccess:
    """Checks the token periodically and after a call refused for it. `doubt` is thread-safe; `step` runs on one
    thread.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._doubted = threading.Event()
        self._asked_at: float | None = None
        self._pause: float | None = FIRST_PAUSE
        """Seconds until the next check, while Slack has not accepted the token; None: it has."""

    def doubt(self) -> None:
        """Check soon: a call was refused because of the token."""
        self._doubted.set()

    def step(self) -> bool:
        """Check the token if it is time to. Hold all sending, or lift the hold."""
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

    def _go_on(self) -> None:
        with self._context.database.read() as session:
            since = send_gate.held_since(session, HoldKind.SLACK)
        if since is None:
            return
        with self._context.database.write() as transaction:
            if not send_gate.lift(transaction, HoldKind.SLACK):
                return
            enqueue.all_live(transaction)
            live_messages.refresh_finished(transaction, since)
            slack_messages.try_now(transaction, NO_ACCESS)
