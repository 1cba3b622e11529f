"""Reminders: approvers are asked again in the card's thread, halfway to the deadline and by hand."""

from datetime import datetime, timedelta

from bot.context import Context
from bot.domain.policy.decide import Act, Verdict
from bot.outbox import enqueue
from bot.requests.authorize import Authorization
from bot.requests.confirm import WAITING, why_not
from bot.requests.handle_action import RequestAction, handle_action
from storage import history
from storage.db.transactions import Transaction
from storage.enums import AnswerCode, EventKind
from storage.models import Request
from storage.slack_models import Delivery

PAUSE = timedelta(minutes=10)
"""Minimum time between two reminders about one request, whoever sends them."""

_CARD_POSTED_WITHIN = timedelta(seconds=30)
"""How soon the automatic reminder retries when Slack does not show the card yet."""


def remind(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Remind the approvers, if the person may and nobody was reminded lately."""

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

    handle_action(context, delivery, action, Act.GO_ON, act)


def remind_once(transaction: Transaction, request: Request) -> None:
    """Send the automatic reminder of a locked, waiting request once. Postpones it if somebody was reminded lately or
    the card is not posted yet.
    """
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
    """When another reminder may be sent."""
    last = history.last_at(transaction.session, request.public_id, EventKind.REMINDED)
    return request.created_at if last is None else last + PAUSE
