"""Settles a call's orders by its response, and records what that says about Fincart."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.context import Context
from bot.domain.outcome.evidence import without_failed_reads
from bot.execution.attribution import with_attribution
from bot.execution.clock_offset import clock_offset
from bot.execution.evidence import EvidenceBuilder, not_under_way, with_first_sent
from bot.execution.settlement import Cause, OrderEvidence, apply, stop_sending
from bot.fincart.client import Answer
from bot.messages.outcome_words import TOKEN_REJECTED
from bot.outbox import enqueue
from storage import attempts, order_lines, send_gate
from storage.db.transactions import Transaction
from storage.enums import AnswerKind, EventKind, HoldKind, StopReason
from storage.log_events import LogEvent, about
from storage.models import Attempt, Request
from storage.order_lines import OrderRow

log = logging.getLogger(__name__)


def settle_answer(
    context: Context,
    transaction: Transaction,
    request: Request,
    attempt: Attempt,
    answer: Answer,
    open_until: datetime | None = None,
) -> Attempt:
    """Settle every order of a call by its answer. The request's row is locked.

    `open_until`: the call's end is unknown, and it may be in flight until then.
    """
    ended = attempts.end(transaction, attempt, answer.kind, answer.http_status, answer.words, open_until)
    if answer.kind is AnswerKind.INDETERMINATE:
        fields = {"request": request.public_id, "attempt": ended.id, "http_status": answer.http_status}
        extra = about(LogEvent.CALL_INDETERMINATE, **fields, orders=ended.order_count, why=answer.words)
        words = "nobody knows whether a call of %s was applied: the orders' logs decide"
        transaction.after_commit(lambda: log.warning(words, fields["request"], extra=extra))
    if answer.kind is AnswerKind.TOKEN and request.stopped_at is None:
        stop_sending(transaction, request, StopReason.TOKEN_REJECTED, f"{TOKEN_REJECTED} ({answer.words})")
    in_time = request.valid_until is None or request.valid_until > transaction.now()
    calls = attempts.carriers(transaction, request, ended)
    evidences = EvidenceBuilder(calls, sending_allowed=request.stopped_at is None and in_time)
    if ended.was_lost and ended.result is AnswerKind.NOT_APPLIED:
        # Nothing was sent after all.
        order_lines.first_sent(transaction, request, ended.positions, None)
    carried: Sequence[OrderRow] = order_lines.at(transaction, request, ended.positions)
    if ended.was_lost:
        # If they are in flight again, the next answer settles them, with this one as evidence.
        carried = not_under_way(carried, attempts.under_way(transaction, request))
    carried = with_first_sent(transaction, request, carried, calls, clock_offset(context, transaction))
    evidence_of = [(line, without_failed_reads(evidences.of(line))) for line in carried]
    attributed = with_attribution(context, transaction, request, calls, evidence_of)
    orders = [OrderEvidence(line, evidence) for (line, _), evidence in zip(evidence_of, attributed, strict=True)]
    answered = {"kind": answer.kind.value, "http_status": answer.http_status, "words": answer.words}
    details = {"attempt": ended.id, "answer": answered}
    apply(context, transaction, request, orders, Cause(EventKind.BATCH_SETTLED, details, ended))
    if answer.kind is AnswerKind.OK and ended.parent_id is not None:
        _learn_size(transaction, request, ended)
    return ended


def _learn_size(transaction: Transaction, request: Request, half: Attempt) -> None:
    """Keep the size of two accepted halves of a refused call: the whole was too large."""
    siblings = [each for each in attempts.ended(transaction, request) if each.parent_id == half.parent_id]
    if len(siblings) == 2 and all(each.result is AnswerKind.OK for each in siblings):
        size = max(each.order_count for each in siblings)
        request.batch_size = min(request.batch_size or size, size)


def note_about_fincart(transaction: Transaction, answer: Answer, probed_until: datetime | None = None) -> None:
    """Record what an answer says about Fincart: busy, down, token rejected, or well.

    `probed_until`: until when others wait for this answer, if its call probed a Fincart that was down.
    """
    failed = (answer.kind is AnswerKind.NOT_APPLIED and answer.http_status is None) or (
        answer.kind is AnswerKind.INDETERMINATE and (answer.http_status or 0) >= 500
    )
    if answer.kind is AnswerKind.NOT_APPLIED and answer.http_status == 429:
        until = transaction.now() + timedelta(seconds=answer.retry_after or 1.0)
        send_gate.hold(transaction, HoldKind.RATE_LIMIT, until, why=answer.words)
        # It answered, so failures are no longer in a row.
        send_gate.record_success(transaction)
    elif failed:
        send_gate.record_failure(transaction, answer.words, probed_until)
    elif answer.kind in (AnswerKind.OK, AnswerKind.REFUSED, AnswerKind.TOKEN):
        send_gate.record_success(transaction)
    if answer.kind is AnswerKind.TOKEN:
        send_gate.hold(transaction, HoldKind.TOKEN, None, why=answer.words)
        enqueue.all_live(transaction)
