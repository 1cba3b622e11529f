"""Words read beside a request's orders that are unlike ids: sent only if the requester includes them."""

from storage.db.transactions import Transaction
from storage.id_source import IdSource
from storage.models import Request
from storage.requests import NewOrder, add_orders


def of_request(request: Request) -> list[NewOrder]:
    """This request's set-aside words, as given."""
    return [NewOrder(order_id, label, unlike_fincart=True) for order_id, label in IdSource.of(request).set_aside]


def include(transaction: Transaction, request: Request) -> list[str]:
    """Add them as the last orders of an undecided request. Its revision grows, so older buttons no longer apply."""
    added = of_request(request)
    add_orders(transaction, request, added, request.order_count)
    request.source = IdSource.of(request).model_copy(update={"set_aside": ()}).to_json()
    request.order_count += len(added)
    request.revision += 1
    return [order.order_id for order in added]
