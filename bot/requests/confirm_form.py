"""Which buttons open a form first, and what is wrong with what was typed into it.

Nothing is decided here: a press is judged when it is handled, with or without a form before it.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from bot.domain.commands.parser import ReasonTooLong, read_reason
from bot.domain.commands.typed_text import closed_format
from bot.domain.policy.decide import Act, Facts, PersonFacts, Question, Rules, decide, facts_needed
from bot.messages.actions import Action, read_request_value
from bot.messages.confirm_form import confirm_errors, confirm_view
from bot.messages.parse_errors import explain
from bot.outbox.read_model import request_facts
from bot.requests.action import question_about
from storage import requests
from storage.enums import RequestState
from storage.models import Request

_ACTS = {
    Action.GO_AHEAD: (Act.GO_AHEAD, {RequestState.CONFIRMING}),
    Action.ASK_APPROVAL: (Act.GO_AHEAD, {RequestState.CONFIRMING}),
    Action.EMERGENCY: (Act.EMERGENCY, {RequestState.CONFIRMING, RequestState.WAITING}),
    Action.APPROVE: (Act.APPROVE, {RequestState.WAITING}),
    Action.DECLINE: (Act.DECLINE, {RequestState.WAITING}),
}
"""The buttons that may open a form, with the states in which pressing them can still come to something."""


@dataclass(frozen=True, slots=True)
class FilledConfirmForm:
    """What a submitted form holds, as typed."""

    number: str | None
    words: str


def form_of(
    session: Session, rules: Rules, action: str, value: str, person: str, draft_id: str
) -> dict[str, Any] | None:
    """The form that this press opens first; None where it opens none, or would come to nothing anyway: then the press
    is answered like any other, with the reason."""
    pressed = read_request_value(value)
    if pressed is None or action not in _ACTS:
        return None
    act, states = _ACTS[Action(action)]
    request = requests.find(session, pressed.public_id)
    if request is None or request.state not in states:
        return None
    question = replace(question_about(request, act, person), has_reason=True)
    # Without a look at Slack: whoever is refused for certain is told at once, not after they have typed.
    verdict = decide(rules, question, _without_slack(rules, question))
    if not verdict.allowed and not verdict.code.transient:
        return None
    if act is not Act.DECLINE and (request.revision != pressed.number or not verdict.type_to_confirm):
        return None
    with_number = act is not Act.DECLINE
    facts = request_facts(session, request)
    return confirm_view(Action(action), facts, draft_id, with_number=with_number, reasons=rules.reasons)


def _without_slack(rules: Rules, question: Question) -> Facts:
    """What can be guessed of who is who before Slack is asked: two ids of one person are of two kinds, `U…` and `W…`.
    A wrong guess costs or spares a form; what is done is decided by the policy when the press is handled."""
    needed = facts_needed(rules, question)
    others = {each: False for each in (*needed.named, *needed.same_as) if each[:1] == question.person[:1]}
    return Facts(PersonFacts(same=others))


def request_pressed(session: Session, value: str) -> Request | None:
    """The request that a button of this value is about."""
    pressed = read_request_value(value)
    return requests.find(session, pressed.public_id) if pressed is not None else None


def mistakes(request: Request, action: str, filled: FilledConfirmForm) -> dict[str, str]:
    """What is wrong with each field, as the person reads it beside the field; empty where all is well."""
    number = words = ""
    if filled.number is not None and read_number(filled.number) != request.order_count:
        number = f"This is about {request.order_count:,} orders. Look at it again, and type that number or go back."
    read = read_reason(filled.words)
    if isinstance(read, ReasonTooLong):
        words = explain(read)
    elif read is None and action == Action.EMERGENCY and request.reason is None:
        words = "Say why: nobody goes ahead alone without a reason."
    return confirm_errors(number, words)


def read_number(typed: str) -> int | None:
    """A number as people type it: `1000`, `1,000`, `1 000`, `١٠٠٠`; None for anything else."""
    digits = "".join(each for each in closed_format(typed) if not each.isspace() and each not in ",.'’،٬")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else None
