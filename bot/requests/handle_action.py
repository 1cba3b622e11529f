"""Handles a button about a request: asks the policy again, acts under the request's lock, and answers the person."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.context import Context
from bot.deliveries.handling import Handling, handling
from bot.domain.policy.decide import Act, Question, Verdict
from bot.outbox.contents import AnswerContent, NoSuchRequest
from bot.outbox.enqueue import ReplyTo
from bot.requests.authorize import Authorization, authorize
from storage import decisions, quotas, requests
from storage.db.transactions import Transaction
from storage.enums import AnswerCode, EventKind, RequestState
from storage.models import Request
from storage.slack_models import Delivery


@dataclass(frozen=True, slots=True)
class RequestAction:
    """A click on a button about a request: the revision its message showed, and the input of a form."""

    reply_to: ReplyTo
    public_id: str
    revision: int
    typed_number: int | None = None
    """The number of orders, if a form asked to type it."""
    words: str | None = None
    """The comment of an approval or decline, or the reason of an emergency."""
    more_orders: int = 0
    """How many orders this click may add to the request."""


Do = Callable[[Transaction, Request, Authorization], AnswerCode | Verdict]
"""What a click does under the request's lock. Returns what was done, or why nothing was."""

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
"""Answers for something done, which their use cases have recorded. The others are recorded as refused."""

_BUTTONS_STAY = frozenset(
    {AnswerCode.NUMBER_NEEDED, AnswerCode.REMINDED, AnswerCode.REMINDED_LATELY, AnswerCode.NOT_POSTED_YET}
)
"""Answers that leave the clicked message usable, so they never replace it."""


def handle_action(context: Context, delivery: Delivery, action: RequestAction, act: Act, do: Do) -> None:
    """Ask the policy whether this person may, with fresh facts; then `do` it once and answer them.

    `do` checks states and deadlines under the request's lock, so exactly one of two clicks wins.
    """
    authorization = _authorize(context, action, act)
    with handling(context.database, delivery) as handled:
        request = requests.lock(handled.transaction, action.public_id)
        if request is None or authorization is None:
            handled.answer(action.reply_to, NoSuchRequest(public_id=action.public_id))
            return
        result = do(handled.transaction, request, authorization)
        if result is AnswerCode.PREVIEW:
            handled.done(result)
        else:
            _answer(handled, action, authorization, request, result)


def question_about(
    request: Request, act: Act, person: str, orders_today: int = 0, approved_by: tuple[str, ...] = ()
) -> Question:
    """The policy question about this request; `orders_today` is its requester's, `approved_by` who approved it."""
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
        request = requests.find(session, action.public_id)
        if request is None:
            return None
        used = quotas.used(session, request.person, context.database.now(session), request.requester_ids)
        others = sorted(decisions.approvers(session, request)) if act is Act.APPROVE else ()
    question = question_about(request, act, action.reply_to.person, used, tuple(others))
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
        # Keeps the buttons: what is refused now may be allowed in a minute.
        reply_to = replace(action.reply_to, replaces=False)
        handled.refuse(reply_to, result, request, request.order_count + action.more_orders)
        code, rule = result.code.value, result.rule
    else:
        reply_to = replace(action.reply_to, replaces=False) if result in _BUTTONS_STAY else action.reply_to
        handled.answer(reply_to, AnswerContent(what=result), request)
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
