"""Logs failed calls to Slack."""

import logging
import time
from typing import Any

from bot.slack.results import Answer, Ok, RateLimited, Refused, Unanswered
from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)

LOG_EVERY = 300.0
"""Seconds between two equal log lines: an unavailable Slack is one line, not one for each attempt."""


class FailureLog:
    """Logs failed calls by name and code, never parameters, URLs or bodies. Repeats a lasting failure every few
    minutes."""

    def __init__(self) -> None:
        self._logged_at: dict[tuple[str, str], float] = {}

    def tell(self, what: str, answer: Answer[Any]) -> None:
        """Log a failure unless the same was logged lately."""
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
        is_news = now - self._logged_at.get(key, -LOG_EVERY) >= LOG_EVERY
        if is_news:
            self._logged_at[key] = now
        log.log(level if is_news else logging.DEBUG, "%s", words, extra=about(LogEvent.SLACK_CALL_FAILED))
