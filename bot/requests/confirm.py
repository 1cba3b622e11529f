"""Confirm: what the requester's own button makes of a request. Of all who decide, exactly one wins.

Everything here is judged under the request's lock. What others decide is in `bot.requests.approve`, what the
passing of time decides in `bot.requests.expire`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.domain.commands.reasons import GivenReason
from bot.domain.policy.decide import Act, Sharing, Verdict
from bot.outbox import enqueue
from bot.outbox.enqueue import AnswerCode
from bot.requests.action import Do, RequestAction, press
from bot.requests.authorize import Authorization
from bot.requests.create import live_channel
from storage import quotas, requests
from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.enums import RequestState
from storage.models import Request
from storage.slack_models import Delivery

CONFIRMING = frozenset({RequestState.CONFIRMING})
WAITING = frozenset({RequestState.WAITING})


@dataclass(frozen=True, slots=True)
class GoAhead:
    """The last go-ahead of a request: the event that tells of it, and when it was given."""

    kind: EventKind
    at: datetime
    first_post_in: str | None = None
    """Where the live message goes, should none stand yet."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Told by the event besides."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Made to the request besides."""


def go_ahead(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Let the request run, if its requester pressed it in time and policy, asked anew, needs nobody else."""
    place = first_post_in(context, action.public_id)

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        lost = own_go_ahead_lost(transaction, request, authorization, action)
        if lost is not None:
            return lost
        if request.approvals_needed:
            return AnswerCode.OLDER_REVISION
        given = GoAhead(EventKind.WENT_AHEAD, transaction.now(), place)
        return let_run(context, transaction, request, authorization, given)

    press(context, delivery, action, Act.GO_AHEAD, act)


def emergency(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Let the request run without the approvals it needs: for whom EMERGENCY_USERS names, with the number typed and
    a reason, told in AUDIT_CHANNEL and marked in history for ever."""
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
        details = {"reason": reason.words, "reason_listed": reason.listed, "revision": revision}
        changes = {**details, "emergency": True}
        given = GoAhead(EventKind.EMERGENCY, transaction.now(), place, details, changes)
        result = let_run(context, transaction, request, authorization, given)
        if result is AnswerCode.WENT_AHEAD:
            assert context.settings.audit_channel is not None
            enqueue.emergency_notice(transaction, request, context.settings.audit_channel)
        return result

    press(context, delivery, action, Act.EMERGENCY, act)


def keep(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Take the request back before anything was sent: "Keep them"."""
    press(context, delivery, action, Act.WITHDRAW, taken_back(action, CONFIRMING, AnswerCode.KEPT))


def taken_back(action: RequestAction, states: frozenset[RequestState], done: AnswerCode) -> Do:
    """What takes a request in one of these states back, if its requester presses in time."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        lost = authorization.not_theirs() or why_not(transaction, request, states)
        if lost is not None:
            return lost
        waited = request.state is RequestState.WAITING
        over(transaction, request, RequestState.WITHDRAWN, action.reply_to.person, transaction.now(), authorization)
        if waited:
            enqueue.live(transaction, request, urgent=True)
        return done

    return act


def own_go_ahead_lost(
    transaction: Transaction, request: Request, authorization: Authorization, action: RequestAction
) -> AnswerCode | Verdict | None:
    """Why a go-ahead under the preview counts for nothing; None where it does."""
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
    """Why nobody can decide this request in such a state any more, or None while they can."""
    if request.state is RequestState.EXPIRED:
        return AnswerCode.EXPIRED
    if request.state not in states:
        return AnswerCode.ALREADY_DECIDED
    if is_past(request.expires_at, transaction.now()):
        expire(transaction, request)
        return AnswerCode.EXPIRED
    return None


def as_needed(transaction: Transaction, request: Request, needed: int) -> AnswerCode | None:
    """Nothing, where the request shows the approvals it needs by today's settings; else it is made to, and whoever
    pressed must look again."""
    if request.approvals_needed == needed:
        return None
    request.approvals_needed = needed
    request.revision += 1
    details = {"approvals_needed": needed, "revision": request.revision}
    transaction.record(EventKind.CHANGED, who=None, request=request.public_id, details=details)
    return AnswerCode.OLDER_REVISION


def number_missing(request: Request, authorization: Authorization, action: RequestAction) -> AnswerCode | None:
    """That the number of orders was to be typed, and was not."""
    needed = authorization.verdict.type_to_confirm and action.typed_number != request.order_count
    return AnswerCode.NUMBER_NEEDED if needed else None


def let_run(
    context: Context, transaction: Transaction, request: Request, authorization: Authorization, given: GoAhead
) -> AnswerCode | Verdict:
    """Approve the request: from here on it runs without anybody. The caller holds the lock and has asked the policy.

    Counts its orders against the requester's day, for good. Where they do not fit, changes nothing and returns the
    refusal.
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
        # Its deadline passed in this very moment. Nothing of this is kept, and the next try finds it expired.
        raise RuntimeError(f"the time of {request.public_id} was up while it was decided")
    told = {
        **authorization.told(),
        "revision": request.revision,
        "order_count": request.order_count,
        "counted_to": request.person,
        "day": quotas.day_of(now),
        "not_before": not_before.isoformat(),
        "valid_until": valid_until.isoformat(),
        **given.details,
    }
    transaction.record(given.kind, who=by, person=authorization.person, request=request.public_id, details=told, at=now)
    enqueue.live(transaction, request, given.first_post_in, urgent=True)
    transaction.wake("orders")
    return AnswerCode.WENT_AHEAD


def expire(transaction: Transaction, request: Request) -> None:
    """Its time is up. A card in the channel says so, and its requester is told; whoever presses an expired preview is
    told by the answer, and where nobody does `bot.requests.expire` tells."""
    waited = request.state is RequestState.WAITING
    over(transaction, request, RequestState.EXPIRED, None, transaction.now())
    if waited:
        enqueue.live(transaction, request, urgent=True)
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
    """Move a request that was never sent to its end, and tell history. An `authorization` that lets somebody do this is
    kept with it; `details` are told besides."""
    changes: dict[str, Any] = {"decided_at": now, "decided_by": by, "remind_at": None, "due_at": None}
    told: dict[str, Any] = {}
    person = None
    if authorization is not None:
        changes["verdict"], told, person = authorization.whole, authorization.told(), authorization.person
        changes["decided_by_person"] = person
    # Of the passing of time and of an undo, the deadline of what people were to decide is no concern.
    in_time = now if request.state in (RequestState.CONFIRMING, RequestState.WAITING) and by is not None else None
    if not requests.move(transaction, request, state, before=in_time, **changes):
        raise RuntimeError(f"the time of {request.public_id} was up while it was decided")
    told |= details
    kind = EventKind(state.value)
    transaction.record(kind, who=by, person=person, request=request.public_id, details=told, at=now)


def first_post_in(context: Context, public_id: str) -> str | None:
    """The live message's channel, or the requester's direct message where the bot is known not to be able to post."""
    with context.database.read() as session:
        request = requests.find(session, public_id)
    if request is None:
        return None
    channel = live_channel(context, request)
    return request.requester if context.people.channel(channel) is Sharing.CANNOT_POST else channel


def is_past(deadline: datetime | None, now: datetime) -> bool:
    """Whether the deadline has come."""
    return deadline is not None and deadline <= now
