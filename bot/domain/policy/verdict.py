"""PURE: the policy's types: questions, rules and verdicts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self

from bot.domain.policy.inputs import Absent
from bot.domain.slack_ids import is_direct


class Act(StrEnum):
    """What somebody wants to do."""

    ASK = "ask"
    """Make a request, a retry of one included, or look at a preview."""
    GO_AHEAD = "go_ahead"
    """Click the button under the preview of one's own request: run it, or ask others for approval."""
    EMERGENCY = "emergency"
    """Run one's own request alone although it needs approval."""
    APPROVE = "approve"
    """Let somebody else's request run."""
    DECLINE = "decline"
    """Refuse somebody else's request."""
    WITHDRAW = "withdraw"
    """Take one's own request back (Keep them, Withdraw)."""
    STOP = "stop"
    """Stop, Pause or Undo one request: only ever fewer orders are sent."""
    GO_ON = "go_on"
    """Go on, Check again, Remind, for one request."""
    PAUSE_ALL = "pause_all"
    """Pause or resume all sending."""
    READ = "read"
    """History, show, waiting, export: answers only the reader sees."""
    SHARE = "share"
    """Show in a channel what one may read."""


class VerdictCode(StrEnum):
    """Why the policy decided so; stored and counted. Never rename one."""

    ALLOWED = "allowed"
    DEACTIVATED = "deactivated"
    BOT = "bot"
    OUTSIDER = "outsider"
    GUEST = "guest"
    NOT_THE_REQUESTER = "not_the_requester"
    OWN_REQUEST = "own_request"
    NOT_ON_THE_LIST = "not_on_the_list"
    NOT_AN_APPROVER = "not_an_approver"
    NOT_A_READER = "not_a_reader"
    NOT_FOR_EMERGENCIES = "not_for_emergencies"
    NO_EMERGENCY_NEEDED = "no_emergency_needed"
    WRONG_CHANNEL = "wrong_channel"
    SHARED_CHANNEL = "shared_channel"
    CANNOT_POST_THERE = "cannot_post_there"
    TOO_MANY_ORDERS = "too_many_orders"
    TOO_MANY_TODAY = "too_many_today"
    REASON_NEEDED = "reason_needed"
    REASON_NOT_LISTED = "reason_not_listed"
    COULD_NOT_BE_CHECKED = "could_not_be_checked"
    CHANNEL_COULD_NOT_BE_CHECKED = "channel_could_not_be_checked"
    MISSING_SCOPE = "missing_scope"
    NOBODY_TO_APPROVE = "nobody_to_approve"

    @property
    def transient(self) -> bool:
        """Tell whether a retry may help: a fact could not be checked, and nothing else refused."""
        return self in (VerdictCode.COULD_NOT_BE_CHECKED, VerdictCode.CHANNEL_COULD_NOT_BE_CHECKED)


