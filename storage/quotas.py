"""Quotas: how many orders a person's requests have been let run with on a UTC day. Only ever counted up."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.database import Transaction
from storage.tables import Quota


def used(session: Session, person: str, at: datetime) -> int:
    """What this person's requests have been let run with on the UTC day of `at`."""
    query = select(col(Quota.orders)).where(col(Quota.person) == person, col(Quota.day) == day_of(at))
    return session.scalars(query).first() or 0


def take(transaction: Transaction, person: str, orders: int, limit: int | None, at: datetime) -> bool:
    """Count so many orders to this person's UTC day of `at`; False where that passes the limit: nothing is counted.

    One statement under the row's lock: of two requests that race for what is left of a day, one gets it. It is
    counted without a limit too, so that a limit set in the middle of a day counts the whole day.
    """
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
