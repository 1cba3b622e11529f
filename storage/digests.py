"""The weekly report's messages: one a week, whose row has the same number whichever process would write it."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from storage.db.insert_ignore import InsertIgnore
from storage.db.transactions import Transaction
from storage.slack_models import SlackMessage

_ONCE = InsertIgnore(SQLModel.metadata.tables[str(SlackMessage.__tablename__)])


def are_there(session: Session, weeks: Iterable[datetime]) -> bool:
    """Whether there is a message for any of these weeks, each named by when it was due."""
    query = select(col(SlackMessage.id)).where(col(SlackMessage.id).in_(list(map(_number, weeks))))
    return session.scalars(query.limit(1)).first() is not None


def is_any(session: Session, after: datetime, until: datetime) -> bool:
    """Whether there is a message for a week that was due in this time."""
    query = select(col(SlackMessage.id)).where(col(SlackMessage.id).between(_number(until), _number(after) - 1))
    return session.scalars(query.limit(1)).first() is not None


def enqueue(transaction: Transaction, due: datetime, kind: str, channel: str, facts: str) -> bool:
    """Have this week's message posted; False: it is there already."""
    row = SlackMessage(id=_number(due), kind=kind, channel=channel, facts=facts, due_at=transaction.now())
    fresh = _ONCE.run(transaction.connection, row.model_dump())
    transaction.wake("messages")
    return fresh


def _number(due: datetime) -> int:
    """Below the numbers that the database gives."""
    return -(int(due.timestamp()) // 60)
