"""Whether anybody is there to approve: people who are named, or members of a group that is, and are at work."""

from collections.abc import Callable, Mapping, Sequence

from bot.identities import AT_A_TIME
from bot.person_facts import PersonFacts
from bot.policy import Absence, Approvers, ApproversWanted, Status

_WHY = {
    Status.DEACTIVATED: Absence.DEACTIVATED,
    Status.BOT: Absence.BOT,
    Status.GUEST: Absence.GUEST,
    Status.OUTSIDER: Absence.OUTSIDER,
}


def find_approvers(
    wanted: ApproversWanted,
    members: Mapping[str, frozenset[str] | None],
    look_up: Callable[[Sequence[str]], Sequence[PersonFacts]],
) -> Approvers:
    """Look for as many as are wanted. `members` are the groups', None where Slack could not say; `look_up` says who
    some people are."""
    listed = [each for group in wanted.groups for each in sorted(members[group] or ())]
    left = list(dict.fromkeys((*wanted.users, *listed)))
    people: set[str] = set()
    absent: dict[str, Absence] = {group: Absence.EMPTY for group in wanted.groups if members[group] == frozenset()}
    complete = all(members[group] is not None for group in wanted.groups)
    while left and len(people) < wanted.count:
        some, left = left[:AT_A_TIME], left[AT_A_TIME:]
        for seen in look_up(some):
            why = _absence(seen, wanted)
            if why is not None:
                absent[seen.user_id] = why
            elif seen.person is None:
                complete = False
            else:
                people.add(seen.person)
    return Approvers(frozenset(people), complete and not left, tuple(absent.items()))


def _absence(seen: PersonFacts, wanted: ApproversWanted) -> Absence | None:
    """Why this person cannot approve; None where they can, or where Slack could not say."""
    if {seen.user_id, *seen.ids} & set(wanted.besides):
        return Absence.REQUESTER
    if seen.is_unknown:
        return Absence.UNKNOWN
    return None if seen.could_not_be_checked or seen.status in wanted.statuses else _WHY[seen.status]
