"""What messages are built from: plain facts, read from the database when a message is sent."""

from dataclasses import dataclass, field
from datetime import datetime

from storage.enums import DecisionVerdict, Origin, Outcome, Proof, RequestState, StopReason


@dataclass(frozen=True, slots=True)
class Figures:
    """How many orders of a request ended how; what is missing from the total has no outcome yet."""

    cancelled: int = 0
    rejected: int = 0
    not_sent: int = 0
    unknown: int = 0

    def settled(self) -> int:
        """Orders that have an outcome."""
        return self.cancelled + self.rejected + self.not_sent + self.unknown


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """One order of a request, with what became of it (no outcome: nothing yet) and Fincart's words."""

    position: int
    order_id: str
    label: str | None = None
    unlike_fincart: bool = False
    outcome: Outcome | None = None
    proof: Proof | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the ids were read from, as far as the person should be told."""

    duplicates: tuple[str, ...] = ()
    """Ids that were typed more than once, dropped."""
    file_name: str | None = None
    column: str | None = None
    """The column that was read: its header, or `column 2`."""
    blank_rows: int = 0
    set_aside: tuple[OrderFacts, ...] = ()
    """What is unlike the other ids, and is sent only if its requester says so."""


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """What somebody else than its requester decided on a request."""

    person: str
    verdict: DecisionVerdict
    comment: str | None
    rule: str
    at: datetime
    stands_for: str | None = None
    """The person whom that id stands for."""


@dataclass(frozen=True, slots=True)
class HoldFacts:
    """Why nothing is sent just now: for one request or for all, until when (None: until somebody lifts it)."""

    kind: str
    """`request`, or a kind of hold on everything: `pause`, `rate_limit`, `down`, `token`, `slack`."""
    why: str | None = None
    who: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """What a preview saw of its orders at Fincart."""

    checked: int = 0
    """How many of them could be looked up in time."""
    not_pending: tuple["OrderFacts", ...] = ()
    """The first of those that cannot be cancelled; their `words` are their status."""
    not_pending_count: int = 0
    elsewhere: tuple[tuple[str, str], ...] = ()
    """Orders that are in another open request already, and in which."""
    hopeless: int = 0
    """How many orders are one or the other."""


@dataclass(frozen=True, slots=True)
class ClosedFacts:
    """Where the bot cannot show a live message, by Slack's error code, and since when; `was_there`: it stood there."""

    channel: str
    why: str | None
    at: datetime
    was_there: bool


@dataclass(frozen=True, slots=True)
class SlackGap:
    """Since when and until when all sending was on hold, because Slack refused the bot's token."""

    since: datetime
    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """One request as messages speak of it."""

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
    refusal: str | None = None
    """The stable reason code where policy said no."""
    ask_whom: str = ""
    retry_of: str | None = None
    source: SourceFacts = field(default_factory=SourceFacts)
    orders: tuple[OrderFacts, ...] = ()
    """Its first orders, in the order they were typed, for lists that say how many more there are."""
    unlike_count: int = 0
    """How many of all its orders are unlike a Fincart order id."""
    ended: tuple[OrderFacts, ...] = ()
    """The first orders of each outcome: unknown ones first, cancelled ones last."""
    audit_head: str | None = None
    """`1042 · 9f3c2a417be05d21`: the chain at the event that finished or last corrected it."""
    permalink: str | None = None
    """Slack's link to the live message, where known."""
    in_direct_message: bool = False
    """The live message could not be posted in the channel and is a direct message to the requester."""
    closed: "ClosedFacts | None" = None
    """The channel that Slack does not let the bot show it in, where Slack has said so."""
    slack_gap: SlackGap | None = None
    """The last time, while it ran, at which Slack refused the bot's token."""
    live_channel: str | None = None
    """The channel that the live message belongs in, where that is not the one it was asked in."""
    approvals_needed: int = 0
    """How many other people must approve before anything is sent."""
    decisions: tuple[DecisionFacts, ...] = ()
    """What others decided, oldest first."""
    emergency: bool = False
    """Its requester went ahead alone where others should have approved."""
    emergency_possible: bool = False
    """Its requester may do so."""
    reminded_at: datetime | None = None
    """When those who may approve were last reminded, while it waits for them."""

    not_before: datetime | None = None
    """Until then it can be taken back, and nothing is sent."""
    stopped_by: str | None = None
    stop_why: str | None = None
    """Why nothing more of it is sent, in words."""
    stop_reason: StopReason | None = None
    holds: tuple[HoldFacts, ...] = ()
    """What keeps it from being sent just now."""
    checking: int = 0
    """How many orders without an outcome wait for what their logs say."""
    logs_rest: str | None = None
    """Why no log is read just now: Fincart does not answer that."""
    confirmed: int = 0
    """How many of the cancelled orders their own logs confirm."""
    seconds_left: int | None = None
    """About how long the run will take yet."""
    can_undo: bool = False
    status: StatusFacts = field(default_factory=StatusFacts)
    requester_ids: tuple[str, ...] = ()
    """What else is known of the ids of its requester: in an Enterprise Grid one person has several."""
    approvers_found: int | None = None
    """Fewer people than must approve can; None: enough, or nobody could say."""
    absent: tuple[tuple[str, str], ...] = ()
    """Then: who is named and cannot approve, and why."""

    def is_of(self, viewer: str | None) -> bool:
        """Whether this viewer asked for it."""
        return viewer is not None and viewer in (self.requester, *self.requester_ids)

    def approvers(self) -> tuple[str, ...]:
        """Who has approved it so far."""
        approved = (each for each in self.decisions if each.verdict is DecisionVerdict.APPROVED)
        return tuple(each.person for each in approved)

    def never_asked(self) -> tuple[str, ...]:
        """Whose approval nobody waits for: the requester's, and that of whoever has approved."""
        decided = tuple(each.stands_for for each in self.decisions if each.stands_for is not None)
        return (self.requester, *self.requester_ids, *self.approvers(), *decided)


@dataclass(frozen=True, slots=True)
class EventFacts:
    """One line of a request's history, as `show` tells it."""

    seq: int
    at: datetime
    kind: str
    who: str | None
    details: dict[str, object]


@dataclass(frozen=True, slots=True)
class RulesFacts:
    """The rules in force here, as `help` and refusals speak of them."""

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
    """The people and the groups who may approve somebody else's request; both empty where everyone may."""
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
