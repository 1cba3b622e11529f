"""Contents of message rows besides the request: one frozen class for each kind, written and read only here.

Field names are stored: never rename one. No content holds a secret.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, InstanceOf, PlainSerializer, TypeAdapter, model_validator

from bot.domain.commands.filters import History
from bot.domain.commands.report import Grouping
from bot.domain.files.not_fetched import Trouble
from bot.domain.policy.decide import Absent, Verdict
from bot.messages.ops import OpsFacts
from storage.enums import AnswerCode, MessageKind, Outcome
from storage.id_source import IdSource
from storage.slack_models import SlackMessage

_HISTORY = TypeAdapter(History)


def _filters_from_json(stored: object) -> object:
    if not isinstance(stored, Mapping):
        return stored
    order_id = stored.get("order_id")
    return _HISTORY.validate_python({**stored, "order_id": {"value": order_id} if order_id else None})


def _filters_to_json(filters: History) -> dict[str, Any]:
    order_id = filters.order_id.value if filters.order_id else None
    written: dict[str, Any] = _HISTORY.dump_python(filters, mode="json")
    return written | {"order_id": order_id}


_ABSENT = BeforeValidator(lambda stored: Absent.from_text(stored) if isinstance(stored, str) else stored)
_VERDICT = BeforeValidator(lambda stored: Verdict.from_dict(stored) if isinstance(stored, Mapping) else stored)

Filters = Annotated[InstanceOf[History], BeforeValidator(_filters_from_json), PlainSerializer(_filters_to_json)]
StoredAbsent = Annotated[InstanceOf[Absent], _ABSENT, PlainSerializer(Absent.to_text)]
StoredVerdict = Annotated[InstanceOf[Verdict], _VERDICT, PlainSerializer(Verdict.to_dict)]


class Content(BaseModel):
    """What a message's builder needs besides the request."""

    # Errors are logged, and must not quote what a person typed.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    kind: ClassVar[MessageKind]

    def to_json(self) -> str:
        """As the row stores it."""
        return self.model_dump_json()


class PreviewContent(Content):
    """A preview: whether the live message can be posted in its channel."""

    kind: ClassVar[MessageKind] = MessageKind.PREVIEW

    can_post: bool


class DryRun(Content):
    """A dry run: the orders' statuses, without a request."""

    kind: ClassVar[MessageKind] = MessageKind.DRY_RUN

    order_count: int
    reason: str | None = None
    orders: tuple[tuple[str, bool], ...]
    """The first orders, each with whether it is unlike a Fincart order id."""
    unlike_count: int
    set_aside: tuple[tuple[str, str | None], ...] = ()
    duplicates: tuple[str, ...] = ()
    statuses: tuple[tuple[str, str, str | None], ...] = ()
    """Orders whose status was read in time, each with its main status and sub-status."""
    elsewhere: tuple[tuple[str, str], ...] = ()
    """Orders that are in an open request, and in which."""
    approvals_needed: int
    approvers_found: int | None = None
    absent: tuple[StoredAbsent, ...] = ()
    ask_whom: str = ""

    @model_validator(mode="before")
    @classmethod
    def _counted(cls, stored: dict[str, Any]) -> dict[str, Any]:
        """Read a content of an earlier version, which stored a count and named those that were not pending."""
        if "checked" not in stored:
            return stored
        pending = [("", "Pending", None)] * (stored["checked"] - stored["not_pending_count"])
        return stored | {"statuses": [*((*each, None) for each in stored["not_pending"]), *pending]}

    @property
    def source(self) -> IdSource:
        """What the ids were read from."""
        return IdSource(duplicates=self.duplicates, set_aside=self.set_aside)


class SearchContent(Content):
    """What was searched for, for one reader or, once shared, for a channel."""

    filters: Filters
    zone: str | int
    """The reader's time zone: its name, or an offset in seconds if the name is unknown."""
    of_ids: tuple[str, ...] = ()
    """The ids of the person searched for, as Slack gave them."""
    ids: tuple[str, ...] = ()
    """The ids of the reader, as Slack gave them."""
    shared_by: str | None = None


class HistoryPage(SearchContent):
    """A page of a history search."""

    kind: ClassVar[MessageKind] = MessageKind.HISTORY

    before: int | None = None
    after: int | None = None
    """Request numbers where the page begins or ends; neither on the newest page."""

    def turned(self, before: int | None, after: int | None) -> Self:
        """Another page of the same search."""
        return self.model_copy(update={"before": before, "after": after})

    def shared(self, by: str) -> "SharedHistory":
        """The same page, to be posted."""
        return SharedHistory(**(dict(self) | {"shared_by": by}))


class SharedHistory(HistoryPage):
    """A page that a person posted in the channel."""

    kind: ClassVar[MessageKind] = MessageKind.SHARED_HISTORY


