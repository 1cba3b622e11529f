"""The send queue: batches that this process has planned and not settled; they wait, are in flight or are answered.

The database has all of it too; this only says which thread works on what. So that no call waits for the settlement of
the previous one, spare batches are planned, and one thread settles while the others send.
"""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.fincart.client import Answer
from storage.enums import AnswerKind
from storage.models import Attempt


@dataclass(frozen=True, slots=True)
class Planned:
    """A batch planned and committed before sending."""

    seq: int
    public_id: str
    token: int
    attempt: Attempt
    order_ids: tuple[str, ...]
    probed_until: datetime | None = None
    """Set if it probes a Fincart that counts as down: until when all others wait for it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a planned batch; None: nothing was sent."""

    planned: Planned
    answer: Answer | None

    @property
    def is_ok(self) -> bool:
        """Whether Fincart answered OK. After anything else its request is planned again before more of it is sent."""
        return self.answer is not None and self.answer.kind is AnswerKind.OK


class SendQueue:
    """Queues planned batches and their answers. `len` is how many wait to be sent. Thread-safe."""

    def __init__(self, most_at_once: int, quick: float) -> None:
        """Allow at most so many calls in flight. A call that takes fewer seconds than `quick` is quick."""
        self._most = most_at_once
        self._quick = quick
        self._lock = threading.Lock()
        self._waiting: deque[Planned] = deque()
        self._on_the_wire = 0
        self._answered: list[Answered] = []
        self._settled_now = 0
        self._is_settling = False
        self._is_quick = False

    def __len__(self) -> int:
        return len(self._waiting)

    def room(self, *, settling: bool = False) -> int:
        """How many more batches may be planned to be sent at once.

        Batches being settled count too, except for the thread that is `settling` them and plans the next.
        """
        with self._lock:
            unsettled = len(self._waiting) + self._on_the_wire + len(self._answered)
            return self._most - unsettled - (0 if settling else self._settled_now)

    def spares(self) -> int:
        """How many spare batches may be planned after OKs, to be sent once others are answered."""
        with self._lock:
            return self._most if self._is_quick else 0

    def add(self, planned: Iterable[Planned]) -> None:
        """Add planned and committed batches."""
        with self._lock:
            bad = {each.planned.seq for each in self._answered if not each.is_ok}
            for each in planned:
                if each.seq in bad:
                    self._answered.append(Answered(each, None))
                else:
                    self._waiting.append(each)

    def next(self) -> Planned | None:
        """Take the batch to send now. Returns None if there is none or enough are in flight. Call `answered`
        afterwards.
        """
        with self._lock:
            if not self._waiting or self._on_the_wire >= self._most:
                return None
            self._on_the_wire += 1
            return self._waiting.popleft()

    def take_back(self) -> list[Planned]:
        """Remove and return all waiting batches."""
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
            return taken

    def answered(self, answered: Answered, seconds: float) -> bool:
        """Record an answer that took so many seconds. Returns True if the caller must settle, until `answers` is empty.

        After anything but OK, its request's waiting batches leave the queue, and are planned again once settled.
        """
        with self._lock:
            self._on_the_wire -= 1
            self._is_quick = seconds < self._quick
            self._answered.append(answered)
            if not answered.is_ok:
                seq = answered.planned.seq
                self._answered += [Answered(each, None) for each in self._waiting if each.seq == seq]
                self._waiting = deque(each for each in self._waiting if each.seq != seq)
            if self._is_settling:
                return False
            self._is_settling = True
            return True

    def answers(self) -> list[Answered]:
        """All answers for one request, to settle together. An empty list ends the caller's turn to settle."""
        with self._lock:
            self._settled_now = 0
            if not self._answered:
                self._is_settling = False
                return []
            seq = self._answered[0].planned.seq
            taken = [each for each in self._answered if each.planned.seq == seq]
            self._answered = [each for each in self._answered if each.planned.seq != seq]
            self._settled_now = len(taken)
            return taken

    def give_up_settling(self) -> None:
        """End the caller's turn to settle; the next thread with an answer settles the rest."""
        with self._lock:
            self._settled_now = 0
            self._is_settling = False
