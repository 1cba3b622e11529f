"""The stand-in's modals and Home tab: `views.*`."""

from typing import Any

from bot.sandbox.slack.blocks import Surface, numbered, view_is_too_large, view_problems
from bot.sandbox.slack.core import Core
from bot.sandbox.slack.faults import SlackError
from bot.sandbox.slack.state import Trigger, View

Json = dict[str, Any]

TRIGGER_SECONDS = 3
MOST_STACKED = 3


def views_open(core: Core, params: Json) -> Json:
    """`views.open`: a new modal, by a trigger not older than 3 seconds and not used before."""
    content = checked_view(params.get("view"), Surface.MODAL)
    trigger = _trigger(core, params)
    clear_stack(core, trigger.user)
    return {"view": view_json(core, put_on_stack(core, trigger.user, content))}


def views_push(core: Core, params: Json) -> Json:
    """`views.push`: on top of the modal that the trigger came from; at most three are stacked."""
    content = checked_view(params.get("view"), Surface.MODAL)
    trigger = _trigger(core, params)
    if trigger.view_id not in core.state.stacks.get(trigger.user, []):
        raise SlackError("invalid_trigger_id")
    return {"view": view_json(core, put_on_stack(core, trigger.user, content))}


def views_update(core: Core, params: Json) -> Json:
    """`views.update` by `view_id` or `external_id`, guarded by `hash` where it is given."""
    wanted = str(params.get("view_id") or ""), str(params.get("external_id") or "")
    view = next((view for view in core.state.views.values() if _is(view, *wanted)), None)
    if view is None:
        raise SlackError("not_found")
    kind = Surface(view.content["type"])
    content = checked_view(params.get("view"), kind)
    if params.get("hash") and params["hash"] != view.hash:
        raise SlackError("hash_conflict")
    change_view(core, view, content)
    return {"view": view_json(core, view)}


def views_publish(core: Core, params: Json) -> Json:
    """`views.publish`: the Home tab of one person."""
    user = str(params.get("user_id") or "")
    if user not in core.state.people:
        raise SlackError("invalid_arguments")
    content = checked_view(params.get("view"), Surface.HOME)
    view = core.state.views.get(core.state.homes.get(user, ""))
    if view is None:
        view = _new_view(core, user, content)
        core.state.homes[user] = view.id
    elif params.get("hash") and params["hash"] != view.hash:
        raise SlackError("hash_conflict")
    else:
        change_view(core, view, content)
    return {"view": view_json(core, view)}


def checked_view(view: object, surface: Surface) -> Json:
    """The view as sent; raises as Slack answers for what it would refuse."""
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments")
    problems = view_problems(view, (surface,))
    if problems:
        raise SlackError("invalid_arguments", response_metadata={"messages": problems})
    if view_is_too_large(view):
        raise SlackError("view_too_large")
    return view


def put_on_stack(core: Core, user: str, content: Json) -> View:
    """Show a modal on top of those already open."""
    stack = core.state.stacks.setdefault(user, [])
    if len(stack) >= MOST_STACKED:
        raise SlackError("push_limit_reached")
    view = _new_view(core, user, content)
    view.previous_id, view.root_id = (stack[-1], stack[0]) if stack else ("", view.id)
    stack.append(view.id)
    return view


def change_view(core: Core, view: View, content: Json) -> None:
    """Replace what a view shows; its hash changes and errors go."""
    view.content = {**content, "blocks": numbered(content["blocks"], f"v{view.id[-4:]}")}
    view.hash = core.state.new_ts(core.now()) + ".hash"
    view.errors = {}


def take_off_stack(core: Core, view: View) -> None:
    """Close one modal; the one below shows again."""
    stack = core.state.stacks.get(view.user, [])
    if view.id in stack:
        stack.remove(view.id)
        core.state.views.pop(view.id)


def clear_stack(core: Core, user: str) -> None:
    """Close all modals of a person."""
    for view_id in core.state.stacks.pop(user, []):
        core.state.views.pop(view_id, None)


def view_json(core: Core, view: View, values: Json | None = None) -> Json:
    """A view as the Web API and the payloads show it, with the values typed so far."""
    content = view.content
    return {
        "id": view.id,
        "team_id": core.state.team_id,
        "type": content["type"],
        "title": content.get("title"),
        "submit": content.get("submit"),
        "close": content.get("close"),
        "blocks": content["blocks"],
        "private_metadata": content.get("private_metadata", ""),
        "callback_id": content.get("callback_id", ""),
        "external_id": view.external_id,
        "clear_on_close": content.get("clear_on_close", False),
        "notify_on_close": content.get("notify_on_close", False),
        "state": {"values": values or {}},
        "hash": view.hash,
        "previous_view_id": view.previous_id or None,
        "root_view_id": view.root_id or view.id,
        "app_id": core.state.app_id,
        "app_installed_team_id": core.state.team_id,
        "bot_id": core.state.bot_id,
    }


def _new_view(core: Core, user: str, content: Json) -> View:
    name = str(content.get("external_id") or "")
    if name and any(view.external_id == name for view in core.state.views.values()):
        raise SlackError("duplicate_external_id")
    view = View(core.state.new_id("V"), user, content, "", external_id=name)
    change_view(core, view, content)
    core.state.views[view.id] = view
    return view


def _is(view: View, view_id: str, external_id: str) -> bool:
    return view.id == view_id if view_id else bool(external_id) and view.external_id == external_id


def _trigger(core: Core, params: Json) -> Trigger:
    trigger = core.state.triggers.get(str(params.get("trigger_id")))
    if trigger is None:
        raise SlackError("invalid_trigger_id")
    if core.now() - trigger.created > TRIGGER_SECONDS:
        raise SlackError("expired_trigger_id")
    if trigger.used:
        raise SlackError("exchanged_trigger_id")
    trigger.used = True
    return trigger
