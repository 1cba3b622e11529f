"""Reconciliation: holds the record to what the orders' logs show, and records what they prove. It sends nothing."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.context import Context
from bot.domain.outcome.decide import Settled, Why, reconsider, with_log
from bot.domain.outcome.responses import is_cancelled
from bot.execution.clock_offset import clock_offset
from bot.execution.evidence import EvidenceBuilder, with_first_sent
from bot.execution.log_batch import LogBatch
from bot.execution.planner import begin
from bot.execution.settlement import OrderEvidence, finding, finish_if_over, settled
from bot.fincart.client import LogKind, LogReading
from bot.outbox import enqueue
from storage import attempts, known_orders, order_lines, outcomes, reconciliation, requests
from storage.db.transactions import Transaction
from storage.enums import LET_RUN, EventKind, Outcome, Proof
from storage.models import Request
from storage.outcomes import OutcomeUpdate
from storage.ranges import as_ranges
from storage.reconciliation import RecordedOrder

PAGE = 500
_TRIES = 6
_LONGEST_PAUSE = 60.0

UNRECORDED = "; no call of it is recorded"
"""How the words of an outcome end that rests on a log alone."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An order that Fincart shows cancelled and the record does not, or the reverse."""

    order_id: str
    reading: LogReading
    read_at: datetime
    recorded: Sequence[RecordedOrder]
    """Where a correction belongs; empty: no request has the order."""


@dataclass(slots=True)
class Comparison:
    """The result of comparing some orders."""

    compared: int = 0
    differences: list[Difference] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    """Orders whose logs could not be read, and why."""
    under_way: int = 0
    """Orders that the bot is just settling."""


def comparisons(context: Context, since: datetime | None, besides: Sequence[str]) -> Iterator[Comparison]:
    """Compare every order of the record, and these besides, with its log, some hundred at a time."""
    left, after = set(besides), ""
    while True:
        with context.database.read() as session:
            ids = reconciliation.order_ids(session, since, after, PAGE)
        if not ids:
            break
        left.difference_update(ids)
        after = ids[-1]
        yield _compare(context, ids)
    others = sorted(left)
    for first in range(0, len(others), PAGE):
        yield _compare(context, others[first : first + PAGE])


def record(context: Context, who: str, found: Sequence[Difference]) -> int:
    """Record what the logs prove, as corrections by this operator; returns of how many orders."""
    by_request: dict[int, list[tuple[int, Difference]]] = defaultdict(list)
    for each in found:
        for line in each.recorded:
            by_request[line.request_seq].append((line.position, each))
    count = 0
    for seq, differences in by_request.items():
        with context.database.write(within_seconds=10.0, confirm_commit=True) as transaction:
            request = requests.lock_by_seq(transaction, seq)
            count += _record(context, transaction, request, dict(differences), who)
    return count


def _compare(context: Context, ids: Sequence[str]) -> Comparison:
    with context.database.read() as session:
        read_at = context.database.now(session)
    readings = _readings(context, ids)
    # Read after the logs: what the bot has settled meanwhile is no difference.
    with context.database.read() as session:
        known, now = reconciliation.recorded(session, ids), context.database.now(session)
        archived = known_orders.cancelled_by(session, ids)
    comparison = Comparison(len(ids))
    for order_id, reading in readings.items():
        lines = known[order_id]
        if (why := _unread(reading, lines)) is not None:
            comparison.unread[order_id] = why
        elif _differs(reading, lines) and not (reading.cancelled is not None and order_id in archived):
            if _is_under_way(context, lines, now):
                comparison.under_way += 1
            else:
                comparison.differences.append(Difference(order_id, reading, read_at, _belongs_to(reading, lines)))
    return comparison


def _readings(context: Context, ids: Sequence[str]) -> dict[str, LogReading]:
    """Read these logs, with pauses while Fincart does not answer; gives up once several pauses helped nothing."""
    readings: dict[str, LogReading] = {}
    left, tries = list(ids), 0
    while True:
        batch = LogBatch(context)
        read = map(batch.read, left) if context.log_reads is None else context.log_reads.map(batch.read, left)
        readings |= zip(left, read, strict=True)
        silent = [each for each in left if readings[each].kind is LogKind.UNAVAILABLE]
        tries = tries + 1 if len(silent) == len(left) else 0
        if not silent or tries == _TRIES:
            return readings
        first = batch.first_silence
        pause = first.retry_after if first is not None else None
        if context.wait(min(_LONGEST_PAUSE, pause or 2.0**tries)):
            return readings
        left = silent


def _unread(reading: LogReading, lines: Sequence[RecordedOrder]) -> str | None:
    """Why the log says nothing; None if it says enough."""
    if reading.kind in (LogKind.READ, LogKind.ABSENT):
        return None
    # Fincart's refusal of an id that it would not cancel either agrees with a record that has it not cancelled.
    refused = reading.kind is LogKind.UNREADABLE and 400 <= (reading.http_status or 0) < 500
    return None if refused and not _saying_cancelled(lines) else reading.why or "no answer"


