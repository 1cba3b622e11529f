"""View models: the facts that messages are rendered from, read from the database when a message is sent."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.outcome.order_statuses import OrderStatus
from bot.domain.policy.inputs import Absent
from bot.messages.names import DEFAULT, Names
from storage.enums import DecisionVerdict, HoldKind, Origin, Outcome, Proof, RequestState, StopReason


@dataclass(frozen=True, slots=True)
class Figures:
    """How many orders of a request have each outcome; the others have none yet."""

    cancelled: int = 0
    rejected: int = 0
    not_sent: int = 0
    unknown: int = 0

    def settled(self) -> int:
        """Orders that have an outcome."""
        return self.cancelled + self.rejected + self.not_sent + self.unknown


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """One order of a request, with its outcome (None: not yet known) and Fincart's words."""

    position: int
    order_id: str
    label: str | None = None
    unlike_fincart: bool = False
    outcome: Outcome | None = None
    proof: Proof | None = None
    words: str | None = None
    previewed: OrderStatus | None = None
    """Its status at Fincart when the preview was made."""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Where the ids came from."""

    duplicates: tuple[str, ...] = ()
    """How many repeated ids were dropped."""
    file_name: str | None = None
    column: str | None = None
    """The column that was read: its header, or `column 2`."""
    blank_rows: int = 0
    set_aside: tuple[OrderFacts, ...] = ()
    """Words unlike the other ids, sent only if the requester includes them."""


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """A decision on a request by somebody other than its requester."""

    person: str
    verdict: DecisionVerdict
    comment: str | None
    rule: str
    at: datetime
    stands_for: str | None = None
    """The person with that id."""


@dataclass(frozen=True, slots=True)
class HoldFacts:
    """Why nothing is sent now, for one request or for all, and until when (None: until somebody lifts it)."""

    kind: HoldKind | None
    """The kind of a hold on everything; None: only this request is held."""
    why: str | None = None
    who: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """The statuses of a preview's orders at Fincart."""

    read: tuple[OrderStatus, ...] = ()
    """The statuses that could be read in time."""
    in_other_requests: tuple[tuple[str, str], ...] = ()
    """Orders that another open request has already, and which request."""

    def which(self, can_be_cancelled: bool | None) -> tuple[OrderStatus, ...]:
        """The orders that can be cancelled, or cannot, or whose status is not known."""
        return tuple(each for each in self.read if each.can_be_cancelled is can_be_cancelled)

    @property
    def hopeless(self) -> frozenset[str]:
        """The orders that cannot be cancelled now: Fincart would refuse them, or another request has them."""
        past = (each.order_id for each in self.which(False))
        return frozenset((*past, *(order_id for order_id, _ in self.in_other_requests)))


@dataclass(frozen=True, slots=True)
class ClosedFacts:
    """A channel in which Slack refuses the live message: its error code, since when, and whether it was ever posted."""

    channel: str
    why: str | None
    at: datetime
    was_there: bool


