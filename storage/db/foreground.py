"""Acknowledgements take priority over background work."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_MOST_SECONDS = 0.05
"""An acknowledgement takes a few milliseconds. One that takes longer waits for the database, and work need not."""


class Foreground:
    """Lets acknowledgements go before the other work of this process. Thread-safe.

    All threads share one interpreter, and whoever computes keeps it from the others: a thread that was to answer
    would wait for its turn among them all, again after each lock and each sync.
    """

    def __init__(self, at_most_seconds: float = AT_MOST_SECONDS) -> None:
        """Other work waits for so long at most, each time that it gives way."""
        self._at_most = at_most_seconds
        self._lock = threading.Lock()
        self._answering = 0
        self._thread = threading.local()
        self._free = threading.Event()
        self._free.set()

    @property
    def under_way(self) -> bool:
        """Whether something is being acknowledged."""
        return not self._free.is_set()

    @property
    def is_mine(self) -> bool:
        """Whether this thread is acknowledging something."""
        return getattr(self._thread, "answers", False)

    @contextmanager
    def first(self) -> Iterator[None]:
        """This thread acknowledges something inside the block: the others wait where they next give way."""
        with self._lock:
            self._answering += 1
            self._free.clear()
        self._thread.answers = True
        try:
            yield
        finally:
            self._thread.answers = False
            with self._lock:
                self._answering -= 1
                if not self._answering:
                    self._free.set()

    def give_way(self) -> None:
        """Between two pieces of work: wait, for a moment at most, until nothing is being acknowledged."""
        if self.under_way and not self.is_mine:
            self._free.wait(self._at_most)
