"""Buttons that need more input: opens their form at once, and reads it when it is submitted."""

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack, App

from bot.context import rules_of
from bot.deliveries.payloads import BlockAction, ConfirmFormOpened, read_draft
from bot.domain.commands.reasons import read_reason
from bot.listeners.intake import Body, Intake
from bot.messages import confirm_form
from bot.messages.answers import confirm_form_not_opened, form_gone
from bot.messages.message import Message
from bot.requests.form_needed import FilledConfirmForm, form_of, mistakes, read_number, request_of_button
from storage import deliveries
from storage.db.transactions import StorageUnavailable
from storage.deliveries import Incoming


def open_first(intake: Intake, body: Body, block_action: BlockAction, same: tuple[str, ...]) -> bool | Message:
    """Opens the form this click needs. False: none needed. A message: the click could not be read or stored."""
    draft = ConfirmFormOpened(**block_action.model_dump()).incoming(same, body.get("response_url"))
    rules = rules_of(intake.settings)
    try:
        with intake.database.read() as session:
            view = form_of(session, rules, block_action.action, block_action.value, block_action.user, draft.id())
    except StorageUnavailable:
        return intake.could_not_record()
    if view is None:
        return False
    result = intake.keep(draft, due=False)
    if result is True:
        # The trigger expires after three seconds, so this call gets its own thread.
        intake.soon(lambda: _open(intake, body, view))
    return result if isinstance(result, Message) else True


def listen(app: App, intake: Intake) -> None:
    """Handle the submitted form."""

    @app.view(confirm_form.CONFIRM_FORM)
    def submitted(ack: Ack, body: dict[str, Any]) -> None:
        filled = _read(body["view"])
        try:
            incoming, errors = _awaited_action(intake, body, filled)
        except StorageUnavailable:
            incoming, errors = None, _error(filled, intake.in_field(intake.could_not_record()))
        if incoming is not None and isinstance(result := intake.keep(incoming), Message):
            errors = _error(filled, intake.in_field(result))
        if errors:
            ack(response_action="errors", errors=errors)
        else:
            ack()


def _awaited_action(intake: Intake, body: Body, filled: FilledConfirmForm) -> tuple[Incoming | None, dict[str, str]]:
    """Return the click that waits for this form, or the errors of its fields."""
    with intake.database.read() as session:
        row = deliveries.find(session, body["view"].get("private_metadata") or "")
        block_action = read_draft(ConfirmFormOpened, row, body["user"]["id"])
        request = request_of_button(session, block_action.value) if block_action is not None else None
    if row is None or block_action is None or request is None:
        return None, _error(filled, intake.in_field(form_gone()))
    if wrong := mistakes(request, block_action.action, filled):
        return None, wrong
    typed = None if filled.number is None else read_number(filled.number)
    whole = block_action.model_dump() | {"typed_number": typed, "words": read_reason(filled.words)}
    return BlockAction(**whole).incoming((row.id, str(body["view"].get("id"))), row.response_url), {}


def _open(intake: Intake, body: Body, view: Mapping[str, Any]) -> None:
    if not intake.open_form(str(body.get("trigger_id") or ""), view):
        intake.respond(body.get("response_url"), confirm_form_not_opened())


def _read(view: Body) -> FilledConfirmForm:
    values = (view.get("state") or {}).get("values") or {}
    number = values.get(confirm_form.NUMBER_BLOCK, {}).get(confirm_form.NUMBER_ACTION, {})
    words = values.get(confirm_form.WORDS_BLOCK, {}).get(confirm_form.WORDS_ACTION, {})
    blocks = {block.get("block_id") for block in view.get("blocks") or []}
    asked = confirm_form.NUMBER_BLOCK in blocks | values.keys()
    return FilledConfirmForm(number.get("value") or "" if asked else None, words.get("value") or "")


def _error(filled: FilledConfirmForm, words: str) -> dict[str, str]:
    """Put the error at the field that the form has."""
    return (
        confirm_form.confirm_errors(number=words)
        if filled.number is not None
        else confirm_form.confirm_errors(words=words)
    )
