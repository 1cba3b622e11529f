"""Ask: keep what was asked for, ask the policy, and show a preview or say why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError

from bot.context import Context
from bot.deliveries.handling import handling
from bot.domain.commands.reasons import GivenReason
from bot.domain.policy.decide import Act, Sharing
from bot.outbox import enqueue
from bot.outbox.enqueue import AnswerCode, ReplyTo
from bot.requests.action import question_about
from bot.requests.authorize import Authorization, authorize
from bot.requests.preflight import ReadStatus, read_statuses
from storage import quotas, requests
from storage.audit.log import EventKind
from storage.enums import Origin, RequestState
from storage.models import Request
from storage.requests import NewOrder, NewRequest
from storage.slack_models import Delivery


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody asks for, however they asked."""

    reply_to: ReplyTo
    team: str
    channel: str
    origin: Origin
    orders: Sequence[NewOrder]
    reason: GivenReason
    source: Mapping[str, Any]
    retry_of: str | None = None
    set_aside: Sequence[NewOrder] = ()
    """Words read beside the orders and unlike them (`bot.requests.set_aside`)."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a preview shows besides the request: how its orders stand, and whether its live message can be posted."""

    statuses: Mapping[str, ReadStatus]
    can_post: bool


def ask(context: Context, delivery: Delivery, wanted: Submission) -> None:
    """Make the request of this delivery, unless an earlier try did, and bring it to its preview or its refusal."""
    request = _accepted(context, delivery, wanted)
    if request.state is not RequestState.PREPARING:
        _close(context, delivery, wanted.reply_to)
        return
    authorization = authorize(context, question_about(request, Act.ASK, request.requester))
    with context.database.read() as session:
        today = quotas.used(session, request.requester, context.database.now(session), authorization.ids)
    authorization = authorization.with_orders_today(today)
    # A refusal waits for nothing more: whoever is refused has waited for Slack long enough.
    preflight = Preflight({}, can_post=True)
    if authorization.verdict.allowed:
        preflight = Preflight(_statuses(context, request), can_post_live(context, request))
    _prepared(context, delivery, wanted.reply_to, request.public_id, authorization, preflight)


def _accepted(context: Context, delivery: Delivery, wanted: Submission) -> Request:
    while True:
        try:
            return _accept(context, delivery, wanted)
        except IntegrityError:
            # The id is taken (one in a thousand million), or another worker made the request: look again.
            continue


def _accept(context: Context, delivery: Delivery, wanted: Submission) -> Request:
    with handling(context.database, delivery) as handled:
        transaction = handled.transaction
        made = requests.of_delivery(transaction.session, delivery.id)
        if made is not None:
            return made
        most = context.settings.max_orders_per_request
        asked = len(wanted.orders) + (len(wanted.set_aside) if len(wanted.set_aside) > most else 0)
        new = NewRequest(
            public_id=context.new_request_id(),
            delivery_id=delivery.id,
            team_id=wanted.team,
            requester=wanted.reply_to.person,
            channel_id=wanted.channel,
            origin=wanted.origin,
            reason=wanted.reason.words,
            # More than policy could ever allow is counted and refused, not kept one by one.
            orders=() if asked > most else wanted.orders,
            order_count=asked,
            source=wanted.source,
            retry_of=wanted.retry_of,
            reason_listed=wanted.reason.listed,
            set_aside=() if asked > most else wanted.set_aside,
        )
        lasts = timedelta(seconds=context.settings.request_ttl_seconds)
        return requests.make(transaction, new, transaction.now() + lasts)


def _statuses(context: Context, request: Request) -> dict[str, ReadStatus]:
    with context.database.read() as session:
        lines = requests.orders(session, request, 0, request.order_count)
    return read_statuses(context, [line.order_id for line in lines])


def _prepared(
    context: Context,
    delivery: Delivery,
    reply_to: ReplyTo,
    public_id: str,
    authorization: Authorization,
    preflight: Preflight,
) -> None:
    verdict = authorization.verdict
    with handling(context.database, delivery) as handled:
        transaction = handled.transaction
        request = requests.lock(transaction, public_id)
        if request is None or request.state is not RequestState.PREPARING:
            return
        now = transaction.now()
        if not verdict.allowed:
            requests.move(
                transaction,
                request,
                RequestState.REFUSED,
                verdict=authorization.whole,
                requester_person=authorization.person,
                decided_at=now,
                due_at=None,
            )
            details = {"code": verdict.code.value, "requester_person": authorization.person, **authorization.told()}
            transaction.record(EventKind.REQUEST_REFUSED, who=None, request=public_id, details=details, at=now)
            handled.refuse(reply_to, verdict, request, request.order_count)
            return
        expires_at = now + timedelta(seconds=context.settings.request_ttl_seconds)
        shown = requests.move(
            transaction,
            request,
            RequestState.CONFIRMING,
            before=now,
            verdict=authorization.whole,
            requester_person=authorization.person,
            approvals_needed=verdict.approvals_needed,
            expires_at=expires_at,
            due_at=expires_at,
        )
        if not shown:
            return
        seen = {order_id: (each.status, each.at) for order_id, each in preflight.statuses.items()}
        requests.keep_seen(transaction, request, seen)
        told: dict[str, Any] = {
            "expires_at": expires_at.isoformat(),
            "requester_person": authorization.person,
            **authorization.told(),
            "revision": request.revision,
            "approvals_needed": request.approvals_needed,
        }
        transaction.record(EventKind.PREVIEW_SHOWN, who=None, request=public_id, details=told)
        enqueue.preview(transaction, reply_to, request, can_post=preflight.can_post)
        handled.done(AnswerCode.PREVIEW)


def _close(context: Context, delivery: Delivery, reply_to: ReplyTo) -> None:
    """An earlier try has made the request and answered; or its time was up before anybody could be asked, and then
    nobody has said so yet."""
    with handling(context.database, delivery) as handled:
        made = requests.of_delivery(handled.transaction.session, delivery.id)
        if made is not None and made.state is RequestState.EXPIRED:
            handled.answer(reply_to, AnswerCode.EXPIRED, made)
        else:
            handled.done(AnswerCode.REPEATED)


def live_channel(context: Context, request: Request) -> str:
    """Where the request's live message belongs: RESULTS_CHANNEL, or where it was asked for."""
    return context.settings.results_channel or request.channel_id


def can_post_live(context: Context, request: Request) -> bool:
    """Whether the bot can post the request's live message where it belongs, as far as is known."""
    return context.people.channel(live_channel(context, request)) is not Sharing.CANNOT_POST
