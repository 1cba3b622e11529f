"""Resolves ids to people: in an Enterprise Grid one person has several ids, and only Slack knows whose they are."""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from bot.slack.cache import SlackCache, result
from bot.slack.client import SlackClient
from bot.slack.person_facts import SlackPerson, ids_in_answer
from bot.slack.results import Answer, RateLimited

CACHE_SECONDS = 3600.0
"""Long, because whom an id stands for hardly ever changes, and a large group takes many calls."""

AT_A_TIME = 16
"""How many people are looked up in parallel, until enough is known."""

KnownIds = dict[str, frozenset[str] | None]
"""Ids with all the ids of their person, themselves included; None where Slack could not say."""


class Identities:
    """Asks Slack whose an id is; `cache` holds the answers."""

    def __init__(self, slack: SlackClient, cache: SlackCache) -> None:
        self._slack = slack
        self._cache = cache

    def of(self, ids: Collection[str], deadline: float, until: frozenset[str] = frozenset()) -> KnownIds:
        """Return all ids of each of these. Stops at the first that belongs to a person with an id in `until`."""
        known: KnownIds = dict.fromkeys(ids)
        left = list(ids)
        while left and self._cache.is_before(deadline):
            some, left = left[:AT_A_TIME], left[AT_A_TIME:]
            started = {each: self._start(each, deadline) for each in some}
            self._cache.wait(list(started.values()), deadline)
            answers = {each: result(future) for each, future in started.items()}
            known |= {each: ids_in_answer(each, answer) for each, answer in answers.items()}
            if any(until & (known[each] or frozenset()) for each in some):
                break
            if any(isinstance(answer, RateLimited) for answer in answers.values()):
                break  # Asking on would extend the rate limit to everybody's calls.
        return known

    def compared(
        self,
        person: SlackPerson,
        others: KnownIds,
        named: Iterable[str],
        members: Mapping[str, frozenset[str]],
        deadline: float,
    ) -> SlackPerson:
        """Add to the person which of the other and the named ids are theirs, and in which of these groups, by their
        members, they are.

        Outside an Enterprise Grid everybody has one id, and nobody is looked up.
        """
        ids = {each: frozenset({each}) for each in named} | others
        groups = {group: bool(listed & person.ids) for group, listed in members.items()}
        unsure: set[str] = set()
        if person.is_of_grid:
            ids |= self.of([each for each in named if not {each} & (person.ids | others.keys())], deadline)
            groups, unsure = self._by_members(person, members, deadline)
        same = dict.fromkeys(person.ids, True)
        same |= {each: bool(person.ids & found) for each, found in ids.items() if found is not None}
        return replace(
            person,
            same=same,
            usergroups=frozenset(group for group, is_in in groups.items() if is_in),
            unchecked_usergroups=person.unchecked_usergroups | unsure,
        )

    def _by_members(
        self, person: SlackPerson, members: Mapping[str, frozenset[str]], deadline: float
    ) -> tuple[dict[str, bool], set[str]]:
        """Return the groups that contain another id of this person, and the groups that Slack could not resolve."""
        ids: KnownIds = {}

        def is_in(listed: frozenset[str]) -> bool:
            return bool(person.ids & listed) or any(person.ids & (ids.get(each) or frozenset()) for each in listed)

        for listed in members.values():
            if not is_in(listed):
                unknown = [each for each in sorted(listed) if ids.get(each) is None]
                ids |= self.of(unknown, deadline, until=person.ids)
        groups = {group: is_in(listed) for group, listed in members.items()}
        unsure = {
            group for group, listed in members.items() if not groups[group] and any(ids[x] is None for x in listed)
        }
        return groups, unsure

    def _start(self, user_id: str, deadline: float) -> "Future[Answer[Mapping[str, Any]]]":
        return self._cache.start(("user", user_id), lambda left: self._slack.user_info(user_id, left), False, deadline)
