"""Enums of the database: states, outcomes and other columns stored by value.

`EnumText`, the column type, checks every such column before a row is built. Columns created with their table also have
a CHECK constraint.
"""

from enum import StrEnum

ABSENT = "no such order"
"""`seen_status` of an order that Fincart did not know when the preview was read."""


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
"""Every allowed move. A test holds this, the drawing above and the one in docs/states.md together."""

OPEN_STATES = frozenset(state for state, following in MOVES.items() if following)
"""States in which a request still waits for a person or the bot."""

RUNNING = frozenset({RequestState.APPROVED, RequestState.EXECUTING})
"""Approved, and not over."""

LET_RUN = RUNNING | {RequestState.FINISHED}
BEGUN = LET_RUN - {RequestState.APPROVED}
"""States in which something may have been sent."""

UNDECIDED = OPEN_STATES - RUNNING
"""Not yet approved or ended by a person; it expires."""


class Outcome(StrEnum):
    """What became of one order, by the table in docs/truth.md."""

    CANCELLED = "cancelled"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


class Proof(StrEnum):
    """What an outcome rests on: Fincart's answer to the call, or the order's log."""

    ANSWER = "answer"
    LOG = "log"


class Doubt(StrEnum):
    """Whether an unanswered call that carried the order may have been applied. It only grows."""

    NONE = "none"
    WEAK = "weak"
    STRONG = "strong"


class AnswerKind(StrEnum):
    """Kinds of Fincart's answers (docs/truth.md)."""

    OK = "ok"
    NOT_APPLIED = "unacted"
    TOKEN = "token"
    REFUSED = "refused"
    INDETERMINATE = "lost"


class Origin(StrEnum):
    """How a request was made."""

    COMMAND = "command"
    FORM = "form"
    SHORTCUT = "shortcut"
    RETRY = "retry"


class DecisionVerdict(StrEnum):
    """One person's verdict on one request."""

    APPROVED = "approved"
    DECLINED = "declined"


class HoldKind(StrEnum):
    """Why nothing is sent at all; one row per kind."""

    PAUSE = "pause"
    RATE_LIMIT = "rate_limit"
    DOWN = "down"
    TOKEN = "token"
    SLACK = "slack"


class StopReason(StrEnum):
    """Why a run sends no more."""

    STOPPED = "stopped"
    """A person stopped it."""
    APPROVAL_EXPIRED = "approval_expired"
    TOKEN_REJECTED = "token_rejected"


class HoldReason(StrEnum):
    """Why the rest of a run waits for a person."""

    PAUSED = "paused"
    FAILURES = "failures"
    """Too many of its orders are refused or unknown."""


class EventKind(StrEnum):
    """Every kind of audit event. docs/audit.md explains each; a test holds both together."""

    REQUEST_MADE = "request_made"
    REQUEST_REFUSED = "request_refused"
    PREVIEW_SHOWN = "preview_shown"
    WENT_AHEAD = "went_ahead"
    CLICK_REFUSED = "click_refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    RUN_STARTED = "run_started"
    BATCH_SETTLED = "batch_settled"
    LOGS_READ = "logs_read"
    REST_NOT_SENT = "rest_not_sent"
    STOPPED = "stopped"
    CORRECTED = "corrected"
    CHECK_ASKED = "check_asked"
    LEFT_OUT = "left_out"
    INCLUDED = "included"
    FINISHED = "finished"
    HELD = "held"
    HOLD_ENDED = "hold_ended"
    ASKED_FOR_APPROVAL = "asked_for_approval"
    APPROVED = "approved"
    DECLINED = "declined"
    EMERGENCY = "emergency"
    REMINDED = "reminded"
    CHANGED = "changed"
    RECONCILED = "reconciled"
    ERASED = "erased"
    ARCHIVED = "archived"


class OpsEvent(StrEnum):
    """What whoever runs the bot is told in `OPS_CHANNEL`."""

    HELD = "held"
    HOLD_ENDED = "hold_ended"
    MOVED = "moved"
    """A live message goes on as a direct message."""
    GIVEN_UP = "given_up"
    """A message cannot be delivered."""
    UNHANDLED = "unhandled"
    """A command, click or form could not be handled."""
    UNVERIFIED = "unverified"
    """The history does not verify."""
    VERIFIED = "verified"
    """It does again."""
    NOT_ALONE = "not_alone"
    """Another installation is connected to Slack with the same app token."""
    ALONE = "alone"
    """None is any more."""


