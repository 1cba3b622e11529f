"""One slow reading that many callers share: made at most so often, and waited for only so long."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)

T = TypeVar("T")


class SharedRead(Generic[T]):
    """Reads on a thread of its own, which a database that hangs may keep for as long as it likes. Thread-safe."""

    def __init__(self, read: Callable[[], T], every: float, within: float) -> None:
        """A value is good for `every` seconds, and waited for at most `within`."""
        self._read = read
        self._every = every
        self._within = within
        self._news = threading.Condition()
        self._is_reading = False
        self._value: T | None = None
        self._good_until = 0.0

    def cached(self) -> T | None:
        """The value, if it is still good; returns at once."""
        return self._value if time.monotonic() < self._good_until else None

    def get(self) -> T | None:
        """The value; None if it could not be read in time."""
        with self._news:
            if self.cached() is None and not self._is_reading:
                self._is_reading = True
                threading.Thread(target=self._read_anew, name="shared-read", daemon=True).start()
            self._news.wait_for(lambda: not self._is_reading, self._within)
            return self.cached()

    def _read_anew(self) -> None:
        try:
            value = self._read()
            with self._news:
                self._value, self._good_until = value, time.monotonic() + self._every
        except Exception:
            log.exception("a reading failed", extra=about(LogEvent.FAULT))
        finally:
            with self._news:
                self._is_reading = False
                self._news.notify_all()
