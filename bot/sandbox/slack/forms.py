"""Filled-in forms: input values as in Slack's `state.values`, checked as Slack's form does."""

from typing import Any

from bot.sandbox.slack.core import Core
from bot.sandbox.slack.files import file_in_payload
from bot.sandbox.slack.render import elements_of

Json = dict[str, Any]


class NotOnScreen(Exception):
    """A person cannot do this: the element is not, or no longer, on their screen."""


def state_values(core: Core, blocks: list[Json], typed: Json) -> Json:
    """`state.values` for these blocks. `typed` maps a block_id or action_id to what was typed, picked or attached:
    a string, an option's value, a list of values, or a list of file ids. Initial values fill the rest."""
    values: Json = {}
    known: set[str] = set()
    for block, element in elements_of(blocks):
        names = (block["block_id"], element["action_id"])
        known.update(names)
        if element["type"] != "button" and element["type"] != "overflow":
            given = next((typed[name] for name in names if name in typed), None)
            values.setdefault(names[0], {})[names[1]] = _value(core, element, given)
    unknown = set(typed) - known
    if unknown:
        raise NotOnScreen(f"no such input: {', '.join(sorted(unknown))}")
    return values


def check_filled_in(blocks: list[Json], values: Json) -> None:
    """Raise for values that Slack's own form would not let a person submit."""
    for block, element in elements_of(blocks):
        if block["type"] != "input":
            continue
        name = block["block_id"]
        filled = _filled(values[name][element["action_id"]])
        if not filled and not block.get("optional"):
            raise NotOnScreen(f"{name} must be filled in")
        if isinstance(filled, str) and element["type"] == "plain_text_input":
            low, high = element.get("min_length", 0), element.get("max_length", 3000)
            if filled and not low <= len(filled) <= high:
                raise NotOnScreen(f"{name} takes {low} to {high} characters, not {len(filled)}")


def pressed(element: Json, block: Json, choice: str | None, at: float) -> Json:
    """The entry of `actions` for one element; `choice` is an option's value or a date."""
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": f"{at:.6f}",
    }
    match element["type"]:
        case "button":
            action["text"] = element["text"]
            for key in ("value", "style"):
                if key in element:
                    action[key] = element[key]
        case "datepicker":
            action["selected_date"] = choice
        case "checkboxes":
            action["selected_options"] = [_option(element, choice)] if choice else []
        case _:
            action["selected_option"] = _option(element, choice)
    return action


def _value(core: Core, element: Json, given: Any) -> Json:
    value: Json = {"type": element["type"]}
    match element["type"]:
        case "plain_text_input" | "number_input":
            value["value"] = given if given is not None else element.get("initial_value")
            value["value"] = value["value"] or None
        case "static_select" | "radio_buttons":
            initial = element.get("initial_option")
            value["selected_option"] = initial if given is None else _option(element, given)
        case "checkboxes":
            chosen = element.get("initial_options", [])
            value["selected_options"] = chosen if given is None else [_option(element, one) for one in given]
        case "datepicker":
            value["selected_date"] = given or element.get("initial_date")
        case "users_select":
            value["selected_user"] = given or element.get("initial_user")
        case "file_input":
            ids = list(given or [])
            if len(ids) > element.get("max_files", 10):
                raise NotOnScreen("too many files")
            value["files"] = [file_in_payload(core, core.state.files[file_id]) for file_id in ids]
    return value


def _option(element: Json, wanted: str | None) -> Json:
    groups = element.get("option_groups", [])
    options = [*element.get("options", []), *(option for group in groups for option in group["options"])]
    for option in options:
        if wanted in (option["value"], option["text"]["text"]):
            return dict(option)
    raise NotOnScreen(f"no option {wanted}")


def _filled(value: Json) -> object:
    return next((part for key, part in value.items() if key != "type"), None)
