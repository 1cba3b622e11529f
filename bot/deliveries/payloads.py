"""Payloads of stored deliveries: one frozen class for each kind, written and read only here.

Field names are stored: never rename one. A payload holds no secret; the response URL is a column of its own, erased
once it has expired.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, TypeAdapter, model_validator

from bot.domain.commands.filters import History
from bot.domain.commands.parser import Ask, Export, Pause, Preview, Resume, Show, Waiting, parse
from bot.domain.commands.report import Report
from bot.domain.slack_ids import may_be_one_person
from bot.messages.actions import Action
from storage.deliveries import Incoming
from storage.enums import Origin
from storage.slack_models import Delivery


class DeliveryKind(StrEnum):
    """What was delivered; stored."""

    COMMAND = "command"
    EXPORT = "export"
    REPORT_FILE = "report_file"
    CLICK = "click"
    FORM = "form"
    HOME = "home"
    FORM_OPENED = "form_opened"
    """Like the next, only remembered until the form it opened is submitted."""
    CONFIRM_OPENED = "confirm_opened"


HANDLED = (DeliveryKind.COMMAND, DeliveryKind.CLICK, DeliveryKind.FORM, DeliveryKind.HOME)
"""Kinds that the inbox handles."""

FILES = (DeliveryKind.EXPORT, DeliveryKind.REPORT_FILE)
"""Kinds that ask for a file and have a lane of their own."""

StoredCommand = Ask | Preview | History | Show | Waiting | Report | Pause | Resume
"""Commands that wait for the inbox. Help, the form and unreadable commands are answered at once."""

_COMMANDS: Mapping[str, type[StoredCommand | Export]] = {
    "ask": Ask,
    "preview": Preview,
    "history": History,
    "show": Show,
    "waiting": Waiting,
    "report": Report,
    "pause": Pause,
    "resume": Resume,
    "export": Export,
}
_ADAPTERS = {name: TypeAdapter[StoredCommand | Export](command) for name, command in _COMMANDS.items()}
_NAMES = {command: name for name, command in _COMMANDS.items()}


def _command_from_json(stored: object) -> object:
    """Read a stored command. The validator refuses anything else."""
    if not isinstance(stored, Mapping):
        return stored
    name = stored.get("name")
    if name not in _ADAPTERS:
        raise ValueError("no command has this name")
    return _ADAPTERS[name].validate_python(stored.get("says"))


def _command_to_json(command: StoredCommand | Export) -> dict[str, Any]:
    name = _NAMES[type(command)]
    return {"name": name, "says": _ADAPTERS[name].dump_python(command, mode="json")}


_STORED = (BeforeValidator(_command_from_json), PlainSerializer(_command_to_json))


class Sender(BaseModel):
    """Who sent it and from where; every delivery has this."""

    # Errors are logged, and must not quote what a person typed.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    user: str
    team: str = ""
    channel: str | None = None


class _Payload(Sender):
    kind: ClassVar[DeliveryKind]

    def incoming(self, identity: tuple[str, ...], response_url: str | None = None) -> Incoming:
        """The delivery to store; `identity` is its deduplication key."""
        return Incoming(self.kind, identity, self.model_dump_json(), response_url)


class _Command(_Payload):
    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, stored: Any) -> Any:
        """Read a payload of up to version 0.1, which stored the text instead of the parsed command."""
        if isinstance(stored, dict) and "command" not in stored and "text" in stored:
            return stored | {"command": parse(stored["text"])}
        return stored


class CommandTyped(_Command):
    """A slash command, parsed."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.COMMAND

    command: Annotated[StoredCommand, *_STORED]


class ExportAsked(_Command):
    """The command for a CSV file of the history, parsed."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.EXPORT

    command: Annotated[Export, *_STORED]


class ReportFileAsked(_Payload):
    """A click on CSV under a report."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.REPORT_FILE

    message_id: int
    """The id of the report's message row; 0: the button carried none."""


class BlockAction(_Payload):
    """A click on a button of a message or of the Home tab."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.CLICK

    action: Action
    value: str
    """The button's value (`bot.messages.actions`)."""
    ephemeral: bool = False
    """Only one person sees the message, so an answer may replace it."""
    message_ts: str | None = None
    """Slack's `ts` of the message, if it stands in a channel by itself."""
    on_home_tab: bool = False
    typed_number: int | None = None
    """The number of orders, if a form asked to type it."""
    words: str | None = None
    """A comment or a reason, if a form asked for one."""


class ConfirmFormOpened(BlockAction):
    """A click that needs further input: it waits for the form that it opened."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.CONFIRM_OPENED


class HomeOpened(_Payload):
    """A person opened the Home tab."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.HOME


class RequestFormOpened(_Payload):
    """A person opened the request form: who may submit it, and where it belongs."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.FORM_OPENED

    origin: Origin = Origin.FORM


class FileGiven(BaseModel):
    """A file in the form. `url` is None if Slack has not yet given the location of its bytes."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    name: str
    size: int
    url: str | None


class RequestFormSubmitted(RequestFormOpened):
    """The input of a submitted request form."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.FORM

    ids: str
    reason: str | None
    file: FileGiven | None
    reason_listed: str | None = None
    """The listed reason that `reason` carries, if any."""


Payload = (
    CommandTyped
    | ExportAsked
    | ReportFileAsked
    | BlockAction
    | ConfirmFormOpened
    | HomeOpened
    | RequestFormOpened
    | RequestFormSubmitted
)

_BY_KIND: Mapping[str, type[Payload]] = {each.kind: each for each in get_args(Payload)}

P = TypeVar("P", bound=_Payload)


def read_payload(delivery: Delivery) -> Payload:
    """Read a stored delivery. Raises ValueError for what this version does not know, as another may have written it."""
    if delivery.kind not in _BY_KIND:
        raise ValueError(f"no delivery is of kind {delivery.kind}")
    return read_as(_BY_KIND[delivery.kind], delivery)


def read_as(expected: type[P], delivery: Delivery) -> P:
    """Read a stored delivery of a known kind."""
    return expected.model_validate_json(delivery.payload)


def read_sender(delivery: Delivery) -> Sender:
    """Who sent it, even if the rest cannot be read."""
    return Sender.model_validate_json(delivery.payload)


def read_draft(expected: type[P], delivery: Delivery | None, user: str) -> P | None:
    """What was stored when the form opened, as sent by its submitter. None if it is no form of theirs.

    A person of an Enterprise Grid has ids of two kinds, `U…` and `W…`, and may open with one and submit with the other.
    Only its opener sees a form, and the policy checks the id that submitted it.
    """
    if delivery is None or delivery.kind != expected.kind:
        return None
    draft = read_as(expected, delivery)
    return draft.model_copy(update={"user": user}) if may_be_one_person(draft.user, user) else None
