"""What is known of orders although no request's row says so: that Fincart has shown their logs, and which archived
request cancelled them.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.archive_models import KnownOrder
from storage.db.insert_ignore import insert_into
from storage.db.transactions import Transaction


def remember(transaction: Transaction, order_ids: Collection[str]) -> None:
    """Store that the logs of these orders were read."""
    if not order_ids:
        return
    # Always in the same order, so that two transactions with the same orders never deadlock.
    rows = [{"order_id": order_id} for order_id in sorted(order_ids)]
    new = insert_into(transaction.connection, KnownOrder)
    transaction.session.connection().execute(new.on_conflict_do_nothing(), rows)


def among(transaction: Transaction, order_ids: Collection[str]) -> set[str]:
    """Which of these orders are stored here."""
    query = select(col(KnownOrder.order_id)).where(col(KnownOrder.order_id).in_(order_ids))
    return set(transaction.connection.execute(query).scalars())


def cancelled_by(session: Session, order_ids: Collection[str]) -> Mapping[str, str]:
    """Which of these orders an archived request cancelled, and which request."""
    query = select(col(KnownOrder.order_id), col(KnownOrder.cancelled_by)).where(
        col(KnownOrder.order_id).in_(order_ids), col(KnownOrder.cancelled_by).is_not(None)
    )
    return {order_id: str(public_id) for order_id, public_id in session.execute(query)}
