"""Decides which buttons open a form first, and what is wrong with its input.

It authorizes nothing: the click is checked when it is handled, with or without a form.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from bot.domain.commands.reasons import BadReason, read_reason
from bot.domain.commands.typed_text import closed_format
from bot.domain.policy.decide import Act, Facts, PersonFacts, Question, Rules, decide, facts_needed
from bot.messages.actions import Action, read_request_value
from bot.messages.confirm_form import confirm_errors, confirm_view
from bot.messages.parse_errors import explain_reason
from bot.outbox.read_model import request_facts
from bot.requests.handle_action import question_about
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
"""Buttons that may open a form, with the states in which a click can still succeed."""


@dataclass(frozen=True, slots=True)
class FilledConfirmForm:
    """The input of a submitted form, as typed."""

    number: str | None
    words: str


def form_of(
    session: Session, rules: Rules, action: Action, value: str, person: str, draft_id: str
) -> dict[str, Any] | None:
    """The form to open for this click. None if it needs none or must fail: then it is answered like any other."""
    about = read_request_value(value)
    if about is None or action not in _ACTS:
        return None
    act, states = _ACTS[action]
    request = requests.find(session, about.public_id)
    if request is None or request.state not in states:
        return None
    question = replace(question_about(request, act, person), has_reason=True)
    # Does not ask Slack. A person who is certain to be refused hears it before they type.
    verdict = decide(rules, question, _without_slack(rules, question))
    if not verdict.allowed and not verdict.code.transient:
        return None
    if act is not Act.DECLINE and (request.revision != about.number or not verdict.type_to_confirm):
        return None
    with_number = act is not Act.DECLINE
    facts = request_facts(session, request)
    return confirm_view(action, facts, draft_id, with_number=with_number, reasons=rules.reasons)


def _without_slack(rules: Rules, question: Question) -> Facts:
    """Guess who is who without asking Slack: two ids of one person are of two kinds, `U…` and `W…`.

    A wrong guess adds or skips a form; the policy decides when the click is handled.
    """
    needed = facts_needed(rules, question)
    others = {each: False for each in (*needed.named, *needed.same_as) if each[:1] == question.person[:1]}
    return Facts(PersonFacts(same=others))


def request_of_button(session: Session, value: str) -> Request | None:
    """The request of a button with this value."""
    about = read_request_value(value)
    return requests.find(session, about.public_id) if about is not None else None


def mistakes(request: Request, action: Action, filled: FilledConfirmForm) -> dict[str, str]:
    """An error message for each wrong field; empty if all are right."""
    number = words = ""
    if filled.number is not None and read_number(filled.number) != request.order_count:
        number = f"This is about {request.order_count:,} orders. Look at it again, and type that number or go back."
    read = read_reason(filled.words)
    if isinstance(read, BadReason):
        words = explain_reason(read)
    elif read is None and action is Action.EMERGENCY and request.reason is None:
        words = "Say why: nobody goes ahead alone without a reason."
    return confirm_errors(number, words)


def read_number(typed: str) -> int | None:
    """Read a number as people type it: `1000`, `1,000`, `1 000`, `١٠٠٠`. None for anything else."""
    digits = "".join(each for each in closed_format(typed) if not each.isspace() and each not in ",.'’،٬")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else None
