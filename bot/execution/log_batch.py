"""Reads several logs, stopping at the first without an answer, and records what that says about Fincart."""

import threading
from collections.abc import Sequence
from datetime import datetime

from bot.context import Context
from bot.fincart.client import LogKind, LogReading
from storage import log_rest, send_gate
from storage.db.transactions import Transaction

NOT_ASKED = LogReading(LogKind.UNAVAILABLE, why="log reads rest")
"""A reading that was not tried."""

PROBE_WITHIN = 4.0
"""Seconds that other readers wait for a probe: longer than a read may take."""


class LogBatch:
    """Readings made together. Thread-safe."""

    def __init__(self, context: Context) -> None:
        self._fincart = context.fincart
        self._lock = threading.Lock()
        self.first_silence: LogReading | None = None
        """The first reading without an answer."""

    def read(self, order_id: str) -> LogReading:
        """Read a log. Returns `NOT_ASKED` once another had no answer."""
        if self.first_silence is not None:
            return NOT_ASKED
        reading = self._fincart.read_log(order_id)
        with self._lock:
            if reading.kind is LogKind.UNAVAILABLE and self.first_silence is None:
                self.first_silence = reading
        return reading


def rest_of_reads(context: Context) -> log_rest.Rest:
    """Which log reads are allowed now. Claims the probe if one is due, so that others wait for it."""
    with context.database.read() as session:
        rest = log_rest.state(session, context.database.now(session))
    if not rest.probes:
        return rest
    with context.database.write() as transaction:
        return log_rest.probe(transaction, transaction.now(), PROBE_WITHIN)


def record_readings(
    context: Context, transaction: Transaction, readings: Sequence[LogReading], probed_until: datetime | None = None
) -> None:
    """Pause log reads after one without an answer, end the pause when one is answered, and update the circuit breaker.

    Readings made together count as one failure. Without a pause, an answer says nothing new: cancel calls may still
    fail. `probed_until`: until when others wait for these readings, if they are a probe; other readings meanwhile
    neither end nor shorten that wait.
    """
    asked = [each for each in readings if each is not NOT_ASKED]
    silent = [each for each in asked if each.kind is LogKind.UNAVAILABLE]
    answers = len(silent) < len(asked)
    if answers and log_rest.end(transaction, probed_until):
        send_gate.record_success(transaction)
    if not silent:
        return
    longest = max(silent, key=lambda each: each.retry_after or 0.0)
    first, last = context.timings.truth.first_rest, context.timings.truth.longest_rest
    log_rest.begin(transaction, longest.why, longest.retry_after, first, last, probed_until)
    if not answers and any(each.http_status != 429 for each in silent):
        send_gate.record_failure(transaction, longest.why)
