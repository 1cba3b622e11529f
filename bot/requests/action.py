"""A press on a button about a request: ask the policy anew, act under the request's lock, answer whoever pressed."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.context import Parts
from bot.domain.policy.decide import Act, Question, Verdict
from bot.outbox import enqueue
from bot.outbox.enqueue import Answer, Asker
from bot.requests.authorize import Judgement, judge
from storage import decisions, deliveries, quotas, requests
from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.enums import RequestState
from storage.models import Request
from storage.slack_models import Delivery


@dataclass(frozen=True, slots=True)
class Click:
    """A button about a request, pressed by somebody who saw this revision of it, with what a form asked besides."""

    asker: Asker
    public_id: str
    revision: int
    typed_number: int | None = None
    """The number of orders, where a form asked to type it."""
    words: str | None = None
    """An approver's or decliner's comment, or the reason of an emergency."""
    more_orders: int = 0
    """How many orders the request would have more, if this press may add them."""


Do = Callable[[Transaction, Request, Judgement], Answer | Verdict | None]
"""What a press does under the request's lock: it answers what was done, or why nothing was; None where what it has
shown is answer enough."""

DONE = frozenset(
    {
        Answer.WENT_AHEAD,
        Answer.KEPT,
        Answer.ASKED_FOR_APPROVAL,
        Answer.APPROVED,
        Answer.APPROVED_MORE_NEEDED,
        Answer.DECLINED,
        Answer.WITHDRAWN,
        Answer.REMINDED,
        Answer.STOPPED,
        Answer.PAUSED,
        Answer.GOING_ON,
        Answer.UNDONE,
        Answer.CHECKING,
    }
)
"""Answers that tell of something done; their use cases have recorded it. The others are recorded as refused."""

_BUTTONS_STAY = frozenset({Answer.NUMBER_NEEDED, Answer.REMINDED, Answer.REMINDED_LATELY, Answer.NOT_POSTED_YET})
"""Answers after which what was clicked is as good as before, so that they never take its place."""


def press(parts: Parts, delivery: Delivery, click: Click, act: Act, do: Do) -> None:
    """Ask the policy whether this person may, reading anew who they are; then `do` it, once, and answer them.

    `do` judges states and deadlines itself: it holds the request's lock, so that exactly one of two presses wins.
    """
    judgement = _judged(parts, click, act)
    with parts.database.write() as transaction:
        row = deliveries.still_ours(transaction, delivery)
        if row is None:
            return
        request = requests.lock(transaction, click.public_id)
        if request is None or judgement is None:
            facts = {"public_id": click.public_id}
            enqueue.answer(transaction, click.asker, Answer.NO_SUCH_REQUEST, delivery=row, facts=facts)
            deliveries.done(row, Answer.NO_SUCH_REQUEST)
            return
        result = do(transaction, request, judgement)
        if result is None:
            deliveries.done(row, act)
            return
        _answer(transaction, row, click, judgement, request, result)


def say(parts: Parts, delivery: Delivery, asker: Asker, what: Answer, request: Request | None = None) -> None:
    """Answer somebody, once for each delivery, and be done with it."""
    with parts.database.write() as transaction:
        row = deliveries.still_ours(transaction, delivery)
        if row is not None:
            enqueue.answer(transaction, asker, what, delivery=row, request=request)
            deliveries.done(row, what)


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
    )


def _judged(parts: Parts, click: Click, act: Act) -> Judgement | None:
    with parts.database.read() as session:
        seen = requests.find(session, click.public_id)
        if seen is None:
            return None
        used = quotas.used(session, seen.person, parts.database.now(session), seen.requester_ids)
        others = sorted(decisions.approvers(session, seen)) if act is Act.APPROVE else ()
    question = question_about(seen, act, click.asker.person, used, tuple(others))
    question = replace(question, orders=question.orders + click.more_orders)
    if act is Act.EMERGENCY and click.words:
        question = replace(question, has_reason=True)
    return judge(parts, question, fresh=True)


def _answer(
    transaction: Transaction,
    row: Delivery,
    click: Click,
    judgement: Judgement,
    request: Request,
    result: Answer | Verdict,
) -> None:
    if isinstance(result, Verdict):
        # The buttons stay: what was refused now may be allowed in a minute.
        asker = replace(click.asker, replaces=False)
        asked = request.order_count + click.more_orders
        enqueue.refuse(transaction, asker, result, delivery=row, request=request, orders=asked)
        code, rule = result.code.value, result.rule
    else:
        asker = replace(click.asker, replaces=False) if result in _BUTTONS_STAY else click.asker
        enqueue.answer(transaction, asker, result, delivery=row, request=request)
        code, rule = result.value, ""
    if isinstance(result, Verdict) or result not in DONE:
        details = {
            "act": judgement.question.act.value,
            "code": code,
            "rule": rule,
            "state": RequestState(request.state).value,
        }
        transaction.record(
            EventKind.CLICK_REFUSED,
            who=judgement.question.person,
            person=judgement.person,
            request=request.public_id,
            details=details,
        )
    deliveries.done(row, code)
