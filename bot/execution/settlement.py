"""Settlement: concludes from evidence what became of orders, and keeps it: outcomes, logs to read, calls to repeat."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.domain.outcome import decide as truth
from bot.domain.outcome.decide import Evidence, Halve, ReadLog, SendAgain
from bot.execution.evidence import EvidenceBuilder, log_to_row
from bot.messages.outcome_words import outcome_words
from bot.outbox import enqueue
from storage import attempts, order_lines, outcomes, requests
from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.enums import HoldReason, Outcome, Proof, RequestState, StopReason
from storage.models import Attempt, Request
from storage.order_lines import OrderRow
from storage.outcomes import OutcomeUpdate, StoredOutcome
from storage.ranges import bounds, contain

LONGEST_PAUSE = 30.0
"""Seconds between two sends of orders whose calls were not acted on."""


@dataclass(frozen=True, slots=True)
class OrderEvidence:
    """One order and all that was seen of it."""

    line: OrderRow
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Cause:
    """What brought the evidence: the event that tells of it, and the attempt whose answer it is."""

    kind: EventKind
    details: Mapping[str, Any] | None = None
    attempt: Attempt | None = None


def apply(
    context: Context, transaction: Transaction, request: Request, seen: Sequence[OrderEvidence], cause: Cause
) -> None:
    """Conclude about each of these orders and keep what follows. The request's row is locked."""
    now = transaction.now()
    # A late answer, or a log read twice, may speak of orders that wait to be sent again because of an earlier one.
    if cause.attempt is None or not attempts.is_first(cause.attempt):
        attempts.withdraw(transaction, request, [each.line for each in seen])
    concluded = list(_concluded(context, request, seen, now))
    findings = [finding for _, _, finding in concluded]
    corrected = outcomes.settle(transaction, request, findings, kind=cause.kind, details=cause.details)
    _send_again(transaction, request, [each for each, step, _ in concluded if isinstance(step, SendAgain)], now)
    halve = [each.line for each, step, _ in concluded if isinstance(step, Halve)]
    _halve(transaction, request, halve, cause.attempt, now)
    _count_failures(context, transaction, request, findings)
    read = [each.line for each, step, _ in concluded if isinstance(step, ReadLog)]
    for _ in read:
        transaction.wake("logs")
    if any(line.outcome is None for line in read):
        enqueue.live(transaction, request, urgent=False)
    if corrected:
        # Of a finished request nothing else is urgent: confirmations come by the thousand.
        enqueue.live(transaction, request, urgent=True)
        positions = [each.line.position for each in corrected]
        enqueue.correction_notice(transaction, request, context.settings.audit_channel, positions)


def close(context: Context, transaction: Transaction, request: Request) -> None:
    """Sending is over: what was never acted on is not sent, what is in doubt goes by its log."""
    attempts.drop_queued(transaction, request)
    request.next_position = request.order_count
    flying = [bounds(attempt.positions) for attempt in attempts.under_way(transaction, request)]
    rest = [
        line
        for line in order_lines.unsettled(transaction, request)
        if not any(contain(each, line.position) for each in flying)
    ]
    evidences = EvidenceBuilder(request, attempts.ended(transaction, request), sending_allowed=False)
    seen = [OrderEvidence(line, evidences.of(line)) for line in rest]
    details = {"why": request.stop_why}
    apply(context, transaction, request, seen, Cause(EventKind.REST_NOT_SENT, details))


def finish_if_over(context: Context, transaction: Transaction, request: Request) -> bool:
    """Finish the request once every order has its outcome."""
    if request.state is not RequestState.EXECUTING or outcomes.settled_count(request) < request.order_count:
        return False
    transaction.session.flush()
    now = transaction.now()
    requests.move(transaction, request, RequestState.FINISHED, finished_at=now, due_at=None, lease_until=None)
    figures = {outcome.value: getattr(request, outcome.value) for outcome in Outcome}
    transaction.record(EventKind.FINISHED, who=None, request=request.public_id, details=figures, at=now)
    enqueue.live(transaction, request, urgent=True)
    if enqueue.end_is_owed(request, context.timings.notice_after):
        enqueue.end_notice(transaction, request)
    return True


