"""Who goes first: a person waits for an acknowledgement, and nobody for the exact moment of all other work."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_MOST_SECONDS = 0.05
"""An acknowledgement takes a few milliseconds. One that takes longer waits for the database, and work need not."""


class Precedence:
    """Lets acknowledgements go before the other work of this process. Thread-safe.

    All threads share one interpreter, and whoever computes keeps it from the others: a thread that was to answer
    would wait for its turn among them all, again after each lock and each sync.
    """

    def __init__(self, at_most_seconds: float = AT_MOST_SECONDS) -> None:
        """Other work waits for so long at most, each time that it gives way."""
        self._at_most = at_most_seconds
        self._lock = threading.Lock()
        self._answering = 0
        self._free = threading.Event()
        self._free.set()

    @property
    def under_way(self) -> bool:
        """Whether something is being acknowledged."""
        return not self._free.is_set()

    @contextmanager
    def first(self) -> Iterator[None]:
        """Something is acknowledged inside the block: other work waits where it next gives way."""
        with self._lock:
            self._answering += 1
            self._free.clear()
        try:
            yield
        finally:
            with self._lock:
                self._answering -= 1
                if not self._answering:
                    self._free.set()

    def give_way(self) -> None:
        """Between two pieces of work: wait, for a moment at most, until nothing is being acknowledged."""
        if self.under_way:
            self._free.wait(self._at_most)
