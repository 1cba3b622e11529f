"""Two requests sent the same order, one after the other, and its log shows it cancelled once: whose doing was it?

An order is in one hand at a time, so that the sends of one request come before those of the other. A cancellation
before the later one's first send was the earlier one's doing, any other the later one's; where Fincart had just then
told the earlier one that it succeeded, clocks that differ do not take it away from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.context import Context
from bot.domain.outcome.decide import Evidence
from bot.execution.clock_offset import clock_offset
from bot.execution.evidence import acted
from storage import attempts as batches
from storage import outcomes
from storage.db.transactions import Transaction
from storage.enums import AnswerKind
from storage.models import Attempt, Request
from storage.order_lines import OrderRow


@dataclass(frozen=True, slots=True)
class CancelWindow:
    """How one request sent one order. `first_sent_at` is in Fincart's time, None where that is not known."""

    public_id: str
    first_attempt: int
    """Attempts are numbered in the order in which they were planned."""
    first_sent_at: datetime | None
    was_ok: bool
    """Whether Fincart said of a call of it that it succeeded."""
    ok_at: datetime | None = None
    """When it first said so, in Fincart's time; None where that is not known."""


def is_theirs(own: CancelWindow, other: CancelWindow, cancelled_at: datetime, slack_seconds: float) -> bool:
    """Whether a cancellation that the log shows at this moment was the other request's, which has it as cancelled."""
    others_first = other.first_attempt < own.first_attempt
    earlier, later = (other, own) if others_first else (own, other)
    if later.first_sent_at is None:
        was_earlier = earlier.was_ok or others_first
    else:
        slack = timedelta(seconds=slack_seconds)
        just_told = earlier.was_ok and (earlier.ok_at is None or cancelled_at <= earlier.ok_at + slack)
        was_earlier = cancelled_at < later.first_sent_at + (slack if just_told else timedelta())
    return was_earlier == others_first


def with_attribution(
    context: Context,
    transaction: Transaction,
    request: Request,
    attempts: Sequence[Attempt],
    seen: Sequence[tuple[OrderRow, Evidence]],
) -> list[Evidence]:
    """The same evidence, with the request that cancelled the order where it was another of ours."""
    ids = [
        line.order_id for line, evidence in seen if evidence.log is not None and evidence.log.cancelled_at is not None
    ]
    others = outcomes.cancelled_elsewhere(transaction.session, request, ids) if ids else {}
    if not others:
        return [each for _, each in seen]
    ahead = clock_offset(context, transaction)
    slack = context.timings.truth.clock_slack

    def whose(line: OrderRow, cancelled_at: datetime) -> str | None:
        own = _sending(request, line, attempts, ahead)
        for other_line, other_request in others.get(line.order_id, ()):
            other = _sending(other_request, other_line, batches.ended(transaction, other_request), ahead)
            if own is None or (other is not None and is_theirs(own, other, cancelled_at, slack)):
                return other_request.public_id
        return None

    return [
        replace(each, cancelled_elsewhere=whose(line, each.log.cancelled_at))
        if each.log is not None and each.log.cancelled_at is not None
        else each
        for line, each in seen
    ]


def _sending(
    request: Request, line: OrderRow, attempts: Sequence[Attempt], ahead: timedelta | None
) -> CancelWindow | None:
    carried = [attempt for attempt in acted(attempts) if batches.carries(attempt, line)]
    if not carried:
        return None
    told = [attempt for attempt in carried if attempt.result is AnswerKind.OK]
    first = min(attempt.id or 0 for attempt in carried)
    planned = min(attempt.planned_at for attempt in carried if attempt.planned_at)
    if line.first_sent_at is not None:
        ahead = line.first_sent_at - planned
    # Of an answer that came late nobody knows when; not after its call could be on the wire no longer.
    ok_at = min((attempt.open_until or attempt.ended_at for attempt in told if attempt.ended_at), default=None)
    return CancelWindow(
        request.public_id,
        first,
        planned + ahead if ahead is not None else None,
        bool(told),
        ok_at + ahead if ahead is not None and ok_at is not None else None,
    )