def stop(
    transaction: Transaction,
    request: Request,
    reason: StopReason,
    why: str,
    who: str | None = None,
    person: str | None = None,
) -> None:
    """Mark that nothing more of this request is sent; `why` in words, `person` is whom `who` stands for."""
    now = request.stopped_at = transaction.now()
    request.stopped_by, request.stopped_by_person = who, person
    request.stop_reason, request.stop_why = reason, why
    details = {"why": why, "reason": reason.value}
    transaction.record(EventKind.STOPPED, who=who, person=person, request=request.public_id, details=details, at=now)


def _step(context: Context, each: OrderEvidence, now: datetime) -> truth.Step:
    if each.line.outcome is None:
        return truth.conclude(each.evidence, now, context.timings.truth)
    return truth.reconsider(each.evidence, now, context.timings.truth)


def _concluded(
    context: Context, request: Request, seen: Sequence[OrderEvidence], now: datetime
) -> Iterator[tuple[OrderEvidence, truth.Step, OutcomeUpdate]]:
    # Of most orders of a call the same was seen: they share their evidence, and so what follows from it.
    concluded: dict[tuple[int, bool], tuple[truth.Step, OutcomeUpdate]] = {}
    for each in seen:
        key = (id(each.evidence), each.line.outcome is None)
        if key not in concluded:
            concluded[key] = _conclude(context, request, each, now)
        step, like = concluded[key]
        yield each, step, replace(like, line=each.line)


def _conclude(
    context: Context, request: Request, each: OrderEvidence, now: datetime
) -> tuple[truth.Step, OutcomeUpdate]:
    step = _step(context, each, now)
    if isinstance(step, truth.Settled):
        return step, _settled(context, request, each, step)
    read_at = step.at if isinstance(step, ReadLog) else None
    return step, _finding(each, None, read_at)


def _finding(each: OrderEvidence, settled: StoredOutcome | None, read_at: datetime | None) -> OutcomeUpdate:
    evidence = each.evidence
    return OutcomeUpdate(each.line, settled, read_at, evidence.doubt, log_to_row(evidence), evidence.waits_since)


def _settled(context: Context, request: Request, each: OrderEvidence, step: truth.Settled) -> OutcomeUpdate:
    by_word = step.outcome is Outcome.CANCELLED and step.proof is Proof.ANSWER
    read_at = step.read_at if context.settings.verify_results or not by_word else None
    words = outcome_words(step, request.stop_why, request.stop_reason)
    settled = StoredOutcome(step.outcome, step.proof, words)
    return _finding(each, settled, read_at)


def _send_again(transaction: Transaction, request: Request, again: Sequence[OrderEvidence], now: datetime) -> None:
    if not again:
        return
    sends = max(len(each.evidence.attempts) for each in again)
    due_at = now + timedelta(seconds=min(LONGEST_PAUSE, 0.5 * 2.0 ** min(sends, 10)))
    attempts.queue(transaction, request, [each.line for each in again], due_at, sends=sends)
    transaction.wake("orders")


def _halve(
    transaction: Transaction, request: Request, refused: Sequence[OrderRow], parent: Attempt | None, now: datetime
) -> None:
    middle = (len(refused) + 1) // 2
    for half in (refused[:middle], refused[middle:]):
        if half:
            attempts.queue(transaction, request, half, now, parent=parent)


def _count_failures(
    context: Context, transaction: Transaction, request: Request, findings: Sequence[OutcomeUpdate]
) -> None:
    """Put the rest of a run on hold after so many refused or unknown orders, and ask."""
    most = context.settings.hold_after_failed
    bad = (Outcome.REJECTED, Outcome.UNKNOWN)
    fresh = [each for each in findings if each.line.outcome is None and each.settled is not None]
    request.failed_since_go_on += sum(each.settled is not None and each.settled.outcome in bad for each in fresh)
    left = outcomes.settled_count(request) < request.order_count
    if most and request.failed_since_go_on >= most and left and request.held_at is None and request.stopped_at is None:
        now = request.held_at = transaction.now()
        request.hold_reason = HoldReason.FAILURES
        request.held_why = f"{request.failed_since_go_on} orders were refused or are unknown"
        details = {"hold": "request", "why": request.held_why, "reason": HoldReason.FAILURES.value}
        transaction.record(EventKind.HELD, who=None, request=request.public_id, details=details, at=now)
        enqueue.live(transaction, request, urgent=True)
