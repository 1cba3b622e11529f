"""Rows of the database as the evidence that the truth is concluded from, and a log's last reading back into a row."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.truth import Attempt as TruthAttempt
from bot.truth import Evidence, SeenLog
from storage import batches
from storage.tables import Attempt, OrderLine, Request

_INSTANTS = ("read_at", "changed_at", "cancelled_at")


class Evidences:
    """The evidence about orders of one request, from its attempts and what their logs last said."""

    def __init__(
        self,
        request: Request,
        attempts: Sequence[Attempt],
        *,
        sending_allowed: bool,
    ) -> None:
        self._attempts = [(batches.bounds(attempt.positions), _attempt(attempt)) for attempt in attempts]
        self._sending_allowed = sending_allowed

    def of(self, line: OrderLine) -> Evidence:
        """All that was seen of this order."""
        kept = json.loads(line.log) if line.log else {}
        first_failed_at = kept.get("first_failed_at")
        return Evidence(
            attempts=tuple(
                attempt
                for ranges, attempt in self._attempts
                if any(first <= line.position <= last for first, last in ranges)
            ),
            log=_seen(kept.get("seen")),
            failed_reads=kept.get("failed_reads", 0),
            first_failed_at=datetime.fromisoformat(first_failed_at) if first_failed_at else None,
            log_was_read=kept.get("log_was_read", False),
            first_sent_at=line.first_sent_at,
            cancelled_at_preview=(line.seen_status or "").casefold() in ("cancelled", "canceled"),
            sending_allowed=self._sending_allowed and line.outcome is None,
        )


def log_to_row(evidence: Evidence) -> str | None:
    """What is kept of an order's log readings."""
    if evidence.log is None and not evidence.failed_reads:
        return None
    seen: dict[str, Any] | None = None
    if evidence.log is not None:
        seen = asdict(evidence.log)
        seen |= {name: seen[name].isoformat() if seen[name] else None for name in _INSTANTS}
    first = evidence.first_failed_at
    kept = {
        "seen": seen,
        "failed_reads": evidence.failed_reads,
        "first_failed_at": first.isoformat() if first else None,
        "log_was_read": evidence.log_was_read,
    }
    return json.dumps(kept, ensure_ascii=False)


def _attempt(row: Attempt) -> TruthAttempt:
    assert row.result is not None
    assert row.ended_at is not None
    return TruthAttempt(row.result, row.order_count == 1, row.ended_at, row.words or "", was_lost=row.was_lost)


def _seen(kept: Mapping[str, Any] | None) -> SeenLog | None:
    if kept is None:
        return None
    instants = {name: datetime.fromisoformat(kept[name]) if kept[name] else None for name in _INSTANTS}
    return SeenLog(**{**kept, **instants})
