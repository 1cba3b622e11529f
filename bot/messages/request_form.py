"""PURE: the form that opens when nothing is typed: its view, its fields' names, its errors."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot.domain.commands.reasons import LONGEST_REASON
from bot.domain.commands.typed_text import tidy
from bot.domain.files.order_file import LARGEST_FILE
from bot.messages.document import ChannelName, CommandText, Line
from bot.messages.inline import cut
from bot.messages.names import DEFAULT, Names
from bot.messages.render import render, rich_text
from bot.messages.view_models import RulesFacts
from bot.messages.words import counted, listed, orders, paragraph

FORM = "cancel_form"
"""The view's `callback_id`."""

IDS_BLOCK, FILE_BLOCK, MENU_BLOCK, REASON_BLOCK = "ids", "file", "reason_listed", "reason"
"""The `block_id` of each field, by which errors are shown."""

IDS_ACTION, FILE_ACTION, MENU_ACTION, REASON_ACTION = "ids_typed", "file_chosen", "reason_chosen", "reason_typed"
"""The `action_id` of each field's element."""

LONGEST_IDS = 3000
"""Characters in the text area, by Slack's limit."""

_FIT = LONGEST_IDS // 26
"""So many Fincart order ids of 24 characters fit, with a comma and a space between."""

_LONGEST_ERROR = 300

Json = dict[str, Any]


def form_view(draft_id: str, channel: str, rules: RulesFacts, ids: str = "", found: int | None = None) -> Json:
    """The modal. `draft_id` comes back as its `private_metadata`. `found`: so many ids were in the message whose
    shortcut opened it, of which `ids` holds those that fit."""
    looked = () if found is None else (_found(found, len(ids.split())),)
    blocks: list[Json] = [
        rich_text((*looked, *_intro(channel, rules.max_orders))),
        _ids_field(ids),
        _file_field(),
        *_reason_fields(rules),
    ]
    return {
        "type": "modal",
        "callback_id": FORM,
        "private_metadata": draft_id,
        "title": plain("Cancel orders"),
        "submit": plain("Preview"),
        "close": plain("Close"),
        "blocks": blocks,
    }


def form_not_known_view(names: Names = DEFAULT) -> Json:
    """What a form of an older version of the bot turns into when it is submitted."""
    line = paragraph(
        "This form is from an older version of the bot. Nothing was done.",
        ("Open a new one: type ", CommandText(), " with nothing after it."),
    )
    return {
        "type": "modal",
        "callback_id": "not_known",
        "title": plain("Cancel orders"),
        "close": plain("Close"),
        "blocks": list(render((line,), replace(names, installation=None)).blocks),
    }


def form_errors(ids: str = "", file: str = "", menu: str = "", reason: str = "") -> dict[str, str]:
    """What `response_action: errors` carries, of the words for each field; empty where all are fine."""
    given = {IDS_BLOCK: ids, FILE_BLOCK: file, MENU_BLOCK: menu, REASON_BLOCK: reason}
    return {block: cut(tidy(words), _LONGEST_ERROR) for block, words in given.items() if words}


def reason_required(reasons: Sequence[str]) -> str:
    """What stands beside the reason where one is required, or one of these, and none is given."""
    if not reasons:
        return "Say why: a reason is required here."
    return f"Say why, with one of these; more can be added in your own words: {listed(reasons, 180).text}"


def _intro(channel: str, max_orders: int) -> tuple[Line, ...]:
    return (
        ("Paste order ids, or choose a file, or both. Nothing is sent yet: a preview follows, which only you see.",),
        (f"At most {orders(max_orders)} in one request. Asked in ", ChannelName(channel), "."),
    )


def _found(found: int, fit: int) -> Line:
    if not found:
        return ("No order id was found in the message.",)
    here = f"{counted(found, 'order id')} found in the message"
    rest = f": the first {fit:,} are filled in, the other {found - fit:,} are NOT, for want of room."
    return (here + (rest if fit < found else ", filled in. Leave out what should stay."),)


def _ids_field(ids: str) -> Json:
    element: Json = {"type": "plain_text_input", "action_id": IDS_ACTION, "multiline": True, "max_length": LONGEST_IDS}
    element |= {"initial_value": ids[:LONGEST_IDS]} if ids else {}
    hint = "With spaces, commas or new lines between them. "
    hint += f"About {_FIT} ids of 24 characters fit; for more, choose a file."
    return text_field(IDS_BLOCK, "Order ids", element, hint, True)


def _file_field() -> Json:
    element: Json = {
        "type": "file_input",
        "action_id": FILE_ACTION,
        "filetypes": ["csv", "txt"],
        "max_files": 1,
    }
    hint = f"One id on each line, or a column named order_id. Up to {LARGEST_FILE // (1024 * 1024)} MB."
    return text_field(FILE_BLOCK, "Or a CSV or text file", element, hint, True)


def _reason_fields(rules: RulesFacts) -> tuple[Json, ...]:
    """The reason menu, if there is a list, and the text field."""
    element: Json = {"type": "plain_text_input", "action_id": REASON_ACTION, "max_length": LONGEST_REASON}
    hint = "Kept in the history for good, and shown in the channel."
    if not rules.reasons:
        return (text_field(REASON_BLOCK, "Reason", element, hint, not rules.require_reason),)
    own = "Added to the reason that is chosen." if rules.require_reason else "Added to the reason chosen, or instead."
    return (
        text_field(MENU_BLOCK, "Reason", _menu(rules.reasons), hint, not rules.require_reason),
        text_field(REASON_BLOCK, "In your own words", element, own, True),
    )


def _menu(reasons: Sequence[str]) -> Json:
    options = [{"text": plain(reason), "value": reason} for reason in reasons]
    placeholder = plain("Choose a reason")
    return {"type": "static_select", "action_id": MENU_ACTION, "placeholder": placeholder, "options": options}


def text_field(block_id: str, label: str, element: Json, hint: str, optional: bool) -> Json:
    """A field of a form, with its label and hint."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        "hint": plain(hint),
        "optional": optional,
    }


def plain(text: str) -> Json:
    """Text in which Slack formats nothing."""
    return {"type": "plain_text", "text": text, "emoji": False}
