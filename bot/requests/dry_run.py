"""The dry run: a preview without a request or a go-ahead button."""

from bot.context import Context
from bot.deliveries.handling import handling
from bot.domain.commands.order_ids import OrderList
from bot.domain.commands.reasons import listed_reason
from bot.domain.policy.decide import Act, Question
from bot.outbox.contents import DryRun
from bot.outbox.enqueue import ReplyTo
from bot.requests.authorize import authorize
from bot.requests.preflight import read_statuses
from bot.requests.set_aside import sort_out
from storage import known_orders, requests
from storage.enums import ABSENT
from storage.requests import NewOrder
from storage.slack_models import Delivery

_SHOWN = 60


def show_dry_run(
    context: Context, delivery: Delivery, reply_to: ReplyTo, orders: OrderList, reason: str | None
) -> None:
    """Show the orders' statuses to a person who might ask for them. A reason is judged as it would be then, and none is
    needed. Stores only the answer and which orders Fincart knows.
    """
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
        has_listed_reason=reason is None or listed_reason(reason, context.settings.reasons) is not None,
    )
    verdict = authorize(context, question).verdict
    statuses = read_statuses(context, ids) if verdict.allowed else {}
    with handling(context.database, delivery) as handled:
        if not verdict.allowed:
            handled.refuse(reply_to, verdict, orders=len(ids))
            return
        others = requests.in_other_requests(handled.transaction.session, ids, besides=0)
        dry_run = DryRun(
            order_count=len(ids),
            reason=reason,
            orders=tuple((order.order_id, order.unlike_fincart) for order in asked[:_SHOWN]),
            unlike_count=sum(order.unlike_fincart for order in asked),
            set_aside=tuple((order.order_id, None) for order in aside),
            duplicates=tuple(order.value for order in orders.duplicates),
            statuses=tuple(
                (each, statuses[each].status, statuses[each].sub_status) for each in ids if each in statuses
            ),
            elsewhere=tuple(sorted(others.items())),
            approvals_needed=verdict.approvals_needed,
            approvers_found=verdict.approvers_found,
            absent=verdict.absent,
            ask_whom=verdict.ask.contact,
        )
        known_orders.remember(handled.transaction, [each for each in statuses if statuses[each].status != ABSENT])
        handled.show(reply_to, dry_run)
