"""The dispatcher: sends approved requests batch by batch.

It plans (commit), sends (no database), settles and plans the next (commit).
"""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from bot.context import Context
from bot.execution.planner import plan
from bot.execution.response import note_about_fincart, settle_answer
from bot.execution.send_queue import Answered, Planned, SendQueue
from bot.execution.settlement import finish_if_over
from bot.execution.token_check import classify_403, third_403_in_a_row
from bot.fincart.client import Answer
from storage import attempts, leases, requests, send_gate
from storage.db.transactions import StorageUnavailable, Transaction
from storage.enums import AnswerKind, RequestState
from storage.log_events import LogEvent, about
from storage.models import Request

log = logging.getLogger(__name__)

NO_ANSWER = "the bot stopped before Fincart's answer came"

FAULTY_FOR = 30.0
"""Seconds until a request that our own fault kept from being planned or settled is tried again."""

UNSENT = Answer(AnswerKind.NOT_APPLIED, None, "nothing was handed over")


class Dispatcher:
    """Sends for the requests that this process leases. Thread-safe: each thread sends one batch at a time."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._fences: dict[tuple[int, int], float] = {}
        """Until when each lease, by request and token, is certain to hold, on the clock that counts sleep. Attempts
        planned under an earlier lease, even of this process, belong to whoever leases next.
        """
        self._parked = False
        self._ready = SendQueue(context.settings.fincart_max_concurrency, context.timings.quick_call)

    def step(self) -> bool:
        """Send one batch, or settle what needs no sending. Returns False when nothing is due.

        One thread more than calls allowed at once lets one settle while the others send.
        """
        planned = self._ready.next()
        if planned is None:
            leased = self._ready.room() > 0 and self._lease_next()
            planned = self._ready.next()
            if planned is None:
                return leased
        began = self._context.uptime()
        answer = self._send(planned)
        if self._ready.answered(Answered(planned, answer), self._context.uptime() - began):
            self._settle_all()
        return True

    def renew(self) -> None:
        """Extend the leases of this process."""
        with self._lock:
            if not self._fences:
                return
        asked_at = self._context.uptime()
        with self._context.database.write() as transaction:
            renewed = leases.renew(transaction, self._context.owner, self._context.timings.lease)
        with self._lock:
            # One that was not renewed holds for its time: another thread may have taken it just now.
            others = {lease: until for lease, until in self._fences.items() if until > asked_at}
            fences = others | dict.fromkeys(renewed, asked_at + self._context.timings.lease)
            self._fences = {} if self._parked else fences

    def park(self) -> None:
        """Requeue planned batches and end the leases, for the next owner to take at once. Nothing more is sent."""
        with self._lock:
            self._parked = True
            self._fences = {}
        unsent = self._ready.take_back()
        with self._context.database.write() as transaction:
            leases.give_up(transaction, self._context.owner)
            for planned in unsent:
                attempts.unplan(transaction, planned.attempt)
            _end_probes(transaction, unsent)

    def _send(self, planned: Planned) -> Answer | None:
        """Make the call. Returns None if nothing was sent."""
        if planned.probed_until is None and not self._may_go(planned):
            return None
        try:
            answer = self._context.fincart.cancel(planned.order_ids, fence=lambda: self._lease_holds(planned))
            return None if answer is None else classify_403(self._context, planned, answer)
        except Exception:
            extra = about(LogEvent.FAULT, request=planned.public_id, attempt=planned.attempt.id)
            log.exception("a call to Fincart failed inside the bot", extra=extra)
            return Answer(AnswerKind.INDETERMINATE, None, "the call failed inside of the bot")

    def _may_go(self, planned: Planned) -> bool:
        """Whether the planned batch may still be sent: it may have been stopped or held while it waited."""
        try:
            with self._context.database.read() as session:
                return attempts.may_go(session, planned.seq, planned.token, self._context.database.now(session))
        except StorageUnavailable:
            return False

    def _lease_holds(self, planned: Planned) -> bool:
        with self._lock:
            return self._context.uptime() < self._fences.get((planned.seq, planned.token), 0.0)

    def _lease_next(self) -> bool:
        """Lease a due request and plan its batches. Returns False if that led to nothing."""
        seq = 0
        try:
            asked_at = self._context.uptime()
            with self._context.database.write(confirm_commit=True) as transaction:
                leased = leases.lease(transaction, self._context.owner, self._context.timings.lease)
                if leased is None:
                    return False
                seq = leased.request.seq or 0
                planned = self._take_over(transaction, leased, asked_at)
                # A request without room in the queue stays due.
                is_due = leased.request.due_at is not None and leased.request.due_at <= transaction.now()
        except StorageUnavailable:
            raise
        except Exception:
            if seq:
                self._put_off(seq)
            raise
        self._queue(planned)
        return bool(planned) or not is_due

    def _take_over(self, transaction: Transaction, leased: leases.Leased, asked_at: float) -> list[Planned]:
        """Settle what an earlier owner left behind, then plan."""
        # That owner may only be suspended, with its calls still in flight.
        open_until = leased.sent_until + timedelta(seconds=self._context.settings.fincart_timeout_seconds)
        for orphan in leased.orphans:
            lost = Answer(AnswerKind.INDETERMINATE, None, NO_ANSWER)
            settle_answer(self._context, transaction, leased.request, orphan, lost, open_until)
        return self._plan(transaction, leased.request, asked_at, room=self._ready.room())

    def _put_off(self, seq: int) -> None:
        """Release the lease after a fault of ours and postpone the request, so that other requests go on."""
        with suppress(StorageUnavailable), self._context.database.write() as transaction:
            leases.put_off(transaction, seq, FAULTY_FOR)

    def _queue(self, planned: Sequence[Planned]) -> None:
        self._ready.add(planned)
        self._context.database.on_wake("orders", len(planned))

    def _plan(
        self, transaction: Transaction, request: Request, asked_at: float, *, room: int, spares: int = 0
    ) -> list[Planned]:
        """Plan the next batches. The request was leased at `asked_at` or later."""
        planned = plan(self._context, transaction, request, room=room, spares=spares)
        if not planned.attempts:
            return []
        assert request.seq is not None
        assert request.lease_until is not None
        left = (request.lease_until - transaction.now()).total_seconds()
        lease = (request.seq, request.lease_token)
        with self._lock:
            if not self._parked:
                self._fences[lease] = max(self._fences.get(lease, 0.0), asked_at + left)
        ids_of_each = attempts.order_ids(transaction, request, planned.attempts)
        return [
            Planned(request.seq, request.public_id, request.lease_token, attempt, ids, planned.probed_until)
            for attempt, ids in zip(planned.attempts, ids_of_each, strict=True)
        ]

    def _settle_all(self) -> None:
        """Settle stored answers, and those that arrive meanwhile, while other threads send."""
        try:
            while answered := self._ready.answers():
                self._context.database.on_wake("orders", len(self._ready))
                if not self._store_answers(answered):
                    break
        except BaseException as error:
            self._ready.give_up_settling()
            if isinstance(error, Exception):
                # These answers are lost. The next owner reads the logs instead.
                self._put_off(answered[0].planned.seq)
            raise

    def _store_answers(self, answered: Sequence[Answered]) -> bool:
        """Store answers, retrying for as long as the database is down: they exist nowhere else.

        Returns False if the process stops first.
        """
        while True:
            asked_at = self._context.uptime()
            try:
                with self._context.database.write(confirm_commit=True) as transaction:
                    following = self._settle(transaction, answered, asked_at)
                break
            except StorageUnavailable as unavailable:
                planned = answered[0].planned
                extra = about(LogEvent.DATABASE_AWAY, request=planned.public_id, attempt=planned.attempt.id)
                words = "the answer to a batch of %s is not yet recorded: %s"
                log.error(words, planned.public_id, unavailable, extra=extra)
                if self._context.wait(0.5):
                    self._ready.give_up_settling()
                    return False
        self._queue(following)
        return True

    def _settle(self, transaction: Transaction, answered: Sequence[Answered], asked_at: float) -> list[Planned]:
        """Settle answers to batches of one request, and plan as many new ones."""
        request = requests.lock(transaction, answered[0].planned.public_id)
        assert request is not None
        all_well = True
        for each in answered:
            if each.answer is None:
                all_well = False
                if not attempts.unplan(transaction, each.planned.attempt):
                    settle_answer(self._context, transaction, request, each.planned.attempt, UNSENT)
                continue
            answer = third_403_in_a_row(transaction, each.planned.attempt, each.answer)
            attempt = settle_answer(self._context, transaction, request, each.planned.attempt, answer)
            note_about_fincart(transaction, answer, each.planned.probed_until)
            all_well = all_well and each.is_ok and attempts.is_first(attempt)
        _end_probes(transaction, [each.planned for each in answered if each.answer is None])
        is_over = finish_if_over(self._context, transaction, request)
        if not any(leases.is_ours(transaction, request, each.planned.token) for each in answered):
            if not is_over and request.state is RequestState.EXECUTING:
                # The new owner may be waiting for this answer alone.
                request.due_at = transaction.now()
                transaction.wake("orders")
            return []
        now, besides = transaction.now(), request.seq or 0
        if not is_over and leases.are_due(transaction.session, now, self._context.owner, besides):
            # Requests take turns: a small one does not wait for the end of a large one.
            request.due_at = now
            transaction.wake("orders")
            return []
        spares = self._ready.spares() if all_well else 0
        return self._plan(transaction, request, asked_at, room=self._ready.room(settling=True), spares=spares)


def _end_probes(transaction: Transaction, unsent: Sequence[Planned]) -> None:
    """Let others probe in place of those that were not sent. Call it after what locks requests: holds come second."""
    for planned in unsent:
        if planned.probed_until is not None:
            send_gate.end_probe(transaction, planned.probed_until)
