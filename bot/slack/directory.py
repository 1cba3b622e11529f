"""Who somebody is and what a channel is, by Slack's own word, within five seconds or not at all.

What Slack cannot say is marked as such and never guessed: the policy refuses then. An answer is reused for at most
`REUSED_SECONDS`, counted from before it was asked for; a failure is never kept.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from bot.domain.policy import decide as policy
from bot.slack.approvers import find_approvers
from bot.slack.cache import SlackCache, done, result
from bot.slack.client import Identity, SlackClient
from bot.slack.identities import KEPT_SECONDS, Identities, Told
from bot.slack.person_facts import SlackPerson, ids_of, members_of, missing_scopes, person_facts, sharing_of
from bot.slack.results import Answer, Ok, Refused

REUSED_SECONDS = 60.0

# Slack's certain answers that a user group has nobody in it (an unknown one; a plan without user groups).
_EMPTY_GROUP = frozenset({"no_such_subteam", "plan_upgrade_required"})


class Directory:
    """Looks people and channels up. Thread-safe.

    `clock` gives monotonic seconds. `executor` runs the look-ups side by side and bounds the wait even where the
    network hangs beyond its deadline; without one they run one after another in the caller's thread, each with
    what is left of `wait_seconds` as its deadline. With `pause` (see `SlackCache`), what Slack failed to answer or its
    rate limit put off is asked again within that time; a longer limit counts as no answer.
    `is_closed` says of a channel whether Slack has lately refused a post in it, which no look-up tells.
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
        self._identities = Identities(slack, SlackCache(clock, executor, KEPT_SECONDS, pause))
        self._clock = clock
        self._identity: Identity | None = None

    def find_out(self, user_id: str, needed: policy.Needed, fresh: bool = False) -> policy.Facts:
        """All that the policy needs to know of this person, their groups and the channels, in one wait."""
        deadline = self._clock() + self._wait_seconds
        person = self._start_person(user_id, needed.groups, fresh, deadline) if needed.person else None
        channels = {channel: self._start_channel(channel, fresh, deadline) for channel in needed.channels}
        futures = [*(person.all() if person else ()), *channels.values()]
        self._cache.wait(futures, deadline)
        sharing = {channel: self._found(channel, future) for channel, future in channels.items()}
        lacking = missing_scopes([result(each) for each in futures])
        if person is None:
            return policy.Facts(channels=sharing, missing_scopes=lacking)
        seen = person.facts()
        told = self._others(seen, needed.same_as, fresh, deadline)
        seen = self._identities.compared(seen, told, needed.named, person.members(), deadline)
        approvers = None
        if needed.approvers is not None and not seen.could_not_be_checked:
            besides = tuple({*needed.approvers.besides, *seen.ids})
            wanted = replace(needed.approvers, besides=besides)
            approvers = self._approvers(wanted, fresh, deadline, person.groups)
        return policy.Facts(policy.PersonFacts.of(seen, needed.groups), sharing, approvers, lacking)

    def person(self, user_id: str, usergroups: Collection[str] = (), fresh: bool = False) -> SlackPerson:
        """Who somebody is and which of `usergroups` they are in; `fresh` asks Slack anew."""
        deadline = self._clock() + self._wait_seconds
        person = self._start_person(user_id, usergroups, fresh, deadline)
        self._cache.wait(person.all(), deadline)
        return self._identities.compared(person.facts(), {}, (), person.members(), deadline)

    def approvers(self, wanted: policy.ApproversWanted) -> policy.Approvers:
        """Who can approve, as far as Slack says so in time."""
        return self._approvers(wanted, False, self._clock() + self._wait_seconds)

    def channel(self, channel_id: str, fresh: bool = False) -> policy.Sharing:
        """Whether people of another organisation are, or are invited to be, in a channel.

        A direct message (`D…`) is not looked up: the bot's own holds nobody but the person, and another's the
        bot can neither see nor post to. A channel that the bot cannot see, that is archived or that has lately
        refused a post is CANNOT_POST."""
        deadline = self._clock() + self._wait_seconds
        future = self._start_channel(channel_id, fresh, deadline)
        self._cache.wait([future], deadline)
        return self._found(channel_id, future)

    def own_identity(self) -> Identity | None:
        """Who the bot is; None where Slack cannot say. Asked until known, then never again."""
        deadline = self._clock() + self._wait_seconds
        future = self._start_own_identity(deadline)
        self._cache.wait([future], deadline)
        answer = result(future)
        return answer.value if isinstance(answer, Ok) else None

    def known_identity(self) -> Identity | None:
        """Who the bot is, if that has been found out; asks nobody."""
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

    def _others(self, seen: SlackPerson, ids: Collection[str], fresh: bool, deadline: float) -> Told:
        """All ids of each of these, whom the person must not be. Where people have one id each (outside an Enterprise
        Grid), nobody is looked up; on one, an id that Slack does not know may be anybody's."""
        others = [each for each in ids if each not in seen.ids]
        if seen.could_not_be_checked:
            return {}
        if not seen.is_of_grid and not any(each.startswith("W") for each in others):
            return {each: frozenset({each}) for each in others}
        users = {each: self._start_user(each, fresh, deadline) for each in others}
        self._cache.wait(users.values(), deadline)
        answers = {each: result(future) for each, future in users.items()}
        return {each: ids_of(each, told.value) if isinstance(told, Ok) else None for each, told in answers.items()}

    def _approvers(
        self,
        wanted: policy.ApproversWanted,
        fresh: bool,
        deadline: float,
        asked: "Mapping[str, Future[Answer[frozenset[str]]]]" = MappingProxyType({}),
    ) -> policy.Approvers:
        """`asked` are groups whose members have just been asked for."""
        groups = {group: asked.get(group) or self._start_group(group, fresh, deadline) for group in wanted.groups}
        self._cache.wait(groups.values(), deadline)
        members = {group: members_of(result(future)) for group, future in groups.items()}

        def people_of(ids: Sequence[str]) -> list[SlackPerson]:
            own = self._start_own_identity(deadline)
            users = {each: self._start_user(each, fresh, deadline) for each in ids}
            self._cache.wait([own, *users.values()], deadline)
            return [person_facts(each, result(own), result(future)) for each, future in users.items()]

        return find_approvers(wanted, members, people_of)

    def _found(self, channel_id: str, future: "Future[Answer[Mapping[str, Any] | None]]") -> policy.Sharing:
        sharing = sharing_of(result(future))
        # Who might read there counts for more than whether the bot may post.
        closed = sharing is policy.Sharing.INSIDE and self._is_closed(channel_id)
        return policy.Sharing.CANNOT_POST if closed else sharing

    def _start_channel(
        self, channel_id: str, fresh: bool, deadline: float
    ) -> "Future[Answer[Mapping[str, Any] | None]]":
        if channel_id.startswith("D"):
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
        """The channel; None for one that the bot cannot see."""
        answer = self._slack.conversation_info(channel_id, left)
        if isinstance(answer, Refused) and answer.code == "channel_not_found":
            return Ok(None)
        return answer


@dataclass(frozen=True, slots=True)
class _PersonReads:
    """The look-ups about one person, under way."""

    user_id: str
    own: "Future[Answer[Identity]]"
    user: "Future[Answer[Mapping[str, Any]]]"
    groups: "Mapping[str, Future[Answer[frozenset[str]]]]"

    def all(self) -> "list[Future[Any]]":
        return [self.own, self.user, *self.groups.values()]

    def facts(self) -> SlackPerson:
        """Who they are; of the groups only which could not be checked."""
        seen = person_facts(self.user_id, result(self.own), result(self.user))
        return replace(seen, unchecked_usergroups=frozenset(self.groups) - frozenset(self.members()))

    def members(self) -> dict[str, frozenset[str]]:
        """Who is in the groups that Slack told about."""
        answers = {group: result(future) for group, future in self.groups.items()}
        return {group: answer.value for group, answer in answers.items() if isinstance(answer, Ok)}
