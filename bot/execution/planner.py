"""The planner: commits a run's next batches before they are sent, or decides when to poll it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.context import Context
from bot.execution.settlement import close, finish_if_over, stop_sending
from storage import attempts, in_flight, leases, order_lines, outcomes, requests, send_gate
from storage.db.transactions import Transaction
from storage.enums import RUNNING, EventKind, Outcome, RequestState, StopReason
from storage.models import Attempt, Request
from storage.outcomes import OutcomeUpdate, StoredOutcome, settle
from storage.ranges import as_ranges

FEW = 10
"""Up to so many ids unlike Fincart's get one call each: Fincart most likely refuses them, and then leaves no doubt."""


@dataclass(frozen=True, slots=True)
class SendPlan:
    """The planned attempts."""

    attempts: Sequence[Attempt] = ()
    probed_until: datetime | None = None
    """Set if they probe a Fincart that counts as down: until when all others wait."""


def plan(context: Context, transaction: Transaction, request: Request, *, room: int, spares: int) -> SendPlan:
    """Plan the next batches, up to `room`, or set when to poll the request again.

    The request is leased and its row locked. `spares`: batches to plan beyond `room`, sent once others are answered.
    """
    if request.state not in RUNNING:
        return SendPlan()
    now = transaction.now()
    _stop_if_expired(transaction, request, now)
    if request.stopped_at is not None:
        begin(transaction, request)
        close(context, transaction, request)
        return _wait(context, transaction, request, None)
    if request.not_before is not None and request.not_before > now:
        # The undo period lasts until then, whatever made the request due.
        return _wait(context, transaction, request, request.not_before)
    if request.held_at is not None:
        return _wait(context, transaction, request, request.valid_until)
    gate = send_gate.state(transaction, now)
    if gate.blocks:
        until = gate.until or request.valid_until
        return _wait(context, transaction, request, min(until, request.valid_until or until) if until else None)
    begin(transaction, request)
    if _too_many_in_doubt(context, transaction, request):
        # The log reader makes the request due again.
        return _wait(context, transaction, request, request.valid_until)
    waiting = attempts.queued(transaction, request)
    most = 1 if gate.probes else max(0, room if waiting else room + spares)
    due = [each for each in waiting if each.due_at is None or each.due_at <= now][:most]
    planned = [attempts.plan_queued(transaction, request, each) for each in due]
    planned += _first_batches(context, transaction, request, most - len(due))
    if len(planned) < most:
        # Reading the logs of orders in doubt may take long, and the approval may expire meanwhile.
        later = (each.due_at or now for each in waiting[len(due) :])
        _wait(context, transaction, request, min(later, default=request.valid_until))
    else:
        request.due_at = now
    probed_until = send_gate.probe(transaction, now) if planned and gate.probes else None
    transaction.session.flush()
    return SendPlan(planned, probed_until)


def _stop_if_expired(transaction: Transaction, request: Request, now: datetime) -> None:
    if request.stopped_at is None and request.valid_until is not None and request.valid_until <= now:
        stop_sending(transaction, request, StopReason.APPROVAL_EXPIRED, "the approval ran out")


def begin(transaction: Transaction, request: Request) -> None:
    """Move an approved request to executing, and record it."""
    if request.state is RequestState.APPROVED:
        transaction.session.flush()
        requests.move(transaction, request, RequestState.EXECUTING)
        transaction.record(EventKind.RUN_STARTED, who=None, request=request.public_id)


def _too_many_in_doubt(context: Context, transaction: Transaction, request: Request) -> bool:
    """Whether the run would be put on hold if every order in doubt turned out badly."""
    most = context.settings.hold_after_failed
    if not most or request.failed_since_go_on + request.order_count < most:
        return False
    return request.failed_since_go_on + outcomes.in_doubt(transaction.session, request, most) >= most


def _wait(context: Context, transaction: Transaction, request: Request, due_at: datetime | None) -> SendPlan:
    """Nothing to send now: poll again at `due_at`, or when something under way ends."""
    if finish_if_over(context, transaction, request):
        return SendPlan()
    if attempts.under_way(transaction, request):
        request.due_at = due_at
    else:
        leases.let_go(request, due_at)
    return SendPlan()


def _first_batches(context: Context, transaction: Transaction, request: Request, most: int) -> list[Attempt]:
    """At most so many batches of orders that no batch has carried yet.

    Ids unlike a Fincart id come last and in batches of their own: one may make Fincart refuse its whole call.
    """
    planned: list[Attempt] = []
    size = request.batch_size or context.settings.fincart_batch_size
    while len(planned) < most and request.next_position < request.order_count:
        count = size * (most - len(planned))
        positions = order_lines.next_like(transaction, request, request.next_position, count)
        ours = _claim(transaction, request, positions)
        planned += attempts.plan_first(transaction, request, _slices(ours, size))
        request.next_position = positions[-1] + 1 if len(positions) == count else request.order_count
        if request.next_position >= request.order_count:
            planned += _unlike_batches(transaction, request, size, most - len(planned))
    return planned


def _unlike_batches(transaction: Transaction, request: Request, size: int, most: int) -> list[Attempt]:
    """Plan at most so many batches of ids unlike Fincart's, and queue the rest."""
    ours = _claim(transaction, request, order_lines.untaken_unlike(transaction, request))
    slices = _slices(ours, 1 if len(ours) <= FEW else size)
    for positions in slices[most:]:
        attempts.queue(
            transaction, request, order_lines.at(transaction, request, as_ranges(positions)), transaction.now()
        )
    return attempts.plan_first(transaction, request, slices[:most])


def _slices(positions: Sequence[int], size: int) -> list[Sequence[int]]:
    return [positions[at : at + size] for at in range(0, len(positions), size)]


def _claim(transaction: Transaction, request: Request, positions: Sequence[int]) -> Sequence[int]:
    """Claim orders. An order that another request has claimed is not sent, and names that request."""
    others = in_flight.claim(transaction, request, positions) if positions else {}
    if not others:
        return positions
    findings = [
        OutcomeUpdate(
            line,
            StoredOutcome(Outcome.NOT_SENT, None, f"it was just then in the hand of {others[line.position]}"),
            None,
            line.doubt,
            line.log,
        )
        for line in order_lines.at(transaction, request, as_ranges(others))
    ]
    settle(transaction, request, findings, kind=EventKind.REST_NOT_SENT)
    return [position for position in positions if position not in others]
