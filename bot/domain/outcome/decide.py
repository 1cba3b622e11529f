"""Decides an order's outcome: one pure function over all its evidence.

`conclude` is the table of docs/truth.md, row by row; `Evidence` is its input. New evidence about a settled order runs
the same function again (`reconsider`); a different outcome is a correction. Nothing here reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.outcome.evidence import (
    DEFAULT_TIMINGS,
    CallEvidence,
    Evidence,
    LastLog,
    LogClass,
    OutcomeTimings,
    classify_log,
    with_log,
    with_wait,
)
from storage.enums import AnswerKind, Doubt, Outcome, Proof

__all__ = [
    "DEFAULT_TIMINGS",
    "CallEvidence",
    "Evidence",
    "Halve",
    "LastLog",
    "LogClass",
    "OutcomeTimings",
    "ReadLog",
    "SendAgain",
    "Settled",
    "Step",
    "Why",
    "classify_log",
    "conclude",
    "reconsider",
    "with_log",
    "with_wait",
]


class Why(StrEnum):
    """The reason for an outcome, for its wording. Each member's comment says what `words` and `at` then hold."""

    FINCART_ANSWERED = "fincart_answered"  # Fincart's words
    LOG_SHOWS_CANCELLED = "log_shows_cancelled"  # who, by the log; when
    ALREADY_CANCELLED = "already_cancelled"  # who, by the log; when
    CANCELLED_BY_REQUEST = "cancelled_by_request"  # the other request's id
    HAS_STATUS = "has_status"  # the status; since when
    NO_SUCH_ORDER = "no_such_order"
    STILL_PENDING = "still_pending"  # the status; since when
    NOT_ACTED_ON = "not_acted_on"  # Fincart's words, if any
    NEVER_SENT = "never_sent"
    NO_TRUSTWORTHY_ANSWER = "no_trustworthy_answer"  # the words of the last answer


@dataclass(frozen=True, slots=True)
class Settled:
    """The order's outcome. `proof` is None if nothing proves it (`not_sent` without a call that was acted on,
    `unknown`). `read_at` is when to read the log (again); None: only if somebody asks."""

    outcome: Outcome
    proof: Proof | None
    why: Why
    words: str = ""
    at: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Send the order (again)."""


@dataclass(frozen=True, slots=True)
class Halve:
    """Halve the refused call that carried the order and send the halves."""


@dataclass(frozen=True, slots=True)
class ReadLog:
    """Read the order's log at this time, or as soon as possible after it."""

    at: datetime


Step = Settled | SendAgain | Halve | ReadLog


def conclude(evidence: Evidence, now: datetime, timings: OutcomeTimings = DEFAULT_TIMINGS) -> Step:
    """Return the order's outcome, or the next thing to do."""
    step = _by_the_table(evidence, now, timings)
    open_until = evidence.open_until
    if not isinstance(step, Settled) or open_until is None or _is_cancelled(evidence, step):
        return step
    if now < open_until:
        # A call may still be applied: read again, at the latest once that is impossible.
        over = open_until + timedelta(seconds=timings.pending_after)
        return ReadLog(min(step.read_at or over, over))
    late = open_until + timedelta(seconds=timings.late_after)
    if step.outcome is Outcome.UNKNOWN and now < late:
        # Do not report "unknown" shortly before a log that has caught up can tell.
        return ReadLog(min(step.read_at or late, late))
    return step


def _is_cancelled(evidence: Evidence, settled: Settled) -> bool:
    """Tell whether it is cancelled, so that no call can change it any more."""
    in_its_log = evidence.log is not None and evidence.log.cancelled_at is not None
    return in_its_log or settled.outcome is Outcome.CANCELLED


def _by_the_table(evidence: Evidence, now: datetime, timings: OutcomeTimings) -> Step:
    if evidence.answered_ok:
        return _after_ok(evidence, now, timings)
    if not evidence.attempts:
        return SendAgain() if evidence.sending_allowed else _not_sent(Why.NEVER_SENT)
    last = evidence.attempts[-1]
    if last.kind is AnswerKind.REFUSED and last.alone:
        return _after_refusal(evidence, last, now, timings)
    if last.kind is AnswerKind.REFUSED and evidence.sending_allowed:
        return Halve()
    if evidence.doubt is not Doubt.NONE:
        return _by_the_log(evidence, last, now, timings)
    if last.kind is AnswerKind.NOT_APPLIED and evidence.sending_allowed:
        return SendAgain()
    return _not_sent(Why.NOT_ACTED_ON, last.words)


