"""Handles a button about a request: asks the policy anew, acts under the request's lock, answers whoever pressed."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.context import Context
from bot.deliveries.handling import Handling, handling
from bot.domain.policy.decide import Act, Question, Verdict
from bot.outbox.enqueue import AnswerCode, ReplyTo
from bot.requests.authorize import Authorization, authorize
from storage import decisions, quotas, requests
from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.enums import RequestState
from storage.models import Request
from storage.slack_models import Delivery


@dataclass(frozen=True, slots=True)
class RequestAction:
    """A button about a request, pressed by somebody who saw this revision of it, with what a form asked besides."""

    reply_to: ReplyTo
    public_id: str
    revision: int
    typed_number: int | None = None
    """The number of orders, where a form asked to type it."""
    words: str | None = None
    """An approver's or decliner's comment, or the reason of an emergency."""
    more_orders: int = 0
    """How many orders the request would have more, if this press may add them."""


Do = Callable[[Transaction, Request, Authorization], AnswerCode | Verdict]
"""What a press does under the request's lock: it answers what was done, or why nothing was."""

DONE = frozenset(
    {
        AnswerCode.WENT_AHEAD,
        AnswerCode.KEPT,
        AnswerCode.ASKED_FOR_APPROVAL,
        AnswerCode.APPROVED,
        AnswerCode.APPROVED_MORE_NEEDED,
        AnswerCode.DECLINED,
        AnswerCode.WITHDRAWN,
        AnswerCode.REMINDED,
        AnswerCode.STOPPED,
        AnswerCode.PAUSED,
        AnswerCode.GOING_ON,
        AnswerCode.UNDONE,
        AnswerCode.CHECKING,
    }
)
"""Answers that tell of something done; their use cases have recorded it. The others are recorded as refused."""

_BUTTONS_STAY = frozenset(
    {AnswerCode.NUMBER_NEEDED, AnswerCode.REMINDED, AnswerCode.REMINDED_LATELY, AnswerCode.NOT_POSTED_YET}
)
"""Answers after which what was clicked is as good as before, so that they never take its place."""


def press(context: Context, delivery: Delivery, action: RequestAction, act: Act, do: Do) -> None:
    """Ask the policy whether this person may, reading anew who they are; then `do` it, once, and answer them.

    `do` judges states and deadlines itself: it holds the request's lock, so that exactly one of two presses wins.
    """
    authorization = _authorize(context, action, act)
    with handling(context.database, delivery) as handled:
        request = requests.lock(handled.transaction, action.public_id)
        if request is None or authorization is None:
            handled.answer(action.reply_to, AnswerCode.NO_SUCH_REQUEST, facts={"public_id": action.public_id})
            return
        result = do(handled.transaction, request, authorization)
        if result is AnswerCode.PREVIEW:
            handled.done(result)
        else:
            _answer(handled, action, authorization, request, result)


def question_about(
    request: Request, act: Act, person: str, orders_today: int = 0, approved_by: tuple[str, ...] = ()
) -> Question:
    """What the policy is asked about this request; `orders_today` is its requester's, `approved_by` who approved it."""
    return Question(
        act,
        person,
        requester=request.requester,
        channel=request.channel_id,
        orders=request.order_count,
        has_reason=request.reason is not None,
        orders_today=orders_today,
        requester_person=request.requester_person,
        approved_by=approved_by,
        has_listed_reason=request.reason_listed is not None,
        is_retry=request.retry_of is not None,
    )


def _authorize(context: Context, action: RequestAction, act: Act) -> Authorization | None:
    with context.database.read() as session:
        seen = requests.find(session, action.public_id)
        if seen is None:
            return None
        used = quotas.used(session, seen.person, context.database.now(session), seen.requester_ids)
        others = sorted(decisions.approvers(session, seen)) if act is Act.APPROVE else ()
    question = question_about(seen, act, action.reply_to.person, used, tuple(others))
    question = replace(question, orders=question.orders + action.more_orders)
    if act is Act.EMERGENCY and action.words:
        question = replace(question, has_reason=True)
    return authorize(context, question, fresh=True)


def _answer(
    handled: Handling,
    action: RequestAction,
    authorization: Authorization,
    request: Request,
    result: AnswerCode | Verdict,
) -> None:
    if isinstance(result, Verdict):
        # The buttons stay: what was refused now may be allowed in a minute.
        reply_to = replace(action.reply_to, replaces=False)
        handled.refuse(reply_to, result, request, request.order_count + action.more_orders)
        code, rule = result.code.value, result.rule
    else:
        reply_to = replace(action.reply_to, replaces=False) if result in _BUTTONS_STAY else action.reply_to
        handled.answer(reply_to, result, request)
        code, rule = result.value, ""
    if isinstance(result, Verdict) or result not in DONE:
        details = {
            "act": authorization.question.act.value,
            "code": code,
            "rule": rule,
            "state": RequestState(request.state).value,
        }
        handled.transaction.record(
            EventKind.CLICK_REFUSED,
            who=authorization.question.person,
            person=authorization.person,
            request=request.public_id,
            details=details,
        )
