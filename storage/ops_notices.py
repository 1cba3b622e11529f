"""Lines for whoever runs the bot: added in the transaction that they tell of, told by `bot.outbox.ops_channel`.

They are added whatever the settings are: the command line, which pauses and verifies, knows of no channel.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.enums import EventKind, OpsEvent
from storage.operation_models import OpsNotice

if TYPE_CHECKING:
    from storage.db.transactions import Transaction

_RETENTION = timedelta(days=1)

_HOLDS = {EventKind.HELD: OpsEvent.HELD, EventKind.HOLD_ENDED: OpsEvent.HOLD_ENDED}


class PostedLately(NamedTuple):
    """How many lines of a subject were told, and when the last was."""

    lines: int
    last: datetime


def add(transaction: Transaction, what: OpsEvent, subject: str | None = None, **about: str | None) -> None:
    """Add a line; `about` is what its words need."""
    written = json.dumps({key: value for key, value in about.items() if value is not None})
    notice = OpsNotice(at=transaction.now(), what=what.value, subject=subject or what.value, about=written)
    transaction.session.add(notice)


def add_holds(transaction: Transaction) -> None:
    """Add a line for each hold, of one request or of all, that this transaction's events begin or end."""
    for event in transaction.events:
        if (what := _HOLDS.get(event.kind)) is not None:
            details = {key: event.details.get(key) for key in ("hold", "why", "until")}
            add(transaction, what, f"hold {details['hold']}", request=event.request, who=event.who, **details)


_WAITING = select(OpsNotice).where(col(OpsNotice.posted_at).is_(None)).order_by(col(OpsNotice.id))


def waiting(session: Session) -> Sequence[OpsNotice]:
    """Lines not told yet, oldest first."""
    return session.scalars(_WAITING).all()


def lock_waiting(transaction: Transaction) -> Sequence[OpsNotice]:
    """The same, locked: another process that tells them at the same time waits, and finds them told."""
    return transaction.session.scalars(_WAITING.with_for_update()).all()


def posted_lately(session: Session, after: datetime) -> Mapping[str, PostedLately]:
    """What was told since then, by subject."""
    query = select(col(OpsNotice.subject), func.count().label("lines"), func.max(OpsNotice.posted_at).label("last"))
    rows = session.execute(query.where(col(OpsNotice.posted_at) > after).group_by(col(OpsNotice.subject)))
    return {row.subject: PostedLately(row.lines, row.last) for row in rows}


def record_posted(transaction: Transaction, shown: Collection[int], left_out: Collection[int]) -> None:
    """Record that these lines are in a message; those left out are gone."""
    these = update(OpsNotice).where(col(OpsNotice.id).in_(shown)).values(posted_at=transaction.now())
    transaction.session.execute(these.execution_options(synchronize_session=False))
    transaction.session.execute(delete(OpsNotice).where(col(OpsNotice.id).in_(left_out)))


def forget(transaction: Transaction, now: datetime) -> None:
    """Delete lines of a day ago, told or not."""
    transaction.session.execute(delete(OpsNotice).where(col(OpsNotice.at) < now - _RETENTION))
