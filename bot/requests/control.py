"""Controls a run: stop, hold, continue, undo, check unknown orders again, and ask again for what was not cancelled."""

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum, auto

from sqlalchemy.orm import Session

from bot.context import Context
from bot.deliveries.handling import handling
from bot.domain.commands.reasons import GivenReason
from bot.domain.policy.decide import Act, Verdict
from bot.execution.settlement import stop_sending
from bot.outbox import enqueue
from bot.outbox.contents import AnswerContent, NoSuchRequest
from bot.outbox.read_model import status_facts
from bot.requests.authorize import Authorization, authorize
from bot.requests.confirm import CONFIRMING, over, why_not
from bot.requests.create import Submission, ask, can_post_live
from bot.requests.handle_action import Do, RequestAction, handle_action, question_about
from storage import erasure, log_reads, outcomes, requests
from storage.db.transactions import Transaction
from storage.enums import (
    LET_RUN,
    MOVES,
    RUNNING,
    AnswerCode,
    EventKind,
    HoldReason,
    Origin,
    Outcome,
    RequestState,
    StopReason,
)
from storage.id_source import IdSource
from storage.models import OrderLine, Request
from storage.requests import NewOrder
from storage.slack_models import Delivery


class Stopped(Enum):
    """What `stop_by_operator` did."""

    NOTHING_MORE_IS_SENT = auto()
    NOTHING_IS_SENT = auto()
    """It had not begun, and is withdrawn."""
    ALREADY = auto()
    IN_PREPARATION = auto()
    """Its preview is not shown yet: nothing is sent until somebody confirms it."""
    OVER = auto()


