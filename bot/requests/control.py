"""Steer a run: stop it, hold it, let it go on, take it back before it begins, have its unknown orders checked again,
ask anew for what was not cancelled."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from bot.context import Parts
from bot.domain.policy.decide import Act, Verdict
from bot.execution.settlement import stop as stop_sending
from bot.outbox import enqueue
from bot.outbox.enqueue import Answer
from bot.requests.action import Click, Do, press, question_about, say
from bot.requests.authorize import Judgement, judge
from bot.requests.confirm import CONFIRMING, over, why_not
from bot.requests.create import Wanted, ask, can_post_live
from storage import log_reads, outcomes, requests
from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.enums import Origin, Outcome, RequestState
from storage.models import OrderLine, Request
from storage.requests import NewOrder
from storage.slack_models import Delivery

RUNNING = frozenset({RequestState.APPROVED, RequestState.EXECUTING})


def stop(parts: Parts, delivery: Delivery, click: Click) -> None:
    """Send nothing more of this request; what is in flight is waited for."""

    def act(transaction: Transaction, request: Request, judgement: Judgement) -> Answer:
        if request.stopped_at is not None:
            return Answer.ALREADY_STOPPED
        stop_sending(transaction, request, "stopped", click.asker.person, judgement.person)
        _now(transaction, request)
        return Answer.STOPPED

    press(parts, delivery, click, Act.STOP, _while(RUNNING, act))


def pause(parts: Parts, delivery: Delivery, click: Click) -> None:
    """Hold this request until somebody lets it go on; what is in flight is waited for."""

    def act(transaction: Transaction, request: Request, judgement: Judgement) -> Answer:
        if request.held_at is not None:
            return Answer.ALREADY_PAUSED
        now = request.held_at = transaction.now()
        request.held_by = click.asker.person
        request.held_why = "paused"
        _tell(transaction, EventKind.HELD, request, judgement, {"hold": "request", "why": "paused"}, at=now)
        enqueue.live(transaction, request, urgent=True)
        return Answer.PAUSED

    press(parts, delivery, click, Act.STOP, _while(RUNNING, act))


def go_on(parts: Parts, delivery: Delivery, click: Click) -> None:
    """Let a held request go on; the count of refused and unknown orders starts anew."""

    def act(transaction: Transaction, request: Request, judgement: Judgement) -> Answer:
        if request.held_at is None:
            return Answer.NOT_HELD
        request.held_at = request.held_by = request.held_why = None
        request.failed_since_go_on = 0
        _tell(transaction, EventKind.HOLD_ENDED, request, judgement, {"hold": "request"})
        _now(transaction, request)
        return Answer.GOING_ON

    press(parts, delivery, click, Act.GO_ON, _while(RUNNING, act))


def undo(parts: Parts, delivery: Delivery, click: Click) -> None:
    """Take a request back in the seconds before anything of it may be sent."""

    def act(transaction: Transaction, request: Request, judgement: Judgement) -> Answer | Verdict:
        if not judgement.verdict.allowed:
            return judgement.verdict
        if request.state not in RUNNING | {RequestState.FINISHED}:
            return Answer.NOT_RUNNING
        now = transaction.now()
        too_late = request.not_before is None or request.not_before <= now
        if too_late or request.state is not RequestState.APPROVED:
            return Answer.TOO_LATE_TO_UNDO
        over(transaction, request, RequestState.WITHDRAWN, click.asker.person, now, judgement, act="undo")
        enqueue.live(transaction, request, urgent=True)
        if not judgement.ids & request.requester_ids:
            enqueue.end_notice(transaction, request)
        return Answer.UNDONE

    press(parts, delivery, click, Act.STOP, act)


def check_again(parts: Parts, delivery: Delivery, click: Click) -> None:
    """Read the logs of the unknown orders now, however old they are. Reading only: nothing is sent."""

    def act(transaction: Transaction, request: Request, judgement: Judgement) -> Answer:
        count = log_reads.check_again(transaction, request)
        if not count:
            return Answer.NOTHING_UNKNOWN
        _tell(transaction, EventKind.CHECK_ASKED, request, judgement, {"orders": count})
        return Answer.CHECKING

    press(parts, delivery, click, Act.GO_ON, _while(RUNNING | {RequestState.FINISHED}, act))


def leave_out(parts: Parts, delivery: Delivery, click: Click) -> None:
    """Take out of a preview what Fincart shows as not pending and what another open request has; show it anew."""

    def act(transaction: Transaction, request: Request, judgement: Judgement) -> Answer | Verdict | None:
        lost = judgement.not_theirs() or why_not(transaction, request, CONFIRMING)
        if lost is not None:
            return lost
        if click.revision != request.revision:
            return Answer.OLDER_REVISION
        out = _hopeless(transaction, request)
        if not out or len(out) == request.order_count:
            return Answer.NOTHING_TO_LEAVE_OUT
        requests.leave_out(transaction, request, out)
        request.approvals_needed = judgement.approvals_for(request.order_count)
        details: dict[str, object] = {"orders": sorted(out), "order_count": request.order_count}
        details |= {"revision": request.revision, "approvals_needed": request.approvals_needed}
        _tell(transaction, EventKind.LEFT_OUT, request, judgement, details)
        enqueue.preview(transaction, click.asker, request, can_post=can_post)
        return None

    with parts.database.read() as session:
        seen = requests.find(session, click.public_id)
    can_post = seen is None or can_post_live(parts, seen)
    press(parts, delivery, click, Act.GO_AHEAD, act)


def _hopeless(transaction: Transaction, request: Request) -> set[str]:
    session = transaction.session
    ids = [line.order_id for line in requests.orders(session, request, 0, request.order_count)]
    seen = requests.seen(session, request)
    out = {line.order_id for line in seen if (line.seen_status or "").strip().casefold() != "pending"}
    return out | set(requests.open_elsewhere(session, ids, request.seq or 0))


def retry(parts: Parts, delivery: Delivery, click: Click) -> None:
    """Ask anew, in the name of whoever pressed, for the orders refused or not sent; never for unknown ones."""
    with parts.database.read() as session:
        request = requests.find(session, click.public_id)
        was_made = requests.of_delivery(session, delivery.id) is not None
        lines = _to_retry(session, request)
    # Once an earlier try has made the request, it is the request that is judged, and answered for.
    if request is not None and not was_made and _may_not_steer(parts, delivery, click, request):
        return
    if request is None or not (lines or was_made):
        say(parts, delivery, click.asker, Answer.NOTHING_TO_RETRY if request else Answer.NO_SUCH_REQUEST, request)
        return
    wanted = Wanted(
        click.asker,
        request.team_id,
        request.channel_id,
        Origin.RETRY,
        _orders(lines),
        request.reason,
        {"retry_of": request.public_id},
        retry_of=request.public_id,
    )
    ask(parts, delivery, wanted)


def _to_retry(session: Session, request: Request | None) -> list[OrderLine]:
    if request is None or request.state is not RequestState.FINISHED:
        return []
    return list(outcomes.with_outcome(session, request, (Outcome.REJECTED, Outcome.NOT_SENT)))


def _may_not_steer(parts: Parts, delivery: Delivery, click: Click, request: Request) -> bool:
    """Refuse whoever may not steer this request; what they ask for in their own name is judged besides."""
    verdict = judge(parts, question_about(request, Act.GO_ON, click.asker.person), fresh=True).verdict
    if not verdict.allowed:
        press(parts, delivery, click, Act.GO_ON, lambda transaction, request, judgement: judgement.verdict)
    return not verdict.allowed


def _orders(lines: Iterable[OrderLine]) -> list[NewOrder]:
    return [NewOrder(line.order_id, line.label, line.unlike_fincart) for line in lines]


def _while(states: frozenset[RequestState], act: Callable[[Transaction, Request, Judgement], Answer]) -> Do:
    """Do this only in such a state, for whom the policy lets."""

    def do(transaction: Transaction, request: Request, judgement: Judgement) -> Answer | Verdict:
        if not judgement.verdict.allowed:
            return judgement.verdict
        return act(transaction, request, judgement) if request.state in states else Answer.NOT_RUNNING

    return do


def _now(transaction: Transaction, request: Request) -> None:
    request.due_at = transaction.now()
    transaction.wake("orders")
    enqueue.live(transaction, request, urgent=True)


def _tell(
    transaction: Transaction,
    kind: EventKind,
    request: Request,
    judgement: Judgement,
    details: dict[str, object],
    at: datetime | None = None,
) -> None:
    who, person = judgement.question.person, judgement.person
    transaction.record(kind, who=who, person=person, request=request.public_id, details=details, at=at)
