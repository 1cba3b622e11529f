"""Words that a request read beside its orders and set aside: they are sent only if its requester says so."""

import json

from sqlalchemy import insert

from storage.db.transactions import Transaction
from storage.enums import Doubt
from storage.models import OrderLine, Request
from storage.requests import NewOrder


def of_request(request: Request) -> list[NewOrder]:
    """Those of this request, in the order they were given."""
    aside = json.loads(request.source or "{}").get("set_aside", ())
    return [NewOrder(order_id, label, unlike_fincart=True) for order_id, label in aside]


def include(transaction: Transaction, request: Request) -> list[str]:
    """Make them the last orders of a request that nobody has decided yet: it is another one then, by its revision."""
    added = of_request(request)
    transaction.session.execute(
        insert(OrderLine),
        [
            {
                "request_seq": request.seq,
                "position": position,
                "order_id": order.order_id,
                "label": order.label,
                "unlike_fincart": order.unlike_fincart,
                "doubt": Doubt.NONE,
            }
            for position, order in enumerate(added, request.order_count)
        ],
    )
    source = json.loads(request.source or "{}")
    request.source = json.dumps(source | {"set_aside": []}, ensure_ascii=False)
    request.order_count += len(added)
    request.revision += 1
    return [order.order_id for order in added]
