"""Outcomes: what became of each order, the counts, and one event for all orders that one piece of evidence settled."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from storage import in_flight, order_lines
from storage.db.transactions import Transaction
from storage.enums import Doubt, EventKind, Outcome, Proof
from storage.models import OrderLine, Request
from storage.order_lines import OrderRow
from storage.ranges import as_ranges, bounds


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """An order's outcome, its proof and the words."""

    outcome: Outcome
    proof: Proof | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeUpdate:
    """What one piece of evidence means for one order: an outcome, or only when to read its log (`read_at`)."""

    line: OrderRow
    settled: StoredOutcome | None
    read_at: datetime | None
    doubt: Doubt
    log: str | None
    """What its log last said, as the row stores it."""
    waits_since: datetime | None = None
    """Since when its log read has waited for Fincart."""

    def is_news(self) -> bool:
        """Whether the outcome, its proof or its words change."""
        new = self.settled
        line = self.line
        return new is not None and (line.outcome, line.proof, line.words) != (new.outcome, new.proof, new.words)

    def is_correction(self) -> bool:
        """Whether it replaces another outcome, which people may have been told."""
        new, line = self.settled, self.line
        return new is not None and line.outcome is not None and line.outcome is not new.outcome


_UPDATE = (
    update(OrderLine)
    .where(
        col(OrderLine.request_seq) == bindparam("seq"),
        col(OrderLine.position).between(bindparam("first"), bindparam("last")),
    )
    .values(
        outcome=bindparam("its_outcome"),
        proof=bindparam("its_proof"),
        words=bindparam("its_words"),
        due_at=bindparam("its_read_at"),
        doubt=bindparam("its_doubt"),
        log=bindparam("its_log"),
        waits_since=bindparam("its_waits_since"),
        settled_at=bindparam("its_settled_at"),
    )
)


def settle(
    transaction: Transaction,
    request: Request,
    findings: Sequence[OutcomeUpdate],
    *,
    kind: EventKind,
    details: Mapping[str, Any] | None = None,
    who: str | None = None,
) -> list[OutcomeUpdate]:
    """Store outcomes, release the orders' claims, update the counts and record one event; `who` did it, or nobody.

    Returns the updates that corrected an earlier outcome. The caller has locked the request's row.
    """
    if not findings:
        return []
    now = transaction.now()
    changed = [finding for finding in findings if finding.is_news()]
    corrected = [finding for finding in changed if finding.is_correction()]
    _count(request, changed)
    fresh = [finding.line.position for finding in changed if finding.line.outcome is None]
    transaction.session.connection().execute(_UPDATE, _rows(request, findings, now))
    if fresh:
        in_flight.release(transaction, request, fresh)
    if changed:
        transaction.record(
            EventKind.CORRECTED if corrected else kind,
            who=who,
            request=request.public_id,
            details={**(details or {}), "orders": _as_lists(changed)},
            at=now,
        )
    return corrected


def with_outcome(session: Session, request: Request, which: Sequence[Outcome]) -> Sequence[OrderLine]:
    """A request's orders with one of these outcomes."""
    query = select(OrderLine).where(col(OrderLine.request_seq) == request.seq, col(OrderLine.outcome).in_(which))
    return session.scalars(query.order_by(col(OrderLine.position))).all()


_IN_DOUBT = (
    select(col(OrderLine.position))
    .where(
        col(OrderLine.request_seq) == bindparam("seq"),
        col(OrderLine.outcome).is_(None),
        col(OrderLine.due_at).is_not(None),
    )
    .limit(bindparam("most"))
)


def in_doubt(session: Session, request: Request, most: int = 1_000_000) -> int:
    """How many orders without an outcome wait for a log read. Stops counting at `most`."""
    return len(session.connection().execute(_IN_DOUBT, {"seq": request.seq, "most": most}).all())


def settled_count(request: Request) -> int:
    """How many of its orders have an outcome."""
    return request.cancelled + request.rejected + request.not_sent + request.unknown


def cancelled_by_others(
    session: Session, request: Request, order_ids: Sequence[str]
) -> dict[str, list[tuple[OrderRow, Request]]]:
    """Which of these orders other requests hold as cancelled, and which requests."""
    query = (
        select(*order_lines.COLUMNS, Request)
        .join(Request, col(Request.seq) == col(OrderLine.request_seq))
        .where(
            col(OrderLine.order_id).in_(order_ids),
            col(OrderLine.outcome) == Outcome.CANCELLED,
            col(OrderLine.request_seq) != request.seq,
        )
        .order_by(col(OrderLine.request_seq))
    )
    found: dict[str, list[tuple[OrderRow, Request]]] = {}
    for *columns, other in session.execute(query):
        line = OrderRow._make(columns)
        found.setdefault(line.order_id, []).append((line, other))
    return found


def _rows(request: Request, findings: Sequence[OutcomeUpdate], now: datetime) -> list[dict[str, Any]]:
    """Rows to write. Neighbours with the same outcome, as most orders of a call have, share one row."""
    alike: dict[tuple[Any, ...], list[int]] = {}
    for finding in findings:
        line, new = finding.line, finding.settled
        values = (
            new.outcome if new else line.outcome,
            new.proof if new else line.proof,
            new.words if new else line.words,
            finding.read_at,
            finding.doubt,
            finding.log,
            finding.waits_since,
            now if finding.is_news() else line.settled_at,
        )
        alike.setdefault(values, []).append(line.position)
    names = (
        "its_outcome",
        "its_proof",
        "its_words",
        "its_read_at",
        "its_doubt",
        "its_log",
        "its_waits_since",
        "its_settled_at",
    )
    return [
        {"seq": request.seq, "first": first, "last": last, **dict(zip(names, values, strict=True))}
        for values, positions in alike.items()
        for first, last in bounds(as_ranges(positions))
    ]


def _count(request: Request, changed: Sequence[OutcomeUpdate]) -> None:
    figures = Counter[str]()
    for finding in changed:
        line, new = finding.line, finding.settled
        assert new is not None
        figures[new.outcome.value] += 1
        if line.outcome is not None:
            figures[line.outcome.value] -= 1
        figures["confirmed"] += _is_confirmed(new.outcome, new.proof) - _is_confirmed(line.outcome, line.proof)
    for name, by in figures.items():
        setattr(request, name, getattr(request, name) + by)


def _is_confirmed(outcome: Outcome | None, proof: Proof | None) -> bool:
    return outcome is Outcome.CANCELLED and proof is Proof.LOG


def _as_lists(changed: Sequence[OutcomeUpdate]) -> list[list[str | None]]:
    """Each order with its new outcome, proof and words, as the event stores them."""
    lists: list[list[str | None]] = []
    for finding in changed:
        new = finding.settled
        assert new is not None
        lists.append([finding.line.order_id, new.outcome.value, new.proof.value if new.proof else None, new.words])
    return lists
