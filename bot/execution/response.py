"""What a response means for each order of its call, and for Fincart itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.context import Context
from bot.domain.outcome.evidence import without_failed_reads
from bot.execution.attribution import with_attribution
from bot.execution.clock_offset import clock_offset
from bot.execution.evidence import EvidenceBuilder, on_the_ground, with_first_sent
from bot.execution.settlement import Cause, OrderEvidence, apply, stop
from bot.fincart.client import Answer
from bot.messages.outcome_words import TOKEN_REJECTED
from bot.outbox import enqueue
from storage import attempts as batches
from storage import order_lines, send_gate
from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.enums import AnswerKind, HoldKind, StopReason
from storage.models import Attempt, Request
from storage.order_lines import OrderRow


def settle_answer(
    context: Context,
    transaction: Transaction,
    request: Request,
    attempt: Attempt,
    answer: Answer,
    open_until: datetime | None = None,
) -> Attempt:
    """Put the answer to the truth, for every order of its call. The request's row is locked.

    `open_until`: nobody knows that the call has ended, and until then it may be on the wire.
    """
    ended = batches.end(transaction, attempt, answer.kind, answer.http_status, answer.words, open_until)
    if answer.kind is AnswerKind.TOKEN and request.stopped_at is None:
        stop(transaction, request, StopReason.TOKEN_REJECTED, f"{TOKEN_REJECTED} ({answer.words})")
    in_time = request.valid_until is None or request.valid_until > transaction.now()
    attempts = batches.carriers(transaction, request, ended)
    evidences = EvidenceBuilder(request, attempts, sending_allowed=request.stopped_at is None and in_time)
    if ended.was_lost and ended.result is AnswerKind.NOT_APPLIED:
        # It was no send after all.
        order_lines.first_sent(transaction, request, ended.positions, None)
    carried: Sequence[OrderRow] = order_lines.at(transaction, request, ended.positions)
    if ended.was_lost:
        # They may be on their way again; then the answer to that call concludes, with this one beside it.
        carried = on_the_ground(carried, batches.under_way(transaction, request))
    carried = with_first_sent(transaction, request, carried, attempts, clock_offset(context, transaction))
    known = [(line, without_failed_reads(evidences.of(line))) for line in carried]
    attributed = with_attribution(context, transaction, request, attempts, known)
    seen = [OrderEvidence(line, evidence) for (line, _), evidence in zip(known, attributed, strict=True)]
    told = {"kind": answer.kind.value, "http_status": answer.http_status, "words": answer.words}
    details = {"attempt": ended.id, "answer": told}
    apply(context, transaction, request, seen, Cause(EventKind.BATCH_SETTLED, details, ended))
    if answer.kind is AnswerKind.OK and ended.parent_id is not None:
        _learn_size(transaction, request, ended)
    return ended


def _learn_size(transaction: Transaction, request: Request, half: Attempt) -> None:
    """Both halves of a refused call were accepted: it was too large, and the run keeps their size."""
    siblings = [each for each in batches.ended(transaction, request) if each.parent_id == half.parent_id]
    if len(siblings) == 2 and all(each.result is AnswerKind.OK for each in siblings):
        size = max(each.order_count for each in siblings)
        request.batch_size = min(request.batch_size or size, size)


def note_about_fincart(transaction: Transaction, answer: Answer, probed_until: datetime | None = None) -> None:
    """Keep what an answer says about Fincart itself: busy, down, its token rejected, or well.

    `probed_until`: until when all others wait for this answer, where its call probed a Fincart that was down.
    """
    failed = (answer.kind is AnswerKind.NOT_APPLIED and answer.http_status is None) or (
        answer.kind is AnswerKind.INDETERMINATE and (answer.http_status or 0) >= 500
    )
    if answer.kind is AnswerKind.NOT_APPLIED and answer.http_status == 429:
        until = transaction.now() + timedelta(seconds=answer.retry_after or 1.0)
        send_gate.hold(transaction, HoldKind.RATE_LIMIT, until, why=answer.words)
        # It answers, so its failures are not in a row.
        send_gate.record_success(transaction)
    elif failed:
        send_gate.record_failure(transaction, answer.words, probed_until)
    elif answer.kind in (AnswerKind.OK, AnswerKind.REFUSED, AnswerKind.TOKEN):
        send_gate.record_success(transaction)
    if answer.kind is AnswerKind.TOKEN:
        send_gate.hold(transaction, HoldKind.TOKEN, None, why=answer.words)
        enqueue.all_live(transaction)
