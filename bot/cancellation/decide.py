"""Decide: what a person's click, or the passing of a deadline, makes of a request. Exactly one of them wins."""

from datetime import datetime, timedelta

from bot.cancellation import outbox
from bot.cancellation.ask import live_channel
from bot.cancellation.judgement import Judgement
from bot.cancellation.outbox import Answer
from bot.cancellation.parts import Parts
from bot.cancellation.pressing import Click, press
from bot.policy import Act, Sharing, Verdict
from storage import requests
from storage.audit import EventKind
from storage.database import Transaction
from storage.states import RequestState
from storage.tables import Delivery, Request


def go_ahead(parts: Parts, delivery: Delivery, click: Click) -> None:
    """Let the request run, if its requester pressed it in time and policy, asked anew, still allows it."""
    with parts.database.read() as session:
        seen = requests.find(session, click.public_id)
    place = _first_post_in(parts, seen) if seen else None

    def act(transaction: Transaction, request: Request, judgement: Judgement) -> Answer | Verdict:
        lost = judgement.not_theirs() or _why_not(transaction, request)
        if lost is not None:
            return lost
        if click.revision != request.revision:
            return Answer.OLDER_REVISION
        if not judgement.verdict.allowed:
            return judgement.verdict
        return _let_run(parts, transaction, request, judgement, place)

    press(parts, delivery, click, Act.GO_AHEAD, act)


def keep(parts: Parts, delivery: Delivery, click: Click) -> None:
    """Take the request back before anything was sent: "Keep them"."""

    def act(transaction: Transaction, request: Request, judgement: Judgement) -> Answer | Verdict:
        lost = judgement.not_theirs() or _why_not(transaction, request)
        if lost is not None:
            return lost
        now = transaction.now()
        requests.move(
            transaction,
            request,
            RequestState.WITHDRAWN,
            before=now,
            decided_at=now,
            decided_by=click.asker.person,
            due_at=None,
        )
        transaction.record(EventKind.WITHDRAWN, who=click.asker.person, request=request.public_id)
        return Answer.KEPT

    press(parts, delivery, click, Act.WITHDRAW, act)


def expire_due(parts: Parts) -> bool:
    """End one request whose deadline has passed; False when there is none."""
    with parts.database.write() as transaction:
        request = requests.due(transaction, (RequestState.PREPARING, RequestState.CONFIRMING))
        if request is None:
            return False
        _expire(transaction, request)
    return True


def _why_not(transaction: Transaction, request: Request) -> Answer | None:
    """Why nobody can decide this request any more, or None while they can. Judged under its lock."""
    if request.state is RequestState.EXPIRED:
        return Answer.EXPIRED
    if request.state is not RequestState.CONFIRMING:
        return Answer.ALREADY_DECIDED
    if _is_past(request.expires_at, transaction.now()):
        _expire(transaction, request)
        return Answer.EXPIRED
    return None


def _expire(transaction: Transaction, request: Request) -> None:
    requests.move(transaction, request, RequestState.EXPIRED, decided_at=transaction.now(), due_at=None)
    transaction.record(EventKind.EXPIRED, who=None, request=request.public_id)


def _let_run(
    parts: Parts, transaction: Transaction, request: Request, judgement: Judgement, place: str | None
) -> Answer:
    now = transaction.now()
    valid_until = now + timedelta(seconds=parts.settings.approval_valid_seconds)
    moved = requests.move(
        transaction,
        request,
        RequestState.APPROVED,
        before=now,
        verdict=judgement.whole,
        decided_at=now,
        decided_by=request.requester,
        not_before=now,
        valid_until=valid_until,
        due_at=now,
    )
    if not moved:
        return _why_not(transaction, request) or Answer.ALREADY_DECIDED
    details = {
        "rule": judgement.verdict.rule,
        "revision": request.revision,
        "order_count": request.order_count,
        "valid_until": valid_until.isoformat(),
    }
    transaction.record(EventKind.WENT_AHEAD, who=request.requester, request=request.public_id, details=details)
    outbox.live(transaction, request, place, urgent=True)
    transaction.wake("orders")
    return Answer.WENT_AHEAD


def _first_post_in(parts: Parts, request: Request) -> str:
    """The channel, or the requester's direct message where the bot is known not to be able to post there."""
    channel = live_channel(parts, request)
    return request.requester if parts.people.channel(channel) is Sharing.CANNOT_POST else channel


def _is_past(deadline: datetime | None, now: datetime) -> bool:
    return deadline is not None and deadline <= now
