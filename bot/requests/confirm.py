"""Confirm: what the requester's own button does to a request. If several people decide, exactly one wins.

Everything here is decided under the request's lock. Others' decisions are in `bot.requests.approve`, expiry is in
`bot.requests.expire`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.domain.commands.reasons import GivenReason
from bot.domain.policy.decide import Act, Sharing, Verdict
from bot.outbox import enqueue
from bot.requests.authorize import Authorization
from bot.requests.create import live_channel
from bot.requests.handle_action import Do, RequestAction, handle_action
from storage import quotas, requests
from storage.audit.texts import typed
from storage.db.transactions import Transaction
from storage.enums import AnswerCode, EventKind, RequestState
from storage.models import Request
from storage.slack_models import Delivery

CONFIRMING = frozenset({RequestState.CONFIRMING})
WAITING = frozenset({RequestState.WAITING})


@dataclass(frozen=True, slots=True)
class GoAhead:
    """The go-ahead that lets a request run: the event to record, and when it was given."""

    kind: EventKind
    at: datetime
    first_post_in: str | None = None
    """Channel of the live message, if it is not yet posted."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Further details of the event."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Further changes to the request."""


def go_ahead(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Let the request run, if its requester clicked in time and the policy, asked again, needs nobody else."""
    place = first_post_in(context, action.public_id)

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        lost = own_go_ahead_lost(transaction, request, authorization, action)
        if lost is not None:
            return lost
        if request.approvals_needed:
            return AnswerCode.OLDER_REVISION
        given = GoAhead(EventKind.WENT_AHEAD, transaction.now(), place)
        return let_run(context, transaction, request, authorization, given)

    handle_action(context, delivery, action, Act.GO_AHEAD, act)


