"""The clock offset: Fincart's clock, which its logs use, against the database's."""

from datetime import timedelta

from bot.context import Context
from storage.db.transactions import Transaction

_ASKED_WITHIN = 0.5
"""Seconds. An offset is measured only if the query for the database's time took no longer."""
_BELIEVED = timedelta(days=1)
"""A larger offset is a wrong clock, and is ignored."""


def clock_offset(context: Context, transaction: Transaction) -> timedelta | None:
    """Fincart's clock minus the database's, with an error of at most three seconds; None while unknown.

    Both are measured against the process's monotonic clock, because the host's time of day may jump.
    """
    started_at = context.fincart.started_at
    if started_at is None:
        return None
    began = context.uptime()
    there = transaction.now()
    if context.uptime() - began > _ASKED_WITHIN:
        return None
    offset = started_at + timedelta(seconds=began) - there
    return offset if abs(offset) <= _BELIEVED else None
