"""SIGTERM and SIGINT: noticed from the first moment on, whatever the main thread waits for."""

import logging
import os
import signal
import threading
import time

log = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)

ENDS_WITHIN = 9.5
"""Seconds of the signal after which the process ends, whatever still hangs; ten are promised."""


class StopSignal:
    """Build it on the main thread before any other thread: all of them leave the two signals to it.

    A handler of Python's would wait for the main thread, which may be waiting in the database's driver.
    Until work has begun the signal ends the process at once, with 0: there is nothing to wait for. From then on
    `wait` tells of it, and the process is ended `ENDS_WITHIN` at the latest. What is not done by then is written
    ahead, as for kill -9.
    """

    def __init__(self) -> None:
        self._came = threading.Event()
        self._work_began = threading.Event()
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        threading.Thread(target=self._hear, name="stop-signal", daemon=True).start()

    def work_begins(self) -> None:
        """From now on there is something to end in good order."""
        self._work_began.set()

    def wait(self, seconds: float) -> bool:
        """Wait for it, so long at most; whether it came."""
        return self._came.wait(seconds)

    def _hear(self) -> None:
        signal.sigwait(_SIGNALS)
        self._came.set()
        if self._work_began.is_set():
            time.sleep(ENDS_WITHIN)
            log.error("something hangs and is left to the next start")
        os._exit(0)
