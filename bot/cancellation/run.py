"""Run: send approved requests batch by batch. Plan (commit), send (no database), settle and plan the next (commit)."""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.cancellation import outbox
from bot.cancellation.ahead import Ahead, Answered, Planned
from bot.cancellation.elsewhere import with_elsewhere
from bot.cancellation.evidence import Evidences, on_the_ground, with_first_sent
from bot.cancellation.parts import Parts
from bot.cancellation.settling import Seen, apply, close, finish_if_over, stop, without_failed_reads
from bot.fincart import Answer
from bot.messages.outcome_words import TOKEN_REJECTED
from storage import batches, holds, lines, outcomes, requests
from storage.audit import EventKind
from storage.database import StorageUnavailable, Transaction
from storage.outcomes import Finding, Settled, settle
from storage.positions import as_ranges
from storage.states import AnswerKind, HoldKind, Outcome, RequestState
from storage.tables import Attempt, Request

log = logging.getLogger(__name__)

NO_ANSWER = "the bot stopped before Fincart's answer came"

UNSENT = Answer(AnswerKind.UNACTED, None, "nothing was handed over")


class Runner:
    """Sends what this process holds leases for. Thread-safe: each thread sends one batch at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._fences: dict[int, float] = {}
        """Until when, on the clock that counts sleep, each lease surely holds."""
        self._ready = Ahead(parts.settings.fincart_max_concurrency)
        self._offset: timedelta | None = None
        """Fincart's clock minus ours, as its last answer told."""

    def step(self) -> bool:
        """Send one batch, or settle what needs no sending; False when nothing is due.

        With one thread more than there may be calls at once, one settles while the others send.
        """
        planned = self._ready.next()
        if planned is None:
            found = self._ready.is_short() and self._take()
            planned = self._ready.next()
            if planned is None:
                return found
        began = self._parts.uptime()
        answer = self._send(planned)
        if self._ready.answered(Answered(planned, answer), self._parts.uptime() - began):
            self._settle_all()
        return True

    def renew(self) -> None:
        """Keep the leases of this process alive."""
        with self._lock:
            if not self._fences:
                return
        asked_at = self._parts.uptime()
        with self._parts.database.write() as transaction:
            renewed = batches.renew(transaction, self._parts.owner, self._parts.timings.lease)
        with self._lock:
            self._fences = dict.fromkeys(renewed, asked_at + self._parts.timings.lease)

    def park(self) -> None:
        """Leave what was planned and not sent, and the leases, to the next owner at once."""
        with self._parts.database.write() as transaction:
            for planned in self._ready.take_back():
                batches.unplan(transaction, planned.attempt)
            batches.give_up_leases(transaction, self._parts.owner)

    def _send(self, planned: Planned) -> Answer | None:
        """What came of the call; None: nothing was handed over."""
        if not planned.probes and not self._may_go(planned):
            return None
        try:
            return self._parts.fincart.cancel(planned.order_ids, fence=lambda: self._lease_holds(planned.seq))
        except Exception:
            log.exception("a call to Fincart failed inside of the bot")
            return Answer(AnswerKind.LOST, None, "the call failed inside of the bot")

    def _may_go(self, planned: Planned) -> bool:
        """It may have waited since it was written ahead: has anybody said no meanwhile?"""
        try:
            with self._parts.database.read() as session:
                return batches.may_go(session, planned.seq, planned.token, self._parts.now())
        except StorageUnavailable:
            return False

    def _lease_holds(self, seq: int) -> bool:
        with self._lock:
            return self._parts.uptime() < self._fences.get(seq, 0.0)

    def _take(self) -> bool:
        """Take up a request that is due; False where nothing has come of it."""
        asked_at = self._parts.uptime()
        with self._parts.database.write() as transaction:
            leased = batches.lease(transaction, self._parts.owner, self._parts.timings.lease)
            if leased is None:
                return False
            # Their owner may only sleep, and its calls go on without it.
            open_until = leased.sent_until + timedelta(seconds=self._parts.settings.fincart_timeout_seconds)
            for orphan in leased.orphans:
                lost = Answer(AnswerKind.LOST, None, NO_ANSWER)
                self._settle(transaction, leased.request, orphan, lost, open_until)
            planned = self._plan(transaction, leased.request, asked_at, spares=not leased.orphans)
            # Where there was no room for it, it is still due.
            is_due = leased.request.due_at is not None and leased.request.due_at <= transaction.now()
        self._put(planned)
        return bool(planned) or not is_due

    def _put(self, planned: Sequence[Planned]) -> None:
        self._ready.add(planned)
        if len(planned) > 1:
            self._parts.database.on_wake("orders")

    def _plan(
        self, transaction: Transaction, request: Request, asked_at: float, *, spares: bool = False
    ) -> list[Planned]:
        """Write the next batches ahead, or say when to look again. The request is leased and its row locked."""
        if request.state not in (RequestState.APPROVED, RequestState.EXECUTING):
            return []
        now = transaction.now()
        if request.stopped_at is None and request.valid_until is not None and request.valid_until <= now:
            stop(transaction, request, "the approval ran out", None)
        if request.stopped_at is not None:
            _begin(transaction, request)
            close(self._parts, transaction, request)
            self._wait(transaction, request, None)
            return []
        if request.not_before is not None and request.not_before > now:
            # Whatever made it due: until then it can be undone.
            self._wait(transaction, request, request.not_before)
            return []
        if request.held_at is not None:
            outbox.live(transaction, request, urgent=False)
            self._wait(transaction, request, request.valid_until)
            return []
        held = holds.look(transaction, now)
        if held.blocks:
            until = held.until or request.valid_until
            outbox.live(transaction, request, urgent=False)
            self._wait(transaction, request, min(until, request.valid_until or until) if until else None)
            return []
        _begin(transaction, request)
        if self._too_many_in_doubt(transaction, request):
            # Whoever reads their logs makes the request due again.
            self._wait(transaction, request, request.valid_until)
            return []
        waiting = batches.queued(transaction, request)
        most = 1 if held.probes else self._ready.room(spares=spares and not waiting)
        due = [each for each in waiting if each.due_at is None or each.due_at <= now][:most]
        attempts = [batches.plan_queued(transaction, request, each) for each in due]
        attempts += self._first_batches(transaction, request, now, most - len(due))
        if len(attempts) < most:
            self._wait(transaction, request, min((each.due_at or now for each in waiting[len(due) :]), default=None))
        else:
            request.due_at = now
        if attempts and held.probes:
            holds.probe(transaction, now)
        transaction.session.flush()
        return self._planned(transaction, request, attempts, asked_at, probes=held.probes)

    def _too_many_in_doubt(self, transaction: Transaction, request: Request) -> bool:
        """Whether the run would be put on hold if the orders whose logs are being read turned out badly."""
        most = self._parts.settings.hold_after_failed
        if not most or request.failed_since_go_on + request.order_count < most:
            return False
        return request.failed_since_go_on + outcomes.in_doubt(transaction, request, most) >= most

    def _wait(self, transaction: Transaction, request: Request, due_at: datetime | None) -> None:
        """Nothing to send now: look again then, or when something comes of what is under way."""
        if finish_if_over(self._parts, transaction, request):
            return
        if batches.under_way(transaction, request):
            request.due_at = due_at
        else:
            batches.let_go(request, due_at)

    def _first_batches(self, transaction: Transaction, request: Request, now: datetime, most: int) -> list[Attempt]:
        """At most so many batches of orders that no batch has taken yet."""
        attempts: list[Attempt] = []
        size = request.batch_size or self._parts.settings.fincart_batch_size
        while len(attempts) < most and request.next_position < request.order_count:
            first = request.next_position
            request.next_position = min(first + size * (most - len(attempts)), request.order_count)
            ours = self._claim(transaction, request, first, request.next_position - 1)
            slices = [ours[at : at + size] for at in range(0, len(ours), size)]
            first_sent_at = now + self._offset if self._offset is not None else None
            attempts += batches.plan_first(transaction, request, slices, first_sent_at)
        return attempts

    def _claim(self, transaction: Transaction, request: Request, first: int, last: int) -> Sequence[int]:
        """Take orders in hand; one that another request has in its hand is not sent, with that request's id."""
        elsewhere = batches.claim(transaction, request, first, last)
        if not elsewhere:
            return range(first, last + 1)
        findings = [
            Finding(
                line,
                Settled(Outcome.NOT_SENT, None, f"it was just then in the hand of {elsewhere[line.position]}"),
                None,
                line.doubt,
                line.log,
            )
            for line in lines.at(transaction, request, as_ranges(elsewhere))
        ]
        settle(transaction, request, findings, kind=EventKind.REST_NOT_SENT)
        return [position for position in range(first, last + 1) if position not in elsewhere]

    def _planned(
        self, transaction: Transaction, request: Request, attempts: Sequence[Attempt], asked_at: float, *, probes: bool
    ) -> list[Planned]:
        if not attempts:
            return []
        assert request.seq is not None
        assert request.lease_until is not None
        left = (request.lease_until - transaction.now()).total_seconds()
        with self._lock:
            self._fences[request.seq] = max(self._fences.get(request.seq, 0.0), asked_at + left)
        return [
            Planned(request.seq, request.public_id, request.lease_token, attempt, ids, probes)
            for attempt, ids in zip(attempts, batches.order_ids(transaction, request, attempts), strict=True)
        ]

    def _settle_all(self) -> None:
        """Settle what is back, and what comes back meanwhile; others send as long as there is anything to send."""
        try:
            while answered := self._ready.answers():
                if len(self._ready):
                    self._parts.database.on_wake("orders")
                if not self._keep(answered):
                    break
        except BaseException:
            self._ready.give_up_settling()
            raise

    def _keep(self, answered: Sequence[Answered]) -> bool:
        """Write answers down, however long the database takes to be there again: nobody else knows them.

        False: the process stops before it was.
        """
        for each in answered:
            if each.answer is not None and each.answer.fincart_time_offset is not None:
                self._offset = each.answer.fincart_time_offset
        while True:
            asked_at = self._parts.uptime()
            try:
                with self._parts.database.write() as transaction:
                    following = self._keep_once(transaction, answered, asked_at)
                break
            except StorageUnavailable as unavailable:
                public_id = answered[0].planned.public_id
                log.error("the answer to a batch of %s is not yet recorded: %s", public_id, unavailable)
                if self._parts.wait(0.5):
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
                if not batches.unplan(transaction, each.planned.attempt):
                    self._settle(transaction, request, each.planned.attempt, UNSENT)
                continue
            attempt = self._settle(transaction, request, each.planned.attempt, each.answer)
            self._note(transaction, request, each.answer)
            all_well = all_well and each.answer.kind is AnswerKind.OK and batches.is_first(attempt)
        is_over = finish_if_over(self._parts, transaction, request)
        if not any(batches.is_ours(transaction, request, each.planned.token) for each in answered):
            if not is_over and request.state is RequestState.EXECUTING:
                # Whoever has taken it over may have nothing to do but what this answer has brought.
                request.due_at = transaction.now()
                transaction.wake("orders")
            return []
        return self._plan(transaction, request, asked_at, spares=all_well)

    def _settle(
        self,
        transaction: Transaction,
        request: Request,
        attempt: Attempt,
        answer: Answer,
        open_until: datetime | None = None,
    ) -> Attempt:
        """Put the answer to the truth, for every order of its call."""
        ended = batches.end(transaction, attempt, answer.kind, answer.http_status, answer.words, open_until)
        if answer.kind is AnswerKind.TOKEN and request.stopped_at is None:
            stop(transaction, request, f"{TOKEN_REJECTED} ({answer.words})", None)
        now = transaction.now()
        in_time = request.valid_until is None or request.valid_until > now
        attempts = batches.carriers(transaction, request, ended)
        evidences = Evidences(request, attempts, sending_allowed=request.stopped_at is None and in_time)
        carried = lines.at(transaction, request, ended.positions)
        if ended.was_lost:
            # They may be on their way again; then the answer to that call concludes, with this one beside it.
            carried = on_the_ground(carried, batches.under_way(transaction, request))
        if answer.fincart_time_offset is not None:
            carried = with_first_sent(transaction, request, carried, attempts, answer.fincart_time_offset)
        known = [(line, without_failed_reads(evidences.of(line))) for line in carried]
        slack = self._parts.timings.truth.clock_slack
        attributed = with_elsewhere(transaction, request, attempts, known, slack)
        seen = [Seen(line, evidence) for (line, _), evidence in zip(known, attributed, strict=True)]
        told = {"kind": answer.kind.value, "http_status": answer.http_status, "words": answer.words}
        details = {"attempt": ended.id, "answer": told}
        apply(
            self._parts,
            transaction,
            request,
            seen,
            kind=EventKind.BATCH_SETTLED,
            attempt=ended,
            details=details,
        )
        if answer.kind is AnswerKind.OK and ended.parent_id is not None:
            _learn_size(transaction, request, ended)
        return ended

    def _note(self, transaction: Transaction, request: Request, answer: Answer) -> None:
        """What an answer says about Fincart itself: busy, down, its token rejected, or well."""
        now = transaction.now()
        failed = (answer.kind is AnswerKind.UNACTED and answer.http_status is None) or (
            answer.kind is AnswerKind.LOST and (answer.http_status or 0) >= 500
        )
        if answer.kind is AnswerKind.UNACTED and answer.http_status == 429:
            until = now + timedelta(seconds=answer.retry_after or 1.0)
            holds.hold(transaction, HoldKind.RATE_LIMIT, until, why=answer.words)
            holds.answered(transaction)
        elif failed:
            holds.failed(transaction, answer.words)
        elif answer.kind in (AnswerKind.OK, AnswerKind.REFUSED, AnswerKind.TOKEN):
            holds.answered(transaction)
        if answer.kind is AnswerKind.TOKEN:
            holds.hold(transaction, HoldKind.TOKEN, None, why=answer.words)
            outbox.all_live(transaction)


def _begin(transaction: Transaction, request: Request) -> None:
    if request.state is RequestState.APPROVED:
        transaction.session.flush()
        requests.move(transaction, request, RequestState.EXECUTING)
        transaction.record(EventKind.RUN_STARTED, who=None, request=request.public_id)


def _learn_size(transaction: Transaction, request: Request, half: Attempt) -> None:
    """Both halves of a refused call were accepted: it was too large, and the run keeps their size."""
    siblings = [each for each in batches.ended(transaction, request) if each.parent_id == half.parent_id]
    if len(siblings) == 2 and all(each.result is AnswerKind.OK for each in siblings):
        size = max(each.order_count for each in siblings)
        request.batch_size = min(request.batch_size or size, size)