@dataclass(frozen=True, slots=True)
class SlackGap:
    """From when to when all sending was on hold because Slack refused the bot's token."""

    since: datetime
    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """One request as messages show it."""

    public_id: str
    revision: int
    state: RequestState
    requester: str
    channel_id: str
    origin: Origin
    reason: str | None
    order_count: int
    figures: Figures
    created_at: datetime
    expires_at: datetime | None = None
    valid_until: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    finished_at: datetime | None = None
    rule: str = ""
    """The policy rule under which it was allowed or refused, in words."""
    ask_whom: str = ""
    retry_of: str | None = None
    source: SourceFacts = field(default_factory=SourceFacts)
    orders: tuple[OrderFacts, ...] = ()
    """Its first orders, in the order they were typed; lists say how many more there are."""
    unlike_count: int = 0
    """How many of all its orders are unlike a Fincart order id."""
    ended: tuple[OrderFacts, ...] = ()
    """The first orders of each outcome: unknown ones first, cancelled ones last."""
    audit_head: str | None = None
    """`1042 · 9f3c2a417be05d21`: the audit head at the event that finished or last corrected it."""
    permalink: str | None = None
    """Slack's link to the live message, if known."""
    in_direct_message: bool = False
    """The live message could not be posted in the channel and is a direct message to the requester."""
    closed: "ClosedFacts | None" = None
    """The channel in which Slack refuses the live message, if any."""
    slack_gap: SlackGap | None = None
    """The last time, while it ran, at which Slack refused the bot's token."""
    live_channel: str | None = None
    """The channel of the live message, if it is not the one in which the request was made."""
    approvals_needed: int = 0
    """How many other people must approve before anything is sent."""
    decisions: tuple[DecisionFacts, ...] = ()
    """What others decided, oldest first."""
    emergency: bool = False
    """Whether its requester confirmed it without the required approval."""
    emergency_possible: bool = False
    """Whether its requester may do so."""
    reminded_at: datetime | None = None
    """When its approvers were last reminded, while it waits for approval."""

    not_before: datetime | None = None
    """Until then the requester can undo it, and nothing is sent."""
    stopped_by: str | None = None
    stop_why: str | None = None
    """Why the rest of it is not sent, in words."""
    stop_reason: StopReason | None = None
    holds: tuple[HoldFacts, ...] = ()
    """Why nothing of it is sent now."""
    checking: int = 0
    """How many orders without an outcome wait for their logs."""
    logs_rest: str | None = None
    """Why no log is read now: Fincart does not answer log reads."""
    confirmed: int = 0
    """How many of the cancelled orders their own logs confirm."""
    seconds_left: int | None = None
    """About how long the rest of the run will take."""
    can_undo: bool = False
    status: StatusFacts = field(default_factory=StatusFacts)
    requester_ids: tuple[str, ...] = ()
    """The requester's ids: in an Enterprise Grid one person has several."""
    approvers_found: int | None = None
    """How many people can approve, if too few can; None: enough, or not known."""
    absent: tuple[Absent, ...] = ()
    """In that case: who is named and cannot approve, and why."""

    def is_of(self, viewer: str | None) -> bool:
        """Whether this viewer asked for it."""
        return viewer is not None and viewer in (self.requester, *self.requester_ids)

    def approvers(self) -> tuple[str, ...]:
        """Who has approved it so far."""
        approved = (each for each in self.decisions if each.verdict is DecisionVerdict.APPROVED)
        return tuple(each.person for each in approved)

    def never_asked(self) -> tuple[str, ...]:
        """Who need not approve: the requester, and those who have approved."""
        decided = tuple(each.stands_for for each in self.decisions if each.stands_for is not None)
        return (self.requester, *self.requester_ids, *self.approvers(), *decided)


@dataclass(frozen=True, slots=True)
class EventFacts:
    """One line of a request's history, as `show` shows it."""

    seq: int
    at: datetime
    kind: str
    who: str | None
    details: dict[str, object]


@dataclass(frozen=True, slots=True)
class RulesFacts:
    """The rules in force here, as `help` and refusals show them."""

    allowed_users: tuple[str, ...]
    allowed_usergroups: tuple[str, ...]
    allowed_channels: tuple[str, ...]
    everyone: bool
    guests: bool
    external: bool
    max_orders: int
    require_reason: bool
    preview_seconds: int
    approval_valid_seconds: int
    auditors: tuple[str, ...]
    contact: str
    approvers: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """The people and groups who may approve another's request; both empty: everyone may."""
    second_approval_above: int | None = None
    approvals_needed: int = 1
    approval_seconds: int = 14_400
    emergency_users: tuple[str, ...] = ()
    type_to_confirm_above: int | None = None
    max_per_day: int | None = None
    undo_seconds: int = 0
    hold_after_failed: int = 0
    reasons: tuple[str, ...] = ()
    """The list to choose a reason from; empty: people type their own."""
    names: Names = DEFAULT
    read_anew: frozenset[str] = frozenset()
    """The settings that the bot reads from files, which need no restart."""


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """An archive's file, how many requests and orders it holds, and before when all of those had ended."""

    file: str
    requests: int
    orders: int
    before: datetime
