"""Deadlines: what the passing of time makes of a request. All of them are in the database, none in a timer."""

from bot.cancellation import outbox
from bot.cancellation.decide import expire, is_past
from bot.cancellation.parts import Parts
from bot.cancellation.reminders import remind_once
from storage import requests
from storage.states import RequestState

EXPIRE = (RequestState.PREPARING, RequestState.CONFIRMING, RequestState.WAITING)


def meet_one(parts: Parts) -> bool:
    """Do what one request's time has come for: remind those it waits for, or end it. False when there is none."""
    with parts.database.write() as transaction:
        request = requests.due(transaction, EXPIRE)
        if request is None:
            return False
        if request.state is RequestState.WAITING and not is_past(request.expires_at, transaction.now()):
            remind_once(transaction, request)
        else:
            unconfirmed = request.state is RequestState.CONFIRMING
            expire(transaction, request)
            if unconfirmed:
                outbox.expired(transaction, request)
    return True
