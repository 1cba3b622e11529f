"""Builds an order's evidence from its rows, and stores a log's last reading in a row."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from bot.domain.outcome.decide import CallEvidence, Evidence, LastLog
from bot.domain.outcome.responses import is_cancelled
from storage import attempts, order_lines
from storage.db.transactions import Transaction
from storage.enums import AnswerKind
from storage.models import Attempt, Request
from storage.order_lines import OrderRow
from storage.ranges import as_ranges, bounds, contain

_INSTANTS = ("read_at", "changed_at", "cancelled_at")


class EvidenceBuilder:
    """Builds the evidence about a request's orders from its attempts and their last log readings."""

    def __init__(self, calls: Sequence[Attempt], *, sending_allowed: bool) -> None:
        self._attempts = [(bounds(attempt.positions), _attempt(attempt)) for attempt in calls]
        self._sending_allowed = sending_allowed
        self._known: dict[tuple[Any, ...], Evidence] = {}

    def of(self, line: OrderRow) -> Evidence:
        """All evidence about this order. Orders with the same evidence share one object."""
        calls = tuple(attempt for ranges, attempt in self._attempts if contain(ranges, line.position))
        logged = (line.seen_status, line.log, line.waits_since)
        key = (*map(id, calls), *logged, line.first_sent_at, line.outcome is None)
        evidence = self._known.get(key)
        if evidence is None:
            evidence = self._known[key] = self._evidence(line, calls)
        return evidence

    def _evidence(self, line: OrderRow, calls: tuple[CallEvidence, ...]) -> Evidence:
        stored = json.loads(line.log) if line.log else {}
        first_failed_at = stored.get("first_failed_at")
        return Evidence(
            attempts=calls,
            log=_last_log(stored.get("seen")),
            failed_reads=stored.get("failed_reads", 0),
            first_failed_at=datetime.fromisoformat(first_failed_at) if first_failed_at else None,
            refused_reads=stored.get("refused_reads", 0),
            waits_since=line.waits_since,
            log_was_read=order_lines.was_read(line.seen_status, line.log),
            first_sent_at=line.first_sent_at,
            cancelled_at_preview=is_cancelled(line.seen_status or ""),
            sending_allowed=self._sending_allowed and line.outcome is None,
        )


def log_to_row(evidence: Evidence) -> str | None:
    """An order's log readings as its row stores them."""
    if evidence.log is None and not evidence.failed_reads:
        return None
    log: dict[str, Any] | None = None
    if evidence.log is not None:
        log = {each.name: getattr(evidence.log, each.name) for each in fields(evidence.log)}
        log |= {name: log[name].isoformat() if log[name] else None for name in _INSTANTS}
    first = evidence.first_failed_at
    stored = {
        "seen": log,
        "failed_reads": evidence.failed_reads,
        "first_failed_at": first.isoformat() if first else None,
        "refused_reads": evidence.refused_reads,
        "log_was_read": evidence.log_was_read,
    }
    return json.dumps(stored, ensure_ascii=False)


def maybe_applied(calls: Sequence[Attempt]) -> list[Attempt]:
    """The calls that may have changed something."""
    return [each for each in calls if each.result is not AnswerKind.NOT_APPLIED]


def not_under_way(of: Sequence[OrderRow], under_way: Sequence[Attempt]) -> list[OrderRow]:
    """The orders that no call under way carries."""
    return [line for line in of if not any(attempts.carries(attempt, line) for attempt in under_way)]


def with_first_sent(
    transaction: Transaction,
    request: Request,
    of: Sequence[OrderRow],
    calls: Sequence[Attempt],
    offset: timedelta | None,
) -> Sequence[OrderRow]:
    """Set when each order was first sent, in Fincart's time, and store it.

    Calls that were not applied do not count: a cancellation after them is not ours. Without a clock offset nothing
    changes.
    """
    if offset is None:
        return of
    sends = [(bounds(each.positions), each.planned_at) for each in maybe_applied(calls) if each.planned_at]
    firsts: dict[datetime, list[int]] = {}
    known: list[OrderRow] = []
    for line in of:
        if line.first_sent_at is None:
            planned = [at for ranges, at in sends if contain(ranges, line.position)]
            if planned:
                line = line._replace(first_sent_at=min(planned) + offset)
                firsts.setdefault(min(planned) + offset, []).append(line.position)
        known.append(line)
    for first_sent_at, positions in firsts.items():
        order_lines.first_sent(transaction, request, as_ranges(positions), first_sent_at)
    return known


def _attempt(row: Attempt) -> CallEvidence:
    assert row.result is not None
    assert row.ended_at is not None
    # However late the answer, such a call did nothing.
    undone = row.was_lost and row.result is AnswerKind.NOT_APPLIED
    return CallEvidence(
        row.result,
        row.order_count == 1,
        row.ended_at,
        row.words or "",
        answered_late=row.was_lost and not undone,
        open_until=None if undone else row.open_until,
    )


def _last_log(stored: Mapping[str, Any] | None) -> LastLog | None:
    if stored is None:
        return None
    instants = {name: datetime.fromisoformat(stored[name]) if stored[name] else None for name in _INSTANTS}
    return LastLog(**{**stored, **instants})
