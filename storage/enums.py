"""The closed words of the database: states, outcomes and what else is stored by value.

Every column that holds one of these is checked by `EnumText`, the column type, before a row is built; those that were
made with their table also by a CHECK constraint in the database itself.
"""

from enum import StrEnum


class RequestState(StrEnum):
    """Where a request stands. States only move forward, along `MOVES`.

    preparing ──┬─ refused | expired                policy said no | nobody could be asked in time
                └─ confirming ──┬─ withdrawn        "Keep them"
                                ├─ expired
                                ├─ waiting ──┬─ declined | withdrawn | expired      needs more approvals
                                │            └─ approved
                                └─ approved ─┬─ withdrawn     undone before anything was sent
                                             └─ executing ── finished
    """

    PREPARING = "preparing"
    CONFIRMING = "confirming"
    WAITING = "waiting"
    APPROVED = "approved"
    EXECUTING = "executing"
    FINISHED = "finished"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"
    EXPIRED = "expired"


MOVES: dict[RequestState, frozenset[RequestState]] = {
    RequestState.PREPARING: frozenset({RequestState.REFUSED, RequestState.EXPIRED, RequestState.CONFIRMING}),
    RequestState.CONFIRMING: frozenset(
        {RequestState.WITHDRAWN, RequestState.EXPIRED, RequestState.WAITING, RequestState.APPROVED}
    ),
    RequestState.WAITING: frozenset(
        {RequestState.DECLINED, RequestState.WITHDRAWN, RequestState.EXPIRED, RequestState.APPROVED}
    ),
    RequestState.APPROVED: frozenset({RequestState.WITHDRAWN, RequestState.EXECUTING}),
    RequestState.EXECUTING: frozenset({RequestState.FINISHED}),
    RequestState.FINISHED: frozenset(),
    RequestState.REFUSED: frozenset(),
    RequestState.WITHDRAWN: frozenset(),
    RequestState.DECLINED: frozenset(),
    RequestState.EXPIRED: frozenset(),
}
"""Every move there is. A test holds this, the drawing above and the one in docs/states.md together."""

OPEN_STATES = frozenset(state for state, following in MOVES.items() if following)
"""States of a request that still wants something: from a person, or from the bot."""


class Outcome(StrEnum):
    """What became of one order, by the table in docs/truth.md."""

    CANCELLED = "cancelled"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


class Proof(StrEnum):
    """What an outcome rests on: Fincart's answer to the call, or the order's own log."""

    ANSWER = "answer"
    LOG = "log"


class Doubt(StrEnum):
    """Whether a call that carried the order may have been applied although nobody said so. It only grows."""

    NONE = "none"
    WEAK = "weak"
    STRONG = "strong"


class AnswerKind(StrEnum):
    """The classes of Fincart's answers (docs/truth.md)."""

    OK = "ok"
    NOT_APPLIED = "unacted"
    TOKEN = "token"
    REFUSED = "refused"
    INDETERMINATE = "lost"


class Origin(StrEnum):
    """How a request was asked for."""

    COMMAND = "command"
    FORM = "form"
    SHORTCUT = "shortcut"
    RETRY = "retry"


class DecisionVerdict(StrEnum):
    """One person's verdict on one request."""

    APPROVED = "approved"
    DECLINED = "declined"


class HoldKind(StrEnum):
    """Why nothing at all is sent just now; one row per kind."""

    PAUSE = "pause"
    RATE_LIMIT = "rate_limit"
    DOWN = "down"
    TOKEN = "token"
    SLACK = "slack"


class StopReason(StrEnum):
    """Why nothing more of a run is sent."""

    STOPPED = "stopped"
    """Somebody stopped it."""
    APPROVAL_EXPIRED = "approval_expired"
    TOKEN_REJECTED = "token_rejected"


class HoldReason(StrEnum):
    """Why the rest of one run waits for somebody."""

    PAUSED = "paused"
    FAILURES = "failures"
    """Too many of its orders were refused or are unknown."""
