"""Deletes deliveries and messages that nothing needs any more, some at a time.

Slack repeats a delivery within minutes, and a private answer's buttons are pressed within days. Messages that everybody
reads stay with their request, whose history links to them, until it is archived; a weekly report's row says that it
was posted.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlmodel import col

from storage.db.transactions import Transaction
from storage.enums import TO_ALL, MessageKind
from storage.slack_models import Delivery, SlackMessage

LASTS = timedelta(days=30)

AT_A_TIME = 200

OF_NO_REQUEST = frozenset({MessageKind.SHARED_HISTORY, MessageKind.SHARED_REPORT, MessageKind.OPS_NOTICE})
"""Posted for all, and looked at by nothing afterwards."""

_PASSING = sorted(kind.value for kind in (frozenset(MessageKind) - TO_ALL) | OF_NO_REQUEST)


def forget(transaction: Transaction, now: datetime) -> None:
    """Delete some handled deliveries and shown messages of more than `LASTS` ago."""
    handled = select(col(Delivery.id)).where(col(Delivery.received_at) < now - LASTS, col(Delivery.due_at).is_(None))
    shown = select(col(SlackMessage.id)).where(
        col(SlackMessage.kind).in_(_PASSING),
        col(SlackMessage.shown_at) < now - LASTS,
        col(SlackMessage.due_at).is_(None),
        col(SlackMessage.shown) >= col(SlackMessage.wanted),
        # SQLite would give the last number again, and buttons carry it.
        col(SlackMessage.id) < select(func.max(SlackMessage.id)).scalar_subquery(),
    )
    for table, which in ((Delivery, handled), (SlackMessage, shown)):
        some = delete(table).where(col(table.id).in_(which.limit(AT_A_TIME)))
        transaction.session.execute(some.execution_options(synchronize_session=False))