def reconsider(evidence: Evidence, now: datetime, timings: OutcomeTimings = DEFAULT_TIMINGS) -> Settled | ReadLog:
    """Run the table again for a settled order; it may read a log and never sends."""
    step = conclude(replace(evidence, sending_allowed=False), now, timings)
    assert isinstance(step, Settled | ReadLog)
    return step


def _after_ok(evidence: Evidence, now: datetime, timings: OutcomeTimings) -> Settled:
    """Apply the rows "OK" and "OK, checked"."""
    log = classify_log(evidence, timings)
    ok = next(attempt for attempt in evidence.attempts if attempt.kind is AnswerKind.OK)
    by_word = Settled(
        Outcome.CANCELLED,
        Proof.ANSWER,
        Why.FINCART_ANSWERED,
        ok.words,
        read_at=_next_read(evidence, now, timings),
    )
    if log is LogClass.SINCE:
        return _settled_by_log(evidence, log)
    if not _late(evidence, timings):
        return by_word
    match log:
        case LogClass.BEFORE | LogClass.OTHER | LogClass.ABSENT:
            return _settled_by_log(evidence, log)
        case LogClass.PENDING:
            return _unknown(evidence, now, timings, Why.STILL_PENDING)
        case _:
            return by_word


def _after_refusal(evidence: Evidence, last: CallEvidence, now: datetime, timings: OutcomeTimings) -> Step:
    """Apply the rows "REFUSED, one"."""
    log, doubt = classify_log(evidence, timings), evidence.doubt
    rejected = Settled(Outcome.REJECTED, Proof.ANSWER, Why.FINCART_ANSWERED, last.words)
    match log:
        case LogClass.SINCE | LogClass.BEFORE | LogClass.OTHER | LogClass.ABSENT:
            return _settled_by_log(evidence, log)
        case LogClass.PENDING if doubt is Doubt.NONE or _late(evidence, timings):
            return rejected
        case LogClass.PENDING if doubt is Doubt.WEAK:
            return replace(rejected, read_at=_next_read(evidence, now, timings))
        case LogClass.PENDING:
            return _unknown(evidence, now, timings)
        case LogClass.UNREADABLE if doubt is Doubt.NONE:
            return rejected
        case LogClass.UNREADABLE if doubt is Doubt.WEAK and evidence.refused_reads >= timings.reads:
            # Another merchant's order, or no valid id: Fincart refuses each log read with the same words.
            return replace(rejected, read_at=_next_read(evidence, now, timings))
        case LogClass.NOTHING if doubt is Doubt.NONE and evidence.waits_since is not None:
            return replace(rejected, read_at=_next_read(evidence, now, timings))
        case _:
            return _read_or_unknown(evidence, now, timings)


def _by_the_log(evidence: Evidence, last: CallEvidence, now: datetime, timings: OutcomeTimings) -> Step:
    """Decides by the log: after a lost call, or once sending is over while in doubt."""
    log = classify_log(evidence, timings)
    match log:
        case LogClass.SINCE | LogClass.BEFORE | LogClass.OTHER | LogClass.ABSENT:
            return _settled_by_log(evidence, log)
        case LogClass.PENDING if _may_send_again(evidence, last, timings):
            return SendAgain()
        case LogClass.PENDING if _late(evidence, timings):
            status, at = _status(evidence)
            return Settled(Outcome.NOT_SENT, Proof.LOG, Why.STILL_PENDING, status, at)
        case LogClass.PENDING:
            return _unknown(evidence, now, timings)
        case _:
            return _read_or_unknown(evidence, now, timings)


def _may_send_again(evidence: Evidence, last: CallEvidence, timings: OutcomeTimings) -> bool:
    lost = sum(attempt.kind is AnswerKind.INDETERMINATE for attempt in evidence.attempts)
    return evidence.sending_allowed and last.kind is not AnswerKind.TOKEN and lost < timings.lost_sends


