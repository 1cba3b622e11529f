"""PURE: one line of history as `show` tells it."""

from bot.messages.document import Line, Typed, When
from bot.messages.layout import person
from bot.messages.view_models import EventFacts, RequestFacts
from storage.enums import EventKind

_PHRASES: dict[EventKind, str] = {
    EventKind.REQUEST_MADE: "asked for it",
    EventKind.REQUEST_REFUSED: "was refused; nothing was sent",
    EventKind.PREVIEW_SHOWN: "the preview was shown",
    EventKind.WENT_AHEAD: "confirmed it",
    EventKind.CLICK_REFUSED: "pressed a button and was refused",
    EventKind.WITHDRAWN: "kept the orders; nothing was sent",
    EventKind.EXPIRED: "it expired; nothing was sent",
    EventKind.RUN_STARTED: "sending began",
    EventKind.BATCH_SETTLED: "Fincart's answer to a batch was recorded",
    EventKind.LOGS_READ: "orders' logs were read",
    EventKind.REST_NOT_SENT: "the rest was not sent",
    EventKind.STOPPED: "sending was stopped",
    EventKind.CORRECTED: "outcomes were corrected",
    EventKind.CHECK_ASKED: "asked to check the unknown orders again",
    EventKind.LEFT_OUT: "left orders out",
    EventKind.INCLUDED: "included what is unlike the other ids",
    EventKind.FINISHED: "it finished",
    EventKind.HELD: "sending was held",
    EventKind.HOLD_ENDED: "the hold was lifted",
    EventKind.ASKED_FOR_APPROVAL: "asked others for approval",
    EventKind.APPROVED: "approved it",
    EventKind.DECLINED: "declined it; nothing was sent",
    EventKind.EMERGENCY: "went ahead alone, in an emergency",
    EventKind.REMINDED: "those who may approve were reminded",
    EventKind.CHANGED: "what it needs has changed",
    EventKind.RECONCILED: "found orders of it cancelled at Fincart",
    EventKind.ERASED: "erased what people typed",
    EventKind.ARCHIVED: "moved ended requests into an archive",
}
"""What each kind of event says after the name of who did it, or before it (`_BY`)."""

_BY = frozenset({EventKind.STOPPED, EventKind.HELD, EventKind.HOLD_ENDED, EventKind.REMINDED, EventKind.CORRECTED})
"""Kinds whose words go before the name."""

_DETAILS = ("cancelled", "rejected", "not_sent", "unknown", "why", "words", "action", "act", "comment", "code", "rule")
"""Details that are shown, in this order, if they are plain values."""


def event_line(event: EventFacts, facts: RequestFacts | None = None) -> Line:
    """`24 Nov 17:40: @U confirmed it (rule: ALLOWED_USERS)`; with `facts`, the requester is not named again."""
    kind = next((kind for kind in EventKind if kind.value == event.kind), None)
    phrase = event.kind.replace("_", " ") if kind is None else _PHRASES[kind]
    line: Line = (When(event.at), ": ")
    if event.who is None:
        line += (Typed(phrase, 80),)
    elif kind in _BY:
        line += (Typed(phrase, 80), " by ", person(facts, event.who))
    else:
        line += (person(facts, event.who), " ", Typed(phrase, 80))
    details = [
        f"{key.replace('_', ' ')}: {event.details[key]}" for key in _DETAILS if _is_plain(event.details.get(key))
    ]
    return (*line, " (", Typed("; ".join(details), 160), ")") if details else line


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and bool(value)
