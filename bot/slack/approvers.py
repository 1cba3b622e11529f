"""Whether anybody is there to approve: people who are named, or members of a group that is, and are at work."""

from collections.abc import Callable, Mapping, Sequence

from bot.domain.policy.decide import Absence, Approvers, ApproversWanted, Status
from bot.slack.identities import AT_A_TIME
from bot.slack.person_facts import SlackPerson

_WHY = {
    Status.DEACTIVATED: Absence.DEACTIVATED,
    Status.BOT: Absence.BOT,
    Status.GUEST: Absence.GUEST,
    Status.OUTSIDER: Absence.OUTSIDER,
}


def find_approvers(
    wanted: ApproversWanted,
    members: Mapping[str, frozenset[str] | Absence | None],
    people_of: Callable[[Sequence[str]], Sequence[SlackPerson]],
) -> Approvers:
    """Look for as many as are wanted. `members` are the groups', or why nobody is found there, None where Slack could
    not say; `people_of` says who some people are. Most are there: no more are looked up than are wanted, until one is
    not. A Slack that could not say of one is asked about no others: nothing would follow."""
    found = {group: members[group] for group in wanted.groups}
    listed = [each for held in found.values() if isinstance(held, frozenset) for each in sorted(held)]
    named = dict.fromkeys((*wanted.users, *listed))
    people: set[str] = set()
    absent = {each: Absence.REQUESTER for each in named if each in wanted.besides}
    absent |= {group: why for group, why in found.items() if isinstance(why, Absence)}
    complete = None not in found.values()
    left, size = [each for each in named if each not in absent], min(wanted.count, AT_A_TIME)
    looked_up, answers = set(named), True
    while left and answers and len(people) < wanted.count:
        some, left, size = left[:size], left[size:], AT_A_TIME
        for seen in people_of(some):
            why = _absence(seen, wanted)
            if why is not None:
                if seen.user_id in named:
                    absent[seen.user_id] = why
                if seen.person is not None and seen.person not in looked_up:
                    left.append(seen.person)  # Who has left a workspace may be at work in the organisation.
                    looked_up.add(seen.person)
            elif seen.person is None:
                answers = False
            else:
                people.add(seen.person)
    return Approvers(frozenset(people), complete and answers and not left, tuple(absent.items()))


def _absence(seen: SlackPerson, wanted: ApproversWanted) -> Absence | None:
    """Why this person cannot approve; None where they can, or where Slack could not say."""
    if {seen.user_id, *seen.ids} & set(wanted.besides):
        return Absence.REQUESTER
    if seen.is_unknown:
        return Absence.UNKNOWN
    return None if seen.could_not_be_checked or seen.status in wanted.statuses else _WHY[seen.status]
