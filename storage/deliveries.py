"""The inbox: deliveries from Slack, stored before they are acknowledged, handled once, and remembered to ignore
repeats.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, bindparam, exists, select, update
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from storage.db.columns import UtcDateTime
from storage.db.insert_ignore import InsertIgnore
from storage.db.transactions import Ago, Database, Transaction
from storage.slack_models import Delivery

RESPONSE_URL_LIVES = timedelta(minutes=30)
"""docs.slack.dev/interactivity/handling-user-interaction: five uses within 30 minutes."""

HANDLED_WITHIN = timedelta(seconds=8)
"""How long a claim on a delivery lasts when its owner dies."""


_KEEP = InsertIgnore(SQLModel.metadata.tables[str(Delivery.__tablename__)])


@dataclass(frozen=True, slots=True)
class Incoming:
    """A command, click, form or file as it arrived: its kind, its deduplication key and its content."""

    kind: str
    identity: tuple[str, ...]
    """Trigger, person and action: equal for a repeated delivery of the same thing."""
    payload: str
    """As JSON."""
    response_url: str | None = None

    def id(self) -> str:
        """The delivery's id: a repeat has the same one."""
        return hashlib.sha256("\n".join((self.kind, *self.identity)).encode()).hexdigest()


def keep(database: Database, incoming: Incoming, *, due: bool = True) -> bool:
    """Store a delivery before it is acknowledged. Returns False if it was stored before: do nothing again.

    With `due=False` it is only remembered (a form that was opened). Raises `StorageUnavailable`.
    """
    with database.write() as transaction:
        now = transaction.now()
        row = {
            "id": incoming.id(),
            "kind": incoming.kind,
            "payload": incoming.payload,
            "response_url": incoming.response_url,
            "received_at": now,
            "erase_at": now + RESPONSE_URL_LIVES if incoming.response_url else None,
            "due_at": now if due else None,
            "tries": 0,
        }
        fresh = _KEEP.run(transaction.connection, row)
        transaction.wake("inbox")
    return fresh


_IS_DUE = and_(
    col(Delivery.due_at) <= bindparam("now", type_=UtcDateTime()),
    col(Delivery.kind).in_(bindparam("kinds", expanding=True)),
)
_DUE = select(Delivery).where(_IS_DUE).order_by(col(Delivery.due_at)).limit(1).with_for_update(skip_locked=True)


def any_due(ago: Ago, kinds: Collection[str]) -> ColumnElement[bool]:
    """The condition that any delivery of these kinds is due."""
    return exists().where(col(Delivery.due_at) <= ago(0), col(Delivery.kind).in_(kinds))


def take(
    transaction: Transaction, owner: str, kinds: Collection[str], within: timedelta = HANDLED_WITHIN
) -> Delivery | None:
    """Claim the longest-due delivery of these kinds for this owner. Returns None when none is due."""
    now = transaction.now()
    delivery = transaction.session.scalars(_DUE, {"now": now, "kinds": list(kinds)}).first()
    if delivery is not None:
        delivery.lease_owner = owner
        delivery.tries += 1
        delivery.due_at = now + within
    return delivery


def find(session: Session, delivery_id: str) -> Delivery | None:
    """The delivery with this id."""
    return session.get(Delivery, delivery_id)


def still_ours(transaction: Transaction, delivery: Delivery) -> Delivery | None:
    """Lock and return the delivery's row, or None if somebody else has claimed it or it is handled."""
    query = select(Delivery).where(
        col(Delivery.id) == delivery.id,
        col(Delivery.tries) == delivery.tries,
        col(Delivery.lease_owner) == delivery.lease_owner,
        col(Delivery.due_at).is_not(None),
    )
    return transaction.session.scalars(query.with_for_update()).first()


def done(row: Delivery, answer: StrEnum) -> None:
    """Mark it handled: store the answer and erase the response URL (its answer's row has it now)."""
    row.due_at = None
    row.answer = answer.value
    row.response_url = None
    row.erase_at = None


def postpone(transaction: Transaction, delivery: Delivery, seconds: float) -> None:
    """Requeue a delivery of which nothing has been done."""
    row = still_ours(transaction, delivery)
    if row is not None:
        row.due_at = transaction.now() + timedelta(seconds=seconds)


def erase_response_urls(transaction: Transaction, now: datetime) -> None:
    """Erase expired response URLs."""
    transaction.session.execute(
        update(Delivery).where(col(Delivery.erase_at) <= now).values(response_url=None, erase_at=None)
    )
