"""A press on a button about a request: ask the policy anew, act under the request's lock, answer whoever pressed."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.cancellation import outbox
from bot.cancellation.judgement import Judgement, judge
from bot.cancellation.outbox import Answer, Asker
from bot.cancellation.parts import Parts
from bot.policy import Act, Question, Verdict
from storage import deliveries, requests
from storage.audit import EventKind
from storage.database import Transaction
from storage.states import RequestState
from storage.tables import Delivery, Request


@dataclass(frozen=True, slots=True)
class Click:
    """A button about a request, pressed by somebody who saw this revision of it."""

    asker: Asker
    public_id: str
    revision: int


Do = Callable[[Transaction, Request, Judgement], Answer | Verdict]
"""What a press does under the request's lock: it answers what was done, or why nothing was."""

DONE = frozenset({Answer.WENT_AHEAD, Answer.KEPT})
"""Answers that tell of something done; their use cases have recorded it. The others are recorded as refused."""


def press(parts: Parts, delivery: Delivery, click: Click, act: Act, do: Do) -> None:
    """Ask the policy whether this person may, reading anew who they are; then `do` it, once, and answer them.

    `do` judges states and deadlines itself: it holds the request's lock, so that exactly one of two presses wins.
    """
    with parts.database.read() as session:
        seen = requests.find(session, click.public_id)
    judgement = judge(parts, question_about(seen, act, click.asker.person), fresh=True) if seen else None
    with parts.database.write() as transaction:
        row = deliveries.still_ours(transaction, delivery)
        if row is None:
            return
        request = requests.lock(transaction, click.public_id)
        if request is None or judgement is None:
            facts = {"public_id": click.public_id}
            outbox.answer(transaction, click.asker, Answer.NO_SUCH_REQUEST, delivery=row, facts=facts)
            deliveries.done(row, Answer.NO_SUCH_REQUEST)
            return
        result = do(transaction, request, judgement)
        _answer(transaction, row, click, act, request, result)


def question_about(request: Request, act: Act, person: str) -> Question:
    """What the policy is asked about this request."""
    return Question(
        act,
        person,
        requester=request.requester,
        channel=request.channel_id,
        orders=request.order_count,
        has_reason=request.reason is not None,
    )


def _answer(
    transaction: Transaction, row: Delivery, click: Click, act: Act, request: Request, result: Answer | Verdict
) -> None:
    if isinstance(result, Verdict):
        # The buttons stay: what was refused now may be allowed in a minute.
        asker = replace(click.asker, replaces=False)
        outbox.refuse(transaction, asker, result, delivery=row, request=request, orders=request.order_count)
        code, rule = result.code.value, result.rule
    else:
        outbox.answer(transaction, click.asker, result, delivery=row, request=request)
        code, rule = result.value, ""
    if isinstance(result, Verdict) or result not in DONE:
        details = {"act": act.value, "code": code, "rule": rule, "state": RequestState(request.state).value}
        transaction.record(EventKind.CLICK_REFUSED, who=click.asker.person, request=request.public_id, details=details)
    deliveries.done(row, code)
