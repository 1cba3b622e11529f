"""Logs a line for each audit event that this process has committed. A line holds ids, figures and codes, never what a
person typed."""

import logging
from collections.abc import Mapping, Sequence

from storage.audit.log import Event
from storage.enums import EventKind, HoldKind, HoldReason, Outcome, StopReason
from storage.log_events import LogEvent, about

log = logging.getLogger("bot.history")

LINES: Mapping[EventKind, str] = {
    EventKind.REQUEST_MADE: "asked for",
    EventKind.REQUEST_REFUSED: "refused",
    EventKind.CLICK_REFUSED: "a click or command is refused, made",
    EventKind.ASKED_FOR_APPROVAL: "approval asked for",
    EventKind.APPROVED: "approved",
    EventKind.DECLINED: "declined",
    EventKind.WENT_AHEAD: "confirmed",
    EventKind.EMERGENCY: "emergency: confirmed alone",
    EventKind.WITHDRAWN: "withdrawn",
    EventKind.EXPIRED: "expired",
    EventKind.RUN_STARTED: "run started",
    EventKind.STOPPED: "run stopped",
    EventKind.FINISHED: "run finished",
    EventKind.CORRECTED: "outcomes corrected",
    EventKind.HELD: "run on hold",
    EventKind.HOLD_ENDED: "hold on the run ended",
}
"""Kinds that have a line, and how it begins. The others tell details of these."""

_HELD: Mapping[HoldKind, str] = {
    HoldKind.PAUSE: "all sending is paused",
    HoldKind.RATE_LIMIT: "Fincart limits the rate: nothing is sent for the time it says",
    HoldKind.DOWN: "Fincart is down: nothing but a probe is sent until it answers",
    HoldKind.TOKEN: "Fincart refuses the token: nothing is sent. Correct FINCART_TOKEN, then resume",
    HoldKind.SLACK: (
        "Slack refuses the bot's token ({why}): nothing is sent to Fincart until Slack takes it. "
        "Install the app again, or correct SLACK_BOT_TOKEN and restart"
    ),
}
_HOLD_ENDED: Mapping[HoldKind, str] = {
    HoldKind.PAUSE: "the pause of all sending has ended",
    HoldKind.RATE_LIMIT: "Fincart's rate limit has passed",
    HoldKind.DOWN: "Fincart answers again: sending goes on",
    HoldKind.TOKEN: "the hold for Fincart's refused token has ended",
    HoldKind.SLACK: "Slack takes the bot's token again: sending goes on",
}
_LEVELS: Mapping[HoldKind, int] = {
    HoldKind.PAUSE: logging.INFO,
    HoldKind.RATE_LIMIT: logging.INFO,
    HoldKind.DOWN: logging.WARNING,
    HoldKind.TOKEN: logging.ERROR,
    HoldKind.SLACK: logging.ERROR,
}

_FIELDS = ("order_count", "approvals", "approvals_needed", "rule", "code", "act", "state", "hold", "until")
_FIGURES = tuple(outcome.value for outcome in Outcome)
_CODES = frozenset({*HoldReason, *StopReason})
"""Values of the detail `reason` that are codes: in other events it is what a person typed."""


def log_committed(events: Sequence[Event]) -> None:
    """Log a line for each of these events that an operator would look for. Call it after their commit."""
    for event in events:
        if event.kind in LINES:
            level, words = _line(event)
            fields = {"request": event.request, **_fields(event), "who": event.who}
            log.log(level, "%s", words, extra=about(LogEvent(event.kind.value), **fields))


def _line(event: Event) -> tuple[int, str]:
    kind, details = event.kind, event.details
    by = f" by {event.who}" if event.who else ""
    if event.request is None and kind is EventKind.HELD:
        hold = HoldKind(details["hold"])
        return _LEVELS[hold], _HELD[hold].format(why=details["why"]) + by
    if event.request is None and kind is EventKind.HOLD_ENDED:
        hold = HoldKind(details["hold"])
        return min(_LEVELS[hold], logging.WARNING), _HOLD_ENDED[hold] + by
    words = f"{event.request}: {LINES[kind]}" if event.request else LINES[kind]
    figures = [f"{details[name]} {name.replace('_', ' ')}" for name in _FIGURES if details.get(name)]
    needs_a_look = kind in (EventKind.EMERGENCY, EventKind.CORRECTED) or (
        kind in (EventKind.HELD, EventKind.STOPPED) and event.who is None
    )
    level = logging.WARNING if needs_a_look else logging.INFO
    return level, f"{words}{by}" + (f": {' · '.join(figures)}" if figures else "")


def _fields(event: Event) -> dict[str, object]:
    details = event.details
    fields = {name: details[name] for name in (*_FIELDS, *_FIGURES) if name in details}
    if details.get("reason") in _CODES:
        fields["reason"] = details["reason"]
    if event.kind is EventKind.HELD and event.who is None and event.request is None:
        fields["why"] = details["why"]  # Fincart's or Slack's answer
    if event.kind is EventKind.CORRECTED:
        fields["orders"] = len(details["orders"])
    return fields
