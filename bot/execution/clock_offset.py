"""The clock offset: Fincart's clock, by which its logs are told, against the database's."""

from datetime import timedelta

from bot.context import Context
from storage.db.transactions import Transaction

_ASKED_WITHIN = 0.5
"""Seconds. The clocks are held against each other only if asking the database for its time took no longer."""
_BELIEVED = timedelta(days=1)
"""A clock that is wrong by more tells nothing."""


def clock_offset(context: Context, transaction: Transaction) -> timedelta | None:
    """Fincart's clock minus the database's, wrong by three seconds at most; None where that is not known (yet).

    Each was held against the clock of this process that is never set: the time of day of its host may jump.
    """
    started_at = context.fincart.started_at
    if started_at is None:
        return None
    began = context.uptime()
    there = transaction.now()
    if context.uptime() - began > _ASKED_WITHIN:
        return None
    ahead = started_at + timedelta(seconds=began) - there
    return ahead if abs(ahead) <= _BELIEVED else None
