"""Set aside what is unlike the other ids: a telephone number from the row of a sheet must not be sent as an order.

Where some words are Fincart order ids, those that are not are no orders of the request: the preview names them, its
go-ahead does not cover them, and they become orders only when the requester presses **Include**.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.context import Context
from bot.domain.policy.decide import Act, Verdict
from bot.outbox import enqueue
from bot.outbox.enqueue import AnswerCode
from bot.requests.action import RequestAction, press
from bot.requests.authorize import Authorization
from bot.requests.confirm import CONFIRMING, why_not
from bot.requests.create import can_post_live
from storage import requests, set_aside
from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.models import Request
from storage.requests import NewOrder
from storage.slack_models import Delivery


@dataclass(frozen=True, slots=True)
class Sorted:
    """What somebody gave as ids: what is asked for, and what is set aside."""

    orders: Sequence[NewOrder]
    set_aside: Sequence[NewOrder] = ()


def sort_out(given: Sequence[NewOrder]) -> Sorted:
    """Set aside what is unlike a Fincart order id, where something is like one: of a file's column too, whatever its
    name, for a row of totals stands under the same name as the ids."""
    if all(each.unlike_fincart for each in given):
        return Sorted(given)
    orders: list[NewOrder] = []
    odd: list[NewOrder] = []
    for each in given:
        (odd if each.unlike_fincart else orders).append(each)
    return Sorted(orders, odd)


def include(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Make orders of what was set aside, if the policy allows so many; show the preview anew."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        lost = authorization.not_theirs() or why_not(transaction, request, CONFIRMING)
        if lost is not None:
            return lost
        if action.revision != request.revision:
            return AnswerCode.OLDER_REVISION
        if not set_aside.of_request(request):
            return AnswerCode.NOTHING_TO_INCLUDE
        if not authorization.verdict.allowed:
            return authorization.verdict
        added = set_aside.include(transaction, request)
        request.approvals_needed = authorization.approvals_for(request.order_count)
        details = {"orders": added, "order_count": request.order_count, "revision": request.revision}
        details |= {"approvals_needed": request.approvals_needed}
        kind, who, person = EventKind.INCLUDED, action.reply_to.person, authorization.person
        transaction.record(kind, who=who, person=person, request=request.public_id, details=details)
        enqueue.preview(transaction, action.reply_to, request, can_post=can_post)
        return AnswerCode.PREVIEW

    with context.database.read() as session:
        seen = requests.find(session, action.public_id)
    can_post = seen is None or can_post_live(context, seen)
    more = len(set_aside.of_request(seen)) if seen is not None else 0
    press(context, delivery, replace(action, more_orders=more), Act.GO_AHEAD, act)