def stop(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Stop sending this request; calls in flight finish."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode:
        if request.stopped_at is not None:
            return AnswerCode.ALREADY_STOPPED
        who, person = action.reply_to.person, authorization.person
        stop_sending(transaction, request, StopReason.STOPPED, "stopped", who, person)
        _wake(transaction, request)
        return AnswerCode.STOPPED

    handle_action(context, delivery, action, Act.STOP, _in_states(RUNNING, act))


def stop_by_operator(transaction: Transaction, request: Request, who: str) -> Stopped:
    """Stop sending this request, or withdraw it if nothing was sent yet. The caller holds its lock.

    Needs neither policy nor Slack: an operator with access to the database can do anything to it.
    """
    match request.state:
        case RequestState.PREPARING:
            return Stopped.IN_PREPARATION
        case RequestState.APPROVED | RequestState.EXECUTING if request.stopped_at is not None:
            return Stopped.ALREADY
        case RequestState.APPROVED | RequestState.EXECUTING:
            stop_sending(transaction, request, StopReason.STOPPED, "stopped", who)
            _wake(transaction, request)
            return Stopped.NOTHING_MORE_IS_SENT
        case state if not MOVES[state]:
            return Stopped.OVER
    over(transaction, request, RequestState.WITHDRAWN, who, transaction.now())
    enqueue.end_notice(transaction, request)
    return Stopped.NOTHING_IS_SENT


def pause(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Hold this request until somebody continues it; calls in flight finish."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode:
        if request.held_at is not None:
            return AnswerCode.ALREADY_PAUSED
        now = request.held_at = transaction.now()
        request.held_by = action.reply_to.person
        request.hold_reason, request.held_why = HoldReason.PAUSED, "paused"
        details: dict[str, object] = {"hold": "request", "why": "paused", "reason": HoldReason.PAUSED.value}
        _tell(transaction, EventKind.HELD, request, authorization, details, at=now)
        enqueue.live(transaction, request, urgent=True)
        return AnswerCode.PAUSED

    handle_action(context, delivery, action, Act.STOP, _in_states(RUNNING, act))


def go_on(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Continue a held request. The count of refused and unknown orders restarts at zero."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode:
        if request.held_at is None:
            return AnswerCode.NOT_HELD
        request.held_at = request.held_by = request.held_why = request.hold_reason = None
        request.failed_since_go_on = 0
        _tell(transaction, EventKind.HOLD_ENDED, request, authorization, {"hold": "request"})
        _wake(transaction, request)
        return AnswerCode.GOING_ON

    handle_action(context, delivery, action, Act.GO_ON, _in_states(RUNNING, act))


def undo(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Withdraw a request during the undo seconds, before anything may be sent."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        if not authorization.verdict.allowed:
            return authorization.verdict
        if request.state not in LET_RUN:
            return AnswerCode.NOT_RUNNING
        now = transaction.now()
        too_late = request.not_before is None or request.not_before <= now
        if too_late or request.state is not RequestState.APPROVED:
            return AnswerCode.TOO_LATE_TO_UNDO
        over(transaction, request, RequestState.WITHDRAWN, action.reply_to.person, now, authorization, act="undo")
        if not authorization.ids & request.requester_ids:
            enqueue.end_notice(transaction, request)
        return AnswerCode.UNDONE

    handle_action(context, delivery, action, Act.STOP, act)


def check_again(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Read the logs of the unknown orders now, however old they are. Sends nothing."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode:
        count = log_reads.check_again(transaction, request)
        if not count:
            return AnswerCode.NOTHING_UNKNOWN
        _tell(transaction, EventKind.CHECK_ASKED, request, authorization, {"orders": count})
        return AnswerCode.CHECKING

    handle_action(context, delivery, action, Act.GO_ON, _in_states(LET_RUN, act))


def leave_out(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Remove orders that are not pending, or are in another open request, from a preview and show it again."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        lost = authorization.not_theirs() or why_not(transaction, request, CONFIRMING)
        if lost is not None:
            return lost
        if action.revision != request.revision:
            return AnswerCode.OLDER_REVISION
        out = status_facts(transaction.session, request).hopeless
        if not out or len(out) == request.order_count:
            return AnswerCode.NOTHING_TO_LEAVE_OUT
        requests.leave_out(transaction, request, out)
        request.approvals_needed = authorization.approvals_for(request.order_count)
        details: dict[str, object] = {"orders": sorted(out), "order_count": request.order_count}
        details |= {"revision": request.revision, "approvals_needed": request.approvals_needed}
        _tell(transaction, EventKind.LEFT_OUT, request, authorization, details)
        enqueue.preview(transaction, action.reply_to, request, can_post=can_post)
        return AnswerCode.PREVIEW

    with context.database.read() as session:
        request_now = requests.find(session, action.public_id)
    can_post = request_now is None or can_post_live(context, request_now)
    handle_action(context, delivery, action, Act.GO_AHEAD, act)


def retry(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Ask again, for the person who clicked, for the refused and unsent orders; never for unknown ones."""
    with context.database.read() as session:
        request = requests.find(session, action.public_id)
        was_made = requests.of_delivery(session, delivery.id) is not None
        lines = _to_retry(session, request)
        was_erased = erasure.erased_at(session, action.public_id) is not None
    # Once an earlier try has created the request, that request decides the answer.
    if request is not None and not was_made and _refuse_control(context, delivery, action, request):
        return
    if request is None or not (lines or was_made):
        nothing = (
            AnswerContent(what=AnswerCode.NOTHING_TO_RETRY) if request else NoSuchRequest(public_id=action.public_id)
        )
        with handling(context.database, delivery) as handled:
            handled.answer(action.reply_to, nothing, request)
        return
    submission = Submission(
        action.reply_to,
        request.team_id,
        request.channel_id,
        Origin.RETRY,
        _orders(lines),
        GivenReason(request.reason_listed if was_erased else request.reason, request.reason_listed),
        IdSource(),
        retry_of=request.public_id,
    )
    ask(context, delivery, submission)


def _to_retry(session: Session, request: Request | None) -> list[OrderLine]:
    if request is None or request.state is not RequestState.FINISHED:
        return []
    return list(outcomes.with_outcome(session, request, (Outcome.REJECTED, Outcome.NOT_SENT)))


def _refuse_control(context: Context, delivery: Delivery, action: RequestAction, request: Request) -> bool:
    """Refuse a person who may not control this request. What they ask for in their own name is checked separately."""
    verdict = authorize(context, question_about(request, Act.GO_ON, action.reply_to.person), fresh=True).verdict
    if not verdict.allowed:
        handle_action(context, delivery, action, Act.GO_ON, lambda *_: verdict)
    return not verdict.allowed


def _orders(lines: Iterable[OrderLine]) -> list[NewOrder]:
    return [NewOrder(line.order_id, line.label, line.unlike_fincart) for line in lines]


def _in_states(states: frozenset[RequestState], act: Callable[[Transaction, Request, Authorization], AnswerCode]) -> Do:
    """Run this only in one of these states, and only if the policy allows it."""

    def do(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        if not authorization.verdict.allowed:
            return authorization.verdict
        return act(transaction, request, authorization) if request.state in states else AnswerCode.NOT_RUNNING

    return do


def _wake(transaction: Transaction, request: Request) -> None:
    request.due_at = transaction.now()
    transaction.wake("orders")
    enqueue.live(transaction, request, urgent=True)


def _tell(
    transaction: Transaction,
    kind: EventKind,
    request: Request,
    authorization: Authorization,
    details: dict[str, object],
    at: datetime | None = None,
) -> None:
    who, person = authorization.question.person, authorization.person
    transaction.record(kind, who=who, person=person, request=request.public_id, details=details, at=at)