class ReportContent(SearchContent):
    """Figures; their first and last day are fixed."""

    kind: ClassVar[MessageKind] = MessageKind.REPORT

    by: Grouping | None = None

    def shared(self, by: str) -> "SharedReport":
        """The same report, to be posted."""
        return SharedReport(**(dict(self) | {"shared_by": by}))


class SharedReport(ReportContent):
    """A report that somebody posted in the channel."""

    kind: ClassVar[MessageKind] = MessageKind.SHARED_REPORT


class DigestContent(Content):
    """The figures of a week, for everybody in a channel."""

    kind: ClassVar[MessageKind] = MessageKind.DIGEST

    since: datetime
    until: datetime
    zone: str


class RequestPage(Content):
    """A page about one request."""

    kind: ClassVar[MessageKind] = MessageKind.SHOW

    public_id: str
    page: int = 1
    approves: bool = False
    """Whether to show the approvers' buttons."""
    ids: tuple[str, ...] = ()


class WaitingPage(Content):
    """What waits for the asking person."""

    kind: ClassVar[MessageKind] = MessageKind.WAITING

    approves: bool
    ids: tuple[str, ...] = ()


class Corrections(Content):
    """Corrected outcomes, by their orders' positions."""

    kind: ClassVar[MessageKind] = MessageKind.CORRECTION_NOTICE

    orders: tuple[int, ...] = ()
    were: Mapping[int, Outcome] = {}
    """What people were told of each; an earlier version did not store it."""

    def and_also(self, reported: Mapping[int, Outcome | None]) -> Self:
        """These and further corrections. An order corrected again keeps what people were told first."""
        were = {position: outcome for position, outcome in reported.items() if outcome is not None}
        return self.model_copy(
            update={"orders": tuple(sorted({*self.orders, *reported})), "were": {**were, **self.were}}
        )


class MovedContent(Content):
    """Replaces a live message that moved, or a copy of one posted twice."""

    kind: ClassVar[MessageKind] = MessageKind.MOVED

    is_copy: bool = False


class OpsLines(Content):
    """Lines for whoever runs the bot."""

    kind: ClassVar[MessageKind] = MessageKind.OPS_NOTICE

    lines: tuple[OpsFacts, ...]


class AnswerContent(Content):
    """A private answer that needs only its code."""

    kind: ClassVar[MessageKind] = MessageKind.ANSWER

    what: AnswerCode


class Refusal(AnswerContent):
    """Why not, by which rule, and whom to ask."""

    what: AnswerCode = AnswerCode.REFUSED
    verdict: StoredVerdict
    orders: int = 0
    """For how many orders it was asked, if not for the request's."""


class NoSuchRequest(AnswerContent):
    """No request has this id."""

    what: AnswerCode = AnswerCode.NO_SUCH_REQUEST
    public_id: str = ""


class InputNotRead(AnswerContent):
    """Input that could not be read, in words."""

    what: AnswerCode = AnswerCode.PROBLEM
    words: str


class FileNotFetched(AnswerContent):
    """Why a file could not be fetched from Slack."""

    what: AnswerCode = AnswerCode.FILE_NOT_FETCHED
    trouble: Trouble = Trouble.NO_ANSWER
    detail: str = ""


class Exported(AnswerContent):
    """A file was sent: its rows, and whether more would follow."""

    what: AnswerCode = AnswerCode.EXPORTED
    rows: int
    cut: bool
    of_figures: bool = False
    since: datetime | None = None
    until: datetime | None = None


class NotExported(AnswerContent):
    """Slack refused the file, with its error code; `scope` is the missing scope."""

    what: AnswerCode = AnswerCode.NOT_EXPORTED
    why: str
    scope: str = ""


class NotShared(AnswerContent):
    """Slack refused the shared page, with its error code."""

    what: AnswerCode = AnswerCode.NOT_SHARED
    why: str


_SEARCHES = (HistoryPage, SharedHistory, ReportContent, SharedReport)
_ABOUT_ONE = (PreviewContent, DryRun, RequestPage, WaitingPage, Corrections, MovedContent)
_WITH_MORE: tuple[type[Content], ...] = (*_ABOUT_ONE, *_SEARCHES, DigestContent, OpsLines)
_CONTENTS: Mapping[str, type[Content]] = {each.kind: each for each in _WITH_MORE}
_OF_ANSWERS = (Refusal, NoSuchRequest, InputNotRead, FileNotFetched, Exported, NotExported, NotShared)
_ANSWERS: Mapping[str, type[AnswerContent]] = {each.model_fields["what"].default: each for each in _OF_ANSWERS}


def read_content(row: SlackMessage) -> Content:
    """Read a row's content; empty if the request holds all. Raises ValueError for one that no version has written."""
    if row.kind == MessageKind.ANSWER:
        code = AnswerContent.model_validate_json(row.facts).what
        return _ANSWERS.get(code, AnswerContent).model_validate_json(row.facts)
    return _CONTENTS.get(row.kind, Content).model_validate_json(row.facts)
