"""Reminders: whoever may approve is asked again in the card's thread, halfway to the deadline and by hand."""

from datetime import datetime, timedelta

from bot.context import Context
from bot.domain.policy.decide import Act, Verdict
from bot.outbox import enqueue
from bot.outbox.enqueue import AnswerCode
from bot.requests.action import RequestAction, press
from bot.requests.authorize import Authorization
from bot.requests.confirm import WAITING, why_not
from storage import history
from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.models import Request
from storage.slack_models import Delivery

PAUSE = timedelta(minutes=10)
"""Between two reminders about one request, whoever sends them."""

_CARD_POSTED_WITHIN = timedelta(seconds=30)
"""How soon the automatic reminder looks again whether Slack shows the card it belongs to."""


def remind(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Ask again, for the requester and whoever may approve, unless somebody was reminded lately."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        lost = why_not(transaction, request, WAITING)
        if lost is not None:
            return lost
        if not authorization.verdict.allowed:
            return authorization.verdict
        if _free_at(transaction, request) > transaction.now():
            return AnswerCode.REMINDED_LATELY
        if not enqueue.reminder(transaction, request, delivery.id):
            return AnswerCode.NOT_POSTED_YET
        who, person = action.reply_to.person, authorization.person
        transaction.record(EventKind.REMINDED, who=who, person=person, request=request.public_id)
        return AnswerCode.REMINDED

    press(context, delivery, action, Act.GO_ON, act)


def remind_once(transaction: Transaction, request: Request) -> None:
    """The reminder that comes by itself, of a locked request that waits: once, or a little later where somebody was
    reminded just now or the card is not posted yet."""
    assert request.expires_at is not None
    now = transaction.now()
    free_at = _free_at(transaction, request)
    if free_at > now:
        request.due_at = request.remind_at = free_at
    elif enqueue.reminder(transaction, request, "halfway"):
        transaction.record(EventKind.REMINDED, who=None, request=request.public_id)
        request.due_at, request.remind_at = request.expires_at, None
    else:
        request.due_at = request.remind_at = now + _CARD_POSTED_WITHIN
    request.due_at = min(request.due_at, request.expires_at)


def _free_at(transaction: Transaction, request: Request) -> datetime:
    """From when on another reminder may be sent."""
    last = history.last_at(transaction.session, request.public_id, EventKind.REMINDED)
    return request.created_at if last is None else last + PAUSE
