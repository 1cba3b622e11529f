"""Turns what people type and press into deliveries, and shows the bot's answers as Slack does."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack import payloads
from bot.sandbox.slack.blocks import Surface
from bot.sandbox.slack.core import Core
from bot.sandbox.slack.faults import SlackError
from bot.sandbox.slack.response_url import add_answer
from bot.sandbox.slack.state import Notice, ResponseUrl, Source, View
from bot.sandbox.slack.views import change_view, checked_view, clear_stack, put_on_stack, take_off_stack

Json = dict[str, Any]

ACK_SECONDS = 3
Deliver = Callable[[str, bytes, dict[str, str]], tuple[int, str]]
"""Hands (kind, body, headers) to the bot and returns (HTTP status, body). Kinds: command, interactive, event.
`TimeoutError` means no answer in time, `ConnectionError` that nobody listens."""


@dataclass(frozen=True, slots=True)
class SlackDelivery:
    """One delivery and what became of it. `notice` is Slack's own complaint to the person, or empty."""

    kind: str
    payload: Json
    body: bytes
    headers: dict[str, str]
    status: int
    answer: str
    notice: str

    @property
    def ok(self) -> bool:
        """Whether the person saw no complaint."""
        return not self.notice


def deliver(core: Core, handler: Deliver, kind: str, payload: Json) -> SlackDelivery:
    """Sign and deliver a payload, then show the bot's answer to the person as Slack would."""
    content_type, body = payloads.encoded(kind, payload)
    try:
        delivery = attempt(core, handler, kind, payload, body, payloads.signed(core, content_type, body))
    except BaseException:  # the bot died during the delivery: the person sees that too, before anybody else does
        with core.changing():
            _complain(core, kind, payload, "dispatch_failed")
        raise
    with core.changing():
        notice = delivery.notice or _show(core, payload, kind, delivery.answer)
        delivery = SlackDelivery(kind, payload, body, delivery.headers, delivery.status, delivery.answer, notice)
        if notice:
            _complain(core, kind, payload, notice)
    return delivery


def attempt(
    core: Core, handler: Deliver, kind: str, payload: Json, body: bytes, headers: dict[str, str]
) -> SlackDelivery:
    """Deliver once without showing the answer to anybody. The lock is not held: the bot may call back."""
    started = core.now()
    status, answer, notice = 0, "", ""
    try:
        status, answer = handler(kind, body, headers)
    except TimeoutError:
        notice = "operation_timeout"
    except ConnectionError:
        notice = "dispatch_failed"
    if not notice and core.now() - started > ACK_SECONDS:
        notice = "operation_timeout"
    if not notice and status != 200:
        notice = "dispatch_failed"
    return SlackDelivery(kind, payload, body, headers, status, answer, notice)


def _complain(core: Core, kind: str, payload: Json, notice: str) -> None:
    if kind == "event":
        return
    user = payload["user_id"] if kind == "command" else payload["user"]["id"]
    channel = payload.get("channel_id") or payload.get("channel", {}).get("id", "")
    words = f'{payload["command"]} failed with the error "{notice}"' if kind == "command" else notice
    entry = Notice(core.state.new_id("N"), user, channel, words, core.now())
    core.state.notices[entry.id] = entry


def _show(core: Core, payload: Json, kind: str, answer: str) -> str:
    try:
        if kind == "command":
            _show_command(core, payload, answer)
        elif payload["type"] == "view_submission":
            _show_submission(core, payload, answer)
    except SlackError as error:
        return error.code
    except ValueError:
        return "invalid_answer"
    return ""


def _show_command(core: Core, payload: Json, answer: str) -> None:
    body = _read(answer)
    in_channel = body.get("response_type") == "in_channel"
    if in_channel:
        typed = f"{payload['command']} {payload['text']}".strip()
        core.add_post(payload["channel_id"], payload["user_id"], typed, None, source=Source.PERSON)
    if body.get("text") or body.get("blocks"):
        entry = ResponseUrl("", payload["user_id"], payload["channel_id"], core.now())
        add_answer(core, entry, body, Source.ACK)
    elif body and not in_channel:
        raise SlackError("no_text")


def _read(answer: str) -> Json:
    if not answer.strip():
        return {}
    if not answer.lstrip().startswith("{"):
        return {"text": answer}
    body: Json = json.loads(answer)
    return body


def _show_submission(core: Core, payload: Json, answer: str) -> None:
    view = core.state.views.get(payload["view"]["id"])
    if view is None:
        return
    body: Json = json.loads(answer) if answer.strip() else {}
    match body.get("response_action"):
        case None if not body:
            take_off_stack(core, view)
        case "clear":
            clear_stack(core, view.user)
        case "errors":
            _show_errors(view, body.get("errors"))
        case "update":
            change_view(core, view, checked_view(body.get("view"), Surface.MODAL))
        case "push":
            put_on_stack(core, view.user, checked_view(body.get("view"), Surface.MODAL))
        case _:
            raise SlackError("invalid_response_action")


def _show_errors(view: View, errors: object) -> None:
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise SlackError("invalid_errors")
    if not all(isinstance(words, str) and words for words in errors.values()):
        raise SlackError("invalid_errors")
    view.errors = dict(errors)
