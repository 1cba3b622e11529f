"""Approve: a request that needs other people waits for them, on a card in the channel.

Nobody approves their own request: the policy checks at every click, and the requester's decision cannot be stored. The
lock is taken first; then the decision is recorded, then counted.
"""

from datetime import datetime, timedelta

from bot.context import Context
from bot.domain.policy.decide import Act, Verdict
from bot.outbox import enqueue
from bot.requests.authorize import Authorization
from bot.requests.confirm import (
    WAITING,
    GoAhead,
    as_needed,
    let_run,
    number_missing,
    over,
    own_go_ahead_lost,
    taken_back,
    why_not,
)
from bot.requests.create import live_channel
from bot.requests.handle_action import RequestAction, handle_action
from storage import decisions, requests
from storage.audit.texts import typed
from storage.db.transactions import Transaction
from storage.enums import AnswerCode, DecisionVerdict, EventKind, RequestState
from storage.models import Decision, Request
from storage.slack_models import Delivery


def ask_for_approval(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Make the request wait for approval, on a card in the channel, instead of running."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        lost = own_go_ahead_lost(transaction, request, authorization, action)
        if lost is not None:
            return lost
        if not request.approvals_needed:
            return AnswerCode.OLDER_REVISION
        _wait(context, transaction, request, authorization)
        return AnswerCode.ASKED_FOR_APPROVAL

    handle_action(context, delivery, action, Act.GO_AHEAD, act)


def approve(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Count this person's approval. The last one needed lets the request run."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        lost = _approval_lost(transaction, request, authorization, action)
        if lost is not None:
            return lost
        return _approved(context, transaction, request, authorization, action)

    handle_action(context, delivery, action, Act.APPROVE, act)


def decline(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """End a waiting request; one person who may approve is enough."""

    def act(transaction: Transaction, request: Request, authorization: Authorization) -> AnswerCode | Verdict:
        lost = authorization.not_theirs() or why_not(transaction, request, WAITING)
        if lost is not None:
            return lost
        if not authorization.verdict.allowed:
            return authorization.verdict
        person, now = action.reply_to.person, transaction.now()
        _decide(transaction, request, authorization, action, DecisionVerdict.DECLINED, now)
        details = {
            "verdict": DecisionVerdict.DECLINED.value,
            "revision": request.revision,
            "comment": typed(action.words),
        }
        over(transaction, request, RequestState.DECLINED, person, now, authorization, **details)
        enqueue.end_notice(transaction, request)
        return AnswerCode.DECLINED

    handle_action(context, delivery, action, Act.DECLINE, act)


def withdraw(context: Context, delivery: Delivery, action: RequestAction) -> None:
    """Withdraw a waiting request."""
    handle_action(context, delivery, action, Act.WITHDRAW, taken_back(action, WAITING, AnswerCode.WITHDRAWN))


def _wait(context: Context, transaction: Transaction, request: Request, authorization: Authorization) -> None:
    now = transaction.now()
    lasts = timedelta(seconds=context.settings.approval_ttl_seconds)
    expires_at, remind_at = now + lasts, now + lasts / 2
    moved = requests.move(
        transaction,
        request,
        RequestState.WAITING,
        before=now,
        verdict=authorization.whole,
        expires_at=expires_at,
        remind_at=remind_at,
        due_at=remind_at,
    )
    if not moved:
        raise RuntimeError(f"the time of {request.public_id} was up while it was decided")
    details = {
        **authorization.event_details(),
        "revision": request.revision,
        "order_count": request.order_count,
        "approvals_needed": request.approvals_needed,
        "expires_at": expires_at.isoformat(),
    }
    who, kind = authorization.question.person, EventKind.ASKED_FOR_APPROVAL
    transaction.record(kind, who=who, person=authorization.person, request=request.public_id, details=details)
    enqueue.live(transaction, request, live_channel(context, request), urgent=True)


def _approval_lost(
    transaction: Transaction, request: Request, authorization: Authorization, action: RequestAction
) -> AnswerCode | Verdict | None:
    """Why an approval does not count; None if it does."""
    lost = authorization.not_theirs() or why_not(transaction, request, WAITING)
    if lost is not None:
        return lost
    if action.revision != request.revision:
        return AnswerCode.OLDER_REVISION
    if not authorization.verdict.allowed:
        return authorization.verdict
    # A request never needs fewer approvals than it was told, even if the settings now ask for fewer.
    changed = as_needed(transaction, request, max(request.approvals_needed, authorization.verdict.approvals_needed))
    if changed is not None:
        enqueue.live(transaction, request, urgent=True)
        return changed
    ids = authorization.ids
    if ids & (
        decisions.approvers(transaction.session, request) | decisions.approved_with(transaction.session, request)
    ):
        return AnswerCode.ALREADY_APPROVED
    return number_missing(request, authorization, action)


def _approved(
    context: Context, transaction: Transaction, request: Request, authorization: Authorization, action: RequestAction
) -> AnswerCode | Verdict:
    person, rule, now = action.reply_to.person, authorization.verdict.rule, transaction.now()
    count = len(decisions.approvers(transaction.session, request)) + 1
    verdict, runs = DecisionVerdict.APPROVED, count >= request.approvals_needed
    details = {
        "verdict": verdict.value,
        "rule": rule,
        "revision": request.revision,
        "order_count": request.order_count,
        "comment": typed(action.words),
        "approvals": count,
        "approvals_needed": request.approvals_needed,
        "runs": runs,
    }
    if runs:
        given = GoAhead(EventKind.APPROVED, now, details=details)
        result = let_run(context, transaction, request, authorization, given)
        if isinstance(result, Verdict):
            return result
    else:
        kind, stands_for = EventKind.APPROVED, authorization.person
        transaction.record(kind, who=person, person=stands_for, request=request.public_id, details=details, at=now)
        enqueue.live(transaction, request, urgent=True)
    _decide(transaction, request, authorization, action, verdict, now)
    return AnswerCode.APPROVED if runs else AnswerCode.APPROVED_MORE_NEEDED


def _decide(
    transaction: Transaction,
    request: Request,
    authorization: Authorization,
    action: RequestAction,
    verdict: DecisionVerdict,
    at: datetime,
) -> None:
    assert request.seq is not None
    decision = Decision(
        request_seq=request.seq,
        person=action.reply_to.person,
        stands_for=authorization.person,
        verdict=verdict,
        comment=action.words,
        rule=authorization.verdict.rule,
        at=at,
    )
    decisions.decide(transaction, request, decision)
