"""What was seen of one order, and what its log means: the input of `bot.domain.outcome.decide`. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.outcome.responses import LogKind, LogReading
from storage.enums import AnswerKind, Doubt


@dataclass(frozen=True, slots=True)
class OutcomeTimings:
    """The seconds of the table, in one place so that tests can shrink them."""

    pending_after: float = 3.0  # a pending log read sooner after the attempt says nothing
    late_after: float = 30.0  # from then on a log has caught up with the attempt
    clock_slack: float = 5.0  # by how much clocks may be off
    reads: int = 3  # so many reads that fail ...
    reads_within: float = 10.0  # ... or so long after the first of them make a log unreadable
    first_rest: float = 1.0  # so long all log reads rest once one was not answered, where Fincart names no time ...
    longest_rest: float = 60.0  # ... doubled each time, up to this
    waits: float = 300.0  # an order in doubt whose log is not answered waits so long, then it is unknown
    keep_reading: float = 86_400.0  # what is not settled for good is read again for so long
    lost_sends: int = 3  # so many lost sends of an order, and it is not sent again


DEFAULT_TIMINGS = OutcomeTimings()


@dataclass(frozen=True, slots=True)
class CallEvidence:
    """One call that carried the order, and what came back. `alone`: it carried no other order.

    One that is taken over without an answer is recorded as indeterminate, and ends when it is taken over. It may still
    be in flight until `open_until` if its sender was only suspended. Times are the database's.
    """

    kind: AnswerKind
    alone: bool
    ended_at: datetime
    words: str = ""
    was_lost: bool = False  # its answer came after it had been counted as indeterminate
    open_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SeenLog:
    """What a readable log said, or (`absent`) that there is no such order. `cancelled_at` and `changed_at`
    are in Fincart's time, `read_at` is in ours."""

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

    `attempts` oldest first. `log` is the last reading that said anything. `failed_reads` counts the reads since then or
    since the last attempt that said nothing, `first_failed_at` is when the first of them was; `refused_reads` counts
    those that Fincart refused with the same words as the last call. `waits_since`: when a log read first went
    unanswered. `first_sent_at` is in Fincart's time, None where that is not known. `sending_allowed` is False once the
    request was stopped, its approval ran out, the token was rejected or the order was settled. `cancelled_elsewhere` is
    another request of ours that has this order as cancelled.
    """

    attempts: tuple[CallEvidence, ...] = ()
    log: SeenLog | None = None
    failed_reads: int = 0
    first_failed_at: datetime | None = None
    refused_reads: int = 0
    waits_since: datetime | None = None
    log_was_read: bool = False
    first_sent_at: datetime | None = None
    cancelled_at_preview: bool = False
    sending_allowed: bool = True
    cancelled_elsewhere: str | None = None

    @property
    def doubt(self) -> Doubt:
        """Whether a call may have been applied to the order although nobody said so. It only ever grows."""
        if any(attempt.kind is AnswerKind.INDETERMINATE or attempt.was_lost for attempt in self.attempts):
            return Doubt.STRONG
        if any(attempt.kind is AnswerKind.REFUSED and not attempt.alone for attempt in self.attempts):
            return Doubt.WEAK
        return Doubt.NONE

    @property
    def open_until(self) -> datetime | None:
        """Until when a call that carried the order may be on the wire although its sender was taken for dead."""
        open_ends = (each.open_until for each in self.attempts if each.open_until is not None and not each.was_lost)
        return max(open_ends, default=None)

    @property
    def over_at(self) -> datetime:
        """When the last of the calls that carried the order had ended for sure."""
        return max(each.open_until or each.ended_at for each in self.attempts)

    @property
    def answered_ok(self) -> bool:
        """Whether Fincart said of any call that carried the order that it succeeded."""
        return any(attempt.kind is AnswerKind.OK for attempt in self.attempts)


def without_failed_reads(evidence: Evidence) -> Evidence:
    """After a new answer, reading begins anew."""
    if not evidence.failed_reads and evidence.first_failed_at is None and evidence.waits_since is None:
        return evidence
    return replace(evidence, failed_reads=0, first_failed_at=None, refused_reads=0, waits_since=None)


def with_log(evidence: Evidence, reading: LogReading, read_at: datetime) -> Evidence:
    """The evidence after one more reading. One that says nothing never displaces one that did; an absent
    log says nothing where the order's log was read before. One that was not answered is no reading: the order waits.
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
    seen = _seen(reading, read_at)
    return replace(
        without_failed_reads(evidence),
        log=seen,
        log_was_read=evidence.log_was_read or not seen.absent,
    )


def _is_refused_alike(evidence: Evidence, reading: LogReading) -> bool:
    """Whether Fincart says of the order's log what it said of the last call."""
    is_refused = reading.http_status in (400, 403)
    return is_refused and bool(evidence.attempts) and evidence.attempts[-1].words == reading.why


def with_wait(evidence: Evidence, since: datetime) -> Evidence:
    """The evidence where the log should have been read at this moment, and Fincart did not answer, or was not asked."""
    return evidence if evidence.waits_since is not None else replace(evidence, waits_since=since)


def _seen(reading: LogReading, read_at: datetime) -> SeenLog:
    if reading.kind is LogKind.ABSENT:
        return SeenLog(read_at, absent=True)
    entry = reading.cancelled or reading.entries[-1]
    return SeenLog(
        read_at,
        status=entry.title,
        pending=reading.is_pending,
        changed_at=entry.created_at,
        cancelled_at=entry.created_at if entry.is_cancelled else None,
        by=entry.by,
    )


class LogClass(StrEnum):
    """What the log means for this order. NOTHING: not read yet, or pending and read too early."""

    NOTHING = "nothing"
    SINCE = "since"
    BEFORE = "before"
    OTHER = "other"
    PENDING = "pending"
    ABSENT = "absent"
    UNREADABLE = "unreadable"


def classify_log(evidence: Evidence, timings: OutcomeTimings = DEFAULT_TIMINGS) -> LogClass:
    """The class of the evidence's log. Unreadable as soon as one read failed and nothing better is known."""
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


def read_after(evidence: Evidence, log: SeenLog, seconds: float) -> bool:
    """Whether the log was read so many seconds or more after the last attempt ended."""
    if not evidence.attempts:
        return True
    return log.read_at >= evidence.attempts[-1].ended_at + timedelta(seconds=seconds)
