"""Approve: a request that needs other people waits for them, on a card in the channel.

Nobody decides on their own request: the policy says so at every press, and a decision of the requester's cannot be
written. The lock is taken first, then the decision recorded, then counted.
"""

from datetime import timedelta

from bot.context import Parts
from bot.domain.policy.decide import Act, Verdict
from bot.outbox import enqueue
from bot.outbox.enqueue import Answer
from bot.requests.action import Click, press
from bot.requests.authorize import Judgement
from bot.requests.confirm import (
    WAITING,
    as_needed,
    let_run,
    number_missing,
    over,
    own_go_ahead_lost,
    taken_back,
    why_not,
)
from bot.requests.create import live_channel
from storage import decisions, requests
from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.enums import DecisionVerdict, RequestState
from storage.models import Request
from storage.slack_models import Delivery


def ask_for_approval(parts: Parts, delivery: Delivery, click: Click) -> None:
    """Have the request wait for other people, on a card in the channel, instead of running."""

    def act(transaction: Transaction, request: Request, judgement: Judgement) -> Answer | Verdict:
        lost = own_go_ahead_lost(transaction, request, judgement, click)
        if lost is not None:
            return lost
        if not request.approvals_needed:
            return Answer.OLDER_REVISION
        _wait(parts, transaction, request, judgement)
        return Answer.ASKED_FOR_APPROVAL

    press(parts, delivery, click, Act.GO_AHEAD, act)


def approve(parts: Parts, delivery: Delivery, click: Click) -> None:
    """Count this person's approval; with the last one that is needed, the request runs."""

    def act(transaction: Transaction, request: Request, judgement: Judgement) -> Answer | Verdict:
        lost = _approval_lost(transaction, request, judgement, click)
        if lost is not None:
            return lost
        return _approved(parts, transaction, request, judgement, click)

    press(parts, delivery, click, Act.APPROVE, act)


def decline(parts: Parts, delivery: Delivery, click: Click) -> None:
    """End a waiting request; one person who may approve is enough for that."""

    def act(transaction: Transaction, request: Request, judgement: Judgement) -> Answer | Verdict:
        lost = judgement.not_theirs() or why_not(transaction, request, WAITING)
        if lost is not None:
            return lost
        if not judgement.verdict.allowed:
            return judgement.verdict
        person, rule, now = click.asker.person, judgement.verdict.rule, transaction.now()
        verdict = DecisionVerdict.DECLINED
        decisions.decide(transaction, request, person, verdict, rule, click.words, now, judgement.person)
        details = {"verdict": verdict.value, "revision": request.revision, "comment": click.words}
        over(transaction, request, RequestState.DECLINED, person, now, judgement, **details)
        enqueue.live(transaction, request, urgent=True)
        enqueue.end_notice(transaction, request)
        return Answer.DECLINED

    press(parts, delivery, click, Act.DECLINE, act)


def withdraw(parts: Parts, delivery: Delivery, click: Click) -> None:
    """Take a waiting request back."""
    press(parts, delivery, click, Act.WITHDRAW, taken_back(click, WAITING, Answer.WITHDRAWN))


def _wait(parts: Parts, transaction: Transaction, request: Request, judgement: Judgement) -> None:
    now = transaction.now()
    lasts = timedelta(seconds=parts.settings.approval_ttl_seconds)
    expires_at, remind_at = now + lasts, now + lasts / 2
    moved = requests.move(
        transaction,
        request,
        RequestState.WAITING,
        before=now,
        verdict=judgement.whole,
        expires_at=expires_at,
        remind_at=remind_at,
        due_at=remind_at,
    )
    if not moved:
        raise RuntimeError(f"the time of {request.public_id} was up while it was decided")
    details = {
        **judgement.told(),
        "revision": request.revision,
        "order_count": request.order_count,
        "approvals_needed": request.approvals_needed,
        "expires_at": expires_at.isoformat(),
    }
    who, kind = judgement.question.person, EventKind.ASKED_FOR_APPROVAL
    transaction.record(kind, who=who, person=judgement.person, request=request.public_id, details=details)
    enqueue.live(transaction, request, live_channel(parts, request), urgent=True)


def _approval_lost(
    transaction: Transaction, request: Request, judgement: Judgement, click: Click
) -> Answer | Verdict | None:
    """Why an approval counts for nothing; None where it does."""
    lost = judgement.not_theirs() or why_not(transaction, request, WAITING)
    if lost is not None:
        return lost
    if click.revision != request.revision:
        return Answer.OLDER_REVISION
    if not judgement.verdict.allowed:
        return judgement.verdict
    # Settings that ask for fewer people now take nothing away from what this request was told to need.
    changed = as_needed(transaction, request, max(request.approvals_needed, judgement.verdict.approvals_needed))
    if changed is not None:
        enqueue.live(transaction, request, urgent=True)
        return changed
    ids = judgement.ids
    if ids & (
        decisions.approvers(transaction.session, request) | decisions.approved_with(transaction.session, request)
    ):
        return Answer.ALREADY_APPROVED
    return number_missing(request, judgement, click)


def _approved(
    parts: Parts, transaction: Transaction, request: Request, judgement: Judgement, click: Click
) -> Answer | Verdict:
    person, rule, now = click.asker.person, judgement.verdict.rule, transaction.now()
    count = len(decisions.approvers(transaction.session, request)) + 1
    verdict, runs = DecisionVerdict.APPROVED, count >= request.approvals_needed
    details = {
        "verdict": verdict.value,
        "rule": rule,
        "revision": request.revision,
        "order_count": request.order_count,
        "comment": click.words,
        "approvals": count,
        "approvals_needed": request.approvals_needed,
        "runs": runs,
    }
    if runs:
        result = let_run(parts, transaction, request, judgement, EventKind.APPROVED, person, now, details=details)
        if isinstance(result, Verdict):
            return result
    else:
        kind, stands_for = EventKind.APPROVED, judgement.person
        transaction.record(kind, who=person, person=stands_for, request=request.public_id, details=details, at=now)
        enqueue.live(transaction, request, urgent=True)
    decisions.decide(transaction, request, person, verdict, rule, click.words, now, judgement.person)
    return Answer.APPROVED if runs else Answer.APPROVED_MORE_NEEDED
