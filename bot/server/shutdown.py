"""Handles SIGTERM and SIGINT from the start, whatever the main thread waits for."""

import logging
import os
import signal
import threading
import time

from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)

AFTER_CALLS = 1.5
"""Seconds after `STOP_SECONDS` at which the process ends, whatever still hangs; two are promised."""


class StopSignal:
    """Waits for SIGTERM or SIGINT. Build it on the main thread before any other thread, so that all of them inherit the
    signal mask.

    A Python signal handler would wait for the main thread, which may be blocked in the database's driver. Before work
    begins, a signal ends the process at once with 0. After that, `wait` returns, and the process ends `AFTER_CALLS`
    after the time that calls in flight have. Unfinished work is committed already, as for kill -9.

    Another SIGTERM changes nothing: `make` passes it on beside the one that its group got. Another SIGINT, which is a
    person at a keyboard, ends the process at once.
    """

    def __init__(self) -> None:
        self._came = threading.Event()
        self._calls_have: float | None = None
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        threading.Thread(target=self._hear, name="stop-signal", daemon=True).start()

    def work_begins(self, calls_have: float) -> None:
        """Declare that work has begun: after a signal calls in flight have so many seconds."""
        self._calls_have = calls_have

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for a signal; return whether it came."""
        return self._came.wait(seconds)

    def _hear(self) -> None:
        signal.sigwait(_SIGNALS)
        self._came.set()
        if self._calls_have is None:
            os._exit(0)
        threading.Thread(target=self._end_in_time, args=(self._calls_have,), name="stop-in-time", daemon=True).start()
        while signal.sigwait(_SIGNALS) != signal.SIGINT:
            pass
        words = "stopped, told so once more: the next start settles calls in flight"
        log.warning(words, extra=about(LogEvent.PROCESS_STOPPED))
        os._exit(128 + signal.SIGINT)

    def _end_in_time(self, calls_have: float) -> None:
        time.sleep(calls_have + AFTER_CALLS)
        words = "stopped, though something hangs; it is left to the next start"
        log.error(words, extra=about(LogEvent.PROCESS_STOPPED))
        os._exit(0)
