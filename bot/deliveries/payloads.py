"""What a stored delivery holds: one frozen class for each kind, written and read here alone.

Field names are stored: never rename one. A payload holds no secret; the response URL is a column of its own, erased
once it has stopped working.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, TypeAdapter, model_validator

from bot.domain.commands.filters import History
from bot.domain.commands.parser import Ask, Export, Pause, Preview, Resume, Show, Waiting, parse
from bot.messages.actions import Action
from storage.deliveries import Incoming
from storage.enums import Origin
from storage.slack_models import Delivery


class DeliveryKind(StrEnum):
    """What came; stored."""

    COMMAND = "command"
    EXPORT = "export"
    CLICK = "click"
    FORM = "form"
    HOME = "home"
    FORM_OPENED = "form_opened"
    """Only remembered, like the next, until what it opened is submitted."""
    CONFIRM_OPENED = "confirm_opened"


HANDLED = (DeliveryKind.COMMAND, DeliveryKind.CLICK, DeliveryKind.FORM, DeliveryKind.HOME)
"""The kinds that the inbox handles; exports wait for a lane of their own."""

StoredCommand = Ask | Preview | History | Show | Waiting | Pause | Resume
"""The commands that wait for the inbox; help, the form and what cannot be read are answered at once."""

_COMMANDS: Mapping[str, type[StoredCommand | Export]] = {
    "ask": Ask,
    "preview": Preview,
    "history": History,
    "show": Show,
    "waiting": Waiting,
    "pause": Pause,
    "resume": Resume,
    "export": Export,
}
_ADAPTERS = {name: TypeAdapter[StoredCommand | Export](command) for name, command in _COMMANDS.items()}
_NAMES = {command: name for name, command in _COMMANDS.items()}


def _command_from_json(stored: object) -> object:
    """A command as it was stored; whatever else is given is for the validator to refuse."""
    if not isinstance(stored, Mapping):
        return stored
    return _ADAPTERS[stored["name"]].validate_python(stored["says"])


def _command_to_json(command: StoredCommand | Export) -> dict[str, Any]:
    name = _NAMES[type(command)]
    return {"name": name, "says": _ADAPTERS[name].dump_python(command, mode="json")}


_STORED = (BeforeValidator(_command_from_json), PlainSerializer(_command_to_json))


class Sender(BaseModel):
    """Who sent it and from where, which every delivery says."""

    # Errors are logged, and must not show what somebody typed.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    user: str
    team: str = ""
    channel: str | None = None


class _Payload(Sender):
    kind: ClassVar[DeliveryKind]

    def incoming(self, identity: tuple[str, ...], response_url: str | None = None) -> Incoming:
        """The delivery to keep; `identity` tells a repeat of it from another."""
        return Incoming(self.kind, identity, self.model_dump_json(), response_url)


class _Command(_Payload):
    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, stored: Any) -> Any:
        """Up to version 0.1 the text was stored, and read again by the worker."""
        if isinstance(stored, dict) and "command" not in stored and "text" in stored:
            return stored | {"command": parse(stored["text"])}
        return stored


class CommandTyped(_Command):
    """A slash command, parsed."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.COMMAND

    command: Annotated[StoredCommand, *_STORED]


class ExportAsked(_Command):
    """The command for a file of history, parsed."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.EXPORT

    command: Annotated[Export, *_STORED]


class ButtonPressed(_Payload):
    """A press on a button of a message or of the Home tab."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.CLICK

    action: Action
    value: str
    """What the button carries (`bot.messages.actions`)."""
    ephemeral: bool = False
    """The message is shown to nobody else, so that an answer may take its place."""
    message_ts: str | None = None
    """Slack's name of the message, where it stands in a channel by itself."""
    on_home_tab: bool = False
    typed_number: int | None = None
    """The number of orders, where a form asked to type it."""
    words: str | None = None
    """A comment or a reason, where a form asked for one."""


class ConfirmFormOpened(ButtonPressed):
    """A press that asked for something more: it waits for the form that it has opened."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.CONFIRM_OPENED


class HomeOpened(_Payload):
    """Somebody looks at the Home tab."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.HOME


class RequestFormOpened(_Payload):
    """The form for a request was opened: who may submit it, and where it belongs."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.FORM_OPENED

    origin: Origin = Origin.FORM


class FileGiven(BaseModel):
    """A file that was put into the form. `url` is None where Slack has not said yet where the bytes are."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    name: str
    size: int
    url: str | None


class RequestFormSubmitted(RequestFormOpened):
    """What was typed into the form for a request."""

    kind: ClassVar[DeliveryKind] = DeliveryKind.FORM

    ids: str
    reason: str | None
    file: FileGiven | None
    reason_listed: str | None = None
    """The reason of the list that `reason` carries, if it carries one."""


Payload = (
    CommandTyped
    | ExportAsked
    | ButtonPressed
    | ConfirmFormOpened
    | HomeOpened
    | RequestFormOpened
    | RequestFormSubmitted
)

_BY_KIND: Mapping[str, type[Payload]] = {each.kind: each for each in get_args(Payload)}

P = TypeVar("P", bound=_Payload)


def read_payload(delivery: Delivery) -> Payload:
    """What a stored delivery says. Raises ValueError for one that no version has written."""
    if delivery.kind not in _BY_KIND:
        raise ValueError(f"no delivery is of kind {delivery.kind}")
    return read_as(_BY_KIND[delivery.kind], delivery)


def read_as(expected: type[P], delivery: Delivery) -> P:
    """The same, of a delivery whose kind is known."""
    return expected.model_validate_json(delivery.payload)


def read_sender(delivery: Delivery) -> Sender:
    """Who sent it, also where the rest of it cannot be read."""
    return Sender.model_validate_json(delivery.payload)


def read_draft(expected: type[P], delivery: Delivery | None, user: str) -> P | None:
    """What was remembered when a form was opened, as from whoever submits it; None where it is no form of theirs.

    In an Enterprise Grid one person has ids of two kinds, `U…` and `W…`, and may open under one and submit under the
    other. A form is shown to its opener alone, and what it asks for is judged by the id that submitted it.
    """
    if delivery is None or delivery.kind != expected.kind:
        return None
    draft = read_as(expected, delivery)
    is_theirs = draft.user == user or {draft.user[:1], user[:1]} == {"U", "W"}
    return draft.model_copy(update={"user": user}) if is_theirs else None
