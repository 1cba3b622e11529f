"""The form: opens at once, is read when submitted, and shows errors beside its fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_bolt import Ack, App

from bot.context import rules_of
from bot.deliveries.payloads import FileGiven, RequestFormOpened, RequestFormSubmitted, read_draft
from bot.domain.commands.order_ids import OrderList, parse_order_ids
from bot.domain.commands.reasons import BadReason, GivenReason, read_reason, with_listed
from bot.domain.files.order_file import LARGEST_FILE
from bot.domain.files.results import FileTooLarge
from bot.listeners.intake import Body, Intake
from bot.messages import request_form
from bot.messages.answers import form_gone, form_not_opened
from bot.messages.file_answers import file_trouble
from bot.messages.file_errors import explain_file
from bot.messages.message import Message
from bot.messages.parse_errors import explain, explain_reason
from bot.outbox.read_model import rules_facts
from bot.slack.shared_file import SharedFile, shared_file
from storage import deliveries
from storage.db.transactions import StorageUnavailable
from storage.enums import Origin


@dataclass(frozen=True, slots=True)
class FilledRequestForm:
    """The values of a submitted form."""

    ids: str
    reason: str
    file: SharedFile | None
    listed: str | None = None
    """The reason that was chosen from the menu."""
    has_menu: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """Who opens the form, where, by which way, and the ids to prefill."""

    trigger: str
    identity: tuple[str, ...]
    person: str
    team: str
    channel: str
    response_url: str | None
    origin: Origin = Origin.FORM
    ids: tuple[str, ...] = ()


def open_form(intake: Intake, opening: Opening) -> Message | None:
    """Store a draft and open the form. Returns a message if the draft could not be recorded."""
    opened = RequestFormOpened(team=opening.team, user=opening.person, channel=opening.channel, origin=opening.origin)
    draft = opened.incoming(opening.identity, opening.response_url)
    result = intake.keep(draft, due=False)
    if result is True:
        view = request_form.form_view(
            draft.id(),
            opening.channel,
            rules_facts(intake.settings),
            ids=_fitting(opening.ids),
            found=len(opening.ids) if opening.origin is Origin.SHORTCUT else None,
        )
        # The trigger expires after three seconds, so this call gets its own thread.
        intake.soon(lambda: _open(intake, opening, view))
    return result if isinstance(result, Message) else None


def listen(app: App, intake: Intake) -> None:
    """Handle the submitted form."""

    @app.view(request_form.FORM)
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
            ack(
                response_action="errors",
                errors=request_form.form_errors(ids=intake.in_field(intake.could_not_record())),
            )
            return
        opened = read_draft(RequestFormOpened, row, body["user"]["id"])
        if row is None or opened is None:
            ack(response_action="errors", errors=request_form.form_errors(ids=intake.in_field(form_gone())))
            return
        why, file = _why(intake, filled), _given(filled.file)
        assert isinstance(why, GivenReason)
        payload = RequestFormSubmitted(
            **opened.model_dump(), ids=filled.ids, reason=why.words, reason_listed=why.listed, file=file
        )
        result = intake.keep(payload.incoming((row.id, str(body["view"].get("id"))), row.response_url))
        if isinstance(result, Message):
            ack(response_action="errors", errors=request_form.form_errors(ids=intake.in_field(result)))
        else:
            ack()


def _open(intake: Intake, opening: Opening, view: Mapping[str, Any]) -> None:
    if not intake.open_form(opening.trigger, view):
        intake.respond(opening.response_url, form_not_opened())


def _fitting(ids: tuple[str, ...]) -> str:
    """Return as many whole ids, one a line, as fit the text area: an id must never be cut."""
    text = ""
    for order_id in ids:
        longer = f"{text}\n{order_id}" if text else order_id
        if len(longer) > request_form.LONGEST_IDS:
            break
        text = longer
    return text


def _mistakes(intake: Intake, filled: FilledRequestForm) -> dict[str, str]:
    """Return each field's error, as shown beside it."""
    ids = file = ""
    if filled.ids.strip():
        read = parse_order_ids(filled.ids)
        ids = "" if isinstance(read, OrderList) else explain(read, intake.names.command)
    elif filled.file is None:
        ids = "Paste at least one order id here, or choose a file."
    if filled.file is not None and filled.file.trouble is not None:
        file = file_trouble(filled.file.trouble, intake.settings.contact)
    elif filled.file is not None and filled.file.size > LARGEST_FILE:
        file = explain_file(FileTooLarge(filled.file.size, LARGEST_FILE))
    return request_form.form_errors(ids=ids, file=file, **_reason_mistakes(intake, filled))


def _why(intake: Intake, filled: FilledRequestForm) -> GivenReason | BadReason:
    """Return the chosen reason with the typed words, or the typed words with the listed reason they begin with."""
    words = read_reason(filled.reason)
    if isinstance(words, BadReason):
        return words
    if filled.listed is None:
        return GivenReason.typed(words, intake.settings.reasons)
    whole = read_reason(with_listed(filled.listed, words))
    return GivenReason(whole, filled.listed) if not isinstance(whole, BadReason) else whole


def _reason_mistakes(intake: Intake, filled: FilledRequestForm) -> dict[str, str]:
    """Return the reason's errors, keyed by their field in `form_errors`."""
    reasons = intake.settings.reasons
    if filled.listed is not None and filled.listed not in reasons:
        return {"menu": "That reason is not on the list any more. Choose another, or open the form anew."}
    why = _why(intake, filled)
    if isinstance(why, BadReason):
        return {"reason": explain_reason(why)}
    if rules_of(intake.settings).takes_reason(given=why.words is not None, listed=why.listed is not None):
        return {}
    mistake = request_form.reason_required(reasons)
    # A form opened before REASONS was set has no menu.
    return {"menu": mistake} if filled.has_menu else {"reason": mistake}


def _given(file: SharedFile | None) -> FileGiven | None:
    return FileGiven(id=file.id, name=file.name, size=file.size, url=file.url) if file is not None else None


def _read(view: Body) -> FilledRequestForm:
    values = (view.get("state") or {}).get("values") or {}
    ids = values.get(request_form.IDS_BLOCK, {}).get(request_form.IDS_ACTION, {}).get("value") or ""
    reason = values.get(request_form.REASON_BLOCK, {}).get(request_form.REASON_ACTION, {}).get("value") or ""
    chosen = values.get(request_form.MENU_BLOCK, {}).get(request_form.MENU_ACTION, {}).get("selected_option") or {}
    has_menu = request_form.MENU_BLOCK in {*values, *(block.get("block_id") for block in view.get("blocks") or [])}
    files = values.get(request_form.FILE_BLOCK, {}).get(request_form.FILE_ACTION, {}).get("files") or []
    return FilledRequestForm(ids, reason, shared_file(files[0]) if files else None, chosen.get("value"), has_menu)
