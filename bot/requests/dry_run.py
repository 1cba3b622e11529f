"""The preview without a request: what would happen, with nothing to press that goes ahead."""

from bot.context import Context
from bot.deliveries.handling import handling
from bot.domain.commands.order_ids import OrderList
from bot.domain.outcome.responses import is_pending
from bot.domain.policy.decide import Act, Question
from bot.outbox.enqueue import AnswerCode, MessageKind, ReplyTo
from bot.requests.authorize import authorize
from bot.requests.preflight import read_statuses
from bot.requests.set_aside import sort_out
from storage import known_orders, requests, slack_messages
from storage.order_lines import ABSENT
from storage.requests import NewOrder
from storage.slack_messages import MessageId
from storage.slack_models import Delivery

_SHOWN = 60


def show_dry_run(context: Context, delivery: Delivery, reply_to: ReplyTo, orders: OrderList) -> None:
    """Show how these orders stand, to somebody who might ask for them. Nothing is kept of it but the answer, and
    which orders Fincart knows."""
    sorted_out = sort_out([NewOrder(order.value, None, order.unlike_fincart) for order in orders.orders])
    asked, aside = sorted_out.orders, sorted_out.set_aside
    ids = [order.order_id for order in asked]
    question = Question(
        Act.ASK,
        reply_to.person,
        requester=reply_to.person,
        channel=reply_to.channel,
        orders=len(ids),
        has_reason=True,
        has_listed_reason=True,
    )
    verdict = authorize(context, question).verdict
    seen = read_statuses(context, ids) if verdict.allowed else {}
    with handling(context.database, delivery) as handled:
        if not verdict.allowed:
            handled.refuse(reply_to, verdict, orders=len(ids))
            return
        not_pending = [(each, seen[each].status) for each in ids if each in seen and not is_pending(seen[each].status)]
        elsewhere = requests.open_elsewhere(handled.transaction.session, ids, besides=0)
        facts = {
            "order_count": len(ids),
            "orders": [[order.order_id, order.unlike_fincart] for order in asked[:_SHOWN]],
            "unlike_count": sum(order.unlike_fincart for order in asked),
            "set_aside": [[order.order_id, None] for order in aside],
            "duplicates": [order.value for order in orders.duplicates],
            "checked": len(seen),
            "not_pending": not_pending[:_SHOWN],
            "not_pending_count": len(not_pending),
            "elsewhere": sorted(elsewhere.items()),
            "approvals_needed": verdict.approvals_needed,
            "approvers_found": verdict.approvers_found,
            "absent": list(verdict.absent),
            "ask_whom": verdict.ask.contact,
        }
        known_orders.remember(handled.transaction, [each for each in seen if seen[each].status != ABSENT])
        slack_messages.enqueue(handled.transaction, MessageId(MessageKind.LOOK), reply_to.place(), facts=facts)
        handled.done(AnswerCode.SHOWN)
