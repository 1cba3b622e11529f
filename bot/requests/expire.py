"""Deadlines of requests. All are in the database; none is a timer."""

from bot.context import Context
from bot.outbox import enqueue
from bot.requests.confirm import expire, is_past
from bot.requests.remind import remind_once
from storage import requests
from storage.enums import UNDECIDED, RequestState


def meet_one(context: Context) -> bool:
    """Handle one request's passed deadline: send a reminder or expire it. Returns False when there is none."""
    with context.database.write() as transaction:
        request = requests.due(transaction, UNDECIDED)
        if request is None:
            return False
        if request.state is RequestState.WAITING and not is_past(request.expires_at, transaction.now()):
            remind_once(transaction, request)
        else:
            unconfirmed = request.state is RequestState.CONFIRMING
            expire(transaction, request)
            if unconfirmed:
                enqueue.expired(transaction, request)
    return True