def emergency(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Let the request run without the approvals it needs.

    Only for people in EMERGENCY_USERS, with the number typed and a reason. It is announced in AUDIT_CHANNEL and marked
    in the history for ever.
    """
    place = first_post_in(context, action.public_id)

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        lost = authorization.not_theirs() or why_not(transaction, request, CONFIRMING | WAITING)
        if lost is not None:
            return lost
        if action.revision != request.revision:
            return AnswerCode.OLDER_REVISION
        if not authorization.verdict.allowed:
            return authorization.verdict
        lost = number_missing(request, authorization, action)
        if lost is not None:
            return lost
        reason = GivenReason(request.reason, request.reason_listed)
        if request.reason is None:
            reason = GivenReason.typed(action.words, context.settings.reasons)
        revision = request.revision + (request.reason is None)
        changes = {"reason": reason.words, "reason_listed": reason.listed, "revision": revision, "emergency": True}
        details = {"reason": typed(reason.words), "reason_listed": reason.listed, "revision": revision}
        given = GoAhead(EventKind.EMERGENCY, transaction.now(), place, details, changes)
        result = let_run(context, transaction, request, authorization, given)
        if result is AnswerCode.WENT_AHEAD:
            assert context.settings.audit_channel is not None
            enqueue.emergency_notice(transaction, request, context.settings.audit_channel)
        return result

    handle_action(context, delivery, action, Act.EMERGENCY, act)


def keep(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Withdraw the request before anything was sent: "Keep them"."""
    handle_action(context, delivery, action, Act.WITHDRAW, taken_back(action, CONFIRMING, AnswerCode.KEPT))


def taken_back(action: RequestAction, states: frozenset[RequestState], done: AnswerCode) -> Do:
    """Builds the action that withdraws a request in one of these states, if its requester clicks in time."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        lost = authorization.not_theirs() or why_not(transaction, request, states)
        if lost is not None:
            return lost
        over(transaction, request, RequestState.WITHDRAWN, action.reply_to.person, transaction.now(), authorization)
        return done

    return act


def own_go_ahead_lost(
    transaction: Transaction, request: Request, authorization: Authorization, action: RequestAction
) -> AnswerCode | Verdict | None:
    """Why a go-ahead on the preview does not count; None if it does."""
    lost = authorization.not_theirs() or why_not(transaction, request, CONFIRMING)
    if lost is not None:
        return lost
    if action.revision != request.revision:
        return AnswerCode.OLDER_REVISION
    if not authorization.verdict.allowed:
        return authorization.verdict
    needed = authorization.verdict.approvals_needed
    return as_needed(transaction, request, needed) or number_missing(request, authorization, action)


def why_not(transaction: Transaction, request: Request, states: frozenset[RequestState]) -> AnswerCode | None:
    """Why nobody can decide this request any more; None while somebody can."""
    if request.state is RequestState.EXPIRED:
        return AnswerCode.EXPIRED
    if request.state not in states:
        return AnswerCode.ALREADY_DECIDED
    if is_past(request.expires_at, transaction.now()):
        expire(transaction, request)
        return AnswerCode.EXPIRED
    return None


def as_needed(transaction: Transaction, request: Request, needed: int) -> AnswerCode | None:
    """None if the request already shows the approvals that it needs by today's settings.

    Otherwise updates it and returns `OLDER_REVISION`: the person must look again.
    """
    if request.approvals_needed == needed:
        return None
    request.approvals_needed = needed
    request.revision += 1
    details = {"approvals_needed": needed, "revision": request.revision}
    transaction.record(EventKind.CHANGED, who=None, request=request.public_id, details=details)
    return AnswerCode.OLDER_REVISION


def number_missing(request: Request, authorization: Authorization, action: RequestAction) -> AnswerCode | None:
    """The answer if the number of orders had to be typed and was not; else None."""
    needed = authorization.verdict.type_to_confirm and action.typed_number != request.order_count
    return AnswerCode.NUMBER_NEEDED if needed else None


def let_run(
    context: Context, transaction: Transaction, request: Request, authorization: Authorization, given: GoAhead
) -> AnswerCode | Verdict:
    """Approve the request, so that it runs. The caller holds the lock and has asked the policy.

    Counts its orders against the requester's day for good. If they do not fit, changes nothing and returns the refusal.
    """
    by, now = authorization.question.person, given.at
    limit = authorization.rules.max_orders_per_person_per_day
    ids = request.requester_ids
    if not quotas.take(transaction, request.person, request.order_count, limit, now, ids):
        return authorization.with_orders_today(quotas.used(transaction.session, request.person, now, ids)).verdict
    not_before = now + timedelta(seconds=context.settings.undo_seconds)
    valid_until = now + timedelta(seconds=context.settings.approval_valid_seconds)
    moved = requests.move(
        transaction,
        request,
        RequestState.APPROVED,
        before=now,
        verdict=authorization.whole,
        decided_at=now,
        decided_by=by,
        decided_by_person=authorization.person,
        not_before=not_before,
        valid_until=valid_until,
        remind_at=None,
        due_at=not_before,
        **given.changes,
    )
    if not moved:
        # The deadline passed just now. The transaction rolls back, and the next try finds the request expired.
        raise RuntimeError(f"the time of {request.public_id} was up while it was decided")
    details = {
        **authorization.event_details(),
        "revision": request.revision,
        "order_count": request.order_count,
        "counted_to": request.person,
        "day": quotas.day_of(now),
        "not_before": not_before.isoformat(),
        "valid_until": valid_until.isoformat(),
        **given.details,
    }
    transaction.record(
        given.kind, who=by, person=authorization.person, request=request.public_id, details=details, at=now
    )
    enqueue.live(transaction, request, given.first_post_in, urgent=True)
    transaction.wake("orders")
    return AnswerCode.WENT_AHEAD


def expire(transaction: Transaction, request: Request) -> None:
    """Expire the request. A waiting one's card says so and its requester gets a notice.

    Somebody who clicks an expired preview learns it from the answer; if nobody does, `bot.requests.expire` says so.
    """
    waited = request.state is RequestState.WAITING
    over(transaction, request, RequestState.EXPIRED, None, transaction.now())
    if waited:
        enqueue.end_notice(transaction, request)


def over(
    transaction: Transaction,
    request: Request,
    state: RequestState,
    by: str | None,
    now: datetime,
    authorization: Authorization | None = None,
    **details: Any,
) -> None:
    """End a request that was never sent, record it, and update its live message if it has one. Stores the
    `authorization` for the decision, and `details` in the event.
    """
    is_live = request.state in (RequestState.WAITING, RequestState.APPROVED)
    changes: dict[str, Any] = {"decided_at": now, "decided_by": by, "remind_at": None, "due_at": None}
    event_details: dict[str, Any] = {}
    person = None
    if authorization is not None:
        event_details, person = authorization.event_details(), authorization.person
        changes |= {"verdict": authorization.whole, "decided_by_person": person}
    # The decision deadline does not limit an expiry or an undo.
    in_time = now if request.state in (RequestState.CONFIRMING, RequestState.WAITING) and by is not None else None
    if not requests.move(transaction, request, state, before=in_time, **changes):
        raise RuntimeError(f"the time of {request.public_id} was up while it was decided")
    event_details |= details
    kind = EventKind(state.value)
    transaction.record(kind, who=by, person=person, request=request.public_id, details=event_details, at=now)
    if is_live:
        enqueue.live(transaction, request, urgent=True)


def first_post_in(context: Context, public_id: str) -> str | None:
    """The live message's channel, or the requester's direct message if the bot is known to be unable to post there."""
    with context.database.read() as session:
        request = requests.find(session, public_id)
    if request is None:
        return None
    channel = live_channel(context, request)
    return request.requester if context.people.channel(channel) is Sharing.CANNOT_POST else channel


def is_past(deadline: datetime | None, now: datetime) -> bool:
    """Whether the deadline has passed."""
    return deadline is not None and deadline <= now
