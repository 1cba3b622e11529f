"""Orders whose logs Fincart has shown, where no order of a request says so: whatever it says later, it knows them."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from storage.db.transactions import Transaction
from storage.models import KnownOrder


def remember(transaction: Transaction, order_ids: Collection[str]) -> None:
    """Keep that the logs of these orders have been read."""
    if not order_ids:
        return
    insert = sqlite.insert if transaction.connection.dialect.name == "sqlite" else postgresql.insert
    # In one order everywhere, so that two transactions with the same orders never wait for each other.
    rows = [{"order_id": order_id} for order_id in sorted(order_ids)]
    transaction.session.connection().execute(insert(KnownOrder).on_conflict_do_nothing(), rows)


def among(transaction: Transaction, order_ids: Collection[str]) -> set[str]:
    """Which of these orders are known so."""
    query = select(col(KnownOrder.order_id)).where(col(KnownOrder.order_id).in_(order_ids))
    return set(transaction.connection.execute(query).scalars())
