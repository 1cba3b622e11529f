"""Settlement: decides outcomes from evidence, and stores them with the log reads and repeated calls that follow."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.domain.outcome.decide import Evidence, Halve, ReadLog, SendAgain, Settled, Step, conclude, reconsider
from bot.execution.evidence import EvidenceBuilder, log_to_row
from bot.messages.outcome_words import outcome_words
from bot.outbox import enqueue
from storage import attempts, order_lines, outcomes, requests
from storage.db.transactions import Transaction
from storage.enums import EventKind, HoldReason, Outcome, Proof, RequestState, StopReason
from storage.models import Attempt, Request
from storage.order_lines import OrderRow
from storage.outcomes import OutcomeUpdate, StoredOutcome
from storage.ranges import bounds, contain

LONGEST_PAUSE = 30.0
"""Seconds between two sends of orders whose calls were not applied."""


@dataclass(frozen=True, slots=True)
class OrderEvidence:
    """One order with all its evidence."""

    line: OrderRow
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Cause:
    """Where the evidence comes from: the event to record, and the attempt that was answered."""

    kind: EventKind
    details: Mapping[str, Any] | None = None
    attempt: Attempt | None = None


def apply(
    context: Context, transaction: Transaction, request: Request, orders: Sequence[OrderEvidence], cause: Cause
) -> None:
    """Decide each of these orders and store what follows. The request's row is locked."""
    now = transaction.now()
    # A late answer, or a log read twice, may concern orders that an earlier one has queued again.
    if cause.attempt is None or not attempts.is_first(cause.attempt):
        attempts.withdraw(transaction, request, [each.line for each in orders])
    concluded = list(_concluded(context, request, orders, now))
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
        # A finished request has only confirmations, by the thousand: none is urgent.
        enqueue.live(transaction, request, urgent=True)
        reported = {each.line.position: each.line.outcome for each in corrected}
        enqueue.correction_notice(transaction, request, context.settings.audit_channel, reported)


def close(context: Context, transaction: Transaction, request: Request) -> None:
    """End sending: orders never applied are not sent, and orders in doubt are settled by their logs."""
    attempts.drop_queued(transaction, request)
    request.next_position = request.order_count
    flying = [bounds(attempt.positions) for attempt in attempts.under_way(transaction, request)]
    rest = [
        line
        for line in order_lines.unsettled(transaction, request)
        if not any(contain(each, line.position) for each in flying)
    ]
    evidences = EvidenceBuilder(attempts.ended(transaction, request), sending_allowed=False)
    orders = [OrderEvidence(line, evidences.of(line)) for line in rest]
    details = {"why": request.stop_why}
    apply(context, transaction, request, orders, Cause(EventKind.REST_NOT_SENT, details))


def finish_if_over(context: Context, transaction: Transaction, request: Request) -> bool:
    """Finish the request once every order has an outcome."""
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


def stop_sending(
    transaction: Transaction,
    request: Request,
    reason: StopReason,
    why: str,
    who: str | None = None,
    person: str | None = None,
) -> None:
    """Stop sending this request; `why` is in words, `person` is whom `who` stands for."""
    now = request.stopped_at = transaction.now()
    request.stopped_by, request.stopped_by_person = who, person
    request.stop_reason, request.stop_why = reason, why
    details = {"why": why, "reason": reason.value}
    transaction.record(EventKind.STOPPED, who=who, person=person, request=request.public_id, details=details, at=now)


def _step(context: Context, each: OrderEvidence, now: datetime) -> Step:
    if each.line.outcome is None:
        return conclude(each.evidence, now, context.timings.truth)
    return reconsider(each.evidence, now, context.timings.truth)


def _concluded(
    context: Context, request: Request, orders: Sequence[OrderEvidence], now: datetime
) -> Iterator[tuple[OrderEvidence, Step, OutcomeUpdate]]:
    # Most orders of a call share one evidence object, and so its conclusion.
    concluded: dict[tuple[int, bool], tuple[Step, OutcomeUpdate]] = {}
    for each in orders:
        key = (id(each.evidence), each.line.outcome is None)
        if key not in concluded:
            concluded[key] = _conclude(context, request, each, now)
        step, like = concluded[key]
        yield each, step, replace(like, line=each.line)


def _conclude(context: Context, request: Request, each: OrderEvidence, now: datetime) -> tuple[Step, OutcomeUpdate]:
    step = _step(context, each, now)
    if isinstance(step, Settled):
        return step, settled(context, request, each, step)
    read_at = step.at if isinstance(step, ReadLog) else None
    return step, finding(each, None, read_at)


def finding(each: OrderEvidence, stored: StoredOutcome | None, read_at: datetime | None) -> OutcomeUpdate:
    """What the evidence means for its order: an outcome, or when to read its log."""
    evidence = each.evidence
    return OutcomeUpdate(each.line, stored, read_at, evidence.doubt, log_to_row(evidence), evidence.waits_since)


def settled(context: Context, request: Request, each: OrderEvidence, step: Settled) -> OutcomeUpdate:
    """The same for an outcome, with its words."""
    by_word = step.outcome is Outcome.CANCELLED and step.proof is Proof.ANSWER
    read_at = step.read_at if context.settings.verify_results or not by_word else None
    words = outcome_words(step, request.stop_why, request.stop_reason)
    return finding(each, StoredOutcome(step.outcome, step.proof, words), read_at)


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
    """Hold the rest of a run after so many refused or unknown orders, and show so in its live message."""
    most = context.settings.hold_after_failed
    bad = (Outcome.REJECTED, Outcome.UNKNOWN)
    fresh = [each for each in findings if each.line.outcome is None and each.settled is not None]
    request.failed_since_go_on += sum(each.settled is not None and each.settled.outcome in bad for each in fresh)
    left = outcomes.settled_count(request) < request.order_count
    if most and request.failed_since_go_on >= most and left and request.held_at is None and request.stopped_at is None:
        now = request.held_at = transaction.now()
        request.hold_reason = HoldReason.FAILURES
        request.held_why = f"{request.failed_since_go_on} orders were rejected or are unknown"
        details = {"hold": "request", "why": request.held_why, "reason": HoldReason.FAILURES.value}
        transaction.record(EventKind.HELD, who=None, request=request.public_id, details=details, at=now)
        enqueue.live(transaction, request, urgent=True)