def _read_or_unknown(evidence: Evidence, now: datetime, timings: OutcomeTimings) -> ReadLog | Settled:
    """Read the log as often as the table allows, then return unknown."""
    if evidence.waits_since is not None:
        return _wait_or_unknown(evidence, evidence.waits_since, now, timings)
    ended_at = evidence.attempts[-1].ended_at
    if evidence.first_failed_at is None:
        too_early = evidence.log is not None and evidence.log.read_at >= ended_at
        return ReadLog(ended_at + timedelta(seconds=timings.pending_after) if too_early else ended_at)
    gone = (now - evidence.first_failed_at).total_seconds()
    if evidence.failed_reads >= timings.reads or gone >= timings.reads_within:
        return _unknown(evidence, now, timings)
    pause = timings.reads_within / timings.reads * evidence.failed_reads
    return ReadLog(evidence.first_failed_at + timedelta(seconds=pause))


def _wait_or_unknown(evidence: Evidence, since: datetime, now: datetime, timings: OutcomeTimings) -> ReadLog | Settled:
    """Wait while Fincart does not answer, with growing pauses so that other orders' logs are read in between."""
    over = since + timedelta(seconds=timings.waits)
    if now >= over or evidence.failed_reads >= timings.reads:
        return _unknown(evidence, now, timings)
    waited = (now - since).total_seconds()
    return ReadLog(min(over, now + timedelta(seconds=max(timings.first_rest, waited / 2))))


def _next_read(evidence: Evidence, now: datetime, timings: OutcomeTimings) -> datetime | None:
    """When to read the log next: once readable, once caught up, then at growing intervals."""
    ended_at = evidence.attempts[-1].ended_at
    readable = ended_at + timedelta(seconds=timings.pending_after)
    late = evidence.over_at + timedelta(seconds=timings.late_after)
    if evidence.log is None and evidence.failed_reads == 0 and evidence.waits_since is None:
        return readable
    if now < late:
        return late
    gone = (now - ended_at).total_seconds()
    if gone >= timings.keep_reading:
        return None
    return now + timedelta(seconds=max(timings.late_after, gone / 2))


def _late(evidence: Evidence, timings: OutcomeTimings) -> bool:
    log = evidence.log
    return log is not None and log.read_at >= evidence.over_at + timedelta(seconds=timings.late_after)


def _settled_by_log(evidence: Evidence, log: LogClass) -> Settled:
    last_log = evidence.log
    assert last_log is not None
    if log is LogClass.SINCE and evidence.cancelled_by_request is not None:
        other = evidence.cancelled_by_request
        return Settled(Outcome.REJECTED, Proof.LOG, Why.CANCELLED_BY_REQUEST, other, last_log.cancelled_at)
    if log is LogClass.SINCE:
        return Settled(Outcome.CANCELLED, Proof.LOG, Why.LOG_SHOWS_CANCELLED, last_log.by, last_log.cancelled_at)
    if log is LogClass.ABSENT:
        return Settled(Outcome.REJECTED, Proof.LOG, Why.NO_SUCH_ORDER)
    if log is LogClass.BEFORE:
        return Settled(Outcome.REJECTED, Proof.LOG, Why.ALREADY_CANCELLED, last_log.by, last_log.cancelled_at)
    return Settled(Outcome.REJECTED, Proof.LOG, Why.HAS_STATUS, last_log.status, last_log.changed_at)


def _status(evidence: Evidence) -> tuple[str, datetime | None]:
    log = evidence.log
    assert log is not None
    return log.status, log.changed_at


def _unknown(
    evidence: Evidence, now: datetime, timings: OutcomeTimings, why: Why = Why.NO_TRUSTWORTHY_ANSWER
) -> Settled:
    at: datetime | None = None
    words = evidence.attempts[-1].words
    if why is Why.STILL_PENDING:
        words, at = _status(evidence)
    return Settled(Outcome.UNKNOWN, None, why, words, at, _next_read(evidence, now, timings))


def _not_sent(why: Why, words: str = "") -> Settled:
    return Settled(Outcome.NOT_SENT, None, why, words)
