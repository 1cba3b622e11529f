"""The log lines of calls to Slack that failed."""

import logging
import time
from typing import Any

from bot.slack.results import Answer, Ok, RateLimited, Refused, Unanswered

log = logging.getLogger(__name__)

TOLD_EVERY = 300.0
"""Seconds between two log lines that say the same: a Slack that is down is one line, not one for each try."""


class FailureLog:
    """Logs failed calls by name and code: never parameters, URLs or bodies. What goes on is told every few minutes."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], float] = {}

    def tell(self, what: str, answer: Answer[Any]) -> None:
        """Log it, unless the same has been logged lately."""
        match answer:
            case Ok():
                return
            case Unanswered(why):
                level, words = logging.WARNING, f"Slack did not answer {what}: {why}"
            case Refused("missing_scope", scope):
                fix = "add it under OAuth & Permissions and install the app again"
                level, words = logging.WARNING, f"Slack refused {what}: the app lacks the scope {scope}; {fix}"
            case Refused(code, detail):
                level, words = logging.WARNING, f"Slack refused {what}: {code} {detail}"
            case RateLimited(seconds):
                level, words = logging.INFO, f"Slack limits the rate of {what}: {seconds} s"
        now = time.monotonic()
        key = (what, type(answer).__name__ + str(getattr(answer, "code", "")))
        is_news = now - self._told.get(key, -TOLD_EVERY) >= TOLD_EVERY
        if is_news:
            self._told[key] = now
        log.log(level if is_news else logging.DEBUG, "%s", words)
