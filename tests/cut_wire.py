"""A wire to PostgreSQL that breaks off in a commit, before PostgreSQL gets it or after it has carried it out."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum

from sqlalchemy import make_url


class Cut(Enum):
    """What becomes of a commit."""

    BEFORE = "PostgreSQL does not get it"
    AFTER = "PostgreSQL carries it out and is not heard"


Choose = Callable[[int], Cut | None]
"""What is to become of the commit of this number, counted from 0 since `cutting` began."""


class CutWire:
    """Passes connections on from `url` to the server behind another address, until it is closed."""

    def __init__(self, url: str) -> None:
        behind = make_url(url)
        self._path = f"{behind.query['host']}/.s.PGSQL.5432"
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = f"postgresql+psycopg://{behind.username}@127.0.0.1:{port}/{behind.database}"
        self._lock = threading.Lock()
        self._choose: Choose | None = None
        self._commits = 0
        self.cuts = 0
        """How many commits have been cut."""
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def cutting(self, choose: Choose) -> Iterator[None]:
        """Cut commits as it chooses, as long as the block lasts."""
        with self._lock:
            self._commits, self.cuts, self._choose = 0, 0, choose
        try:
            yield
        finally:
            with self._lock:
                self._choose = None

    def close(self) -> None:
        """Take no more connections."""
        _end(self._listener, socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(near,), daemon=True).start()

    def _pass_on(self, near: socket.socket) -> None:
        with near, socket.socket(socket.AF_UNIX) as far:
            far.connect(self._path)
            answers = threading.Thread(target=_pump, args=(far, near), daemon=True)
            answers.start()
            with suppress(OSError):
                self._pump_queries(near, far)
            # What was sent in full is still carried out; its answer goes nowhere.
            _end(near, socket.SHUT_RDWR)
            _end(far, socket.SHUT_WR)
            answers.join()

    def _pump_queries(self, near: socket.socket, far: socket.socket) -> None:
        while data := near.recv(65536):
            cut = self._cut() if b"COMMIT" in data else None
            if cut is Cut.AFTER:
                _end(near, socket.SHUT_RDWR)
            if cut is not Cut.BEFORE:
                far.sendall(data)
            if cut is not None:
                return

    def _cut(self) -> Cut | None:
        with self._lock:
            cut = self._choose(self._commits) if self._choose else None
            self._commits += 1
            self.cuts += cut is not None
            return cut


def _pump(far: socket.socket, near: socket.socket) -> None:
    with suppress(OSError):
        while data := far.recv(65536):
            near.sendall(data)
    _end(near, socket.SHUT_RDWR)


def _end(of: socket.socket, which: int) -> None:
    with suppress(OSError):
        of.shutdown(which)
