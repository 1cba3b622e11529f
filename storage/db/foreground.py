"""Acknowledgements take priority over background work."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AT_MOST_SECONDS = 0.05
"""The longest that other work waits. An acknowledgement takes milliseconds; a longer one waits for the database."""


class Foreground:
    """Gives acknowledgements priority over the other work of this process. Thread-safe.

    All threads share one interpreter lock. Without this, an acknowledgement would queue for it behind busy threads
    after every lock and sync.
    """

    def __init__(self, at_most_seconds: float = AT_MOST_SECONDS) -> None:
        """Set how long other work waits at most, each time that it gives way."""
        self._at_most = at_most_seconds
        self._lock = threading.Lock()
        self._answering = 0
        self._thread = threading.local()
        self._free = threading.Event()
        self._free.set()
        self.on_done: Callable[[float], None] = lambda seconds: None
        """Called with how long an acknowledgement took."""

    @property
    def under_way(self) -> bool:
        """Whether an acknowledgement is under way."""
        return not self._free.is_set()

    @property
    def is_mine(self) -> bool:
        """Whether this thread is acknowledging something."""
        return getattr(self._thread, "answers", False)

    @contextmanager
    def first(self) -> Iterator[None]:
        """Run the block with priority: other threads wait when they next give way."""
        with self._lock:
            self._answering += 1
            self._free.clear()
        self._thread.answers = True
        began = time.monotonic()
        try:
            yield
        finally:
            self._thread.answers = False
            self.on_done(time.monotonic() - began)
            with self._lock:
                self._answering -= 1
                if not self._answering:
                    self._free.set()

    def give_way(self) -> None:
        """Wait briefly, between two pieces of work, until no acknowledgement is under way."""
        if self.under_way and not self.is_mine:
            self._free.wait(self._at_most)
