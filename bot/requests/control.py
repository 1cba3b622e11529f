"""Steer a run: stop it, hold it, let it go on, take it back before it begins, have its unknown orders checked again,
ask anew for what was not cancelled."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from bot.context import Context
from bot.deliveries.handling import handling
from bot.domain.commands.reasons import GivenReason
from bot.domain.policy.decide import Act, Verdict
from bot.execution.settlement import stop as stop_sending
from bot.outbox import enqueue
from bot.outbox.enqueue import AnswerCode
from bot.outbox.read_model import hopeless
from bot.requests.action import Do, RequestAction, press, question_about
from bot.requests.authorize import Authorization, authorize
from bot.requests.confirm import CONFIRMING, over, why_not
from bot.requests.create import Submission, ask, can_post_live
from storage import log_reads, outcomes, requests
from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.enums import HoldReason, Origin, Outcome, RequestState, StopReason
from storage.models import OrderLine, Request
from storage.requests import NewOrder
from storage.slack_models import Delivery

RUNNING = frozenset({RequestState.APPROVED, RequestState.EXECUTING})


def stop(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Send nothing more of this request; what is in flight is waited for."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode:
        if request.stopped_at is not None:
            return AnswerCode.ALREADY_STOPPED
        who, person = action.reply_to.person, authorization.person
        stop_sending(transaction, request, StopReason.STOPPED, "stopped", who, person)
        _now(transaction, request)
        return AnswerCode.STOPPED

    press(context, delivery, action, Act.STOP, _while(RUNNING, act))


def pause(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Hold this request until somebody lets it go on; what is in flight is waited for."""

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

    press(context, delivery, action, Act.STOP, _while(RUNNING, act))


def go_on(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Let a held request go on; the count of refused and unknown orders starts anew."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode:
        if request.held_at is None:
            return AnswerCode.NOT_HELD
        request.held_at = request.held_by = request.held_why = request.hold_reason = None
        request.failed_since_go_on = 0
        _tell(transaction, EventKind.HOLD_ENDED, request, authorization, {"hold": "request"})
        _now(transaction, request)
        return AnswerCode.GOING_ON

    press(context, delivery, action, Act.GO_ON, _while(RUNNING, act))


def undo(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Take a request back in the seconds before anything of it may be sent."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        if not authorization.verdict.allowed:
            return authorization.verdict
        if request.state not in RUNNING | {RequestState.FINISHED}:
            return AnswerCode.NOT_RUNNING
        now = transaction.now()
        too_late = request.not_before is None or request.not_before <= now
        if too_late or request.state is not RequestState.APPROVED:
            return AnswerCode.TOO_LATE_TO_UNDO
        over(transaction, request, RequestState.WITHDRAWN, action.reply_to.person, now, authorization, act="undo")
        enqueue.live(transaction, request, urgent=True)
        if not authorization.ids & request.requester_ids:
            enqueue.end_notice(transaction, request)
        return AnswerCode.UNDONE

    press(context, delivery, action, Act.STOP, act)


def check_again(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Read the logs of the unknown orders now, however old they are. Reading only: nothing is sent."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode:
        count = log_reads.check_again(transaction, request)
        if not count:
            return AnswerCode.NOTHING_UNKNOWN
        _tell(transaction, EventKind.CHECK_ASKED, request, authorization, {"orders": count})
        return AnswerCode.CHECKING

    press(context, delivery, action, Act.GO_ON, _while(RUNNING | {RequestState.FINISHED}, act))


def leave_out(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Take out of a preview what Fincart shows as not pending and what another open request has; show it anew."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        lost = authorization.not_theirs() or why_not(transaction, request, CONFIRMING)
        if lost is not None:
            return lost
        if action.revision != request.revision:
            return AnswerCode.OLDER_REVISION
        out = hopeless(transaction.session, request)
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
        seen = requests.find(session, action.public_id)
    can_post = seen is None or can_post_live(context, seen)
    press(context, delivery, action, Act.GO_AHEAD, act)


def retry(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Ask anew, in the name of whoever pressed, for the orders refused or not sent; never for unknown ones."""
    with context.database.read() as session:
        request = requests.find(session, action.public_id)
        was_made = requests.of_delivery(session, delivery.id) is not None
        lines = _to_retry(session, request)
    # Once an earlier try has made the request, it is the request that is judged, and answered for.
    if request is not None and not was_made and _may_not_steer(context, delivery, action, request):
        return
    if request is None or not (lines or was_made):
        nothing = AnswerCode.NOTHING_TO_RETRY if request else AnswerCode.NO_SUCH_REQUEST
        with handling(context.database, delivery) as handled:
            handled.answer(action.reply_to, nothing, request)
        return
    wanted = Submission(
        action.reply_to,
        request.team_id,
        request.channel_id,
        Origin.RETRY,
        _orders(lines),
        GivenReason(request.reason, request.reason_listed),
        {"retry_of": request.public_id},
        retry_of=request.public_id,
    )
    ask(context, delivery, wanted)


def _to_retry(session: Session, request: Request | None) -> list[OrderLine]:
    if request is None or request.state is not RequestState.FINISHED:
        return []
    return list(outcomes.with_outcome(session, request, (Outcome.REJECTED, Outcome.NOT_SENT)))


def _may_not_steer(context: Context, delivery: Delivery, action: RequestAction, request: Request) -> bool:
    """Refuse whoever may not steer this request; what they ask for in their own name is judged besides."""
    verdict = authorize(context, question_about(request, Act.GO_ON, action.reply_to.person), fresh=True).verdict
    if not verdict.allowed:
        press(context, delivery, action, Act.GO_ON, lambda transaction, request, authorization: authorization.verdict)
    return not verdict.allowed


def _orders(lines: Iterable[OrderLine]) -> list[NewOrder]:
    return [NewOrder(line.order_id, line.label, line.unlike_fincart) for line in lines]


def _while(states: frozenset[RequestState], act: Callable[[Transaction, Request, Authorization], AnswerCode]) -> Do:
    """Do this only in such a state, for whom the policy lets."""

    def do(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        if not authorization.verdict.allowed:
            return authorization.verdict
        return act(transaction, request, authorization) if request.state in states else AnswerCode.NOT_RUNNING

    return do


def _now(transaction: Transaction, request: Request) -> None:
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
