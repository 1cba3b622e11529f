"""The log reader: reads due logs and settles orders by them. It sends nothing."""

from collections.abc import Sequence
from datetime import datetime

from bot.context import Context
from bot.domain.outcome.decide import with_log
from bot.execution.attribution import with_attribution
from bot.execution.clock_offset import clock_offset
from bot.execution.evidence import EvidenceBuilder, with_first_sent
from bot.execution.log_batch import NOT_ASKED, LogBatch, record_readings
from bot.execution.settlement import Cause, OrderEvidence, apply, finish_if_over
from bot.fincart.client import LogKind, LogReading
from storage import attempts, in_flight, known_orders, log_reads, order_lines, requests
from storage.db.transactions import Transaction
from storage.enums import EventKind, RequestState
from storage.models import OrderLine, Request
from storage.order_lines import OrderRow
from storage.ranges import bounds, contain


class LogReader:
    """Reads logs, in parallel if there is an executor. Thread-safe."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def step(self) -> bool:
        """Read the due logs of some orders of one request. Returns False when none is due."""
        with self._context.database.write() as transaction:
            # At most as many as can be read within `READ_WITHIN`, even if each takes its full time-out.
            most, waits = 2 * self._context.settings.fincart_lookup_concurrency, self._context.timings.truth.waits
            taken = log_reads.take(transaction, most, waits)
            # Taken before reading, as the log is at least this new, and from the clock that timed the calls' ends.
            read_at = transaction.now()
        if not taken.lines:
            return False
        readings = self._read(taken.lines) if taken.may_be_read else [NOT_ASKED] * len(taken.lines)
        self._settle(taken, readings, read_at)
        return True

    def _read(self, lines: Sequence[OrderLine]) -> list[LogReading]:
        ids, reads = [line.order_id for line in lines], LogBatch(self._context)
        if self._context.log_reads is None:
            return [reads.read(order_id) for order_id in ids]
        return list(self._context.log_reads.map(reads.read, ids))

    def _settle(self, taken: log_reads.Taken, readings: Sequence[LogReading], read_at: datetime) -> None:
        with self._context.database.write() as transaction:
            request = requests.lock_by_seq(transaction, taken.lines[0].request_seq)
            in_time = request.valid_until is None or request.valid_until > transaction.now()
            allowed = request.state is RequestState.EXECUTING and request.stopped_at is None and in_time
            calls = attempts.ended(transaction, request)
            evidences = EvidenceBuilder(calls, sending_allowed=allowed)
            # The answers to these readings may be what makes the clock offset known.
            offset = clock_offset(self._context, transaction)
            fresh = with_first_sent(
                transaction, request, log_reads.reload(transaction, request, taken.lines), calls, offset
            )
            record_readings(self._context, transaction, readings, taken.probed_until)
            readings = _without_conflicts(transaction, request, fresh, readings)
            flying = [bounds(each.positions) for each in attempts.under_way(transaction, request)]
            read = [
                (line, with_log(evidences.of(line), reading, read_at))
                for line, reading in zip(fresh, readings, strict=True)
                if not any(contain(each, line.position) for each in flying)
            ]
            attributed = with_attribution(self._context, transaction, request, calls, read)
            orders = [OrderEvidence(line, evidence) for (line, _), evidence in zip(read, attributed, strict=True)]
            apply(self._context, transaction, request, orders, Cause(EventKind.LOGS_READ))
            if not finish_if_over(self._context, transaction, request) and request.state is RequestState.EXECUTING:
                request.due_at = transaction.now()
                transaction.wake("orders")


def _without_conflicts(
    transaction: Transaction, request: Request, read: Sequence[OrderRow], readings: Sequence[LogReading]
) -> list[LogReading]:
    """Discard a reading that another request makes untrustworthy: it is sending the order that reads as cancelled, or
    it has read a log that Fincart now says it does not know.
    """
    cancelled = [line.order_id for line, each in zip(read, readings, strict=True) if each.cancelled is not None]
    absent = [line.order_id for line, each in zip(read, readings, strict=True) if each.kind is LogKind.ABSENT]
    why: dict[str, str] = {}
    if absent:
        known = order_lines.read_by_others(transaction, request, absent) | known_orders.among(transaction, absent)
        why = dict.fromkeys(known, "it was read before")
    contested = in_flight.of_others(transaction, request, cancelled) if cancelled else ()
    why |= dict.fromkeys(contested, "another request is sending this order")
    return [
        LogReading(LogKind.UNREADABLE, why=why[line.order_id]) if line.order_id in why else each
        for line, each in zip(read, readings, strict=True)
    ]
