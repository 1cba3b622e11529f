"""PURE: the form that a button opens: the number of orders typed, a reason or a comment given."""

from collections.abc import Sequence
from typing import Any

from bot.domain.commands.reasons import LONGEST_REASON
from bot.domain.commands.typed_text import tidy
from bot.messages.actions import Action
from bot.messages.document import CodeText
from bot.messages.inline import cut
from bot.messages.layout import people_line, story
from bot.messages.render import rich_text
from bot.messages.request_form import plain, text_field
from bot.messages.view_models import RequestFacts
from bot.messages.words import listed, orders

CONFIRM_FORM = "confirm_press"
"""The view's `callback_id`."""

NUMBER_BLOCK, WORDS_BLOCK = "number", "words"
"""The `block_id` of each field, by which errors are shown."""

NUMBER_ACTION, WORDS_ACTION = "number_typed", "words_typed"
"""The `action_id` of each field's element."""

_LONGEST_ERROR = 300

Json = dict[str, Any]

_TITLE = {
    Action.GO_AHEAD: "Cancel orders",
    Action.ASK_APPROVAL: "Ask for approval",
    Action.APPROVE: "Approve",
    Action.DECLINE: "Decline",
    Action.EMERGENCY: "Emergency",
}

_CONSEQUENCE = {
    Action.GO_AHEAD: "Submitting this form has the cancellation sent to Fincart. It cannot be undone.",
    Action.ASK_APPROVAL: "Others are asked to approve this; with their approval it is sent. That cannot be undone.",
    Action.APPROVE: "With the last approval needed it is sent to Fincart. That cannot be undone.",
    Action.DECLINE: "Nothing of this request is sent then.",
    Action.EMERGENCY: "Submitting this form has the cancellation sent to Fincart without anybody's approval. It is "
    "told in the audit channel, marked in the history for ever, and cannot be undone.",
}


def confirm_view(
    action: Action, facts: RequestFacts, draft_id: str, *, with_number: bool, reasons: Sequence[str] = ()
) -> Json:
    """The modal of this button. `draft_id` comes back as its `private_metadata`; `reasons` are those of the list."""
    acted = {Action.DECLINE: "Decline: cancel"}.get(action, "Cancel")
    asked = story(facts, f"{acted} {orders(facts.order_count)}?")
    blocks = [rich_text((asked, (_CONSEQUENCE[action],), (CodeText(facts.public_id), " · ", *people_line(facts))))]
    if with_number:
        hint = f"Type {facts.order_count}, so that it is surely this many."
        element: Json = {"type": "plain_text_input", "action_id": NUMBER_ACTION, "max_length": 20}
        blocks.append(text_field(NUMBER_BLOCK, "How many orders?", element, hint, optional=False))
    if asks := _words(action, facts, reasons):
        label, hint, optional = asks
        element = {"type": "plain_text_input", "action_id": WORDS_ACTION, "max_length": LONGEST_REASON}
        blocks.append(text_field(WORDS_BLOCK, label, element | {"multiline": True}, hint, optional=optional))
    return {
        "type": "modal",
        "callback_id": CONFIRM_FORM,
        "private_metadata": draft_id,
        "title": plain(_TITLE[action]),
        "submit": plain(_TITLE[action]),
        "close": plain("Back"),
        "blocks": blocks,
    }


def confirm_errors(number: str = "", words: str = "") -> dict[str, str]:
    """What `response_action: errors` carries, of the words for each field; empty where all are fine."""
    given = {NUMBER_BLOCK: number, WORDS_BLOCK: words}
    return {block: cut(tidy(words), _LONGEST_ERROR) for block, words in given.items() if words}


def _words(action: Action, facts: RequestFacts, reasons: Sequence[str]) -> tuple[str, str, bool] | None:
    """The field for words, where this button has one: its label, its hint, whether it may be left empty."""
    shown = "Kept in the history for good, and shown in the channel."
    match action:
        case Action.APPROVE:
            return "Comment", shown, True
        case Action.DECLINE:
            return "Why?", f"The requester reads it. {shown}", True
        case Action.EMERGENCY if facts.reason is None:
            which = f" One of the list, if one fits: {listed(reasons).text}." if reasons else ""
            return "Reason", f"{shown}{which}", False
        case _:
            return None
