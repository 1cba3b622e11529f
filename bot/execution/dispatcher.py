"""The dispatcher: sends approved requests batch by batch.

It plans (commit), sends (no database), settles and plans the next (commit).
"""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from bot.context import Context
from bot.execution.forbidden import in_a_row, judged
from bot.execution.planner import plan
from bot.execution.response import note_about_fincart, settle_answer
from bot.execution.send_queue import Answered, Planned, SendQueue
from bot.execution.settlement import finish_if_over
from bot.fincart.client import Answer
from storage import attempts, leases, requests
from storage.db.transactions import StorageUnavailable, Transaction
from storage.enums import AnswerKind, RequestState
from storage.models import Request

log = logging.getLogger(__name__)

NO_ANSWER = "the bot stopped before Fincart's answer came"

FAULTY_FOR = 30.0
"""Seconds until a request that cannot be planned or settled, for a fault of ours, is tried again."""

UNSENT = Answer(AnswerKind.NOT_APPLIED, None, "nothing was handed over")


class Dispatcher:
    """Sends what this process holds leases for. Thread-safe: each thread sends one batch at a time."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._fences: dict[tuple[int, int], float] = {}
        """Until when, on the clock that counts sleep, each lease surely holds: by request and token. What was written
        ahead under an earlier lease of this very process is another owner's to end."""
        self._ready = SendQueue(context.settings.fincart_max_concurrency, context.timings.quick_call)

    def step(self) -> bool:
        """Send one batch, or settle what needs no sending; False when nothing is due.

        With one thread more than there may be calls at once, one settles while the others send.
        """
        planned = self._ready.next()
        if planned is None:
            found = self._ready.room() > 0 and self._take()
            planned = self._ready.next()
            if planned is None:
                return found
        began = self._context.uptime()
        answer = self._send(planned)
        if self._ready.answered(Answered(planned, answer), self._context.uptime() - began):
            self._settle_all()
        return True

    def renew(self) -> None:
        """Keep the leases of this process alive."""
        with self._lock:
            if not self._fences:
                return
        asked_at = self._context.uptime()
        with self._context.database.write() as transaction:
            renewed = leases.renew(transaction, self._context.owner, self._context.timings.lease)
        with self._lock:
            self._fences = dict.fromkeys(renewed, asked_at + self._context.timings.lease)

    def park(self) -> None:
        """Leave what was planned and not sent, and the leases, to the next owner at once."""
        with self._context.database.write() as transaction:
            for planned in self._ready.take_back():
                attempts.unplan(transaction, planned.attempt)
            leases.give_up(transaction, self._context.owner)

    def _send(self, planned: Planned) -> Answer | None:
        """What came of the call; None: nothing was handed over."""
        if planned.probed_until is None and not self._may_go(planned):
            return None
        try:
            answer = self._context.fincart.cancel(planned.order_ids, fence=lambda: self._lease_holds(planned))
            return None if answer is None else judged(self._context, planned, answer)
        except Exception:
            log.exception("a call to Fincart failed inside of the bot")
            return Answer(AnswerKind.INDETERMINATE, None, "the call failed inside of the bot")

    def _may_go(self, planned: Planned) -> bool:
        """It may have waited since it was written ahead: has anybody said no meanwhile?"""
        try:
            with self._context.database.read() as session:
                return attempts.may_go(session, planned.seq, planned.token, self._context.database.now(session))
        except StorageUnavailable:
            return False

    def _lease_holds(self, planned: Planned) -> bool:
        with self._lock:
            return self._context.uptime() < self._fences.get((planned.seq, planned.token), 0.0)

    def _take(self) -> bool:
        """Take up a request that is due; False where nothing has come of it."""
        seq = 0
        try:
            asked_at = self._context.uptime()
            with self._context.database.write(confirm_commit=True) as transaction:
                leased = leases.lease(transaction, self._context.owner, self._context.timings.lease)
                if leased is None:
                    return False
                seq = leased.request.seq or 0
                planned = self._take_up(transaction, leased, asked_at)
                # Where there was no room for it, it is still due.
                is_due = leased.request.due_at is not None and leased.request.due_at <= transaction.now()
        except StorageUnavailable:
            raise
        except Exception:
            if seq:
                self._put_off(seq)
            raise
        self._put(planned)
        return bool(planned) or not is_due

    def _take_up(self, transaction: Transaction, leased: leases.Leased, asked_at: float) -> list[Planned]:
        """Settle what its earlier owner has left behind, and plan."""
        # That owner may only sleep, and its calls go on without it.
        open_until = leased.sent_until + timedelta(seconds=self._context.settings.fincart_timeout_seconds)
        for orphan in leased.orphans:
            lost = Answer(AnswerKind.INDETERMINATE, None, NO_ANSWER)
            settle_answer(self._context, transaction, leased.request, orphan, lost, open_until)
        return self._plan(transaction, leased.request, asked_at, room=self._ready.room())

    def _put_off(self, seq: int) -> None:
        """A fault of ours keeps no other request from being sent: leave this one alone, as if its owner had died."""
        with suppress(StorageUnavailable), self._context.database.write() as transaction:
            leases.put_off(transaction, seq, FAULTY_FOR)

    def _put(self, planned: Sequence[Planned]) -> None:
        self._ready.add(planned)
        self._context.database.on_wake("orders", len(planned))

    def _plan(
        self, transaction: Transaction, request: Request, asked_at: float, *, room: int, spares: int = 0
    ) -> list[Planned]:
        """Write the next batches ahead. The request has been leased, or was found leased, at `asked_at` or later."""
        planned = plan(self._context, transaction, request, room=room, spares=spares)
        if not planned.attempts:
            return []
        assert request.seq is not None
        assert request.lease_until is not None
        left = (request.lease_until - transaction.now()).total_seconds()
        lease = (request.seq, request.lease_token)
        with self._lock:
            self._fences[lease] = max(self._fences.get(lease, 0.0), asked_at + left)
        ids_of_each = attempts.order_ids(transaction, request, planned.attempts)
        return [
            Planned(request.seq, request.public_id, request.lease_token, attempt, ids, planned.probed_until)
            for attempt, ids in zip(planned.attempts, ids_of_each, strict=True)
        ]

    def _settle_all(self) -> None:
        """Settle what is back, and what comes back meanwhile; others send as long as there is anything to send."""
        try:
            while answered := self._ready.answers():
                self._context.database.on_wake("orders", len(self._ready))
                if not self._keep(answered):
                    break
        except BaseException as error:
            self._ready.give_up_settling()
            if isinstance(error, Exception):
                # Nobody knows these answers any more: whoever takes the request up again reads the logs.
                self._put_off(answered[0].planned.seq)
            raise

    def _keep(self, answered: Sequence[Answered]) -> bool:
        """Write answers down, however long the database takes to be there again: nobody else knows them.

        False: the process stops before it was.
        """
        while True:
            asked_at = self._context.uptime()
            try:
                with self._context.database.write(confirm_commit=True) as transaction:
                    following = self._keep_once(transaction, answered, asked_at)
                break
            except StorageUnavailable as unavailable:
                public_id = answered[0].planned.public_id
                log.error("the answer to a batch of %s is not yet recorded: %s", public_id, unavailable)
                if self._context.wait(0.5):
                    self._ready.give_up_settling()
                    return False
        self._put(following)
        return True

    def _keep_once(self, transaction: Transaction, answered: Sequence[Answered], asked_at: float) -> list[Planned]:
        """Settle answers to batches of one request, and plan as many."""
        request = requests.lock(transaction, answered[0].planned.public_id)
        assert request is not None
        all_well = True
        for each in answered:
            if each.answer is None:
                all_well = False
                if not attempts.unplan(transaction, each.planned.attempt):
                    settle_answer(self._context, transaction, request, each.planned.attempt, UNSENT)
                continue
            answer = in_a_row(transaction, each.planned.attempt, each.answer)
            attempt = settle_answer(self._context, transaction, request, each.planned.attempt, answer)
            note_about_fincart(transaction, answer, each.planned.probed_until)
            all_well = all_well and each.is_ok and attempts.is_first(attempt)
        is_over = finish_if_over(self._context, transaction, request)
        if not any(leases.is_ours(transaction, request, each.planned.token) for each in answered):
            if not is_over and request.state is RequestState.EXECUTING:
                # Whoever has taken it over may have nothing to do but what this answer has brought.
                request.due_at = transaction.now()
                transaction.wake("orders")
            return []
        now, besides = transaction.now(), request.seq or 0
        if not is_over and leases.are_due(transaction.session, now, self._context.owner, besides):
            # They take turns: a few orders do not wait for the end of thousands.
            request.due_at = now
            transaction.wake("orders")
            return []
        spares = self._ready.spares() if all_well else 0
        return self._plan(transaction, request, asked_at, room=self._ready.room(settling=True), spares=spares)
