"""Run: send approved requests batch by batch. Plan (commit), send (no database), settle and plan the next (commit)."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.cancellation import outbox
from bot.cancellation.elsewhere import with_elsewhere
from bot.cancellation.evidence import Evidences
from bot.cancellation.parts import Parts
from bot.cancellation.settling import Seen, apply, close, finish_if_over, stop, without_failed_reads
from bot.fincart import Answer
from storage import batches, holds, outcomes, requests
from storage.audit import EventKind
from storage.database import StorageUnavailable, Transaction
from storage.outcomes import Finding, Settled, settle
from storage.states import AnswerKind, HoldKind, Outcome, RequestState
from storage.tables import Attempt, OrderLine, Request

log = logging.getLogger(__name__)

NO_ANSWER = "the bot stopped before Fincart's answer came"


@dataclass(frozen=True, slots=True)
class Planned:
    """A batch whose sending has been written ahead."""

    seq: int
    public_id: str
    token: int
    attempt: Attempt
    order_ids: tuple[str, ...]


class Runner:
    """Sends what this process holds leases for. Thread-safe: each thread sends one batch at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._fences: dict[int, float] = {}
        """Until when, on the clock that counts sleep, each lease surely holds."""
        self._ready: deque[Planned] = deque()
        self._offset: timedelta | None = None
        """Fincart's clock minus ours, as its last answer told."""

    def step(self) -> bool:
        """Send one batch, or settle what needs no sending; False when nothing is due."""
        planned = self._next_ready()
        if planned is None:
            found, planned = self._take()
            if planned is None:
                return found
        answer = self._parts.fincart.cancel(planned.order_ids, fence=lambda: self._lease_holds(planned.seq))
        self._keep(planned, answer)
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
            while (planned := self._next_ready()) is not None:
                batches.unplan(transaction, planned.attempt)
            batches.give_up_leases(transaction, self._parts.owner)

    def _next_ready(self) -> Planned | None:
        with self._lock:
            return self._ready.popleft() if self._ready else None

    def _lease_holds(self, seq: int) -> bool:
        with self._lock:
            return self._parts.uptime() < self._fences.get(seq, 0.0)

    def _take(self) -> tuple[bool, Planned | None]:
        asked_at = self._parts.uptime()
        with self._parts.database.write() as transaction:
            leased = batches.lease(transaction, self._parts.owner, self._parts.timings.lease)
            if leased is None:
                return False, None
            for orphan in leased.orphans:
                self._settle(transaction, leased.request, orphan, Answer(AnswerKind.LOST, None, NO_ANSWER))
            planned = self._plan(transaction, leased.request, asked_at)
        return True, planned

    def _plan(self, transaction: Transaction, request: Request, asked_at: float) -> Planned | None:
        """Write the next batch ahead, or say when to look again. The request is leased and its row locked."""
        if request.state not in (RequestState.APPROVED, RequestState.EXECUTING):
            return None
        now = transaction.now()
        if request.stopped_at is None and request.valid_until is not None and request.valid_until <= now:
            stop(transaction, request, "the approval ran out", None)
        if request.stopped_at is not None:
            _begin(transaction, request)
            close(self._parts, transaction, request)
            self._wait(transaction, request, None)
            return None
        if request.held_at is not None:
            self._wait(transaction, request, request.valid_until)
            return None
        blocked = holds.blocked(transaction, now)
        if blocked is not None:
            until = blocked.until or request.valid_until
            outbox.live(transaction, request, urgent=False)
            self._wait(transaction, request, min(until, request.valid_until or until) if until else None)
            return None
        _begin(transaction, request)
        if self._too_many_in_doubt(transaction, request):
            # Whoever reads their logs makes the request due again.
            self._wait(transaction, request, request.valid_until)
            return None
        attempt = self._next_batch(transaction, request, now)
        if attempt is None:
            waiting = batches.queued(transaction, request)
            self._wait(transaction, request, waiting[0].due_at if waiting else None)
            return None
        request.due_at = now
        transaction.session.flush()
        return self._planned(transaction, request, attempt, asked_at, now)

    def _too_many_in_doubt(self, transaction: Transaction, request: Request) -> bool:
        """Whether the run would be put on hold if the orders whose logs are being read turned out badly."""
        most = self._parts.settings.hold_after_failed
        if not most or request.failed_since_go_on + request.order_count < most:
            return False
        return request.failed_since_go_on + outcomes.in_doubt(transaction.session, request, most) >= most

    def _wait(self, transaction: Transaction, request: Request, due_at: datetime | None) -> None:
        """Nothing to send now: look again then, or when something comes of what is under way."""
        if finish_if_over(self._parts, transaction, request):
            return
        if batches.under_way(transaction, request):
            request.due_at = due_at
        else:
            batches.let_go(request, due_at)

    def _next_batch(self, transaction: Transaction, request: Request, now: datetime) -> Attempt | None:
        for waiting in batches.queued(transaction, request):
            if waiting.due_at is None or waiting.due_at <= now:
                return batches.plan_queued(transaction, request, waiting)
        while request.next_position < request.order_count:
            size = request.batch_size or self._parts.settings.fincart_batch_size
            lines = requests.orders(transaction.session, request, request.next_position, size)
            request.next_position = lines[-1].position + 1
            ours = self._claim(transaction, request, lines)
            if ours:
                first_sent_at = now + self._offset if self._offset is not None else None
                return batches.plan_first(transaction, request, ours, first_sent_at)
        return None

    def _claim(self, transaction: Transaction, request: Request, lines: Sequence[OrderLine]) -> list[OrderLine]:
        """Take orders in hand; one that another request has in its hand is not sent, with that request's id."""
        elsewhere = batches.claim(transaction, request, [line.order_id for line in lines])
        taken = [line for line in lines if line.order_id in elsewhere]
        findings = [
            Finding(
                line,
                Settled(Outcome.NOT_SENT, None, f"it was just then in the hand of {elsewhere[line.order_id]}"),
                None,
                line.doubt,
                line.log,
            )
            for line in taken
        ]
        settle(transaction, request, findings, kind=EventKind.REST_NOT_SENT)
        return [line for line in lines if line.order_id not in elsewhere]

    def _planned(
        self, transaction: Transaction, request: Request, attempt: Attempt, asked_at: float, now: datetime
    ) -> Planned:
        assert request.seq is not None
        assert request.lease_until is not None
        left = (request.lease_until - now).total_seconds()
        with self._lock:
            self._fences[request.seq] = max(self._fences.get(request.seq, 0.0), asked_at + left)
        ids = tuple(line.order_id for line in batches.lines_of(transaction, attempt))
        return Planned(request.seq, request.public_id, request.lease_token, attempt, ids)

    def _keep(self, planned: Planned, answer: Answer | None) -> None:
        """Write the answer down, however long the database takes to be there again: nobody else knows it."""
        if answer is not None and answer.fincart_time_offset is not None:
            self._offset = answer.fincart_time_offset
        while True:
            asked_at = self._parts.uptime()
            try:
                with self._parts.database.write() as transaction:
                    following = self._keep_once(transaction, planned, answer, asked_at)
                break
            except StorageUnavailable as unavailable:
                log.error("the answer to a batch of %s is not yet recorded: %s", planned.public_id, unavailable)
                if self._parts.wait(0.5):
                    return
        if following is not None:
            with self._lock:
                self._ready.append(following)

    def _keep_once(
        self, transaction: Transaction, planned: Planned, answer: Answer | None, asked_at: float
    ) -> Planned | None:
        request = requests.lock(transaction, planned.public_id)
        assert request is not None
        if answer is None:
            # The lease had run out before a byte was handed over.
            batches.unplan(transaction, planned.attempt)
            return None
        self._settle(transaction, request, planned.attempt, answer)
        self._note(transaction, request, answer)
        finish_if_over(self._parts, transaction, request)
        if not batches.is_ours(transaction, request, planned.token):
            return None
        return self._plan(transaction, request, asked_at)

    def _settle(self, transaction: Transaction, request: Request, attempt: Attempt, answer: Answer) -> None:
        """Put the answer to the truth, for every order of its call."""
        ended = batches.end(transaction, attempt, answer.kind, answer.http_status, answer.words)
        if answer.kind is AnswerKind.TOKEN and request.stopped_at is None:
            stop(transaction, request, f"Fincart rejected the bot's token ({answer.words})", None)
        now = transaction.now()
        in_time = request.valid_until is None or request.valid_until > now
        attempts = batches.ended(transaction, request)
        evidences = Evidences(request, attempts, sending_allowed=request.stopped_at is None and in_time)
        lines = batches.lines_of(transaction, ended)
        if ended.was_lost:
            # They may be on their way again; then the answer to that call concludes, with this one beside it.
            lines = _on_the_ground(lines, batches.under_way(transaction, request))
        if answer.fincart_time_offset is not None:
            _know_first_sent(lines, attempts, answer.fincart_time_offset)
        carried = [(line, without_failed_reads(evidences.of(line))) for line in lines]
        slack = self._parts.timings.truth.clock_slack
        attributed = with_elsewhere(transaction, request, attempts, carried, slack)
        seen = [Seen(line, evidence) for (line, _), evidence in zip(carried, attributed, strict=True)]
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

    def _note(self, transaction: Transaction, request: Request, answer: Answer) -> None:
        """What an answer says about Fincart itself: busy, down, its token rejected, or well."""
        now = transaction.now()
        failed = (answer.kind is AnswerKind.UNACTED and answer.http_status is None) or (
            answer.kind is AnswerKind.LOST and (answer.http_status or 0) >= 500
        )
        if answer.kind is AnswerKind.UNACTED and answer.http_status == 429:
            until = now + timedelta(seconds=answer.retry_after or 1.0)
            holds.hold(transaction, HoldKind.RATE_LIMIT, until, why=answer.words)
        elif failed:
            holds.failed(transaction, answer.words)
        elif answer.kind in (AnswerKind.OK, AnswerKind.REFUSED, AnswerKind.TOKEN):
            holds.answered(transaction)
        if answer.kind is AnswerKind.TOKEN:
            holds.hold(transaction, HoldKind.TOKEN, None, why=answer.words)
            outbox.all_live(transaction)


def _on_the_ground(lines: Sequence[OrderLine], under_way: Sequence[Attempt]) -> list[OrderLine]:
    """Those of the orders that no call under way carries."""
    return [line for line in lines if not any(batches.carries(attempt, line) for attempt in under_way)]


def _know_first_sent(lines: Sequence[OrderLine], attempts: Sequence[Attempt], offset: timedelta) -> None:
    """Now that the difference of the clocks is known: when orders were first sent, in Fincart's time."""
    for line in lines:
        if line.first_sent_at is None:
            planned = [each.planned_at for each in attempts if each.planned_at and batches.carries(each, line)]
            line.first_sent_at = min(planned) + offset if planned else None


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
