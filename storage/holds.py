"""Holds: reasons to send nothing at all just now, one row per kind."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import col

from storage.audit import EventKind
from storage.database import Transaction
from storage.states import HoldKind
from storage.tables import Hold


def hold(
    transaction: Transaction, kind: HoldKind, until: datetime | None, *, who: str | None = None, why: str | None = None
) -> None:
    """Send nothing until then (None: until somebody lifts it). A hold that ends later already is left alone."""
    row = _row(transaction, kind)
    now = transaction.now()
    if row is None:
        transaction.session.add(Hold(kind=kind, since=now, until=until, who=who, why=why))
    elif row.until is None or (until is not None and until <= row.until):
        return
    else:
        row.until, row.who, row.why = until, who, why
    told = {"hold": kind.value, "until": until.isoformat() if until else None, "why": why}
    transaction.record(EventKind.HELD, who=who, request=None, details=told)


def in_force_until(transaction: Transaction, now: datetime) -> datetime | None:
    """When the last of the holds that have an end is over, dropping those that are; None when nothing holds."""
    ends = []
    for row in transaction.session.scalars(select(Hold).where(col(Hold.until).is_not(None)).with_for_update()):
        assert row.until is not None
        if row.until > now:
            ends.append(row.until)
        else:
            transaction.session.delete(row)
            details = {"hold": row.kind.value}
            transaction.record(EventKind.HOLD_ENDED, who=None, request=None, details=details)
    return max(ends, default=None)


def _row(transaction: Transaction, kind: HoldKind) -> Hold | None:
    query = select(Hold).where(col(Hold.kind) == kind).with_for_update()
    return transaction.session.scalars(query).first()
