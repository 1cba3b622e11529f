"""Clocks: the database's, by which all that is ours is told, and Fincart's, by which its logs are."""

from datetime import timedelta

from bot.cancellation.parts import Parts
from bot.fincart_answers import TIME_OFFSET_WITHIN
from storage.database import Transaction


def fincart_ahead(parts: Parts, transaction: Transaction) -> timedelta | None:
    """Fincart's clock minus the database's, wrong by a few seconds at most; None where that is not known (yet).

    Fincart's clock was held against that of this process's host, which need not be the database's.
    """
    offset = parts.fincart.time_offset
    if offset is None:
        return None
    began, here = parts.uptime(), parts.now()
    there = transaction.now()
    slept_between = parts.uptime() - began > TIME_OFFSET_WITHIN.total_seconds()
    return None if slept_between else offset + (here - there)
