"""The send gate: holds that block all sending, one row for each kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.db.insert_ignore import insert_into
from storage.db.transactions import Transaction
from storage.enums import RUNNING, EventKind, HoldKind
from storage.live_messages import refresh_running
from storage.models import Hold, Request

FAILURES_UNTIL_DOWN = 3
"""Connect errors or 5xx in a row after which Fincart counts as down."""

FIRST_PROBE, LAST_PROBE = 1.0, 60.0
"""Seconds until one call probes a Fincart that is down: doubled after each failed probe."""


# Changes to holds are flushed at once, so these queries need no autoflush.
_OF_KIND = (
    select(Hold).where(col(Hold.kind) == bindparam("its_kind")).with_for_update().execution_options(autoflush=False)
)
_ALL_LOCKED = select(Hold).order_by(col(Hold.kind)).with_for_update().execution_options(autoflush=False)
_ALL = select(Hold).order_by(col(Hold.since))


@dataclass(frozen=True, slots=True)
class GateState:
    """What the holds allow now."""

    blocks: bool
    """Nothing may be sent."""
    until: datetime | None
    """When the block ends; None: a person must lift it."""
    probes: bool
    """Fincart counts as down, and one call may probe it."""


def hold(
    transaction: Transaction,
    kind: HoldKind,
    until: datetime | None,
    *,
    who: str | None = None,
    person: str | None = None,
    why: str | None = None,
) -> bool:
    """Block all sending until then (None: until a person lifts it). Returns False if such a hold, no shorter, exists.

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
    transaction.record(EventKind.HELD, who=who, request=None, details=_details(kind, until, why), at=now, person=person)
    return True


def lift(transaction: Transaction, kind: HoldKind, *, who: str | None = None, person: str | None = None) -> bool:
    """Lift the hold of this kind. Returns False if there was none."""
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
    """Count a connect error or 5xx; after several in a row Fincart counts as down.

    `probed_until`: what `probe` returned to the failed call. Any other failure never shortens the wait for a probe.
    """
    now = transaction.now()
    row = _row(transaction, HoldKind.DOWN)
    if row is None:
        # A call and a log read may both be the first to fail at once.
        first = (
            insert_into(transaction.connection, Hold)
            .values(kind=HoldKind.DOWN, since=now, failures=0)
            .on_conflict_do_nothing()
        )
        transaction.session.connection().execute(first)
        row = _row(transaction, HoldKind.DOWN)
        assert row is not None
    row.failures += 1
    row.why = why
    over = row.failures - FAILURES_UNTIL_DOWN
    if over >= 0:
        until = now + timedelta(seconds=min(LAST_PROBE, FIRST_PROBE * 2.0 ** min(over, 10)))
        row.until = until if row.until in (None, probed_until) else max(row.until, until)
        # History records the first failure only; messages show the next try.
        refresh_running(transaction)
    if over == 0:
        details = _details(HoldKind.DOWN, row.until, why)
        transaction.record(EventKind.HELD, who=None, request=None, details=details, at=now)


def record_success(transaction: Transaction) -> None:
    """Fincart answered properly, so it is not down."""
    lift(transaction, HoldKind.DOWN)


def state(transaction: Transaction, now: datetime) -> GateState:
    """Whether a call may be sent now. Deletes expired holds.

    If Fincart is down and due to be probed, one call may be sent: call `probe` for it.
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
    """Start a probe of a Fincart that is down: other calls wait for its result until the returned time.

    Call it in the transaction that called `state`.
    """
    row = _row(transaction, HoldKind.DOWN)
    assert row is not None
    row.until = now + timedelta(seconds=LAST_PROBE)
    return row.until


def end_probe(transaction: Transaction, probed_until: datetime) -> None:
    """End a probe that was not sent, for which others wait until then: another may go at once."""
    row = _row(transaction, HoldKind.DOWN)
    if row is not None and row.until == probed_until:
        row.until = transaction.now()
        transaction.session.flush()
        wake_all(transaction)


def held_since(session: Session, kind: HoldKind) -> datetime | None:
    """Since when there is a hold of this kind; None: there is none."""
    hold = session.get(Hold, kind)
    return hold.since if hold is not None else None


def is_held(transaction: Transaction, kind: HoldKind) -> bool:
    """Whether there is a hold of this kind. It stays so, or comes after this transaction."""
    return _row(transaction, kind) is not None


def in_force(session: Session) -> Sequence[Hold]:
    """All holds in force, for messages."""
    rows = session.scalars(_ALL).all()
    return [row for row in rows if row.kind is not HoldKind.DOWN or row.failures >= FAILURES_UNTIL_DOWN]


def wake_all(transaction: Transaction) -> None:
    """Make every running request with something to send due now."""
    now = transaction.now()
    transaction.session.execute(
        update(Request)
        .where(col(Request.state).in_(RUNNING), col(Request.due_at) > now)
        .where((col(Request.not_before).is_(None)) | (col(Request.not_before) <= now))
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )
    transaction.wake("orders")


def running(session: Session) -> Sequence[Request]:
    """Running requests that a hold on everything blocks."""
    return session.scalars(select(Request).where(col(Request.state).in_(RUNNING))).all()


def _details(kind: HoldKind, until: datetime | None, why: str | None) -> dict[str, object]:
    return {"hold": kind.value, "until": until.isoformat() if until else None, "why": why}


def _row(transaction: Transaction, kind: HoldKind) -> Hold | None:
    return transaction.session.scalars(_OF_KIND, {"its_kind": kind}).first()
