"""Pauses log reads in every process while Fincart does not answer them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.db.insert_ignore import insert_into
from storage.db.transactions import Ago, Transaction
from storage.models import LogRest

_ONE = select(LogRest)
_LOCKED = _ONE.with_for_update().execution_options(populate_existing=True)


@dataclass(frozen=True, slots=True)
class Rest:
    """Which log reads are allowed now."""

    rests: bool
    """None."""
    probes: bool
    """One, to probe whether Fincart answers again."""
    probed_until: datetime | None = None
    """Until when all others wait for the probe, once it is claimed."""


NO_REST = Rest(rests=False, probes=False)


def rests(ago: Ago) -> ColumnElement[bool]:
    """The condition that no log may be read now."""
    return exists().where(col(LogRest.until) > ago(0))


def state(session: Session, now: datetime) -> Rest:
    """Whether logs may be read now."""
    row = session.scalars(_ONE).first()
    return NO_REST if row is None else Rest(row.until > now, row.until <= now)


def why(session: Session) -> str | None:
    """Fincart's answer, or the failure, at the last log read; None unless log reads are paused."""
    row = session.scalars(_ONE).first()
    return None if row is None else row.why or "no answer"


def probe(transaction: Transaction, now: datetime, seconds: float) -> Rest:
    """Claim the right to read a log. If it is a probe, others wait for it so many seconds at most."""
    row = transaction.session.scalars(_LOCKED).first()
    if row is None:
        return NO_REST
    if row.until > now:
        return Rest(rests=True, probes=False)
    row.until = now + timedelta(seconds=seconds)
    return Rest(rests=False, probes=True, probed_until=row.until)


def begin(
    transaction: Transaction,
    why: str,
    retry_after: float | None,
    first: float,
    longest: float,
    probed_until: datetime | None = None,
) -> None:
    """Pause log reads for as long as Fincart says, else twice as long as the last time.

    `probed_until`: what `probe` returned to the failed read. Any other failure never shortens the pause.
    """
    now = transaction.now()
    new = insert_into(transaction.connection, LogRest).values(id=1, since=now, until=now, failures=0)
    transaction.session.connection().execute(new.on_conflict_do_nothing())
    row = transaction.session.scalars(_LOCKED).one()
    pause = retry_after or min(longest, first * 2.0 ** min(row.failures, 10))
    row.failures += 1
    until = now + timedelta(seconds=pause)
    row.until = until if row.until == probed_until else max(row.until, until)
    row.why = why


def end(transaction: Transaction, probed_until: datetime | None = None) -> bool:
    """End the pause: Fincart answered. Returns False if there was none, or it began during this read.

    `probed_until`: what `probe` returned to the answered read.
    """
    row = transaction.session.scalars(_LOCKED).first()
    if row is None or (row.until != probed_until and row.until > transaction.now()):
        return False
    transaction.session.delete(row)
    transaction.session.flush()
    transaction.wake("logs")
    return True
