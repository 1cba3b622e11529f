"""Preflight: reads the orders' statuses at Fincart, as many as it can within a second."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from bot.context import Context
from bot.execution.log_batch import LogBatch, record_readings, rest_of_reads
from bot.fincart.client import LogKind, LogReading
from storage import known_orders
from storage.db.transactions import StorageUnavailable
from storage.enums import ABSENT

WITHIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ReadStatus:
    """An order's status when it was read: Fincart's main status (or `ABSENT`) and sub-status."""

    status: str
    sub_status: str | None
    at: datetime


def read_statuses(context: Context, order_ids: Sequence[str]) -> dict[str, ReadStatus]:
    """Statuses of the orders that could be read within `WITHIN_SECONDS`, in parallel if there are threads for it.

    Reads none while log reads are paused, and stops at the first one without an answer.
    """
    rest = rest_of_reads(context)
    if rest.rests:
        return {}
    deadline = context.uptime() + WITHIN_SECONDS
    collector, reads = _StatusCollector(), LogBatch(context)

    def read(order_id: str) -> None:
        context.database.acknowledgements.give_way()
        if context.uptime() >= deadline:
            return
        at = context.now()
        reading = reads.read(order_id)
        status = _status_of(reading, at)
        if status is not None and not collector.add(order_id, status) and status.status != ABSENT:
            # The status comes too late for the preview, but Fincart knows this order: remember that.
            with suppress(StorageUnavailable), context.database.write() as transaction:
                known_orders.remember(transaction, [order_id])
        if reading is reads.first_silence or order_id in first:
            # Recorded in this thread, because nobody waits for this answer any more.
            with suppress(StorageUnavailable), context.database.write() as transaction:
                record_readings(context, transaction, [reading], rest.probed_until)

    first = order_ids[:1] if rest.probes else ()
    for together in (first, order_ids[len(first) :]):
        _all(context, read, together, deadline)
    return collector.so_far()


class _StatusCollector:
    """Collects statuses until the deadline. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: dict[str, ReadStatus] = {}
        self._is_over = False

    def add(self, order_id: str, status: ReadStatus) -> bool:
        """Add an order's status. Returns False if it comes too late."""
        with self._lock:
            if not self._is_over:
                self._statuses[order_id] = status
            return not self._is_over

    def so_far(self) -> dict[str, ReadStatus]:
        """All statuses so far. Later ones are too late."""
        with self._lock:
            self._is_over = True
            return self._statuses


def _all(context: Context, read: Callable[[str], None], order_ids: Sequence[str], deadline: float) -> None:
    if context.preview_reads is None:
        for order_id in order_ids:
            read(order_id)
    else:
        left = max(0.0, deadline - context.uptime())
        wait([context.preview_reads.submit(read, order_id) for order_id in order_ids], timeout=left)


def _status_of(reading: LogReading, at: datetime) -> ReadStatus | None:
    if reading.kind is LogKind.ABSENT:
        return ReadStatus(ABSENT, None, at)
    if reading.kind is not LogKind.READ:
        return None
    last = reading.cancelled or reading.entries[-1]
    return ReadStatus(last.title, last.description, at)