def _differs(reading: LogReading, lines: Sequence[RecordedOrder]) -> bool:
    if reading.cancelled is not None:
        return not any(map(_knows, lines))
    return bool(_saying_cancelled(lines))


def _knows(line: RecordedOrder) -> bool:
    """Whether the record has the order cancelled, by us or by somebody else."""
    stored = (json.loads(line.log) if line.log else {}).get("seen") or {}
    is_shown = is_cancelled(line.previewed_status or "") or stored.get("cancelled_at") is not None
    return line.outcome is Outcome.CANCELLED or is_shown


def _saying_cancelled(lines: Sequence[RecordedOrder]) -> list[RecordedOrder]:
    return [line for line in lines if line.outcome is Outcome.CANCELLED]


def _is_under_way(context: Context, lines: Sequence[RecordedOrder], now: datetime) -> bool:
    """Whether a process works on it, or its log may still lag behind an answer."""
    lag = timedelta(seconds=context.timings.truth.late_after)
    is_leased = any(line.outcome is None and line.lease_until and line.lease_until > now for line in lines)
    return is_leased or any(line.settled_at and line.settled_at > now - lag for line in _saying_cancelled(lines))


def _belongs_to(reading: LogReading, lines: Sequence[RecordedOrder]) -> Sequence[RecordedOrder]:
    """The latest request that was let run, else the latest; all that say cancelled what is not."""
    if reading.cancelled is None:
        return _saying_cancelled(lines)
    return [line for line in lines if line.state in LET_RUN][-1:] or lines[-1:]


def _record(
    context: Context, transaction: Transaction, request: Request, found: Mapping[int, Difference], who: str
) -> int:
    calls, offset = attempts.ended(transaction, request), clock_offset(context, transaction)
    rows = order_lines.at(transaction, request, as_ranges(found))
    lines = with_first_sent(transaction, request, rows, calls, offset)
    evidences = EvidenceBuilder(calls, sending_allowed=False)
    orders = [
        OrderEvidence(line, with_log(evidences.of(line), found[line.position].reading, found[line.position].read_at))
        for line in lines
    ]
    if request.state not in LET_RUN:
        return _note(transaction, request, orders, who)
    now = transaction.now()
    findings = [_conclude(context, request, each, now, offset) for each in orders]
    changed = [each.line for each in findings if each.is_news()]
    if changed:
        begin(transaction, request)
        attempts.withdraw(transaction, request, changed)
    _settle(context, transaction, request, findings, who)
    return len(changed)


def _settle(
    context: Context, transaction: Transaction, request: Request, findings: Sequence[OutcomeUpdate], who: str
) -> None:
    corrected = outcomes.settle(transaction, request, findings, kind=EventKind.CORRECTED, who=who)
    if corrected:
        enqueue.live(transaction, request, urgent=True)
        reported = {each.line.position: each.line.outcome for each in corrected}
        enqueue.correction_notice(transaction, request, context.settings.audit_channel, reported)
    finish_if_over(context, transaction, request)


def _conclude(
    context: Context, request: Request, each: OrderEvidence, now: datetime, offset: timedelta | None
) -> OutcomeUpdate:
    """By the table. Where the record has no call that could have cancelled the order, by the time of the go-ahead."""
    step = reconsider(each.evidence, now, context.timings.truth)
    log = each.evidence.log
    if log is None or log.cancelled_at is None or (isinstance(step, Settled) and step.proof is Proof.LOG):
        return settled(context, request, each, step) if isinstance(step, Settled) else finding(each, None, step.at)
    slack = timedelta(seconds=context.timings.truth.clock_slack) - (offset or timedelta())
    since = request.decided_at is not None and log.cancelled_at >= request.decided_at - slack
    outcome, why = (Outcome.CANCELLED, Why.LOG_SHOWS_CANCELLED) if since else (Outcome.REJECTED, Why.ALREADY_CANCELLED)
    update = settled(context, request, each, Settled(outcome, Proof.LOG, why, log.by, log.cancelled_at))
    assert update.settled is not None
    return replace(update, settled=replace(update.settled, words=f"{update.settled.words}{UNRECORDED}"))


def _note(transaction: Transaction, request: Request, orders: Sequence[OrderEvidence], who: str) -> int:
    """Record what the logs show of a request that nobody let run: its orders have no outcome."""
    notes = [finding(each, None, None) for each in orders]
    outcomes.settle(transaction, request, notes, kind=EventKind.RECONCILED)
    shown = [(each.line, each.evidence.log) for each in orders]
    cancelled = [
        [line.order_id, log.cancelled_at.isoformat() if log.cancelled_at else None, log.by]
        for line, log in shown
        if log is not None
    ]
    details = {"orders": cancelled}
    transaction.record(EventKind.RECONCILED, who=who, request=request.public_id, details=details)
    return len(orders)
