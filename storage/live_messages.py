"""Refreshes a request's live message whenever an audit event is about it.

Everything the message shows changes together with an event, so no other code has to refresh it. An edit that would
change nothing is not sent (`bot.outbox.poster`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select
from sqlmodel import col

from storage.enums import OPEN_STATES, RUNNING, EventKind
from storage.models import Request
from storage.slack_models import SlackMessage

if TYPE_CHECKING:
    from storage.db.transactions import Transaction

LIVE = "live"
"""The kind of message that is kept up to date; a request has one."""

EDIT_PAUSE = timedelta(seconds=1)
"""Minimum time between two edits that show only progress."""

_ABOUT_ALL = (EventKind.HELD, EventKind.HOLD_ENDED)
"""Events without a request about a hold on everything: they concern every running request."""


def refresh(transaction: Transaction) -> None:
    """Refresh the live messages that this transaction's events concern."""
    ids = {event.request for event in transaction.events if event.request is not None}
    if ids:
        _refresh(transaction, col(Request.public_id).in_(ids))
    if any(event.request is None and event.kind in _ABOUT_ALL for event in transaction.events):
        refresh_running(transaction)


def refresh_running(transaction: Transaction) -> None:
    """Refresh the live message of every running request."""
    _refresh(transaction, col(Request.state).in_(RUNNING))


def refresh_finished(transaction: Transaction, since: datetime) -> None:
    """Refresh the live message of every request finished since: it names a hold that has now ended."""
    _refresh(transaction, col(Request.finished_at) >= since)


def refresh_open(transaction: Transaction) -> None:
    """Refresh the live message of every open request: it mentions settings, which may have changed."""
    _refresh(transaction, col(Request.state).in_(OPEN_STATES))


def _refresh(transaction: Transaction, which: ColumnElement[bool]) -> None:
    rows = transaction.session.scalars(
        select(SlackMessage)
        .join(Request, col(Request.seq) == col(SlackMessage.request_seq))
        .where(col(SlackMessage.kind) == LIVE, which)
        .order_by(col(SlackMessage.id))
        .with_for_update(of=SlackMessage)
    )
    for row in rows.all():
        if not _edit_is_due(row):
            request_edit(transaction, row, urgent=row.urgent and row.wanted > row.shown)


def request_edit(transaction: Transaction, row: SlackMessage, *, urgent: bool) -> None:
    """Request an edit of this message; an `urgent` one is not delayed by our own rate limit."""
    now = transaction.now()
    row.wanted += 1
    row.urgent = urgent
    # Slack took the message without saying where: only important news is posted again, not each step of progress.
    cannot_be_edited = row.ts is None and row.shown > 0
    if row.lease_owner is None and row.tries == 0 and (urgent or not cannot_be_edited):
        row.due_at = now if urgent or row.shown_at is None else max(now, row.shown_at + EDIT_PAUSE)
        if row.due_at <= now:
            transaction.wake("messages")


def _edit_is_due(row: SlackMessage) -> bool:
    """Whether an edit is already due and not yet taken."""
    return row.lease_owner is None and row.wanted > row.shown and row.due_at is not None
