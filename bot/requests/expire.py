"""Deadlines of requests. All of them are in the database, none in a timer."""

from bot.context import Context
from bot.outbox import enqueue
from bot.requests.confirm import expire, is_past
from bot.requests.remind import remind_once
from storage import requests
from storage.enums import RequestState

EXPIRE = (RequestState.PREPARING, RequestState.CONFIRMING, RequestState.WAITING)


def meet_one(context: Context) -> bool:
    """Do what one request's time has come for: remind those it waits for, or end it. False when there is none."""
    with context.database.write() as transaction:
        request = requests.due(transaction, EXPIRE)
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
