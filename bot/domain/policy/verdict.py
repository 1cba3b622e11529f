"""PURE: the words of the policy: what is asked, what the rules are, what is answered."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self

from bot.settings.fields import Settings


class Act(StrEnum):
    """What somebody wants to do."""

    ASK = "ask"
    """Make a request, a retry of one included, or look at a preview."""
    GO_AHEAD = "go_ahead"
    """Press the button under the preview of one's own request: run it, or ask others for approval."""
    EMERGENCY = "emergency"
    """Run one's own request alone where it needs approval."""
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
    """Why; stable, stored and counted. Never rename one."""

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
        """Whether nothing was found against it, and trying again may help."""
        return self in (VerdictCode.COULD_NOT_BE_CHECKED, VerdictCode.CHANNEL_COULD_NOT_BE_CHECKED)


@dataclass(frozen=True, slots=True)
class Question:
    """Who wants to do what, about whose request.

    `requester` is the request's (the person themselves for ASK; None where no one request is meant). `channel` is
    the one the request was made in, wherever the click comes from; for SHARE the one to show it in.
    `orders_today` is what the requester's requests have gone ahead with since midnight UTC, this one not counted.
    `requester_person` is whom the requester's id stands for, where the record says; `approved_by` are the people who
    have approved it. `has_listed_reason`: its reason carries one of REASONS, as they were when it was given;
    `is_retry`: it asks anew, with the reason of an earlier request.
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
        """What is known of the requester's ids."""
        return tuple(dict.fromkeys(each for each in (self.requester, self.requester_person) if each))

    @property
    def stands_for(self) -> str:
        """The requester's id by which people are told apart."""
        return self.requester_person or self.requester or ""

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self) | {"act": self.act.value, "approved_by": list(self.approved_by)}


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that the policy uses, and no others; field names are the settings' in small letters."""

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

    @classmethod
    def from_settings(cls, settings: Settings) -> "Rules":
        """The policy's part of the settings."""
        return cls(**{each.name: getattr(settings, each.name) for each in fields(cls)})

    def to_dict(self) -> dict[str, object]:
        """As JSON: lists for tuples."""
        return _listed(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The rules that `to_dict` wrote down; raises `TypeError` for anything else."""
        return cls(**_tupled(stored))

    @property
    def names_approvers(self) -> bool:
        """Whether approvers are named; where not, whoever may ask may approve."""
        return bool(self.approver_users or self.approver_usergroups)

    @property
    def approvers(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The people and the groups who may approve somebody else's request; both empty where everyone may."""
        if self.names_approvers:
            return self.approver_users, self.approver_usergroups
        return self.allowed_users, self.allowed_usergroups

    def channels_to_check(self, question: Question) -> tuple[str, ...]:
        """The channels that must not be shared with another organisation for this: where it was asked and where
        its live message goes. None with ALLOW_EXTERNAL, unless it matters whether the bot can post.

        A direct message (`D…`) is never looked up: it is between one person, whose own status decides, and the bot,
        or one the bot cannot see at all.
        """
        live = None if question.act is Act.SHARE else self.results_channel
        if self.allow_external and not self.needs_approval(question):
            return ()
        channels = dict.fromkeys((question.channel, live))
        return tuple(channel for channel in channels if channel and not channel.startswith("D"))

    def needs_approval(self, question: Question) -> bool:
        """Whether so many orders need a second person."""
        asking = question.act in (Act.ASK, Act.GO_AHEAD, Act.EMERGENCY, Act.APPROVE)
        return asking and self.second_approval_above is not None and question.orders > self.second_approval_above


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to ask: these people, members of these groups, or else `contact` (a text for people)."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    contact: str = "an administrator"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. `rule` names the rule and its setting plainly: of a refusal the one that refused, otherwise the
    one that allowed it. `approvals_needed` is how many people other than the requester must approve before
    anything is sent: an allowed GO_AHEAD runs at once only where it is 0. `emergency_possible` says that this
    person may go ahead alone all the same; `type_to_confirm`, that the number of orders is to be typed.
    """

    allowed: bool
    code: VerdictCode
    rule: str
    ask: Asked
    approvals_needed: int = 0
    emergency_possible: bool = False
    type_to_confirm: bool = False
    approvers_found: int | None = None
    """With fewer people there than must approve, how many; None: enough, or nobody could say."""
    absent: tuple[str, ...] = ()
    """Then: who is named and cannot approve, as `U0000001 deactivated`."""

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        return _listed(self) | {"code": self.code.value, "ask": _listed(self.ask)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The verdict that `to_dict` wrote down; raises `KeyError`, `TypeError` or `ValueError` for anything else."""
        told = {**stored, "code": VerdictCode(stored["code"]), "ask": Asked(**_tupled(stored["ask"]))}
        return cls(**_tupled(told))


def _listed(value: "Rules | Asked | Verdict") -> dict[str, object]:
    plain = {each.name: getattr(value, each.name) for each in fields(value)}
    return {name: list(held) if isinstance(held, tuple) else held for name, held in plain.items()}


def _tupled(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(held) if isinstance(held, list) else held for name, held in stored.items()}
