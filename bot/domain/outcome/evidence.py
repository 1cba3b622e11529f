"""PURE: the evidence about one order, and what its log means: the input of `bot.domain.outcome.decide`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.outcome.responses import LogKind, LogReading
from storage.enums import AnswerKind, Doubt


@dataclass(frozen=True, slots=True)
class OutcomeTimings:
    """The table's seconds, in one place so that tests can shrink them."""

    pending_after: float = 3.0  # a pending log read sooner after the attempt proves nothing
    late_after: float = 30.0  # from then on a log has caught up with the attempt
    clock_slack: float = 5.0  # by how much clocks may be off
    reads: int = 3  # so many reads that fail ...
    reads_within: float = 10.0  # ... or so long after the first of them make a log unreadable
    first_rest: float = 1.0  # how long all log reads rest after one without an answer, unless Fincart names a time ...
    longest_rest: float = 60.0  # ... doubled each time, up to this
    waits: float = 300.0  # how long an order in doubt waits for a log answer before it is unknown
    keep_reading: float = 86_400.0  # how long a provisional outcome's log is read again
    lost_sends: int = 3  # after so many lost sends an order is not sent again


DEFAULT_TIMINGS = OutcomeTimings()


@dataclass(frozen=True, slots=True)
class CallEvidence:
    """One call that carried the order, and its answer. `alone`: it carried no other order.

    A call taken over without an answer is recorded as indeterminate, and ends when it is taken over. It may still
    be in flight until `open_until` if its sender was only suspended. Times are the database's.
    """

    kind: AnswerKind
    alone: bool
    ended_at: datetime
    words: str = ""
    answered_late: bool = False  # its answer came after it was recorded as indeterminate
    open_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LastLog:
    """A readable log, or (`absent`) no such order. `cancelled_at` and `changed_at` are in Fincart's time, `read_at` in
    ours."""

    read_at: datetime
    absent: bool = False
    status: str = ""
    pending: bool = False
    changed_at: datetime | None = None
    cancelled_at: datetime | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything known about one order of one request.

    `attempts` are oldest first. `log` is the last informative reading. `failed_reads` counts uninformative reads since
    then or since the last attempt, `first_failed_at` is the time of the first; `refused_reads` counts those that
    Fincart refused with the same words as the last call. `waits_since`: when a log read first went unanswered.
    `first_sent_at` is in Fincart's time, None if unknown. `sending_allowed` is False once the request was stopped, its
    approval ran out, the token was rejected or the order was settled. `cancelled_by_request` is another request of ours
    that has this order as cancelled.
    """

    attempts: tuple[CallEvidence, ...] = ()
    log: LastLog | None = None
    failed_reads: int = 0
    first_failed_at: datetime | None = None
    refused_reads: int = 0
    waits_since: datetime | None = None
    log_was_read: bool = False
    first_sent_at: datetime | None = None
    cancelled_at_preview: bool = False
    sending_allowed: bool = True
    cancelled_by_request: str | None = None

    @property
    def doubt(self) -> Doubt:
        """Return whether a call may have been applied without confirmation. It only ever grows."""
        if any(attempt.kind is AnswerKind.INDETERMINATE or attempt.answered_late for attempt in self.attempts):
            return Doubt.STRONG
        if any(attempt.kind is AnswerKind.REFUSED and not attempt.alone for attempt in self.attempts):
            return Doubt.WEAK
        return Doubt.NONE

    @property
    def open_until(self) -> datetime | None:
        """Until when a call of a suspended sender may still be in flight."""
        open_ends = (
            each.open_until for each in self.attempts if each.open_until is not None and not each.answered_late
        )
        return max(open_ends, default=None)

    @property
    def over_at(self) -> datetime:
        """Return when the last call that carried the order had certainly ended."""
        return max(each.open_until or each.ended_at for each in self.attempts)

    @property
    def answered_ok(self) -> bool:
        """Tell whether Fincart confirmed any call that carried the order."""
        return any(attempt.kind is AnswerKind.OK for attempt in self.attempts)


def without_failed_reads(evidence: Evidence) -> Evidence:
    """Reset the failed reads, as after a new answer."""
    if not evidence.failed_reads and evidence.first_failed_at is None and evidence.waits_since is None:
        return evidence
    return replace(evidence, failed_reads=0, first_failed_at=None, refused_reads=0, waits_since=None)


def with_log(evidence: Evidence, reading: LogReading, read_at: datetime) -> Evidence:
    """Return the evidence after one more reading. An uninformative one never replaces an informative one; an absent log
    is uninformative if the order's log was read before. An unanswered read is no reading: the order waits.
    """
    if reading.kind is LogKind.UNAVAILABLE:
        return with_wait(evidence, read_at)
    says_nothing = reading.kind is LogKind.UNREADABLE or (reading.kind is LogKind.ABSENT and evidence.log_was_read)
    if says_nothing:
        first = evidence.first_failed_at or read_at
        return replace(
            evidence,
            failed_reads=evidence.failed_reads + 1,
            first_failed_at=first,
            refused_reads=evidence.refused_reads + _is_refused_alike(evidence, reading),
        )
    log = _last_log(reading, read_at)
    return replace(
        without_failed_reads(evidence),
        log=log,
        log_was_read=evidence.log_was_read or not log.absent,
    )


def _is_refused_alike(evidence: Evidence, reading: LogReading) -> bool:
    """Tell whether Fincart refuses the log with the words it refused the last call with."""
    is_refused = reading.http_status in (400, 403)
    return is_refused and bool(evidence.attempts) and evidence.attempts[-1].words == reading.why


def with_wait(evidence: Evidence, since: datetime) -> Evidence:
    """Return the evidence after a due log read that Fincart did not answer, or that was skipped."""
    return evidence if evidence.waits_since is not None else replace(evidence, waits_since=since)


def _last_log(reading: LogReading, read_at: datetime) -> LastLog:
    if reading.kind is LogKind.ABSENT:
        return LastLog(read_at, absent=True)
    entry = reading.cancelled or reading.entries[-1]
    return LastLog(
        read_at,
        status=entry.title,
        pending=reading.is_pending,
        changed_at=entry.created_at,
        cancelled_at=entry.created_at if entry.is_cancelled else None,
        by=entry.by,
    )


class LogClass(StrEnum):
    """What the log means for this order. NOTHING: not read yet, or pending but read too early."""

    NOTHING = "nothing"
    SINCE = "since"
    BEFORE = "before"
    OTHER = "other"
    PENDING = "pending"
    ABSENT = "absent"
    UNREADABLE = "unreadable"


def classify_log(evidence: Evidence, timings: OutcomeTimings = DEFAULT_TIMINGS) -> LogClass:
    """Classify the evidence's log: unreadable once a read failed and nothing better is known."""
    log = evidence.log
    if log is not None and log.absent:
        return LogClass.ABSENT
    if log is not None and log.cancelled_at is not None:
        return _since_or_before(evidence, log.cancelled_at, timings)
    if log is not None and not log.pending:
        return LogClass.OTHER
    if log is not None and read_after(evidence, log, timings.pending_after):
        return LogClass.PENDING
    return LogClass.UNREADABLE if evidence.failed_reads else LogClass.NOTHING


def _since_or_before(evidence: Evidence, cancelled_at: datetime, timings: OutcomeTimings) -> LogClass:
    if evidence.cancelled_at_preview:
        return LogClass.BEFORE
    if evidence.first_sent_at is None:
        ours = evidence.answered_ok or evidence.doubt is not Doubt.NONE
        return LogClass.SINCE if ours else LogClass.BEFORE
    since = evidence.first_sent_at - timedelta(seconds=timings.clock_slack)
    return LogClass.SINCE if cancelled_at >= since else LogClass.BEFORE


def read_after(evidence: Evidence, log: LastLog, seconds: float) -> bool:
    """Tell whether the log was read at least so many seconds after the last attempt ended."""
    if not evidence.attempts:
        return True
    return log.read_at >= evidence.attempts[-1].ended_at + timedelta(seconds=seconds)
