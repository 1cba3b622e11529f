"""PURE: what the policy may know about a person and a channel. What could not be found out is never guessed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol


class Status(StrEnum):
    """What Slack's `users.info` says somebody is; the most restrictive where several hold."""

    COULD_NOT_BE_CHECKED = "could_not_be_checked"
    MEMBER = "member"
    GUEST = "guest"
    OUTSIDER = "outsider"
    BOT = "bot"
    DEACTIVATED = "deactivated"

    @classmethod
    def of(cls, *, deleted: bool, bot: bool, outsider: bool, guest: bool) -> "Status":
        """From Slack's flags: `deleted`; `is_bot`; another organisation (`is_stranger`, a foreign `team_id`);
        `is_restricted` or `is_ultra_restricted`."""
        flags = ((deleted, cls.DEACTIVATED), (bot, cls.BOT), (outsider, cls.OUTSIDER), (guest, cls.GUEST))
        return next((status for holds, status in flags if holds), cls.MEMBER)


class Sharing(StrEnum):
    """Who is in a channel, as `conversations.info` says."""

    COULD_NOT_BE_CHECKED = "could_not_be_checked"
    INSIDE = "inside"
    SHARED = "shared"
    """With another organisation, or about to be."""
    CANNOT_POST = "cannot_post"
    """The bot cannot post there, so cannot look either: counts as not shared, nothing being shown in it."""


def _no_groups() -> Mapping[str, bool]:
    return MappingProxyType({})


def _no_channels() -> Mapping[str, Sharing]:
    return MappingProxyType({})


class PersonSeen(Protocol):
    """What a look-up of a person answers (`bot.slack.person_facts.PersonFacts`)."""

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
    """What is known of the person: their status, and for each group looked up whether they are in it.

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
    def of(cls, seen: "PersonSeen", asked: Collection[str]) -> "PersonFacts":
        """From what a look-up told, the groups in `asked` having been asked about."""
        if seen.could_not_be_checked:
            return cls()
        status = Status.of(deleted=seen.is_deactivated, bot=seen.is_bot, outsider=seen.is_external, guest=seen.is_guest)
        told = [group for group in asked if group not in seen.unchecked_usergroups]
        return cls(status, {group: group in seen.usergroups for group in told}, seen.same, seen.person)


class Absence(StrEnum):
    """Why somebody who is named to approve cannot."""

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
    """A user group that Slack keeps from the bot, whose app lacks the scope: nobody can approve as its member."""


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who may approve, as far as Slack could tell: no more are looked for than are needed."""

    people: frozenset[str] = frozenset()
    """People other than the requester, each once."""
    complete: bool = False
    """Everybody named was looked up: there is nobody else."""
    absent: tuple[tuple[str, Absence], ...] = ()
    """People and groups that are named, and why nobody can be found there."""

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        absent = [[each, why.value] for each, why in self.absent]
        return {"people": sorted(self.people), "complete": self.complete, "absent": absent}


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was found out for one question. A channel that is not in `channels` could not be checked."""

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
class ApproversWanted:
    """So many approvers are to be found among these people and members of these groups, of these statuses."""

    users: tuple[str, ...]
    groups: tuple[str, ...]
    count: int
    statuses: frozenset[Status]
    besides: tuple[str, ...] = ()
    """The requester's ids, who is none."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What must be found out: the person's status, their membership of these groups, these channels' sharing, whether
    these ids are theirs, whether anybody is there to approve.

    Ids in `named` and `same_as` need be looked up only where people have several (an Enterprise Grid). Of the first it
    matters that they are the person's, of the second that they are not.
    """

    person: bool = False
    groups: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    same_as: tuple[str, ...] = ()
    approvers: ApproversWanted | None = None
