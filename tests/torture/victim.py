"""`serve`, with a place to die at: a script of its own, so that the bot itself knows nothing of it.

`python victim.py WHEN PLACE NUMBER` kills the process with SIGKILL at the so many-th commit of that place, just
`before` or just `after` it; what follows is a command to run instead of `serve`. `python victim.py record FILE` writes
down every commit that it comes by. A place is the function that owns the transaction, and the events that the
transaction records: `dispatcher.Dispatcher._store_answers batch_settled`. Some of these words are enough to name one.

Only SQLAlchemy's own events are used: they tell of the commit of any database, and change nothing.
"""

import json
import os
import signal
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import Pool

ROOT = Path(__file__).resolve().parents[2]
WRITES = ("INSERT", "UPDATE", "DELETE")
DRIVING = ("storage/db/transactions.py",)
PLAIN = "deliveries.keep"
"""On SQLite it writes without a transaction of SQLAlchemy's: its connection, taken and given back, tells of it."""

Met = Callable[[str, str], None]
"""Told `before` or `after`, and the place."""


class Places:
    """Names every commit that changes something, before it and once it is done."""

    def __init__(self, met: Met) -> None:
        self._met = met
        self._of_thread = threading.local()
        event.listen(Engine, "begin", self._begun)
        event.listen(Engine, "after_cursor_execute", self._executed)
        event.listen(Engine, "commit", self._committing)
        event.listen(Pool, "checkout", self._taken)
        event.listen(Pool, "checkin", self._given_back)

    def _begun(self, connection: Connection) -> None:
        self._of_thread.wrote, self._of_thread.kinds, self._of_thread.place = False, [], None

    def _executed(
        self, connection: Connection, cursor: Any, statement: str, given: Any, context: Any, many: bool
    ) -> None:
        # How many rows a RETURNING statement changed is not known yet.
        if statement.startswith(WRITES) and (cursor.rowcount != 0 or "RETURNING" in statement):
            self._of_thread.wrote = True
        if statement.startswith("INSERT INTO audit_event"):
            self._of_thread.kinds += [_kind(row) for row in (given if many else [given])]

    def _committing(self, connection: Connection) -> None:
        if not getattr(self._of_thread, "wrote", False):
            return
        place = " ".join([_who(sys._getframe()), *self._of_thread.kinds])
        self._of_thread.place = place
        self._met("before", place)

    def _taken(self, driver: Any, record: Any, proxy: Any) -> None:
        if isinstance(driver, sqlite3.Connection) and _who(sys._getframe()) == PLAIN:
            self._of_thread.place = PLAIN
            self._met("before", PLAIN)

    def _given_back(self, driver: Any, record: Any) -> None:
        place = getattr(self._of_thread, "place", None)
        self._of_thread.place = None
        if place is not None:
            self._met("after", place)


def _kind(row: Any) -> str:
    values = row.values() if isinstance(row, dict) else row
    payload = next(value for value in values if isinstance(value, str) and value.startswith("{"))
    return str(json.loads(payload)["kind"])


def _who(frame: FrameType | None) -> str:
    """The bot's function that the transaction belongs to: the innermost but those that only drive transactions."""
    while frame is not None:
        module = _module(frame.f_code.co_filename)
        if module:
            return f"{module}.{frame.f_code.co_qualname}"
        frame = frame.f_back
    return "nobody"


@cache
def _module(file: str) -> str:
    inside = Path(file).relative_to(ROOT).as_posix() if Path(file).is_relative_to(ROOT) else ""
    return Path(file).stem if inside.startswith(("bot/", "storage/")) and inside not in DRIVING else ""


def dying(when: str, place: str, number: int) -> Met:
    """Dies there."""
    left, lock, words = [number], threading.Lock(), set(place.split())

    def met(now: str, at: str) -> None:
        if now == when and words <= set(at.split()):
            with lock:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

    return met


def recording(file: Path) -> Met:
    """Writes down every place with its number."""
    count, lock = Counter[str](), threading.Lock()

    def met(now: str, at: str) -> None:
        if now == "before":
            with lock, file.open("a", encoding="utf-8") as out:
                count[at] += 1
                out.write(f"{count[at]}\t{at}\n")

    return met


if __name__ == "__main__":
    if sys.argv[1] == "record":
        Places(recording(Path(sys.argv[2])))
    else:
        Places(dying(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    from bot.__main__ import main

    sys.exit(main(sys.argv[4:] or ["serve"]))
