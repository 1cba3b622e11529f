"""The planner: what a run sends next, committed before it is sent; or when to look again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.context import Context
from bot.execution.settlement import close, finish_if_over, stop
from storage import attempts as batches
from storage import in_flight, leases, order_lines, outcomes, requests, send_gate
from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.enums import Outcome, RequestState, StopReason
from storage.models import Attempt, Request
from storage.outcomes import OutcomeUpdate, StoredOutcome, settle
from storage.ranges import as_ranges

FEW = 10
"""Up to so many ids unlike Fincart's have a call each: most likely it refuses them, and so without any doubt."""


@dataclass(frozen=True, slots=True)
class SendPlan:
    """What has been written ahead."""

    attempts: Sequence[Attempt] = ()
    probed_until: datetime | None = None
    """They go although Fincart counts as down, to see whether it still is; all others wait for them until then."""


def plan(context: Context, transaction: Transaction, request: Request, *, room: int, spares: int) -> SendPlan:
    """Write the next batches ahead, as many as there is `room` for, or say when to look again.

    The request is leased and its row locked. `spares`: so many more may be written ahead, to be sent once others are
    back.
    """
    if request.state not in (RequestState.APPROVED, RequestState.EXECUTING):
        return SendPlan()
    now = transaction.now()
    _stop_if_expired(transaction, request, now)
    if request.stopped_at is not None:
        _begin(transaction, request)
        close(context, transaction, request)
        return _wait(context, transaction, request, None)
    if request.not_before is not None and request.not_before > now:
        # Whatever made it due: until then it can be undone.
        return _wait(context, transaction, request, request.not_before)
    if request.held_at is not None:
        return _wait(context, transaction, request, request.valid_until)
    held = send_gate.state(transaction, now)
    if held.blocks:
        until = held.until or request.valid_until
        return _wait(context, transaction, request, min(until, request.valid_until or until) if until else None)
    _begin(transaction, request)
    if _too_many_in_doubt(context, transaction, request):
        # Whoever reads their logs makes the request due again.
        return _wait(context, transaction, request, request.valid_until)
    waiting = batches.queued(transaction, request)
    most = 1 if held.probes else max(0, room if waiting else room + spares)
    due = [each for each in waiting if each.due_at is None or each.due_at <= now][:most]
    attempts = [batches.plan_queued(transaction, request, each) for each in due]
    attempts += _first_batches(context, transaction, request, most - len(due))
    if len(attempts) < most:
        # Orders whose logs are being read may be long in coming: the approval runs out meanwhile.
        later = (each.due_at or now for each in waiting[len(due) :])
        _wait(context, transaction, request, min(later, default=request.valid_until))
    else:
        request.due_at = now
    probed_until = send_gate.probe(transaction, now) if attempts and held.probes else None
    transaction.session.flush()
    return SendPlan(attempts, probed_until)


def _stop_if_expired(transaction: Transaction, request: Request, now: datetime) -> None:
    if request.stopped_at is None and request.valid_until is not None and request.valid_until <= now:
        stop(transaction, request, StopReason.APPROVAL_EXPIRED, "the approval ran out")


def _begin(transaction: Transaction, request: Request) -> None:
    if request.state is RequestState.APPROVED:
        transaction.session.flush()
        requests.move(transaction, request, RequestState.EXECUTING)
        transaction.record(EventKind.RUN_STARTED, who=None, request=request.public_id)


def _too_many_in_doubt(context: Context, transaction: Transaction, request: Request) -> bool:
    """Whether the run would be put on hold if the orders whose logs are being read turned out badly."""
    most = context.settings.hold_after_failed
    if not most or request.failed_since_go_on + request.order_count < most:
        return False
    return request.failed_since_go_on + outcomes.in_doubt(transaction.session, request, most) >= most


def _wait(context: Context, transaction: Transaction, request: Request, due_at: datetime | None) -> SendPlan:
    """Nothing more to send now: look again then, or when something comes of what is under way."""
    if finish_if_over(context, transaction, request):
        return SendPlan()
    if batches.under_way(transaction, request):
        request.due_at = due_at
    else:
        leases.let_go(request, due_at)
    return SendPlan()


def _first_batches(context: Context, transaction: Transaction, request: Request, most: int) -> list[Attempt]:
    """At most so many batches of orders that no batch has taken yet.

    Ids unlike a Fincart id come last and in batches of their own: one of them may have its whole call refused.
    """
    attempts: list[Attempt] = []
    size = request.batch_size or context.settings.fincart_batch_size
    while len(attempts) < most and request.next_position < request.order_count:
        wanted = size * (most - len(attempts))
        found = order_lines.next_like(transaction, request, request.next_position, wanted)
        ours = _claim(transaction, request, found)
        attempts += batches.plan_first(transaction, request, _slices(ours, size))
        request.next_position = found[-1] + 1 if len(found) == wanted else request.order_count
        if request.next_position >= request.order_count:
            attempts += _unlike_batches(transaction, request, size, most - len(attempts))
    return attempts


def _unlike_batches(transaction: Transaction, request: Request, size: int, most: int) -> list[Attempt]:
    """Take all orders whose ids are unlike Fincart's: at most so many batches of them now, the others wait."""
    ours = _claim(transaction, request, order_lines.untaken_unlike(transaction, request))
    slices = _slices(ours, 1 if len(ours) <= FEW else size)
    for positions in slices[most:]:
        batches.queue(
            transaction, request, order_lines.at(transaction, request, as_ranges(positions)), transaction.now()
        )
    return batches.plan_first(transaction, request, slices[:most])


def _slices(positions: Sequence[int], size: int) -> list[Sequence[int]]:
    return [positions[at : at + size] for at in range(0, len(positions), size)]


def _claim(transaction: Transaction, request: Request, positions: Sequence[int]) -> Sequence[int]:
    """Take orders in hand; one that another request has in its hand is not sent, with that request's id."""
    elsewhere = in_flight.claim(transaction, request, positions) if positions else {}
    if not elsewhere:
        return positions
    findings = [
        OutcomeUpdate(
            line,
            StoredOutcome(Outcome.NOT_SENT, None, f"it was just then in the hand of {elsewhere[line.position]}"),
            None,
            line.doubt,
            line.log,
        )
        for line in order_lines.at(transaction, request, as_ranges(elsewhere))
    ]
    settle(transaction, request, findings, kind=EventKind.REST_NOT_SENT)
    return [position for position in positions if position not in elsewhere]
