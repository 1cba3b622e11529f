"""Run: send an approved request batch by batch. Plan (commit), send (no database), settle (commit).

Here each answer is taken at its word: OK is cancelled, REFUSED is rejected with Fincart's words, UNACTED and TOKEN
are not sent, and LOST, or an attempt found without an answer, is unknown.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.cancellation import outbox
from bot.cancellation.parts import Parts
from bot.fincart import Answer
from storage import batches, holds, requests
from storage.audit import EventKind
from storage.batches import Settled
from storage.database import StorageUnavailable, Transaction
from storage.states import AnswerKind, HoldKind, Outcome, Proof, RequestState
from storage.tables import Attempt, OrderLine, Request

log = logging.getLogger(__name__)

NO_ANSWER = "Fincart's answer never came: it may have cancelled this order, or not"


@dataclass(frozen=True, slots=True)
class Planned:
    """A batch whose sending has been written ahead."""

    seq: int
    public_id: str
    token: int
    attempt: Attempt
    lines: Sequence[OrderLine]


class Runner:
    """Sends what this process holds leases for. Thread-safe: each thread sends one batch of another request."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._fences: dict[int, float] = {}
        """Until when, on the clock that counts sleep, each lease surely holds."""

    def step(self) -> bool:
        """Send one batch, or settle what needs no sending; False when nothing is due."""
        asked_at = self._parts.uptime()
        with self._parts.database.write() as transaction:
            leased = batches.lease(transaction, self._parts.owner, self._parts.timings.lease)
            if leased is None:
                return False
            planned = self._plan(transaction, leased)
        if planned is not None:
            with self._lock:
                self._fences[planned.seq] = asked_at + self._parts.timings.lease
            self._settle(planned, self._send(planned))
        return True

    def renew(self) -> None:
        """Keep the leases of batches in flight alive."""
        with self._lock:
            if not self._fences:
                return
        asked_at = self._parts.uptime()
        with self._parts.database.write() as transaction:
            renewed = batches.renew(transaction, self._parts.owner, self._parts.timings.lease)
        with self._lock:
            for seq in renewed & self._fences.keys():
                self._fences[seq] = asked_at + self._parts.timings.lease

    def _plan(self, transaction: Transaction, leased: batches.Leased) -> Planned | None:
        request = leased.request
        for orphan in leased.orphans:
            self._settle_orphan(transaction, request, orphan)
        now = transaction.now()
        if request.valid_until is not None and request.valid_until <= now:
            _rest_not_sent(transaction, request, "the approval ran out before it could be sent")
            self._over(transaction, request)
            return None
        until = holds.in_force_until(transaction, now)
        if until is not None:
            request.due_at = min(until, request.valid_until or until)
            request.lease_until = None
            return None
        if request.state is RequestState.APPROVED:
            requests.move(transaction, request, RequestState.EXECUTING)
            transaction.record(EventKind.RUN_STARTED, who=None, request=request.public_id)
            outbox.live(transaction, request, urgent=False)
        while request.next_position < request.order_count:
            planned = self._next_batch(transaction, request)
            if planned is not None:
                return planned
        self._over(transaction, request)
        return None

    def _next_batch(self, transaction: Transaction, request: Request) -> Planned | None:
        size = request.batch_size or self._parts.settings.fincart_batch_size
        lines = requests.orders(transaction.session, request, request.next_position, size)
        request.next_position = lines[-1].position + 1
        elsewhere = batches.claim(transaction, request, [line.order_id for line in lines])
        taken = [line for line in lines if line.order_id in elsewhere]
        outcomes = {
            line.position: Settled(Outcome.NOT_SENT, None, f"already being cancelled by {elsewhere[line.order_id]}")
            for line in taken
        }
        batches.settle(transaction, request, taken, outcomes, kind=EventKind.REST_NOT_SENT)
        ours = [line for line in lines if line.order_id not in elsewhere]
        if not ours:
            return None
        attempt = batches.plan(transaction, request, ours)
        transaction.session.flush()
        assert request.seq is not None
        return Planned(request.seq, request.public_id, request.lease_token, attempt, ours)

    def _send(self, planned: Planned) -> Answer:
        answer = self._parts.fincart.cancel(
            [line.order_id for line in planned.lines], fence=lambda: self._lease_holds(planned.seq)
        )
        if answer is None:
            return Answer(AnswerKind.UNACTED, None, "this bot was suspended before it could send, and sent nothing")
        return answer

    def _lease_holds(self, seq: int) -> bool:
        with self._lock:
            return self._parts.uptime() < self._fences.get(seq, 0.0)

    def _settle(self, planned: Planned, answer: Answer) -> None:
        """Write the answer down, however long the database takes to be there again: nobody else knows it."""
        while True:
            try:
                with self._parts.database.write() as transaction:
                    self._settle_once(transaction, planned, answer)
                break
            except StorageUnavailable as unavailable:
                log.error("the answer to a batch of %s is not yet recorded: %s", planned.public_id, unavailable)
                if self._parts.wait(0.5):
                    return
        with self._lock:
            self._fences.pop(planned.seq, None)

    def _settle_once(self, transaction: Transaction, planned: Planned, answer: Answer) -> None:
        request = requests.lock(transaction, planned.public_id)
        assert request is not None
        if batches.end(transaction, planned.attempt, answer.kind, answer.http_status, answer.words):
            outcomes = at_its_word(planned.lines, answer.kind, answer.words)
            told = {"kind": answer.kind.value, "http_status": answer.http_status, "words": answer.words}
            batches.settle(
                transaction,
                request,
                planned.lines,
                outcomes,
                kind=EventKind.BATCH_SETTLED,
                attempt=planned.attempt,
                answer=told,
            )
        if answer.kind is AnswerKind.UNACTED and answer.http_status == 429:
            now = transaction.now()
            until = now + timedelta(seconds=answer.retry_after or 1)
            holds.hold(transaction, HoldKind.RATE_LIMIT, until, why=answer.words)
        if request.lease_token == planned.token:
            self._go_on(transaction, request, answer)

    def _go_on(self, transaction: Transaction, request: Request, answer: Answer) -> None:
        request.lease_until = None
        request.due_at = transaction.now()
        transaction.wake("orders")
        if answer.kind is AnswerKind.TOKEN:
            words = f"Fincart rejected the bot's token ({answer.words}): nothing more of this request was sent"
            _rest_not_sent(transaction, request, words)
        if request.next_position >= request.order_count:
            self._over(transaction, request)
        else:
            outbox.live(transaction, request, urgent=False)

    def _settle_orphan(self, transaction: Transaction, request: Request, orphan: Attempt) -> None:
        if not batches.end(transaction, orphan, AnswerKind.LOST, None, NO_ANSWER):
            return
        lines = batches.lines_of(transaction, orphan)
        outcomes = at_its_word(lines, AnswerKind.LOST, NO_ANSWER)
        batches.settle(
            transaction,
            request,
            lines,
            outcomes,
            kind=EventKind.BATCH_SETTLED,
            attempt=orphan,
            answer={"kind": AnswerKind.LOST.value, "http_status": None, "words": NO_ANSWER},
        )

    def _over(self, transaction: Transaction, request: Request) -> None:
        """Finish: every order has its outcome."""
        now = transaction.now()
        if request.state is RequestState.APPROVED:
            requests.move(transaction, request, RequestState.EXECUTING)
        requests.move(transaction, request, RequestState.FINISHED, finished_at=now, due_at=None, lease_until=None)
        figures = {outcome.value: getattr(request, outcome.value) for outcome in Outcome}
        transaction.record(EventKind.FINISHED, who=None, request=request.public_id, details=figures)
        outbox.live(transaction, request, urgent=True)
        started = request.decided_at or request.created_at
        if (now - started).total_seconds() > self._parts.timings.notice_after:
            outbox.end_notice(transaction, request)


def at_its_word(lines: Sequence[OrderLine], kind: AnswerKind, words: str) -> Mapping[int, Settled]:
    """What the orders of a batch became, taking its answer at its word."""
    settled = {
        AnswerKind.OK: Settled(Outcome.CANCELLED, Proof.ANSWER, ""),
        AnswerKind.REFUSED: Settled(Outcome.REJECTED, Proof.ANSWER, words),
        AnswerKind.UNACTED: Settled(Outcome.NOT_SENT, None, words),
        AnswerKind.TOKEN: Settled(Outcome.NOT_SENT, None, words),
        AnswerKind.LOST: Settled(Outcome.UNKNOWN, None, words),
    }[kind]
    return {line.position: settled for line in lines}


def _rest_not_sent(transaction: Transaction, request: Request, words: str) -> None:
    """Nothing more of this request is sent: every order that no batch has taken is `not_sent`."""
    rest = requests.orders(transaction.session, request, request.next_position, request.order_count)
    request.next_position = request.order_count
    outcomes = {line.position: Settled(Outcome.NOT_SENT, None, words) for line in rest}
    batches.settle(transaction, request, rest, outcomes, kind=EventKind.REST_NOT_SENT)
