"""The send gate: holds that let nothing be sent just now, one row for each kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.enums import HoldKind, RequestState
from storage.live_messages import show_running_anew
from storage.models import Hold, Request

FAILURES_UNTIL_DOWN = 3
"""So many connect errors or 5xx in a row, and Fincart counts as down."""

FIRST_PROBE, LAST_PROBE = 1.0, 60.0
"""Seconds until one call probes a Fincart that is down: doubled after each one that fails."""


# What changes holds here is flushed at once: these need not look for other changes first.
_OF_KIND = (
    select(Hold).where(col(Hold.kind) == bindparam("its_kind")).with_for_update().execution_options(autoflush=False)
)
_ALL_LOCKED = select(Hold).order_by(col(Hold.kind)).with_for_update().execution_options(autoflush=False)
_ALL = select(Hold).order_by(col(Hold.since))


@dataclass(frozen=True, slots=True)
class GateState:
    """What the holds let a call do now."""

    blocks: bool
    """Nothing may be sent."""
    until: datetime | None
    """Until when; None where somebody has to lift it."""
    probes: bool
    """Fincart counts as down, and one call may see whether it still is."""


def hold(
    transaction: Transaction,
    kind: HoldKind,
    until: datetime | None,
    *,
    who: str | None = None,
    person: str | None = None,
    why: str | None = None,
) -> bool:
    """Send nothing until then (None: until somebody lifts it). False: such a hold, no shorter, is there already.

    `person` is whom `who` stands for.
    """
    row, now = _row(transaction, kind), transaction.now()
    if row is None:
        transaction.session.add(Hold(kind=kind, since=now, until=until, who=who, why=why))
    elif row.until is None or (until is not None and until <= row.until):
        return False
    else:
        row.until, row.who, row.why = until, who, why
    transaction.session.flush()
    transaction.record(EventKind.HELD, who=who, request=None, details=_told(kind, until, why), at=now, person=person)
    return True


def lift(transaction: Transaction, kind: HoldKind, *, who: str | None = None, person: str | None = None) -> bool:
    """Send again, as far as this hold goes; False: there was none."""
    row = _row(transaction, kind)
    if row is None:
        return False
    was_in_force = kind is not HoldKind.DOWN or row.failures >= FAILURES_UNTIL_DOWN
    transaction.session.delete(row)
    transaction.session.flush()
    if was_in_force:
        details = {"hold": kind.value}
        transaction.record(EventKind.HOLD_ENDED, who=who, request=None, details=details, person=person)
        wake_all(transaction)
    return was_in_force


def record_failure(transaction: Transaction, why: str, probed_until: datetime | None = None) -> None:
    """Fincart could not be reached, or failed: after some of these in a row it counts as down.

    `probed_until`: what `probe` returned to the call that failed. Whatever else fails does not shorten the wait for it.
    """
    now = transaction.now()
    row = _row(transaction, HoldKind.DOWN)
    if row is None:
        # A call and a log read may be the first to fail at once.
        new = sqlite.insert if transaction.connection.dialect.name == "sqlite" else postgresql.insert
        first = new(Hold).values(kind=HoldKind.DOWN, since=now, failures=0).on_conflict_do_nothing()
        transaction.session.connection().execute(first)
        row = _row(transaction, HoldKind.DOWN)
        assert row is not None
    row.failures += 1
    row.why = why
    over = row.failures - FAILURES_UNTIL_DOWN
    if over >= 0:
        until = now + timedelta(seconds=min(LAST_PROBE, FIRST_PROBE * 2.0 ** min(over, 10)))
        row.until = until if row.until in (None, probed_until) else max(row.until, until)
        # History tells of the first time alone, and messages say when the next try is.
        show_running_anew(transaction)
    if over == 0:
        details = _told(HoldKind.DOWN, row.until, why)
        transaction.record(EventKind.HELD, who=None, request=None, details=details, at=now)


def record_success(transaction: Transaction) -> None:
    """Fincart gave a real answer: it is not down."""
    lift(transaction, HoldKind.DOWN)


def state(transaction: Transaction, now: datetime) -> GateState:
    """Whether a call may be sent now. Drops a hold whose time is over.

    Where Fincart is down and its time to be probed has come, one call may be sent: tell `probe` of it.
    """
    probes, untils = False, []
    for row in transaction.session.scalars(_ALL_LOCKED):
        if row.kind is HoldKind.DOWN and row.failures < FAILURES_UNTIL_DOWN:
            continue
        if row.until is None or row.until > now:
            untils.append(row.until)
        elif row.kind is HoldKind.DOWN:
            probes = True
        else:
            transaction.session.delete(row)
            transaction.session.flush()
            transaction.record(EventKind.HOLD_ENDED, who=None, request=None, details={"hold": row.kind.value})
    until = None if None in untils else max((until for until in untils if until is not None), default=None)
    return GateState(bool(untils), until, probes)


def probe(transaction: Transaction, now: datetime) -> datetime:
    """A call is on its way to a Fincart that is down: until then the others wait for what it meets.

    Call it in the look's transaction.
    """
    row = _row(transaction, HoldKind.DOWN)
    assert row is not None
    row.until = now + timedelta(seconds=LAST_PROBE)
    return row.until


def held_since(session: Session, kind: HoldKind) -> datetime | None:
    """Since when there is such a hold; None: there is none."""
    hold = session.get(Hold, kind)
    return hold.since if hold is not None else None


def in_force(session: Session) -> Sequence[Hold]:
    """The holds there are, for messages."""
    rows = session.scalars(_ALL).all()
    return [row for row in rows if row.kind is not HoldKind.DOWN or row.failures >= FAILURES_UNTIL_DOWN]


def wake_all(transaction: Transaction) -> None:
    """Look again, now, at every request that has something to send."""
    now = transaction.now()
    transaction.session.execute(
        update(Request)
        .where(col(Request.state).in_((RequestState.APPROVED, RequestState.EXECUTING)), col(Request.due_at) > now)
        .where((col(Request.not_before).is_(None)) | (col(Request.not_before) <= now))
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )
    transaction.wake("orders")


def running(session: Session) -> Sequence[Request]:
    """The requests that a hold on everything keeps waiting."""
    states = (RequestState.APPROVED, RequestState.EXECUTING)
    return session.scalars(select(Request).where(col(Request.state).in_(states))).all()


def _told(kind: HoldKind, until: datetime | None, why: str | None) -> dict[str, object]:
    return {"hold": kind.value, "until": until.isoformat() if until else None, "why": why}


def _row(transaction: Transaction, kind: HoldKind) -> Hold | None:
    return transaction.session.scalars(_OF_KIND, {"its_kind": kind}).first()
