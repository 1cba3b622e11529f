"""The rest of log reads: no process reads a log while Fincart does not answer that."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.db.transactions import Transaction
from storage.models import LogRest

_ONE = select(LogRest)
_LOCKED = _ONE.with_for_update().execution_options(populate_existing=True)


@dataclass(frozen=True, slots=True)
class Rest:
    """What may be read of logs now."""

    rests: bool
    """Nothing."""
    probes: bool
    """One log, to see whether Fincart answers again."""
    probed_until: datetime | None = None
    """Until when all others wait for that one, once it is about to be read."""


NO_REST = Rest(rests=False, probes=False)


def state(session: Session, now: datetime) -> Rest:
    """Whether logs may be read now."""
    row = session.scalars(_ONE).first()
    return NO_REST if row is None else Rest(row.until > now, row.until <= now)


def why(session: Session) -> str | None:
    """What Fincart said, or how it failed, when a log was read last; None where logs do not rest."""
    row = session.scalars(_ONE).first()
    return None if row is None else row.why or "no answer"


def probe(transaction: Transaction, now: datetime, seconds: float) -> Rest:
    """The same, where one log is about to be read: where that probes, others wait for it so long at most."""
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
    """Read no log for as long as Fincart has named, else for twice as long as the last time.

    `probed_until`: what `probe` returned to the read that failed. Whatever else fails shortens nobody's wait.
    """
    now = transaction.now()
    insert = sqlite.insert if transaction.connection.dialect.name == "sqlite" else postgresql.insert
    transaction.session.connection().execute(
        insert(LogRest).values(id=1, since=now, until=now, failures=0).on_conflict_do_nothing()
    )
    row = transaction.session.scalars(_LOCKED).one()
    pause = retry_after or min(longest, first * 2.0 ** min(row.failures, 10))
    row.failures += 1
    until = now + timedelta(seconds=pause)
    row.until = until if row.until == probed_until else max(row.until, until)
    row.why = why


def end(transaction: Transaction, probed_until: datetime | None = None) -> bool:
    """Fincart has answered: logs are read again. False: there was no rest, or it began while this read was under way.

    `probed_until`: what `probe` returned to the read that was answered.
    """
    row = transaction.session.scalars(_LOCKED).first()
    if row is None or (row.until != probed_until and row.until > transaction.now()):
        return False
    transaction.session.delete(row)
    transaction.session.flush()
    transaction.wake("logs")
    return True
