"""PURE: words why an order ended as it did, stored with the order and shown beside it."""

from datetime import datetime
from typing import Literal, assert_never

from bot.domain.outcome.decide import Settled, Why
from storage.enums import StopReason

TOKEN_REJECTED = "Fincart rejected the bot's token"
"""How the reason of a stop begins for which somebody must renew the token."""


FINCARTS_WORDS = "Fincart: "
"""How an order's words begin if they are Fincart's own."""


def outcome_words(settled: Settled, stop_why: str | None = None, stop_reason: StopReason | None = None) -> str:
    """One clause for people; empty where the outcome itself says all. `stop_why` is why sending was over, in words."""
    words = settled.words
    match settled.why:
        case Why.FINCART_ANSWERED:
            return "" if settled.outcome.value == "cancelled" else f"{FINCARTS_WORDS}{words}"
        case Why.NOT_ACTED_ON:
            over = stop_why or "sending was over"
            # The reason already holds the words of the rejection that ended the run.
            fincarts = f" ({words})" if words and stop_reason is not StopReason.TOKEN_REJECTED else ""
            return f"{over}; Fincart had not acted on it{fincarts}"
        case Why.NEVER_SENT:
            return stop_why or "sending was over"
        case Why.NO_TRUSTWORTHY_ANSWER:
            return f"no trustworthy answer ({words})" if words else "no trustworthy answer"
        case _:
            return _words_of_log(settled.why, words, settled.at)


_SHOWN_BY_LOG = Literal[
    Why.LOG_SHOWS_CANCELLED,
    Why.ALREADY_CANCELLED,
    Why.CANCELLED_BY_REQUEST,
    Why.HAS_STATUS,
    Why.NO_SUCH_ORDER,
    Why.STILL_PENDING,
]


def _words_of_log(why: _SHOWN_BY_LOG, words: str, at: datetime | None) -> str:
    match why:
        case Why.LOG_SHOWS_CANCELLED:
            return f"its log shows it cancelled{_when(at)}{_by(words)}"
        case Why.ALREADY_CANCELLED:
            return f"already cancelled{_when(at)}{_by(words)}"
        case Why.CANCELLED_BY_REQUEST:
            return f"already cancelled by {words}"
        case Why.HAS_STATUS:
            return f"its log says {words}{_when(at, 'since')}"
        case Why.NO_SUCH_ORDER:
            return "Fincart knows no such order"
        case Why.STILL_PENDING:
            return f"still {words or 'pending'} at Fincart"
        case _:
            assert_never(why)


def _when(at: datetime | None, word: str = "at") -> str:
    return f" {word} {at:%Y-%m-%d %H:%M} UTC" if at else ""


def _by(who: str) -> str:
    return f" by {who}" if who else ""
