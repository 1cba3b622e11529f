"""Whom ids stand for: in an Enterprise Grid one person acts under several, and Slack alone says which are whose."""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from bot.slack.cache import SlackCache, result
from bot.slack.client import SlackClient
from bot.slack.person_facts import SlackPerson, ids_told
from bot.slack.results import Answer, RateLimited

KEPT_SECONDS = 3600.0
"""Whom an id stands for hardly ever changes, and the members of a large group are many to ask for."""

AT_A_TIME = 16
"""So many people are looked up side by side, until enough is known."""

Told = dict[str, frozenset[str] | None]
"""Ids with all the ids of their person, themselves included; None where Slack could not say."""


class Identities:
    """Asks Slack whose an id is. `cache` keeps the answers."""

    def __init__(self, slack: SlackClient, cache: SlackCache) -> None:
        self._slack = slack
        self._cache = cache

    def of(self, wanted: Collection[str], deadline: float, until: frozenset[str] = frozenset()) -> Told:
        """All ids of each of these. Looks no further once one of them is a person's with an id in `until`."""
        found: Told = dict.fromkeys(wanted)
        left = list(wanted)
        while left and self._cache.is_before(deadline):
            some, left = left[:AT_A_TIME], left[AT_A_TIME:]
            started = {each: self._start(each, deadline) for each in some}
            self._cache.wait(list(started.values()), deadline)
            answers = {each: result(future) for each, future in started.items()}
            found |= {each: ids_told(each, answer) for each, answer in answers.items()}
            if any(until & (found[each] or frozenset()) for each in some):
                break
            if any(isinstance(answer, RateLimited) for answer in answers.values()):
                break  # To ask on would have Slack refuse everybody else's look-ups as well.
        return found

    def compared(
        self,
        seen: SlackPerson,
        others: Told,
        named: Iterable[str],
        members: Mapping[str, frozenset[str]],
        deadline: float,
    ) -> SlackPerson:
        """The person with what they are compared to: which of the other ids and the named ones are theirs, and in which
        of these groups, by their members, they are.

        Outside an Enterprise Grid everybody has one id, and nobody is looked up for it.
        """
        ids = {each: frozenset({each}) for each in named} | others
        groups = {group: bool(listed & seen.ids) for group, listed in members.items()}
        unsure: set[str] = set()
        if seen.is_of_grid:
            ids |= self.of([each for each in named if not {each} & (seen.ids | others.keys())], deadline)
            groups, unsure = self._by_members(seen, members, deadline)
        same = dict.fromkeys(seen.ids, True)
        same |= {each: bool(seen.ids & found) for each, found in ids.items() if found is not None}
        return replace(
            seen,
            same=same,
            usergroups=frozenset(group for group, is_in in groups.items() if is_in),
            unchecked_usergroups=seen.unchecked_usergroups | unsure,
        )

    def _by_members(
        self, seen: SlackPerson, members: Mapping[str, frozenset[str]], deadline: float
    ) -> tuple[dict[str, bool], set[str]]:
        """In which groups somebody is under another id of theirs; and of which groups Slack could not say."""
        ids: Told = {}

        def is_in(listed: frozenset[str]) -> bool:
            return bool(seen.ids & listed) or any(seen.ids & (ids.get(each) or frozenset()) for each in listed)

        for listed in members.values():
            if not is_in(listed):
                unknown = [each for each in sorted(listed) if ids.get(each) is None]
                ids |= self.of(unknown, deadline, until=seen.ids)
        groups = {group: is_in(listed) for group, listed in members.items()}
        unsure = {
            group for group, listed in members.items() if not groups[group] and any(ids[x] is None for x in listed)
        }
        return groups, unsure

    def _start(self, user_id: str, deadline: float) -> "Future[Answer[Mapping[str, Any]]]":
        return self._cache.start(("user", user_id), lambda left: self._slack.user_info(user_id, left), False, deadline)
