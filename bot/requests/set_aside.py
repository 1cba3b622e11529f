"""Sets aside words unlike the ids: a telephone number from a sheet's row must not be sent as an order.

If some words are Fincart order ids, the others are not orders of the request. The preview names them, its go-ahead does
not cover them, and they become orders only when the requester clicks **Include**.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.context import Context
from bot.domain.policy.decide import Act, Verdict
from bot.outbox import enqueue
from bot.requests.authorize import Authorization
from bot.requests.confirm import CONFIRMING, why_not
from bot.requests.create import can_post_live
from bot.requests.handle_action import RequestAction, handle_action
from storage import requests, set_aside
from storage.db.transactions import Transaction
from storage.enums import AnswerCode, EventKind
from storage.models import Request
from storage.requests import NewOrder
from storage.slack_models import Delivery


@dataclass(frozen=True, slots=True)
class Sorted:
    """Given ids, split into those asked for and those set aside."""

    orders: Sequence[NewOrder]
    set_aside: Sequence[NewOrder] = ()


def sort_out(given: Sequence[NewOrder]) -> Sorted:
    """Set aside what is unlike a Fincart order id, if any word is like one.

    This holds for a file's column of any name too: a row of totals stands under the same header as the ids.
    """
    if all(each.unlike_fincart for each in given):
        return Sorted(given)
    orders: list[NewOrder] = []
    unlike: list[NewOrder] = []
    for each in given:
        (unlike if each.unlike_fincart else orders).append(each)
    return Sorted(orders, unlike)


def include(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Add the words set aside as orders, if the policy allows so many, and show the preview again."""

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
        request_now = requests.find(session, action.public_id)
    can_post = request_now is None or can_post_live(context, request_now)
    more = len(set_aside.of_request(request_now)) if request_now is not None else 0
    handle_action(context, delivery, replace(action, more_orders=more), Act.GO_AHEAD, act)
