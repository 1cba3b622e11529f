"""Quotas: how many orders a person's requests have been let run with on a UTC day. Only ever counted up."""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.db.transactions import Transaction
from storage.models import Quota


def used(session: Session, person: str, at: datetime, ids: Collection[str] = ()) -> int:
    """What this person's requests have been let run with on the UTC day of `at`. `ids` are other ids of the person's:
    what an earlier version counted to those counts too."""
    query = select(func.sum(col(Quota.orders)))
    query = query.where(col(Quota.person).in_({person, *ids}), col(Quota.day) == day_of(at))
    return int(session.scalar(query) or 0)


def take(
    transaction: Transaction, person: str, orders: int, limit: int | None, at: datetime, ids: Collection[str] = ()
) -> bool:
    """Count so many orders to this person's UTC day of `at`; False where that passes the limit: nothing is counted.

    One statement under the row's lock: of two requests that race for what is left of a day, one gets it. It is
    counted without a limit too, so that a limit set in the middle of a day counts the whole day. What counts to the
    person's other `ids` grows no more, and leaves so much less.
    """
    others = set(ids) - {person}
    if limit is not None and others:
        limit -= used(transaction.session, min(others), at, others)
    if limit is not None and orders > limit:
        return False
    dialect = sqlite if transaction.session.get_bind().dialect.name == "sqlite" else postgresql
    new = dialect.insert(Quota).values(person=person, day=day_of(at), orders=orders)
    more = col(Quota.orders) + orders
    counted = new.on_conflict_do_update(
        index_elements=["person", "day"], set_={"orders": more}, where=None if limit is None else more <= limit
    )
    return transaction.session.execute(counted.returning(col(Quota.orders))).first() is not None


def day_of(at: datetime) -> str:
    """The UTC day that orders let run at this time count to."""
    return at.astimezone(UTC).date().isoformat()
