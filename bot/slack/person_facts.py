"""PURE: reads Slack's answers about people, groups and channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from bot.domain.policy.decide import Absence, PersonFacts, Sharing, Status
from bot.slack.client import Identity
from bot.slack.results import Answer, Ok, Refused

_NO_SUCH_PERSON = frozenset({"user_not_found", "users_not_found", "user_not_visible"})


@dataclass(frozen=True, slots=True)
class SlackPerson:
    """What Slack says about a person; with `could_not_be_checked`, rely on nothing here.

    `ids` are all ids of theirs in the answer, and `person` is whom they stand for: in an Enterprise Grid one person has
    an id in the organisation (`enterprise_user.id`) and others in its workspaces, and Slack may answer with any of
    them. `usergroups` are the groups asked about that contain the person, `unchecked_usergroups` those that Slack did
    not answer for; `same` tells of other ids whether they are theirs. `tz_offset_seconds` is east of UTC, used if `tz`
    (an IANA name) is unknown."""

    user_id: str
    could_not_be_checked: bool = False
    is_unknown: bool = False
    """Slack knows no such person."""
    is_deactivated: bool = False
    is_bot: bool = False
    is_guest: bool = False
    is_external: bool = False
    ids: frozenset[str] = frozenset()
    person: str | None = None
    is_of_grid: bool = False
    """Slack names a person of an organisation, who may have more ids than it tells here."""
    usergroups: frozenset[str] = frozenset()
    unchecked_usergroups: frozenset[str] = frozenset()
    same: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    tz: str | None = None
    tz_offset_seconds: int = 0

    @property
    def status(self) -> Status:
        """Return the person's status as one word."""
        return PersonFacts.of(self, ()).status


def person_facts(user_id: str, own: Answer[Identity], user: Answer[Mapping[str, Any]]) -> SlackPerson:
    """Read the answer of users.info for this id. An answer about another id counts as no answer."""
    if isinstance(user, Refused) and user.code in _NO_SUCH_PERSON:
        return SlackPerson(user_id, could_not_be_checked=True, is_unknown=True)
    if not isinstance(own, Ok) or not isinstance(user, Ok) or (ids := ids_of(user_id, user.value)) is None:
        return SlackPerson(user_id, could_not_be_checked=True)
    facts = user.value
    tz, tz_offset = facts.get("tz"), facts.get("tz_offset")
    return SlackPerson(
        user_id,
        is_deactivated=bool(facts.get("deleted")),
        is_bot=bool(facts.get("is_bot")) or user_id == "USLACKBOT",
        is_guest=bool(facts.get("is_restricted")) or bool(facts.get("is_ultra_restricted")),
        is_external=_is_external(facts, own.value),
        ids=ids,
        person=_in_organisation(facts) or _text(facts.get("id")) or user_id,
        is_of_grid=_in_organisation(facts) is not None or own.value.enterprise_id is not None,
        tz=tz if isinstance(tz, str) and tz else None,
        tz_offset_seconds=tz_offset if isinstance(tz_offset, int) else 0,
    )


def ids_of(user_id: str, user: Mapping[str, Any]) -> frozenset[str] | None:
    """Return every id of the person in an answer for `user_id`; None if it is about somebody else.

    It may give another id than `user_id` only if it names the organisation's id of both.
    """
    answered, person = _text(user.get("id")), _in_organisation(user)
    if answered not in (None, user_id) and person is None:
        return None
    return frozenset(each for each in (user_id, answered, person) if each is not None)


def ids_in_answer(user_id: str, answer: Answer[Mapping[str, Any]]) -> frozenset[str] | None:
    """Like `ids_of`, from any answer: a person unknown to Slack has no other id. None if Slack could not say."""
    if isinstance(answer, Refused) and answer.code in _NO_SUCH_PERSON:
        return frozenset({user_id})
    return ids_of(user_id, answer.value) if isinstance(answer, Ok) else None


def members_of(answer: Answer[frozenset[str]]) -> frozenset[str] | Absence | None:
    """Return a user group's members, why it has none, or None if Slack could not say."""
    if isinstance(answer, Refused) and answer.code == "missing_scope":
        return Absence.NO_SCOPE
    if not isinstance(answer, Ok):
        return None
    return answer.value or Absence.EMPTY


def missing_scopes(answers: "list[Answer[Any]]") -> frozenset[str]:
    """Return the missing scopes for which Slack refused to answer."""
    refused = (each for each in answers if isinstance(each, Refused) and each.code == "missing_scope")
    return frozenset(each.detail or "that Slack did not name" for each in refused)


def sharing_of(answer: Answer[Mapping[str, Any] | None]) -> Sharing:
    """Return who is in a channel, by conversations.info; None stands for a channel the bot cannot see."""
    if not isinstance(answer, Ok):
        return Sharing.COULD_NOT_BE_CHECKED
    channel = answer.value
    if channel is None:
        return Sharing.CANNOT_POST
    if _is_shared(channel):
        return Sharing.SHARED
    return Sharing.CANNOT_POST if channel.get("is_archived") else Sharing.INSIDE


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _in_organisation(user: Mapping[str, Any]) -> str | None:
    enterprise = user.get("enterprise_user")
    return _text(enterprise.get("id")) if isinstance(enterprise, Mapping) else None


def _is_external(user: Mapping[str, Any], own: Identity) -> bool:
    """Tell whether somebody belongs to another organisation; workspaces of one enterprise are one organisation."""
    if user.get("is_stranger"):
        return True
    team = user.get("team_id") or (user.get("profile") or {}).get("team")
    if team is None or team in {own.team_id, own.enterprise_id}:
        return False
    enterprise = user.get("enterprise_user")
    if not isinstance(enterprise, Mapping):
        return True
    if own.team_id in (enterprise.get("teams") or ()):
        return False
    return own.enterprise_id is None or enterprise.get("enterprise_id") != own.enterprise_id


def _is_shared(channel: Mapping[str, Any]) -> bool:
    """Tell whether a channel is shared. A pending invitation counts: whoever accepts it reads earlier posts. Sharing
    between workspaces of one enterprise (`is_org_shared`) does not count."""
    if channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"):
        return True
    return bool(channel.get("is_shared")) and not channel.get("is_org_shared")
