"""Create: stores a request, asks the policy, and shows a preview or a refusal."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError

from bot.context import Context
from bot.deliveries.handling import handling
from bot.domain.commands.reasons import GivenReason
from bot.domain.policy.decide import Act, Sharing
from bot.outbox import enqueue
from bot.outbox.contents import AnswerContent
from bot.outbox.enqueue import ReplyTo
from bot.requests.authorize import Authorization, authorize
from bot.requests.handle_action import question_about
from bot.requests.preflight import ReadStatus, read_statuses
from storage import quotas, requests
from storage.enums import AnswerCode, EventKind, Origin, RequestState
from storage.id_source import IdSource
from storage.models import Request
from storage.requests import NewOrder, NewRequest
from storage.slack_models import Delivery

_MORE_TRIES = 2


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody asks for, by whichever way."""

    reply_to: ReplyTo
    team: str
    channel: str
    origin: Origin
    orders: Sequence[NewOrder]
    reason: GivenReason
    source: IdSource
    retry_of: str | None = None
    set_aside: Sequence[NewOrder] = ()
    """Words read beside the orders that are unlike ids (`bot.requests.set_aside`)."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a preview shows besides the request: the orders' statuses, and whether the live message can be posted."""

    statuses: Mapping[str, ReadStatus]
    can_post: bool


def ask(context: Context, delivery: Delivery, submission: Submission) -> None:
    """Create this delivery's request, unless an earlier try did, and show its preview or refusal."""
    request = _accepted(context, delivery, submission)
    if request.state is not RequestState.PREPARING:
        _finish_repeat(context, delivery, submission.reply_to)
        return
    authorization = authorize(context, question_about(request, Act.ASK, request.requester))
    with context.database.read() as session:
        today = quotas.used(session, request.requester, context.database.now(session), authorization.ids)
    authorization = authorization.with_orders_today(today)
    # A refusal looks up no statuses: the person has already waited for Slack.
    preflight = Preflight({}, can_post=True)
    if authorization.verdict.allowed:
        preflight = Preflight(_statuses(context, request), can_post_live(context, request))
    _prepared(context, delivery, submission.reply_to, request.public_id, authorization, preflight)


def _accepted(context: Context, delivery: Delivery, submission: Submission) -> Request:
    # The id is taken (one in a thousand million), or another worker created the request: try again. What the database
    # refuses each time is a fault, for the inbox to end.
    for _ in range(_MORE_TRIES):
        with suppress(IntegrityError):
            return _accept(context, delivery, submission)
    return _accept(context, delivery, submission)


def _accept(context: Context, delivery: Delivery, submission: Submission) -> Request:
    with handling(context.database, delivery) as handled:
        transaction = handled.transaction
        made = requests.of_delivery(transaction.session, delivery.id)
        if made is not None:
            return made
        most = context.settings.max_orders_per_request
        asked = len(submission.orders) + (len(submission.set_aside) if len(submission.set_aside) > most else 0)
        new = NewRequest(
            public_id=context.new_request_id(),
            delivery_id=delivery.id,
            team_id=submission.team,
            requester=submission.reply_to.person,
            channel_id=submission.channel,
            origin=submission.origin,
            reason=submission.reason.words,
            # Above what any policy allows, orders are counted and refused, not stored.
            orders=() if asked > most else submission.orders,
            order_count=asked,
            source=submission.source,
            retry_of=submission.retry_of,
            reason_listed=submission.reason.listed,
            set_aside=() if asked > most else submission.set_aside,
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
            refusal: dict[str, Any] = {"code": verdict.code.value, "requester_person": authorization.person}
            refusal |= authorization.event_details()
            transaction.record(EventKind.REQUEST_REFUSED, who=None, request=public_id, details=refusal, at=now)
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
        statuses = {order_id: (each.status, each.sub_status, each.at) for order_id, each in preflight.statuses.items()}
        requests.store_statuses(transaction, request, statuses)
        details: dict[str, Any] = {
            "expires_at": expires_at.isoformat(),
            "requester_person": authorization.person,
            **authorization.event_details(),
            "revision": request.revision,
            "approvals_needed": request.approvals_needed,
        }
        transaction.record(EventKind.PREVIEW_SHOWN, who=None, request=public_id, details=details)
        enqueue.preview(transaction, reply_to, request, can_post=preflight.can_post)
        handled.done(AnswerCode.PREVIEW)


def _finish_repeat(context: Context, delivery: Delivery, reply_to: ReplyTo) -> None:
    """Finish a repeated delivery. Says so if its request expired unasked; else an earlier try has answered."""
    with handling(context.database, delivery) as handled:
        made = requests.of_delivery(handled.transaction.session, delivery.id)
        if made is not None and made.state is RequestState.EXPIRED:
            handled.answer(reply_to, AnswerContent(what=AnswerCode.EXPIRED), made)
        else:
            handled.done(AnswerCode.REPEATED)


def live_channel(context: Context, request: Request) -> str:
    """The live message's channel: RESULTS_CHANNEL, or the channel of the request."""
    return context.settings.results_channel or request.channel_id


def can_post_live(context: Context, request: Request) -> bool:
    """Whether, as far as is known, the bot can post the live message in its channel."""
    return context.people.channel(live_channel(context, request)) is not Sharing.CANNOT_POST
