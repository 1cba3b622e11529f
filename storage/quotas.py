"""Quotas: how many orders a person's requests were allowed on a UTC day. They only grow."""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.db.insert_ignore import insert_into
from storage.db.transactions import Transaction
from storage.models import Quota


def used(session: Session, person: str, at: datetime, ids: Collection[str] = ()) -> int:
    """Orders that this person's requests were allowed on the UTC day of `at`, including those an earlier version
    counted under the person's other `ids`.
    """
    query = select(func.sum(col(Quota.orders)))
    query = query.where(col(Quota.person).in_({person, *ids}), col(Quota.day) == day_of(at))
    return int(session.scalar(query) or 0)


def take(
    transaction: Transaction, person: str, orders: int, limit: int | None, at: datetime, ids: Collection[str] = ()
) -> bool:
    """Count orders against this person's UTC day of `at`. Returns False, without counting, if that passes the limit.

    One statement under the row lock: if two requests race for the rest of a day, one gets it. Orders count without a
    limit too, so that a limit set in the middle of a day covers all of it. Counts under the person's other `ids` no
    longer grow, and reduce what is left.
    """
    others = set(ids) - {person}
    if limit is not None and others:
        limit -= used(transaction.session, min(others), at, others)
    if limit is not None and orders > limit:
        return False
    new = insert_into(transaction.connection, Quota).values(person=person, day=day_of(at), orders=orders)
    more = col(Quota.orders) + orders
    counted = new.on_conflict_do_update(
        index_elements=["person", "day"], set_={"orders": more}, where=None if limit is None else more <= limit
    )
    return transaction.session.execute(counted.returning(col(Quota.orders))).first() is not None


def day_of(at: datetime) -> str:
    """The UTC day against which orders allowed at this time count."""
    return at.astimezone(UTC).date().isoformat()
