"""Looks up people and channels in Slack within five seconds.

What Slack cannot say is marked as unknown, never guessed, and the policy refuses. An answer is reused for at most
`REUSED_SECONDS` from the start of its call; a failure is never cached.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from bot.domain.policy.decide import Approvers, ApproversNeeded, Facts, Needed, PersonFacts, Sharing
from bot.domain.slack_ids import is_direct
from bot.slack.approvers import find_approvers
from bot.slack.cache import SlackCache, done, result
from bot.slack.client import Identity, SlackClient
from bot.slack.identities import CACHE_SECONDS, Identities, KnownIds
from bot.slack.person_facts import SlackPerson, ids_of, members_of, missing_scopes, person_facts, sharing_of
from bot.slack.results import Answer, Ok, Refused

REUSED_SECONDS = 60.0

# Error codes by which a user group certainly has no members (unknown group; a plan without groups).
_EMPTY_GROUP = frozenset({"no_such_subteam", "plan_upgrade_required"})


class Directory:
    """Looks people and channels up. Thread-safe.

    `clock` gives monotonic seconds. `executor` runs the calls in parallel and bounds the wait even if the network hangs
    past its deadline; without it they run in turn in the caller's thread, each with the rest of `wait_seconds` as its
    deadline. With `pause` (see `SlackCache`), failed and rate-limited calls are retried within that time; a longer
    limit counts as no answer. `is_closed` tells whether Slack lately refused a post in a channel, which no call
    reports.
    """

    def __init__(
        self,
        slack: SlackClient,
        clock: Callable[[], float],
        executor: Executor | None = None,
        wait_seconds: float = 5.0,
        is_closed: Callable[[str], bool] = lambda _: False,
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        self._slack = slack
        self._is_closed = is_closed
        self._wait_seconds = wait_seconds
        self._cache = SlackCache(clock, executor, REUSED_SECONDS, pause)
        self._identities = Identities(slack, SlackCache(clock, executor, CACHE_SECONDS, pause))
        self._clock = clock
        self._identity: Identity | None = None

    def find_out(self, user_id: str, needed: Needed, fresh: bool = False) -> Facts:
        """Find out all that the policy needs about this person, their groups and the channels, in one wait."""
        deadline = self._clock() + self._wait_seconds
        person = self._start_person(user_id, needed.groups, fresh, deadline) if needed.person else None
        channels = {channel: self._start_channel(channel, fresh, deadline) for channel in needed.channels}
        futures = [*(person.all() if person else ()), *channels.values()]
        self._cache.wait(futures, deadline)
        sharing = {channel: self._sharing(channel, future) for channel, future in channels.items()}
        lacking = missing_scopes([result(each) for each in futures])
        if person is None:
            return Facts(channels=sharing, missing_scopes=lacking)
        who = person.facts()
        others = self._others(who, needed.same_as, fresh, deadline)
        who = self._identities.compared(who, others, needed.named, person.members(), deadline)
        approvers = None
        if needed.approvers is not None and not who.could_not_be_checked:
            besides = tuple({*needed.approvers.besides, *who.ids})
            approvers_needed = replace(needed.approvers, besides=besides)
            approvers = self._approvers(approvers_needed, fresh, deadline, person.groups)
        return Facts(PersonFacts.of(who, needed.groups), sharing, approvers, lacking)

    def person(self, user_id: str, usergroups: Collection[str] = (), fresh: bool = False) -> SlackPerson:
        """Look up a person and which of `usergroups` they are in; `fresh` bypasses the cache."""
        deadline = self._clock() + self._wait_seconds
        person = self._start_person(user_id, usergroups, fresh, deadline)
        self._cache.wait(person.all(), deadline)
        return self._identities.compared(person.facts(), {}, (), person.members(), deadline)

    def approvers(self, needed: ApproversNeeded) -> Approvers:
        """Find who can approve, as far as Slack answers in time."""
        return self._approvers(needed, False, self._clock() + self._wait_seconds)

    def channel(self, channel_id: str, fresh: bool = False) -> Sharing:
        """Tell whether people of another organisation are in a channel or invited to it.

        A direct message (`D…`) is not looked up: the bot's own has only the person in it, and the bot can neither see
        nor post to any other. A channel that the bot cannot see, that is archived or that lately refused a post is
        CANNOT_POST."""
        deadline = self._clock() + self._wait_seconds
        future = self._start_channel(channel_id, fresh, deadline)
        self._cache.wait([future], deadline)
        return self._sharing(channel_id, future)

    def known_identity(self) -> Identity | None:
        """Return who the bot is if that is known. Each look-up of a person asks Slack until it is."""
        return self._identity

    def _start_person(self, user_id: str, usergroups: Collection[str], fresh: bool, deadline: float) -> "_PersonReads":
        return _PersonReads(
            user_id,
            self._start_own_identity(deadline),
            self._start_user(user_id, fresh, deadline),
            {group: self._start_group(group, fresh, deadline) for group in sorted(set(usergroups))},
        )

    def _start_user(self, user_id: str, fresh: bool, deadline: float) -> "Future[Answer[Mapping[str, Any]]]":
        return self._cache.start(("user", user_id), lambda left: self._slack.user_info(user_id, left), fresh, deadline)

    def _others(self, person: SlackPerson, ids: Collection[str], fresh: bool, deadline: float) -> KnownIds:
        """Return all ids of each of these people, whom the person must not be. Outside an Enterprise Grid people have
        one id, and nobody is looked up; on a Grid, an id that Slack does not know may be anybody's."""
        others = [each for each in ids if each not in person.ids]
        if person.could_not_be_checked:
            return {}
        if not person.is_of_grid and not any(each.startswith("W") for each in others):
            return {each: frozenset({each}) for each in others}
        users = {each: self._start_user(each, fresh, deadline) for each in others}
        self._cache.wait(users.values(), deadline)
        answers = {each: result(future) for each, future in users.items()}
        return {each: ids_of(each, user.value) if isinstance(user, Ok) else None for each, user in answers.items()}

    def _approvers(
        self,
        needed: ApproversNeeded,
        fresh: bool,
        deadline: float,
        asked: "Mapping[str, Future[Answer[frozenset[str]]]]" = MappingProxyType({}),
    ) -> Approvers:
        """Find approvers; `asked` are groups whose members have just been fetched."""
        groups = {group: asked.get(group) or self._start_group(group, fresh, deadline) for group in needed.groups}
        self._cache.wait(groups.values(), deadline)
        members = {group: members_of(result(future)) for group, future in groups.items()}

        def people_of(ids: Sequence[str]) -> list[SlackPerson]:
            own = self._start_own_identity(deadline)
            users = {each: self._start_user(each, fresh, deadline) for each in ids}
            self._cache.wait([own, *users.values()], deadline)
            return [person_facts(each, result(own), result(future)) for each, future in users.items()]

        return find_approvers(needed, members, people_of)

    def _sharing(self, channel_id: str, future: "Future[Answer[Mapping[str, Any] | None]]") -> Sharing:
        sharing = sharing_of(result(future))
        # Who can read there matters more than whether the bot can post.
        closed = sharing is Sharing.INSIDE and self._is_closed(channel_id)
        return Sharing.CANNOT_POST if closed else sharing

    def _start_channel(
        self, channel_id: str, fresh: bool, deadline: float
    ) -> "Future[Answer[Mapping[str, Any] | None]]":
        if is_direct(channel_id):
            return done(Ok({}))
        return self._cache.start(
            ("channel", channel_id), lambda left: self._channel_info(channel_id, left), fresh, deadline
        )

    def _start_own_identity(self, deadline: float) -> "Future[Answer[Identity]]":
        if self._identity is not None:
            return done(Ok(self._identity))
        return self._cache.start(("self", ""), self._ask_own_identity, False, deadline)

    def _ask_own_identity(self, left: float) -> Answer[Identity]:
        answer = self._slack.auth_test(left)
        if isinstance(answer, Ok):
            self._identity = answer.value
        return answer

    def _start_group(self, group: str, fresh: bool, deadline: float) -> "Future[Answer[frozenset[str]]]":
        return self._cache.start(("group", group), lambda left: self._group_members(group, left), fresh, deadline)

    def _group_members(self, group: str, left: float) -> Answer[frozenset[str]]:
        answer = self._slack.usergroup_members(group, left)
        if isinstance(answer, Refused) and answer.code in _EMPTY_GROUP:
            return Ok(frozenset())
        return answer

    def _channel_info(self, channel_id: str, left: float) -> Answer[Mapping[str, Any] | None]:
        """Fetch the channel; None if the bot cannot see it."""
        answer = self._slack.conversation_info(channel_id, left)
        if isinstance(answer, Refused) and answer.code == "channel_not_found":
            return Ok(None)
        return answer


@dataclass(frozen=True, slots=True)
class _PersonReads:
    """The pending calls about one person."""

    user_id: str
    own: "Future[Answer[Identity]]"
    user: "Future[Answer[Mapping[str, Any]]]"
    groups: "Mapping[str, Future[Answer[frozenset[str]]]]"

    def all(self) -> "list[Future[Any]]":
        return [self.own, self.user, *self.groups.values()]

    def facts(self) -> SlackPerson:
        """Return who they are, and which groups could not be checked."""
        person = person_facts(self.user_id, result(self.own), result(self.user))
        return replace(person, unchecked_usergroups=frozenset(self.groups) - frozenset(self.members()))

    def members(self) -> dict[str, frozenset[str]]:
        """Return the members of the groups that Slack answered for."""
        answers = {group: result(future) for group, future in self.groups.items()}
        return {group: answer.value for group, answer in answers.items() if isinstance(answer, Ok)}
