"""Builds an order's evidence from its rows, and keeps a log's last reading in a row."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from bot.domain.outcome.decide import CallEvidence, Evidence, SeenLog
from bot.domain.outcome.responses import is_cancelled
from storage import attempts as batches
from storage import order_lines
from storage.db.transactions import Transaction
from storage.enums import AnswerKind
from storage.models import Attempt, Request
from storage.order_lines import OrderRow
from storage.ranges import as_ranges, bounds, contain

_INSTANTS = ("read_at", "changed_at", "cancelled_at")


class EvidenceBuilder:
    """The evidence about orders of one request, from its attempts and what their logs last said."""

    def __init__(
        self,
        request: Request,
        attempts: Sequence[Attempt],
        *,
        sending_allowed: bool,
    ) -> None:
        self._attempts = [(bounds(attempt.positions), _attempt(attempt)) for attempt in attempts]
        self._sending_allowed = sending_allowed
        self._known: dict[tuple[Any, ...], Evidence] = {}

    def of(self, line: OrderRow) -> Evidence:
        """All that was seen of this order; one and the same object for orders of which the same was seen."""
        attempts = tuple(attempt for ranges, attempt in self._attempts if contain(ranges, line.position))
        seen = (line.seen_status, line.log, line.waits_since)
        key = (*map(id, attempts), *seen, line.first_sent_at, line.outcome is None)
        evidence = self._known.get(key)
        if evidence is None:
            evidence = self._known[key] = self._evidence(line, attempts)
        return evidence

    def _evidence(self, line: OrderRow, attempts: tuple[CallEvidence, ...]) -> Evidence:
        kept = json.loads(line.log) if line.log else {}
        first_failed_at = kept.get("first_failed_at")
        return Evidence(
            attempts=attempts,
            log=_seen(kept.get("seen")),
            failed_reads=kept.get("failed_reads", 0),
            first_failed_at=datetime.fromisoformat(first_failed_at) if first_failed_at else None,
            refused_reads=kept.get("refused_reads", 0),
            waits_since=line.waits_since,
            log_was_read=order_lines.was_read(line.seen_status, line.log),
            first_sent_at=line.first_sent_at,
            cancelled_at_preview=is_cancelled(line.seen_status or ""),
            sending_allowed=self._sending_allowed and line.outcome is None,
        )


def log_to_row(evidence: Evidence) -> str | None:
    """What is kept of an order's log readings."""
    if evidence.log is None and not evidence.failed_reads:
        return None
    seen: dict[str, Any] | None = None
    if evidence.log is not None:
        seen = {each.name: getattr(evidence.log, each.name) for each in fields(evidence.log)}
        seen |= {name: seen[name].isoformat() if seen[name] else None for name in _INSTANTS}
    first = evidence.first_failed_at
    kept = {
        "seen": seen,
        "failed_reads": evidence.failed_reads,
        "first_failed_at": first.isoformat() if first else None,
        "refused_reads": evidence.refused_reads,
        "log_was_read": evidence.log_was_read,
    }
    return json.dumps(kept, ensure_ascii=False)


def acted(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Those of the calls that may have done anything."""
    return [each for each in attempts if each.result is not AnswerKind.NOT_APPLIED]


def on_the_ground(of: Sequence[OrderRow], under_way: Sequence[Attempt]) -> list[OrderRow]:
    """Those of the orders that no call under way carries."""
    return [line for line in of if not any(batches.carries(attempt, line) for attempt in under_way)]


def with_first_sent(
    transaction: Transaction,
    request: Request,
    of: Sequence[OrderRow],
    attempts: Sequence[Attempt],
    ahead: timedelta | None,
) -> Sequence[OrderRow]:
    """Fill in when each order was first sent, in Fincart's time, and store it.

    Calls that were not applied do not count: what others do after them is not our doing. Without a clock offset nothing
    changes.
    """
    if ahead is None:
        return of
    sends = [(bounds(each.positions), each.planned_at) for each in acted(attempts) if each.planned_at]
    firsts: dict[datetime, list[int]] = {}
    known: list[OrderRow] = []
    for line in of:
        if line.first_sent_at is None:
            planned = [at for ranges, at in sends if contain(ranges, line.position)]
            if planned:
                line = line._replace(first_sent_at=min(planned) + ahead)
                firsts.setdefault(min(planned) + ahead, []).append(line.position)
        known.append(line)
    for first_sent_at, positions in firsts.items():
        order_lines.first_sent(transaction, request, as_ranges(positions), first_sent_at)
    return known


def _attempt(row: Attempt) -> CallEvidence:
    assert row.result is not None
    assert row.ended_at is not None
    # However late it is known: nothing was done.
    undone = row.was_lost and row.result is AnswerKind.NOT_APPLIED
    return CallEvidence(
        row.result,
        row.order_count == 1,
        row.ended_at,
        row.words or "",
        was_lost=row.was_lost and not undone,
        open_until=None if undone else row.open_until,
    )


def _seen(kept: Mapping[str, Any] | None) -> SeenLog | None:
    if kept is None:
        return None
    instants = {name: datetime.fromisoformat(kept[name]) if kept[name] else None for name in _INSTANTS}
    return SeenLog(**{**kept, **instants})
