"""The live message of a request is shown anew whenever history grows by something about it.

All that it shows changes together with an event: nobody who changes anything has to think of the message. An edit that
would change nothing is not sent (`bot.outbox.poster`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select
from sqlmodel import col

from storage.audit.log import EventKind
from storage.enums import OPEN_STATES, RequestState
from storage.models import Request
from storage.slack_models import SlackMessage

if TYPE_CHECKING:
    from storage.db.transactions import Transaction

LIVE = "live"
"""The kind of the one message of a request that is kept up to date."""

EDIT_PAUSE = timedelta(seconds=1)
"""Between two edits of one message while it only tells of progress."""

_ABOUT_ALL = (EventKind.HELD, EventKind.HOLD_ENDED)
"""Without a request, they tell what keeps every running one from being sent."""


def show_anew(transaction: Transaction) -> None:
    """Have the live messages shown anew of whatever the events of this transaction are about."""
    ids = {event.request for event in transaction.events if event.request is not None}
    if ids:
        _show(transaction, col(Request.public_id).in_(ids))
    if any(event.request is None and event.kind in _ABOUT_ALL for event in transaction.events):
        show_running_anew(transaction)


def show_running_anew(transaction: Transaction) -> None:
    """The same of every request that is being sent."""
    _show(transaction, col(Request.state).in_((RequestState.APPROVED, RequestState.EXECUTING)))


def show_finished_anew(transaction: Transaction, since: datetime) -> None:
    """The same of every request that has finished since: they tell of a hold that was in force, once it has ended."""
    _show(transaction, col(Request.finished_at) >= since)


def show_open_anew(transaction: Transaction) -> None:
    """The same of every request that is not over: the settings, of which they speak too, may have changed."""
    _show(transaction, col(Request.state).in_(OPEN_STATES))


def _show(transaction: Transaction, which: ColumnElement[bool]) -> None:
    rows = transaction.session.scalars(
        select(SlackMessage)
        .join(Request, col(Request.seq) == col(SlackMessage.request_seq))
        .where(col(SlackMessage.kind) == LIVE, which)
        .order_by(col(SlackMessage.id))
        .with_for_update(of=SlackMessage)
    )
    for row in rows.all():
        if not _waits(row):
            want_anew(transaction, row, urgent=row.urgent and row.wanted > row.shown)


def want_anew(transaction: Transaction, row: SlackMessage, *, urgent: bool) -> None:
    """Have this message shown as it is now; an `urgent` edit waits for no pace of ours."""
    now = transaction.now()
    row.wanted += 1
    row.urgent = urgent
    # What Slack took without saying where is posted anew for news that counts, not for every step of progress.
    cannot_be_edited = row.ts is None and row.shown > 0
    if row.lease_owner is None and row.tries == 0 and (urgent or not cannot_be_edited):
        row.due_at = now if urgent or row.shown_at is None else max(now, row.shown_at + EDIT_PAUSE)
        if row.due_at <= now:
            transaction.wake("messages")


def _waits(row: SlackMessage) -> bool:
    """Whether it will be shown anew as it is, and nobody has looked yet."""
    return row.lease_owner is None and row.wanted > row.shown and row.due_at is not None
