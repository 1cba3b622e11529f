"""PURE: the facts about people and channels that the policy uses. An unknown fact is never guessed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol


class Status(StrEnum):
    """A person's status by Slack's `users.info`; the most restrictive if several hold."""

    COULD_NOT_BE_CHECKED = "could_not_be_checked"
    MEMBER = "member"
    GUEST = "guest"
    OUTSIDER = "outsider"
    BOT = "bot"
    DEACTIVATED = "deactivated"

    @classmethod
    def of(cls, *, deleted: bool, bot: bool, outsider: bool, guest: bool) -> "Status":
        """Return the status for Slack's flags: `deleted`; `is_bot`; another organisation (`is_stranger`, a foreign
        `team_id`);
        `is_restricted` or `is_ultra_restricted`."""
        flags = ((deleted, cls.DEACTIVATED), (bot, cls.BOT), (outsider, cls.OUTSIDER), (guest, cls.GUEST))
        return next((status for holds, status in flags if holds), cls.MEMBER)


class Sharing(StrEnum):
    """Who is in a channel, by `conversations.info`."""

    COULD_NOT_BE_CHECKED = "could_not_be_checked"
    INSIDE = "inside"
    SHARED = "shared"
    """With another organisation, or about to be."""
    CANNOT_POST = "cannot_post"
    """The bot cannot post there, nor see it: counts as not shared, since nothing is shown in it."""


def _no_groups() -> Mapping[str, bool]:
    return MappingProxyType({})


def _no_channels() -> Mapping[str, Sharing]:
    return MappingProxyType({})


class PersonRecord(Protocol):
    """The result of looking up a person (`bot.slack.person_facts.SlackPerson`)."""

    @property
    def could_not_be_checked(self) -> bool: ...
    @property
    def is_deactivated(self) -> bool: ...
    @property
    def is_bot(self) -> bool: ...
    @property
    def is_external(self) -> bool: ...
    @property
    def is_guest(self) -> bool: ...
    @property
    def usergroups(self) -> Collection[str]: ...
    @property
    def unchecked_usergroups(self) -> Collection[str]: ...
    @property
    def same(self) -> Mapping[str, bool]: ...
    @property
    def person(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """The facts about a person: their status, and for each group looked up whether they are in it.

    A group that is not in `groups` could not be checked.
    """

    status: Status = Status.COULD_NOT_BE_CHECKED
    groups: Mapping[str, bool] = field(default_factory=_no_groups)
    same: Mapping[str, bool] = field(default_factory=_no_groups)
    """For each id that they were compared to, whether it is one of theirs; one that is not in here could not be
    checked."""
    person: str | None = None
    """Whom the id stands for: in an Enterprise Grid one person has several (`enterprise_user.id`)."""

    @classmethod
    def of(cls, person: "PersonRecord", asked: Collection[str]) -> "PersonFacts":
        """Build it from a look-up that asked about the groups in `asked`."""
        if person.could_not_be_checked:
            return cls()
        status = Status.of(
            deleted=person.is_deactivated, bot=person.is_bot, outsider=person.is_external, guest=person.is_guest
        )
        answered = [group for group in asked if group not in person.unchecked_usergroups]
        return cls(status, {group: group in person.usergroups for group in answered}, person.same, person.person)


class Absence(StrEnum):
    """Why a named approver cannot approve."""

    REQUESTER = "requester"
    DEACTIVATED = "deactivated"
    BOT = "bot"
    GUEST = "guest"
    OUTSIDER = "outsider"
    UNKNOWN = "unknown"
    """Slack knows no such person."""
    EMPTY = "empty"
    """A user group with nobody in it, or that Slack does not know."""
    NO_SCOPE = "no_scope"
    """A user group the bot cannot read for lack of a scope: nobody can approve as its member."""


class Absent(NamedTuple):
    """Somebody, or a user group, that is named to approve and cannot, and why."""

    who: str
    why: Absence

    def to_text(self) -> str:
        """As a verdict is stored with it: `U0000001 deactivated`."""
        return f"{self.who} {self.why.value}"

    @classmethod
    def from_text(cls, stored: str) -> "Absent":
        """What `to_text` wrote down; raises `ValueError` for anything else."""
        who, _, why = stored.partition(" ")
        return cls(who, Absence(why))


@dataclass(frozen=True, slots=True)
class Approvers:
    """The approvers found in Slack; the search stops once enough are found."""

    people: frozenset[str] = frozenset()
    """People other than the requester, each once."""
    complete: bool = False
    """Everybody named was looked up: nobody else can approve."""
    absent: tuple[Absent, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        absent = [[each, why.value] for each, why in self.absent]
        return {"people": sorted(self.people), "complete": self.complete, "absent": absent}


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts found for one question. A channel that is not in `channels` could not be checked."""

    person: PersonFacts = field(default_factory=PersonFacts)
    channels: Mapping[str, Sharing] = field(default_factory=_no_channels)
    approvers: Approvers | None = None
    """None: nobody looked for them."""
    missing_scopes: frozenset[str] = frozenset()
    """What Slack did not tell because the app was installed without these scopes."""

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        return {
            "status": self.person.status.value,
            "person": self.person.person,
            "groups": dict(sorted(self.person.groups.items())),
            "same": dict(sorted(self.person.same.items())),
            "channels": {channel: sharing.value for channel, sharing in sorted(self.channels.items())},
            "approvers": self.approvers.to_dict() if self.approvers else None,
            "missing_scopes": sorted(self.missing_scopes),
        }


@dataclass(frozen=True, slots=True)
class ApproversNeeded:
    """How many approvers to find, among which people and groups, and with which statuses."""

    users: tuple[str, ...]
    groups: tuple[str, ...]
    count: int
    statuses: frozenset[Status]
    besides: tuple[str, ...] = ()
    """The requester's ids, who does not count."""


@dataclass(frozen=True, slots=True)
class Needed:
    """The facts to look up: the person's status, their membership of these groups, these channels' sharing, whether
    these ids are theirs, who can approve.

    Ids in `named` and `same_as` need a look-up only in an Enterprise Grid, where people have several. The first must be
    the person's, the second must not.
    """

    person: bool = False
    groups: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    same_as: tuple[str, ...] = ()
    approvers: ApproversNeeded | None = None
