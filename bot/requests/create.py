"""Ask: keep what was asked for, ask the policy, and show a preview or say why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError

from bot.context import Parts
from bot.domain.policy.decide import Act, Sharing
from bot.outbox import enqueue
from bot.outbox.enqueue import Answer, Asker
from bot.requests.action import question_about
from bot.requests.authorize import Judgement, judge
from bot.requests.preflight import Standing, look
from storage import deliveries, quotas, requests
from storage.audit.log import EventKind
from storage.enums import Origin, RequestState
from storage.models import Request
from storage.requests import NewOrder, NewRequest
from storage.slack_models import Delivery


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for, however they asked."""

    asker: Asker
    team: str
    channel: str
    origin: Origin
    orders: Sequence[NewOrder]
    reason: str | None
    source: Mapping[str, Any]
    retry_of: str | None = None
    set_aside: Sequence[NewOrder] = ()
    """Words read beside the orders and unlike them (`bot.requests.set_aside`)."""


def ask(parts: Parts, delivery: Delivery, wanted: Wanted) -> None:
    """Make the request of this delivery, unless an earlier try did, and bring it to its preview or its refusal."""
    request = _accepted(parts, delivery, wanted)
    if request is None or request.state is not RequestState.PREPARING:
        _close(parts, delivery, wanted.asker)
        return
    judgement = judge(parts, question_about(request, Act.ASK, request.requester))
    with parts.database.read() as session:
        today = quotas.used(session, request.requester, parts.database.now(session), judgement.ids)
    judgement = judgement.with_orders_today(today)
    # A refusal waits for nothing more: whoever is refused has waited for Slack long enough.
    allowed = judgement.verdict.allowed
    seen = _seen(parts, request) if allowed else {}
    can_post = not allowed or can_post_live(parts, request)
    _prepared(parts, delivery, wanted.asker, request.public_id, judgement, seen, can_post=can_post)


def _accepted(parts: Parts, delivery: Delivery, wanted: Wanted) -> Request | None:
    while True:
        try:
            return _accept(parts, delivery, wanted)
        except IntegrityError:
            # The id is taken (one in a thousand million), or another worker made the request: look again.
            continue


def _accept(parts: Parts, delivery: Delivery, wanted: Wanted) -> Request | None:
    with parts.database.write() as transaction:
        if deliveries.still_ours(transaction, delivery) is None:
            return None
        made = requests.of_delivery(transaction.session, delivery.id)
        if made is not None:
            return made
        most = parts.settings.max_orders_per_request
        asked = len(wanted.orders) + (len(wanted.set_aside) if len(wanted.set_aside) > most else 0)
        new = NewRequest(
            public_id=parts.new_request_id(),
            delivery_id=delivery.id,
            team_id=wanted.team,
            requester=wanted.asker.person,
            channel_id=wanted.channel,
            origin=wanted.origin,
            reason=wanted.reason,
            # More than policy could ever allow is counted and refused, not kept one by one.
            orders=() if asked > most else wanted.orders,
            order_count=asked,
            source=wanted.source,
            retry_of=wanted.retry_of,
            set_aside=() if asked > most else wanted.set_aside,
        )
        lasts = timedelta(seconds=parts.settings.request_ttl_seconds)
        return requests.make(transaction, new, transaction.now() + lasts)


def _seen(parts: Parts, request: Request) -> dict[str, Standing]:
    with parts.database.read() as session:
        lines = requests.orders(session, request, 0, request.order_count)
    return look(parts, [line.order_id for line in lines])


def _prepared(
    parts: Parts,
    delivery: Delivery,
    asker: Asker,
    public_id: str,
    judgement: Judgement,
    seen: Mapping[str, Standing],
    *,
    can_post: bool,
) -> None:
    verdict = judgement.verdict
    with parts.database.write() as transaction:
        row = deliveries.still_ours(transaction, delivery)
        request = requests.lock(transaction, public_id)
        if row is None or request is None or request.state is not RequestState.PREPARING:
            return
        now = transaction.now()
        if not verdict.allowed:
            requests.move(
                transaction,
                request,
                RequestState.REFUSED,
                verdict=judgement.whole,
                requester_person=judgement.person,
                decided_at=now,
                due_at=None,
            )
            details = {"code": verdict.code.value, "requester_person": judgement.person, **judgement.told()}
            transaction.record(EventKind.REQUEST_REFUSED, who=None, request=public_id, details=details, at=now)
            orders = request.order_count
            enqueue.refuse(transaction, asker, verdict, delivery=row, request=request, orders=orders)
            deliveries.done(row, verdict.code.value)
            return
        expires_at = now + timedelta(seconds=parts.settings.request_ttl_seconds)
        shown = requests.move(
            transaction,
            request,
            RequestState.CONFIRMING,
            before=now,
            verdict=judgement.whole,
            requester_person=judgement.person,
            approvals_needed=verdict.approvals_needed,
            expires_at=expires_at,
            due_at=expires_at,
        )
        if not shown:
            return
        requests.keep_seen(transaction, request, {key: (each.status, each.at) for key, each in seen.items()})
        told: dict[str, Any] = {
            "expires_at": expires_at.isoformat(),
            "requester_person": judgement.person,
            **judgement.told(),
            "revision": request.revision,
            "approvals_needed": request.approvals_needed,
        }
        transaction.record(EventKind.PREVIEW_SHOWN, who=None, request=public_id, details=told)
        enqueue.preview(transaction, asker, request, can_post=can_post)
        deliveries.done(row, "preview")


def _close(parts: Parts, delivery: Delivery, asker: Asker) -> None:
    """An earlier try has made the request and answered; or its time was up before anybody could be asked, and then
    nobody has said so yet."""
    with parts.database.write() as transaction:
        row = deliveries.still_ours(transaction, delivery)
        if row is None:
            return
        made = requests.of_delivery(transaction.session, delivery.id)
        if made is not None and made.state is RequestState.EXPIRED:
            enqueue.answer(transaction, asker, Answer.EXPIRED, delivery=row, request=made)
        deliveries.done(row, "repeated")


def live_channel(parts: Parts, request: Request) -> str:
    """Where the request's live message belongs: RESULTS_CHANNEL, or where it was asked for."""
    return parts.settings.results_channel or request.channel_id


def can_post_live(parts: Parts, request: Request) -> bool:
    """Whether the bot can post the request's live message where it belongs, as far as is known."""
    return parts.people.channel(live_channel(parts, request)) is not Sharing.CANNOT_POST