@dataclass(frozen=True, slots=True)
class Question:
    """Who wants to do what, about whose request.

    `requester` made the request (for ASK the person themselves; None if it is about no single request). `channel` is
    where the request was made, wherever the click comes from; for SHARE, where to show it. `orders_today` counts the
    requester's orders that went ahead since midnight UTC, without this request's. `requester_person` is whom the
    requester's id stands for, if stored; `approved_by` are the people who have approved. `has_listed_reason`: its
    reason carries one of REASONS as they were then; `is_retry`: it repeats an earlier request with its reason.
    """

    act: Act
    person: str
    requester: str | None = None
    channel: str | None = None
    orders: int = 0
    has_reason: bool = False
    orders_today: int = 0
    requester_person: str | None = None
    approved_by: tuple[str, ...] = ()
    has_listed_reason: bool = False
    is_retry: bool = False

    @property
    def requester_ids(self) -> tuple[str, ...]:
        """Return the known ids of the requester."""
        return tuple(dict.fromkeys(each for each in (self.requester, self.requester_person) if each))

    @property
    def stands_for(self) -> str:
        """Return the id that identifies the requester as a person."""
        return self.requester_person or self.requester or ""

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self) | {"act": self.act.value, "approved_by": list(self.approved_by)}


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that the policy uses; field names are the settings' in lower case."""

    allowed_users: tuple[str, ...] = ()
    allowed_usergroups: tuple[str, ...] = ()
    allowed_channels: tuple[str, ...] = ()
    allow_everyone: bool = False
    allow_guests: bool = False
    allow_external: bool = False
    approver_users: tuple[str, ...] = ()
    approver_usergroups: tuple[str, ...] = ()
    second_approval_above: int | None = None
    approvals_needed: int = 1
    emergency_users: tuple[str, ...] = ()
    type_to_confirm_above: int | None = None
    max_orders_per_request: int = 1000
    max_orders_per_person_per_day: int | None = None
    require_reason: bool = False
    reasons: tuple[str, ...] = ()
    results_channel: str | None = None
    auditor_users: tuple[str, ...] = ()
    contact: str = "an administrator"

    def takes_reason(self, *, given: bool, listed: bool) -> bool:
        """Whether a reason is enough that was given, that is on the list, or neither."""
        return not self.require_reason or (listed if self.reasons else given)

    def to_dict(self) -> dict[str, object]:
        """As JSON: lists for tuples."""
        return _listed(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read the rules that `to_dict` wrote; raises `TypeError` for anything else."""
        return cls(**_tupled(stored))

    @property
    def names_approvers(self) -> bool:
        """Tell whether approvers are named; if not, everyone who may ask may approve."""
        return bool(self.approver_users or self.approver_usergroups)

    @property
    def approvers(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the people and groups who may approve another's request; both empty if everyone may."""
        if self.names_approvers:
            return self.approver_users, self.approver_usergroups
        return self.allowed_users, self.allowed_usergroups

    def channels_to_check(self, question: Question) -> tuple[str, ...]:
        """Return the channels that must not be shared with another organisation: where it was asked and where its live
        message goes. Empty with ALLOW_EXTERNAL, unless the bot's ability to post matters.

        A direct message (`D…`) is never looked up: it is the bot's with one person, whose status decides, or one that
        the bot cannot see.
        """
        live = None if question.act is Act.SHARE else self.results_channel
        if self.allow_external and not self.needs_approval(question):
            return ()
        channels = dict.fromkeys((question.channel, live))
        return tuple(channel for channel in channels if channel and not is_direct(channel))

    def needs_approval(self, question: Question) -> bool:
        """Tell whether so many orders need a second person."""
        asking = question.act in (Act.ASK, Act.GO_AHEAD, Act.EMERGENCY, Act.APPROVE)
        return asking and self.second_approval_above is not None and question.orders > self.second_approval_above


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to ask: these people, members of these groups, or `contact` (a text for people)."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    contact: str = "an administrator"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The policy's answer. `rule` names the rule and setting that refused or allowed it. `approvals_needed` is how many
    people other than the requester must approve before anything is sent: an allowed GO_AHEAD runs at once only if it is
    0. `emergency_possible`: this person may go ahead alone; `type_to_confirm`: the number of orders must be typed.
    """

    allowed: bool
    code: VerdictCode
    rule: str
    ask: Asked
    approvals_needed: int = 0
    emergency_possible: bool = False
    type_to_confirm: bool = False
    approvers_found: int | None = None
    """How many people can approve, if fewer than needed; None: enough, or unknown."""
    absent: tuple[Absent, ...] = ()
    """If too few: who is named and cannot approve."""

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        absent = [each.to_text() for each in self.absent]
        return _listed(self) | {"code": self.code.value, "ask": _listed(self.ask), "absent": absent}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read the verdict that `to_dict` wrote; raises `KeyError`, `TypeError` or `ValueError` for anything else."""
        absent = tuple(map(Absent.from_text, stored.get("absent", ())))
        values = {"code": VerdictCode(stored["code"]), "ask": Asked(**_tupled(stored["ask"])), "absent": absent}
        return cls(**{**stored, **values})


def _listed(value: "Rules | Asked | Verdict") -> dict[str, object]:
    plain = {each.name: getattr(value, each.name) for each in fields(value)}
    return {name: list(held) if isinstance(held, tuple) else held for name, held in plain.items()}


def _tupled(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(held) if isinstance(held, list) else held for name, held in stored.items()}
