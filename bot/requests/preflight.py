"""How orders stand at Fincart before they are sent: as many as can be read within a second, never longer."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from bot.context import Context
from bot.execution.read_logs import Reads, note, rest_of_reads
from bot.fincart.client import LogKind, LogReading
from storage import known_orders
from storage.db.transactions import StorageUnavailable
from storage.order_lines import ABSENT

WITHIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ReadStatus:
    """How one order stood when it was looked at: Fincart's main status, or `ABSENT`."""

    status: str
    at: datetime


def read_statuses(context: Context, order_ids: Sequence[str]) -> dict[str, ReadStatus]:
    """The orders that could be read within `WITHIN_SECONDS`, side by side where there are threads for it.

    None while log reads rest; none more once one was not answered.
    """
    rest = rest_of_reads(context)
    if rest.rests:
        return {}
    deadline = context.uptime() + WITHIN_SECONDS
    found, reads = _Found(), Reads(context)

    def read(order_id: str) -> None:
        context.database.acknowledgements.give_way()
        if context.uptime() >= deadline:
            return
        at = context.now()
        reading = reads.read(order_id)
        standing = _standing(reading, at)
        if standing is not None and not found.keep(order_id, standing) and standing.status != ABSENT:
            # Nobody is shown it, and it must not be forgotten: Fincart knows this order.
            with suppress(StorageUnavailable), context.database.write() as transaction:
                known_orders.remember(transaction, [order_id])
        if reading is reads.first_silence or order_id in first:
            # Here, for nobody may wait for this answer any more.
            with suppress(StorageUnavailable), context.database.write() as transaction:
                note(context, transaction, [reading], rest.probed_until)

    first = order_ids[:1] if rest.probes else ()
    for together in (first, order_ids[len(first) :]):
        _all(context, read, together, deadline)
    return found.so_far()


class _Found:
    """What has been read in time. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, ReadStatus] = {}
        self._is_over = False

    def keep(self, order_id: str, standing: ReadStatus) -> bool:
        """Keep how an order stands; False: it is too late for that."""
        with self._lock:
            if not self._is_over:
                self._found[order_id] = standing
            return not self._is_over

    def so_far(self) -> dict[str, ReadStatus]:
        """All of it; what comes from now on is too late."""
        with self._lock:
            self._is_over = True
            return self._found


def _all(context: Context, read: Callable[[str], None], order_ids: Sequence[str], deadline: float) -> None:
    if context.preview_reads is None:
        for order_id in order_ids:
            read(order_id)
    else:
        left = max(0.0, deadline - context.uptime())
        wait([context.preview_reads.submit(read, order_id) for order_id in order_ids], timeout=left)


def _standing(reading: LogReading, at: datetime) -> ReadStatus | None:
    if reading.kind is LogKind.ABSENT:
        return ReadStatus(ABSENT, at)
    if reading.kind is not LogKind.READ:
        return None
    cancelled = reading.cancelled
    return ReadStatus(cancelled.title if cancelled else reading.entries[-1].title, at)