class MessageKind(StrEnum):
    """Every message that the bot posts; docs/messages.md shows each."""

    LIVE = "live"
    PREVIEW = "preview"
    ANSWER = "answer"
    HISTORY = "history"
    SHOW = "show"
    SHARED_HISTORY = "shared_history"
    REPORT = "report"
    SHARED_REPORT = "shared_report"
    DIGEST = "digest"
    END_NOTICE = "end_notice"
    CORRECTION_NOTICE = "correction_notice"
    DRY_RUN = "look"
    WAITING = "waiting"
    REMINDER = "reminder"
    EMERGENCY_NOTICE = "emergency_notice"
    MOVED = "moved"
    OPS_NOTICE = "ops_notice"


TO_ALL = frozenset(
    {
        MessageKind.LIVE,
        MessageKind.MOVED,
        MessageKind.SHARED_HISTORY,
        MessageKind.SHARED_REPORT,
        MessageKind.DIGEST,
        MessageKind.END_NOTICE,
        MessageKind.REMINDER,
        MessageKind.EMERGENCY_NOTICE,
        MessageKind.CORRECTION_NOTICE,
        MessageKind.OPS_NOTICE,
    }
)
"""Messages that are posted and stay. All others answer one person, and are given up if that person cannot be
reached.
"""

HELD_BACK = TO_ALL - {MessageKind.OPS_NOTICE}
"""What a restored copy keeps to itself until somebody resumes: the original has told it, or something newer."""


class AnswerCode(StrEnum):
    """What became of a delivery; selects the private answer to it."""

    PREVIEW = "preview"
    """A preview is the answer."""
    SHOWN = "shown"
    """The requested view is shown or posted."""
    REPEATED = "repeated"
    """An earlier try has already answered it."""
    REFUSED = "refused"
    WENT_AHEAD = "went_ahead"
    KEPT = "kept"
    EXPIRED = "expired"
    ALREADY_DECIDED = "already_decided"
    OLDER_REVISION = "older_revision"
    NO_SUCH_REQUEST = "no_such_request"
    PROBLEM = "problem"
    FILE_NOT_FETCHED = "file_not_fetched"
    NOT_UNDERSTOOD = "not_understood"
    """A button of another version."""
    TYPE_AGAIN = "type_again"
    """A command or form that another version stored."""
    BROKEN = "broken"
    ASKED_FOR_APPROVAL = "asked_for_approval"
    APPROVED = "approved"
    APPROVED_MORE_NEEDED = "approved_more_needed"
    ALREADY_APPROVED = "already_approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    NUMBER_NEEDED = "number_needed"
    REMINDED = "reminded"
    REMINDED_LATELY = "reminded_lately"
    NOT_POSTED_YET = "not_posted_yet"
    EXPORTED = "exported"
    NOT_EXPORTED = "not_exported"
    NOT_SHARED = "not_shared"
    STOPPED = "stopped"
    ALREADY_STOPPED = "already_stopped"
    PAUSED = "paused"
    ALREADY_PAUSED = "already_paused"
    GOING_ON = "going_on"
    NOT_HELD = "not_held"
    UNDONE = "undone"
    TOO_LATE_TO_UNDO = "too_late_to_undo"
    CHECKING = "checking"
    NOTHING_UNKNOWN = "nothing_unknown"
    NOT_RUNNING = "not_running"
    NOTHING_TO_RETRY = "nothing_to_retry"
    NOTHING_TO_LEAVE_OUT = "nothing_to_leave_out"
    NOTHING_TO_INCLUDE = "nothing_to_include"
    ALL_PAUSED = "all_paused"
    ALL_PAUSED_ALREADY = "all_paused_already"
    ALL_RESUMED = "all_resumed"
    NOTHING_PAUSED = "nothing_paused"
    MOVED_AWAY = "moved_away"
