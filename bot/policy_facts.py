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
    """What a look-up of a person answers (`bot.people.PersonFacts`)."""

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


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What is known of the person: their status, and for each group looked up whether they are in it.

    A group that is not in `groups` could not be checked.
    """

    status: Status = Status.COULD_NOT_BE_CHECKED
    groups: Mapping[str, bool] = field(default_factory=_no_groups)

    @classmethod
    def of(cls, seen: "PersonSeen", asked: Collection[str]) -> "PersonFacts":
        """From what a look-up told, the groups in `asked` having been asked about."""
        if seen.could_not_be_checked:
            return cls()
        status = Status.of(deleted=seen.is_deactivated, bot=seen.is_bot, outsider=seen.is_external, guest=seen.is_guest)
        told = [group for group in asked if group not in seen.unchecked_usergroups]
        return cls(status, {group: group in seen.usergroups for group in told})


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was found out for one question. A channel that is not in `channels` could not be checked."""

    person: PersonFacts = field(default_factory=PersonFacts)
    channels: Mapping[str, Sharing] = field(default_factory=_no_channels)

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        return {
            "status": self.person.status.value,
            "groups": dict(sorted(self.person.groups.items())),
            "channels": {channel: sharing.value for channel, sharing in sorted(self.channels.items())},
        }


@dataclass(frozen=True, slots=True)
class Needed:
    """What must be found out: the person's status, their membership of these groups, these channels' sharing."""

    person: bool = False
    groups: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
