"""The form: opened at once, read when it is submitted, its mistakes shown beside its fields."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_bolt import Ack, App

from bot.deliveries.payloads import FileGiven, RequestFormOpened, RequestFormSubmitted, read_draft
from bot.domain.commands.order_ids import OrderList, parse_order_ids
from bot.domain.commands.parser import ReasonTooLong, read_reason
from bot.domain.commands.reasons import GivenReason, with_listed
from bot.domain.files.order_file import LARGEST_FILE
from bot.domain.files.results import FileTooLarge
from bot.listeners.intake import Body, Intake
from bot.messages import form
from bot.messages.answers import form_gone, form_not_opened
from bot.messages.file_answers import file_trouble
from bot.messages.file_errors import explain_file
from bot.messages.message import Message
from bot.messages.parse_errors import explain
from bot.outbox.read_model import rules_facts
from bot.slack.results import Ok
from bot.slack.shared_file import SharedFile, shared_file
from storage import deliveries
from storage.db.transactions import StorageUnavailable
from storage.enums import Origin

_ANY = re.compile(r"[\s\S]*")


@dataclass(frozen=True, slots=True)
class FilledRequestForm:
    """What a submitted form holds."""

    ids: str
    reason: str
    file: SharedFile | None
    listed: str | None = None
    """The reason that was chosen from the menu."""
    has_menu: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """Who is to be shown the form, where they are, how they came to it, and the ids it is filled in with."""

    trigger: str
    identity: tuple[str, ...]
    person: str
    team: str
    channel: str
    response_url: str | None
    origin: Origin = Origin.FORM
    ids: tuple[str, ...] = ()


def open_form(intake: Intake, opening: Opening) -> Message | None:
    """Keep a draft and open the form. A message: the draft could not be recorded."""
    opened = RequestFormOpened(team=opening.team, user=opening.person, channel=opening.channel, origin=opening.origin)
    draft = opened.incoming(opening.identity, opening.response_url)
    kept = intake.keep(draft, due=False)
    if kept is True:
        view = form.form_view(
            draft.id(),
            opening.channel,
            rules_facts(intake.settings),
            ids=_fitting(opening.ids),
            found=len(opening.ids) if opening.origin is Origin.SHORTCUT else None,
        )
        # The trigger works for three seconds: this waits behind nothing.
        intake.soon(lambda: _open(intake, opening, view))
    return kept if isinstance(kept, Message) else None


def listen(app: App, intake: Intake) -> None:
    """Handle the submitted form."""

    @app.view(form.FORM)
    def submitted(ack: Ack, body: dict[str, Any]) -> None:
        filled = _read(body["view"])
        errors = _mistakes(intake, filled)
        if errors:
            ack(response_action="errors", errors=errors)
            return
        try:
            with intake.database.read() as session:
                row = deliveries.find(session, body["view"].get("private_metadata") or "")
        except StorageUnavailable:
            ack(response_action="errors", errors=form.form_errors(ids=intake.could_not_record().text))
            return
        opened = read_draft(RequestFormOpened, row, body["user"]["id"])
        if row is None or opened is None:
            ack(response_action="errors", errors=form.form_errors(ids=form_gone().text))
            return
        why, file = _why(intake, filled), _given(filled.file)
        assert isinstance(why, GivenReason)
        said = RequestFormSubmitted(
            **opened.model_dump(), ids=filled.ids, reason=why.words, reason_listed=why.listed, file=file
        )
        kept = intake.keep(said.incoming((row.id, str(body["view"].get("id"))), row.response_url))
        if isinstance(kept, Message):
            ack(response_action="errors", errors=form.form_errors(ids=kept.text))
        else:
            ack()


def _open(intake: Intake, opening: Opening, view: Mapping[str, Any]) -> None:
    opened = intake.slack.open_view(opening.trigger, view)
    if not isinstance(opened, Ok):
        intake.respond(opening.response_url, form_not_opened())


def _fitting(ids: tuple[str, ...]) -> str:
    """As many whole ids, one on each line, as the text area holds: half an id must never be left in it."""
    text = ""
    for order_id in ids:
        longer = f"{text}\n{order_id}" if text else order_id
        if len(longer) > form.LONGEST_IDS:
            break
        text = longer
    return text


def _mistakes(intake: Intake, filled: FilledRequestForm) -> dict[str, str]:
    """What is wrong with each field, as the person reads it beside the field."""
    ids = file = ""
    if filled.ids.strip():
        read = parse_order_ids(filled.ids)
        ids = "" if isinstance(read, OrderList) else explain(read)
    elif filled.file is None:
        ids = "Paste at least one order id here, or choose a file."
    if filled.file is not None and filled.file.trouble is not None:
        file = file_trouble(filled.file.trouble, intake.settings.contact)
    elif filled.file is not None and filled.file.size > LARGEST_FILE:
        file = explain_file(FileTooLarge(filled.file.size, LARGEST_FILE))
    return form.form_errors(ids=ids, file=file, **_reason_mistakes(intake, filled))


def _why(intake: Intake, filled: FilledRequestForm) -> GivenReason | ReasonTooLong:
    """The reason that was chosen, with the words added to it; or the words, with the reason that they begin with."""
    words = read_reason(filled.reason)
    if isinstance(words, ReasonTooLong):
        return words
    if filled.listed is None:
        return GivenReason.typed(words, intake.settings.reasons)
    whole = read_reason(with_listed(filled.listed, words))
    return GivenReason(whole, filled.listed) if not isinstance(whole, ReasonTooLong) else whole


def _reason_mistakes(intake: Intake, filled: FilledRequestForm) -> dict[str, str]:
    """What is wrong with the reason, by the name of the field in `form_errors`."""
    reasons = intake.settings.reasons
    if filled.listed is not None and filled.listed not in reasons:
        return {"menu": "That reason is not on the list any more. Choose another, or open the form anew."}
    why = _why(intake, filled)
    if isinstance(why, ReasonTooLong):
        return {"reason": explain(why)}
    if not intake.settings.require_reason or why.listed is not None or (why.words is not None and not reasons):
        return {}
    said = form.reason_required(reasons)
    # A form that was opened before there was a list has no menu.
    return {"menu": said} if filled.has_menu else {"reason": said}


def _given(file: SharedFile | None) -> FileGiven | None:
    return FileGiven(id=file.id, name=file.name, size=file.size, url=file.url) if file is not None else None


def _read(view: Body) -> FilledRequestForm:
    values = (view.get("state") or {}).get("values") or {}
    ids = values.get(form.IDS_BLOCK, {}).get(form.IDS_ACTION, {}).get("value") or ""
    reason = values.get(form.REASON_BLOCK, {}).get(form.REASON_ACTION, {}).get("value") or ""
    chosen = values.get(form.MENU_BLOCK, {}).get(form.MENU_ACTION, {}).get("selected_option") or {}
    has_menu = form.MENU_BLOCK in {*values, *(block.get("block_id") for block in view.get("blocks") or [])}
    files = values.get(form.FILE_BLOCK, {}).get(form.FILE_ACTION, {}).get("files") or []
    return FilledRequestForm(ids, reason, shared_file(files[0]) if files else None, chosen.get("value"), has_menu)
