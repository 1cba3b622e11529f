"""Attribution: which of two requests for the same order cancelled it, when its log shows one cancellation.

Only one request at a time has an order in flight, so one request's sends all come before the other's. A cancellation
before the later request's first send belongs to the earlier one, any other to the later one. The clock offset cannot
take a cancellation from the earlier request if Fincart had just told it OK.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.context import Context
from bot.domain.outcome.decide import Evidence
from bot.execution.clock_offset import clock_offset
from bot.execution.evidence import maybe_applied
from storage import attempts, known_orders, outcomes
from storage.db.transactions import Transaction
from storage.enums import AnswerKind
from storage.models import Attempt, Request
from storage.order_lines import OrderRow


@dataclass(frozen=True, slots=True)
class CancelWindow:
    """How one request sent one order. `first_sent_at` is in Fincart's time; None if unknown."""

    public_id: str
    first_attempt: int
    """The first attempt's number; attempts are numbered in the order of planning."""
    first_sent_at: datetime | None
    was_ok: bool
    """Whether Fincart answered OK to one of its calls."""
    ok_at: datetime | None = None
    """When Fincart first answered OK, in Fincart's time; None if unknown."""


def is_theirs(own: CancelWindow, other: CancelWindow, cancelled_at: datetime, slack_seconds: float) -> bool:
    """Whether the other request made the cancellation that the log shows at this time, and has it as its own."""
    others_first = other.first_attempt < own.first_attempt
    earlier, later = (other, own) if others_first else (own, other)
    if later.first_sent_at is None:
        was_earlier = earlier.was_ok or others_first
    else:
        slack = timedelta(seconds=slack_seconds)
        just_accepted = earlier.was_ok and (earlier.ok_at is None or cancelled_at <= earlier.ok_at + slack)
        was_earlier = cancelled_at < later.first_sent_at + (slack if just_accepted else timedelta())
    return was_earlier == others_first


def with_attribution(
    context: Context,
    transaction: Transaction,
    request: Request,
    calls: Sequence[Attempt],
    orders: Sequence[tuple[OrderRow, Evidence]],
) -> list[Evidence]:
    """The same evidence, naming the other request that cancelled the order, if there is one."""
    ids = [
        line.order_id for line, evidence in orders if evidence.log is not None and evidence.log.cancelled_at is not None
    ]
    others = outcomes.cancelled_by_others(transaction.session, request, ids) if ids else {}
    archived = known_orders.cancelled_by(transaction.session, ids) if ids else {}
    if not others and not archived:
        return [each for _, each in orders]
    offset = clock_offset(context, transaction)
    slack = context.timings.truth.clock_slack

    def whose(line: OrderRow, cancelled_at: datetime) -> str | None:
        own = _sending(request, line, calls, offset)
        for other_line, other_request in others.get(line.order_id, ()):
            other = _sending(other_request, other_line, attempts.ended(transaction, other_request), offset)
            if own is None or (other is not None and is_theirs(own, other, cancelled_at, slack)):
                return other_request.public_id
        # Cancelling cannot be undone: what an archived request cancelled was so at the first send of any later one.
        first_sent_at = own.first_sent_at if own is not None else None
        was_earlier = first_sent_at is None or cancelled_at < first_sent_at + timedelta(seconds=slack)
        return archived.get(line.order_id) if was_earlier else None

    return [
        replace(each, cancelled_by_request=whose(line, each.log.cancelled_at))
        if each.log is not None and each.log.cancelled_at is not None
        else each
        for line, each in orders
    ]


def _sending(
    request: Request, line: OrderRow, calls: Sequence[Attempt], offset: timedelta | None
) -> CancelWindow | None:
    carried = [attempt for attempt in maybe_applied(calls) if attempts.carries(attempt, line)]
    if not carried:
        return None
    accepted = [attempt for attempt in carried if attempt.result is AnswerKind.OK]
    first = min(attempt.id or 0 for attempt in carried)
    planned = min(attempt.planned_at for attempt in carried if attempt.planned_at)
    if line.first_sent_at is not None:
        offset = line.first_sent_at - planned
    # Nobody knows when a late answer was given, but it was before its call could no longer be in flight.
    ok_at = min((attempt.open_until or attempt.ended_at for attempt in accepted if attempt.ended_at), default=None)
    return CancelWindow(
        request.public_id,
        first,
        planned + offset if offset is not None else None,
        bool(accepted),
        ok_at + offset if offset is not None and ok_at is not None else None,
    )
