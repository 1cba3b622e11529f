"""The log reader: reads the logs that are due, and settles what they say. It sends nothing."""

from collections.abc import Sequence
from datetime import datetime

from bot.context import Context
from bot.domain.outcome.decide import with_log
from bot.execution.attribution import with_attribution
from bot.execution.clock_offset import clock_offset
from bot.execution.evidence import EvidenceBuilder, with_first_sent
from bot.execution.read_logs import NOT_ASKED, Reads, note
from bot.execution.settlement import Cause, OrderEvidence, apply, finish_if_over
from bot.fincart.client import LogKind, LogReading
from storage import attempts as batches
from storage import in_flight, known_orders, log_reads, requests
from storage import order_lines as lines
from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.enums import RequestState
from storage.models import OrderLine, Request
from storage.order_lines import OrderRow
from storage.ranges import bounds, contain


class LogReader:
    """Reads logs, some side by side where there is an executor. Thread-safe."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def step(self) -> bool:
        """Read the logs of some orders of one request that are due; False when none is."""
        with self._context.database.write() as transaction:
            # No more than are read within `READ_WITHIN`, even if each takes as long as it may.
            most, waits = 2 * self._context.settings.fincart_lookup_concurrency, self._context.timings.truth.waits
            taken = log_reads.take(transaction, most, waits)
            # Before the reading, for a log says how things stood then at the earliest; and by the clock that told when
            # calls ended.
            read_at = transaction.now()
        if not taken.lines:
            return False
        readings = self._read(taken.lines) if taken.may_be_read else [NOT_ASKED] * len(taken.lines)
        self._keep(taken, readings, read_at)
        return True

    def _read(self, lines: Sequence[OrderLine]) -> list[LogReading]:
        ids, reads = [line.order_id for line in lines], Reads(self._context)
        if self._context.log_reads is None:
            return [reads.read(order_id) for order_id in ids]
        return list(self._context.log_reads.map(reads.read, ids))

    def _keep(self, taken: log_reads.Taken, readings: Sequence[LogReading], read_at: datetime) -> None:
        with self._context.database.write() as transaction:
            request = requests.lock_by_seq(transaction, taken.lines[0].request_seq)
            in_time = request.valid_until is None or request.valid_until > transaction.now()
            allowed = request.state is RequestState.EXECUTING and request.stopped_at is None and in_time
            attempts = batches.ended(transaction, request)
            evidences = EvidenceBuilder(request, attempts, sending_allowed=allowed)
            # The answers to these readings may have been the first to tell it.
            ahead = clock_offset(self._context, transaction)
            fresh = with_first_sent(
                transaction, request, log_reads.reload(transaction, request, taken.lines), attempts, ahead
            )
            note(self._context, transaction, readings, taken.probed_until)
            readings = _beside_others(transaction, request, fresh, readings)
            flying = [bounds(each.positions) for each in batches.under_way(transaction, request)]
            read = [
                (line, with_log(evidences.of(line), reading, read_at))
                for line, reading in zip(fresh, readings, strict=True)
                if not any(contain(each, line.position) for each in flying)
            ]
            attributed = with_attribution(self._context, transaction, request, attempts, read)
            seen = [OrderEvidence(line, evidence) for (line, _), evidence in zip(read, attributed, strict=True)]
            apply(self._context, transaction, request, seen, Cause(EventKind.LOGS_READ))
            if not finish_if_over(self._context, transaction, request) and request.state is RequestState.EXECUTING:
                request.due_at = transaction.now()
                transaction.wake("orders")


def _beside_others(
    transaction: Transaction, request: Request, read: Sequence[OrderRow], readings: Sequence[LogReading]
) -> list[LogReading]:
    """Make a reading unreadable where another request makes it untrustworthy: that request is just sending the order
    that is read as cancelled, or has read a log that Fincart now says it does not know."""
    cancelled = [line.order_id for line, each in zip(read, readings, strict=True) if each.cancelled is not None]
    absent = [line.order_id for line, each in zip(read, readings, strict=True) if each.kind is LogKind.ABSENT]
    why: dict[str, str] = {}
    if absent:
        known = lines.read_elsewhere(transaction, request, absent) | known_orders.among(transaction, absent)
        why = dict.fromkeys(known, "it was read before")
    contested = in_flight.elsewhere(transaction, request, cancelled) if cancelled else ()
    why |= dict.fromkeys(contested, "another request is sending this order")
    return [
        LogReading(LogKind.UNREADABLE, why=why[line.order_id]) if line.order_id in why else each
        for line, each in zip(read, readings, strict=True)
    ]
