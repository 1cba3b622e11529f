"""What this process has written ahead and not settled yet: batches that wait to be sent, are on the wire, are answered.

All of it is in the database too; this only says which thread has what in hand. So that no call waits for the settling
of the one before it, batches are written ahead that nobody sends yet, and one thread settles while the others send.
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
    """A batch whose sending has been written ahead."""

    seq: int
    public_id: str
    token: int
    attempt: Attempt
    order_ids: tuple[str, ...]
    probed_until: datetime | None = None
    """It goes although Fincart counts as down, to see whether it still is; all others wait for it until then."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it; None: nothing was handed over."""

    planned: Planned
    answer: Answer | None

    @property
    def is_ok(self) -> bool:
        """Whether Fincart said so; after anything else its request is planned anew before more of it is sent."""
        return self.answer is not None and self.answer.kind is AnswerKind.OK


class SendQueue:
    """Thread-safe. `len` is how many batches wait to be sent."""

    def __init__(self, most_at_once: int, quick: float) -> None:
        """Never lets more calls than this be on the wire; one that takes fewer seconds than `quick` is quick."""
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
        """How many batches more may be written ahead, to be sent at once.

        Those being settled are in hand too, but for whoever is `settling` them and plans what comes after.
        """
        with self._lock:
            unsettled = len(self._waiting) + self._on_the_wire + len(self._answered)
            return self._most - unsettled - (0 if settling else self._settled_now)

    def spares(self) -> int:
        """How many batches more may be written ahead after OKs, to be sent after others are back."""
        with self._lock:
            return self._most if self._is_quick else 0

    def add(self, planned: Iterable[Planned]) -> None:
        """These are written ahead and committed."""
        with self._lock:
            bad = {each.planned.seq for each in self._answered if not each.is_ok}
            for each in planned:
                if each.seq in bad:
                    self._answered.append(Answered(each, None))
                else:
                    self._waiting.append(each)

    def next(self) -> Planned | None:
        """The batch to send now; None where there is none or enough are on the wire. Follow it by `answered`."""
        with self._lock:
            if not self._waiting or self._on_the_wire >= self._most:
                return None
            self._on_the_wire += 1
            return self._waiting.popleft()

    def take_back(self) -> list[Planned]:
        """All that wait: nobody will send them."""
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
            return taken

    def answered(self, answered: Answered, seconds: float) -> bool:
        """Record an answer that took so many seconds. True: the caller must settle now, until `answers` has no more.

        After anything but an OK, what waits of its request is dropped from the queue, and planned anew once settled.
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
        """All that are back of one request, to be settled together; none: the caller is no longer the one to settle."""
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
        """The caller cannot go on; whoever comes back next settles the rest."""
        with self._lock:
            self._settled_now = 0
            self._is_settling = False
