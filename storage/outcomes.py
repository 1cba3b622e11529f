"""Outcomes: what became of each order, the figures, and one event for all that one piece of evidence settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from storage import batches
from storage.audit import EventKind
from storage.database import Transaction
from storage.states import Doubt, Outcome, Proof
from storage.tables import OrderLine, Request


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one order, on what proof, in whose words."""

    outcome: Outcome
    proof: Proof | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one piece of evidence came to for one order: an outcome, or only when to read its log (`read_at`)."""

    line: OrderLine
    settled: Settled | None
    read_at: datetime | None
    doubt: Doubt
    log: str | None
    """What its log last said, as the row keeps it."""

    def is_news(self) -> bool:
        """Whether the order has another outcome now, or the same on another proof or in other words."""
        new = self.settled
        line = self.line
        return new is not None and (line.outcome, line.proof, line.words) != (new.outcome, new.proof, new.words)

    def is_correction(self) -> bool:
        """Whether the order had another outcome, which people may have been told."""
        new, line = self.settled, self.line
        return new is not None and line.outcome is not None and line.outcome is not new.outcome


_UPDATE = (
    update(OrderLine)
    .where(col(OrderLine.request_seq) == bindparam("seq"), col(OrderLine.position) == bindparam("at_position"))
    .values(
        outcome=bindparam("its_outcome"),
        proof=bindparam("its_proof"),
        words=bindparam("its_words"),
        due_at=bindparam("its_read_at"),
        doubt=bindparam("its_doubt"),
        log=bindparam("its_log"),
        settled_at=bindparam("its_settled_at"),
    )
)


def settle(
    transaction: Transaction,
    request: Request,
    findings: Sequence[Finding],
    *,
    kind: EventKind,
    details: Mapping[str, Any] | None = None,
) -> list[Finding]:
    """Give orders their outcomes, let them go out of hand, keep the figures, and tell history in one event.

    An order that had an outcome is corrected; returns the findings that did so. The request's row is locked.
    """
    if not findings:
        return []
    now = transaction.now()
    changed = [finding for finding in findings if finding.is_news()]
    corrected = [finding for finding in changed if finding.is_correction()]
    for finding in changed:
        _count(request, finding)
    fresh = [finding.line.order_id for finding in changed if finding.line.outcome is None]
    transaction.session.connection().execute(_UPDATE, [_row(request, finding, now) for finding in findings])
    if fresh:
        batches.release(transaction, request, fresh)
    if changed:
        transaction.record(
            EventKind.CORRECTED if corrected else kind,
            who=None,
            request=request.public_id,
            details={**(details or {}), "orders": _told(changed)},
        )
    return corrected


def unsettled(session: Session, request: Request) -> Sequence[OrderLine]:
    """The orders of a request that have no outcome yet."""
    query = select(OrderLine).where(col(OrderLine.request_seq) == request.seq, col(OrderLine.outcome).is_(None))
    return session.scalars(query.order_by(col(OrderLine.position))).all()


def with_outcome(session: Session, request: Request, which: Sequence[Outcome]) -> Sequence[OrderLine]:
    """The orders of a request that ended in one of these ways."""
    query = select(OrderLine).where(col(OrderLine.request_seq) == request.seq, col(OrderLine.outcome).in_(which))
    return session.scalars(query.order_by(col(OrderLine.position))).all()


def in_doubt(session: Session, request: Request, most: int) -> int:
    """How many orders without an outcome wait for their logs to be read; counts no further than `most`."""
    query = select(col(OrderLine.position)).where(
        col(OrderLine.request_seq) == request.seq, col(OrderLine.outcome).is_(None), col(OrderLine.due_at).is_not(None)
    )
    return len(session.scalars(query.limit(most)).all())


def settled_count(request: Request) -> int:
    """How many of its orders have an outcome."""
    return request.cancelled + request.rejected + request.not_sent + request.unknown


def cancelled_elsewhere(
    session: Session, request: Request, order_ids: Sequence[str]
) -> dict[str, list[tuple[OrderLine, Request]]]:
    """Which of these orders other requests have as cancelled, and which requests."""
    query = (
        select(OrderLine, Request)
        .join(Request, col(Request.seq) == col(OrderLine.request_seq))
        .where(
            col(OrderLine.order_id).in_(order_ids),
            col(OrderLine.outcome) == Outcome.CANCELLED,
            col(OrderLine.request_seq) != request.seq,
        )
        .order_by(col(OrderLine.request_seq))
    )
    found: dict[str, list[tuple[OrderLine, Request]]] = {}
    for line, other in session.execute(query):
        found.setdefault(line.order_id, []).append((line, other))
    return found


def _row(request: Request, finding: Finding, now: datetime) -> dict[str, Any]:
    line, new = finding.line, finding.settled
    return {
        "seq": request.seq,
        "at_position": line.position,
        "its_outcome": new.outcome if new else line.outcome,
        "its_proof": new.proof if new else line.proof,
        "its_words": new.words if new else line.words,
        "its_read_at": finding.read_at,
        "its_doubt": finding.doubt,
        "its_log": finding.log,
        "its_settled_at": now if finding.is_news() else line.settled_at,
    }


def _count(request: Request, finding: Finding) -> None:
    line, new = finding.line, finding.settled
    assert new is not None
    for outcome, by in ((line.outcome, -1), (new.outcome, 1)):
        if outcome is not None:
            setattr(request, outcome.value, getattr(request, outcome.value) + by)
    request.confirmed += _is_confirmed(new.outcome, new.proof) - _is_confirmed(line.outcome, line.proof)


def _is_confirmed(outcome: Outcome | None, proof: Proof | None) -> bool:
    return outcome is Outcome.CANCELLED and proof is Proof.LOG


def _told(changed: Sequence[Finding]) -> list[list[str | None]]:
    """Each order with its new outcome, what it rests on, and the words, as the event keeps them."""
    told: list[list[str | None]] = []
    for finding in changed:
        new = finding.settled
        assert new is not None
        told.append([finding.line.order_id, new.outcome.value, new.proof.value if new.proof else None, new.words])
    return told
