"""Buttons that ask for something more: the form opens at once, and is read when it is submitted."""

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack, App

from bot.deliveries.payloads import ButtonPressed, ConfirmFormOpened, read_draft
from bot.domain.commands.parser import read_reason
from bot.domain.policy.decide import Rules
from bot.listeners.intake import Body, Intake
from bot.messages import confirm_form
from bot.messages.answers import form_gone, press_not_opened
from bot.messages.message import Message
from bot.requests.confirm_form import FilledConfirmForm, form_of, mistakes, read_number, request_pressed
from bot.slack.results import Ok
from storage import deliveries
from storage.db.transactions import StorageUnavailable
from storage.deliveries import Incoming


def open_first(intake: Intake, body: Body, press: ButtonPressed, same: tuple[str, ...]) -> bool | Message:
    """Open the form that this press asks for, keeping the press as its draft; False: it asks for none. A message: what
    it asks for could not be read or recorded."""
    draft = ConfirmFormOpened(**press.model_dump()).incoming(same, body.get("response_url"))
    rules = Rules.from_settings(intake.settings)
    try:
        with intake.database.read() as session:
            view = form_of(session, rules, press.action, press.value, press.user, draft.id())
    except StorageUnavailable:
        return intake.could_not_record()
    if view is None:
        return False
    kept = intake.keep(draft, due=False)
    if kept is True:
        # The trigger works for three seconds: this waits behind nothing.
        intake.soon(lambda: _open(intake, body, view))
    return kept if isinstance(kept, Message) else True


def listen(app: App, intake: Intake) -> None:
    """Handle the submitted form."""

    @app.view(confirm_form.CONFIRM_FORM)
    def submitted(ack: Ack, body: dict[str, Any]) -> None:
        filled = _read(body["view"])
        try:
            press, errors = _press(intake, body, filled)
        except StorageUnavailable:
            press, errors = None, _error(filled, intake.could_not_record().text)
        if press is not None and isinstance(kept := intake.keep(press), Message):
            errors = _error(filled, kept.text)
        if errors:
            ack(response_action="errors", errors=errors)
        else:
            ack()


def _press(intake: Intake, body: Body, filled: FilledConfirmForm) -> tuple[Incoming | None, dict[str, str]]:
    """The press that was waiting for this form, or what is wrong with what was typed."""
    with intake.database.read() as session:
        row = deliveries.find(session, body["view"].get("private_metadata") or "")
        press = read_draft(ConfirmFormOpened, row, body["user"]["id"])
        request = request_pressed(session, press.value) if press is not None else None
    if row is None or press is None or request is None:
        return None, _error(filled, form_gone().text)
    if wrong := mistakes(request, press.action, filled):
        return None, wrong
    typed = None if filled.number is None else read_number(filled.number)
    whole = press.model_dump() | {"typed_number": typed, "words": read_reason(filled.words)}
    return ButtonPressed(**whole).incoming((row.id, str(body["view"].get("id"))), row.response_url), {}


def _open(intake: Intake, body: Body, view: Mapping[str, Any]) -> None:
    opened = intake.slack.open_view(str(body.get("trigger_id") or ""), view)
    if not isinstance(opened, Ok):
        intake.respond(body.get("response_url"), press_not_opened())


def _read(view: Body) -> FilledConfirmForm:
    values = (view.get("state") or {}).get("values") or {}
    number = values.get(confirm_form.NUMBER_BLOCK, {}).get(confirm_form.NUMBER_ACTION, {})
    words = values.get(confirm_form.WORDS_BLOCK, {}).get(confirm_form.WORDS_ACTION, {})
    blocks = {block.get("block_id") for block in view.get("blocks") or []}
    asked = confirm_form.NUMBER_BLOCK in blocks | values.keys()
    return FilledConfirmForm(number.get("value") or "" if asked else None, words.get("value") or "")


def _error(filled: FilledConfirmForm, words: str) -> dict[str, str]:
    """At whichever field the form has."""
    return (
        confirm_form.confirm_errors(number=words)
        if filled.number is not None
        else confirm_form.confirm_errors(words=words)
    )
