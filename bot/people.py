"""Who somebody is and what a channel is, by Slack's own word, within five seconds or not at all.

What Slack cannot say is marked as such and never guessed: the policy refuses then. An answer is reused for at most
`cache_seconds`, counted from before it was asked for; a failure is never kept.
"""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

from bot import policy
from bot.look_ups import LookUps, done, result
from bot.slack import Identity, SlackClient
from bot.slack_answers import Answer, Ok, Refused

# Slack's certain answers that a user group has nobody in it (an unknown one; a plan without user groups).
_EMPTY_GROUP = frozenset({"no_such_subteam", "plan_upgrade_required"})


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What Slack says about a person; with `could_not_be_checked`, nothing here may be relied on.

    `usergroups` are those of the groups asked about that the person is in, `unchecked_usergroups` those that
    Slack did not tell about. `tz_offset_seconds` is east of UTC, for when `tz` (an IANA name) is unknown."""

    user_id: str
    could_not_be_checked: bool = False
    is_deactivated: bool = False
    is_bot: bool = False
    is_guest: bool = False
    is_external: bool = False
    usergroups: frozenset[str] = frozenset()
    unchecked_usergroups: frozenset[str] = frozenset()
    tz: str | None = None
    tz_offset_seconds: int = 0


class People:
    """Looks people and channels up. Thread-safe.

    `clock` gives monotonic seconds. `executor` runs the look-ups side by side and bounds the wait even where the
    network hangs beyond its deadline; without one they run one after another in the caller's thread, each with
    what is left of `wait_seconds` as its deadline. With `pause` (see `LookUps`), what Slack failed to answer or its
    rate limit put off is asked again within that time; a longer limit counts as no answer.
    `is_closed` says of a channel whether Slack has lately refused a post in it, which no look-up tells.
    """

    def __init__(
        self,
        slack: SlackClient,
        clock: Callable[[], float],
        executor: Executor | None = None,
        cache_seconds: float = 60.0,
        wait_seconds: float = 5.0,
        is_closed: Callable[[str], bool] = lambda _: False,
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        self._slack = slack
        self._is_closed = is_closed
        self._wait_seconds = wait_seconds
        self._look_ups = LookUps(clock, executor, cache_seconds, pause)
        self._clock = clock
        self._identity: Identity | None = None

    def find_out(self, user_id: str, needed: policy.Needed, fresh: bool = False) -> policy.Facts:
        """All that the policy needs to know of this person, their groups and the channels, in one wait."""
        deadline = self._clock() + self._wait_seconds
        person = self._start_person(user_id, needed.groups, fresh, deadline) if needed.person else None
        channels = {channel: self._start_channel(channel, fresh, deadline) for channel in needed.channels}
        self._look_ups.wait([*(person.all() if person else ()), *channels.values()], deadline)
        known = policy.PersonFacts.of(person.facts(), needed.groups) if person else policy.PersonFacts()
        return policy.Facts(known, {channel: self._found(channel, future) for channel, future in channels.items()})

    def person(self, user_id: str, usergroups: Collection[str] = (), fresh: bool = False) -> PersonFacts:
        """Who somebody is and which of `usergroups` they are in; `fresh` asks Slack anew."""
        deadline = self._clock() + self._wait_seconds
        person = self._start_person(user_id, usergroups, fresh, deadline)
        self._look_ups.wait(person.all(), deadline)
        return person.facts()

    def channel(self, channel_id: str, fresh: bool = False) -> policy.Sharing:
        """Whether people of another organisation are, or are invited to be, in a channel.

        A direct message (`D…`) is not looked up: the bot's own holds nobody but the person, and another's the
        bot can neither see nor post to. A channel that the bot cannot see, that is archived or that has lately
        refused a post is CANNOT_POST."""
        deadline = self._clock() + self._wait_seconds
        future = self._start_channel(channel_id, fresh, deadline)
        self._look_ups.wait([future], deadline)
        return self._found(channel_id, future)

    def own_identity(self) -> Identity | None:
        """Who the bot is; None where Slack cannot say. Asked until known, then never again."""
        deadline = self._clock() + self._wait_seconds
        future = self._start_own_identity(deadline)
        self._look_ups.wait([future], deadline)
        answer = result(future)
        return answer.value if isinstance(answer, Ok) else None

    def known_identity(self) -> Identity | None:
        """Who the bot is, if that has been found out; asks nobody."""
        return self._identity

    def _start_person(self, user_id: str, usergroups: Collection[str], fresh: bool, deadline: float) -> "_PersonLookUp":
        return _PersonLookUp(
            user_id,
            self._start_own_identity(deadline),
            self._look_ups.start(("user", user_id), lambda left: self._slack.user_info(user_id, left), fresh, deadline),
            {group: self._start_group(group, fresh, deadline) for group in sorted(set(usergroups))},
        )

    def _found(self, channel_id: str, future: "Future[Answer[Mapping[str, Any] | None]]") -> policy.Sharing:
        sharing = _sharing(result(future))
        # Who might read there counts for more than whether the bot may post.
        closed = sharing is policy.Sharing.INSIDE and self._is_closed(channel_id)
        return policy.Sharing.CANNOT_POST if closed else sharing

    def _start_channel(
        self, channel_id: str, fresh: bool, deadline: float
    ) -> "Future[Answer[Mapping[str, Any] | None]]":
        if channel_id.startswith("D"):
            return done(Ok({}))
        return self._look_ups.start(
            ("channel", channel_id), lambda left: self._channel_info(channel_id, left), fresh, deadline
        )

    def _start_own_identity(self, deadline: float) -> "Future[Answer[Identity]]":
        if self._identity is not None:
            return done(Ok(self._identity))
        return self._look_ups.start(("self", ""), self._ask_own_identity, False, deadline)

    def _ask_own_identity(self, left: float) -> Answer[Identity]:
        answer = self._slack.auth_test(left)
        if isinstance(answer, Ok):
            self._identity = answer.value
        return answer

    def _start_group(self, group: str, fresh: bool, deadline: float) -> "Future[Answer[frozenset[str]]]":
        return self._look_ups.start(("group", group), lambda left: self._group_members(group, left), fresh, deadline)

    def _group_members(self, group: str, left: float) -> Answer[frozenset[str]]:
        answer = self._slack.usergroup_members(group, left)
        if isinstance(answer, Refused) and answer.code in _EMPTY_GROUP:
            return Ok(frozenset())
        return answer

    def _channel_info(self, channel_id: str, left: float) -> Answer[Mapping[str, Any] | None]:
        """The channel; None for one that the bot cannot see."""
        answer = self._slack.conversation_info(channel_id, left)
        if isinstance(answer, Refused) and answer.code == "channel_not_found":
            return Ok(None)
        return answer


@dataclass(frozen=True, slots=True)
class _PersonLookUp:
    """The look-ups about one person, under way."""

    user_id: str
    own: "Future[Answer[Identity]]"
    user: "Future[Answer[Mapping[str, Any]]]"
    groups: "Mapping[str, Future[Answer[frozenset[str]]]]"

    def all(self) -> "list[Future[Any]]":
        return [self.own, self.user, *self.groups.values()]

    def facts(self) -> PersonFacts:
        answers = {group: result(future) for group, future in self.groups.items()}
        known = {group: answer.value for group, answer in answers.items() if isinstance(answer, Ok)}
        return _person_facts(
            self.user_id,
            result(self.own),
            result(self.user),
            frozenset(group for group, users in known.items() if self.user_id in users),
            frozenset(answers) - frozenset(known),
        )


def _person_facts(
    user_id: str,
    own: Answer[Identity],
    user: Answer[Mapping[str, Any]],
    usergroups: frozenset[str],
    unchecked_usergroups: frozenset[str],
) -> PersonFacts:
    if not isinstance(own, Ok) or not isinstance(user, Ok):
        return PersonFacts(user_id, could_not_be_checked=True)
    facts = user.value
    if facts.get("id") not in (None, user_id):  # this is no answer about this person
        return PersonFacts(user_id, could_not_be_checked=True)
    tz, tz_offset = facts.get("tz"), facts.get("tz_offset")
    return PersonFacts(
        user_id,
        is_deactivated=bool(facts.get("deleted")),
        is_bot=bool(facts.get("is_bot")) or user_id == "USLACKBOT",
        is_guest=bool(facts.get("is_restricted")) or bool(facts.get("is_ultra_restricted")),
        is_external=_is_external(facts, own.value),
        usergroups=usergroups,
        unchecked_usergroups=unchecked_usergroups,
        tz=tz if isinstance(tz, str) and tz else None,
        tz_offset_seconds=tz_offset if isinstance(tz_offset, int) else 0,
    )


def _is_external(user: Mapping[str, Any], own: Identity) -> bool:
    """Whether somebody belongs to another organisation; a workspace of the same enterprise is the same one."""
    if user.get("is_stranger"):
        return True
    team = user.get("team_id") or (user.get("profile") or {}).get("team")
    if team is None or team in {own.team_id, own.enterprise_id}:
        return False
    enterprise = user.get("enterprise_user")
    theirs = enterprise.get("enterprise_id") if isinstance(enterprise, Mapping) else None
    return own.enterprise_id is None or theirs != own.enterprise_id


def _sharing(answer: Answer[Mapping[str, Any] | None]) -> policy.Sharing:
    if not isinstance(answer, Ok):
        return policy.Sharing.COULD_NOT_BE_CHECKED
    channel = answer.value
    if channel is None:
        return policy.Sharing.CANNOT_POST
    if _is_shared(channel):
        return policy.Sharing.SHARED
    return policy.Sharing.CANNOT_POST if channel.get("is_archived") else policy.Sharing.INSIDE


def _is_shared(channel: Mapping[str, Any]) -> bool:
    """A pending invitation counts: whoever accepts it reads what was posted before. A channel shared only
    between workspaces of one enterprise (`is_org_shared`) does not."""
    if channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"):
        return True
    return bool(channel.get("is_shared")) and not channel.get("is_org_shared")
