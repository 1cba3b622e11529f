"""Finds who can approve: the named people and the members of the named groups who are active."""

from collections.abc import Callable, Mapping, Sequence

from bot.domain.policy.decide import Absence, Absent, Approvers, ApproversNeeded, Status
from bot.slack.identities import AT_A_TIME
from bot.slack.person_facts import SlackPerson

_WHY = {
    Status.DEACTIVATED: Absence.DEACTIVATED,
    Status.BOT: Absence.BOT,
    Status.GUEST: Absence.GUEST,
    Status.OUTSIDER: Absence.OUTSIDER,
}


def find_approvers(
    needed: ApproversNeeded,
    members: Mapping[str, frozenset[str] | Absence | None],
    people_of: Callable[[Sequence[str]], Sequence[SlackPerson]],
) -> Approvers:
    """Find as many approvers as wanted. `members` holds each group's members, why it has none, or None if Slack could
    not say; `people_of` looks people up. Looks up only as many as wanted, and more if one of them cannot approve. Stops
    at the first that Slack could not say: the result could not change."""
    groups = {group: members[group] for group in needed.groups}
    listed = [each for held in groups.values() if isinstance(held, frozenset) for each in sorted(held)]
    named = dict.fromkeys((*needed.users, *listed))
    people: set[str] = set()
    absent = {each: Absence.REQUESTER for each in named if each in needed.besides}
    absent |= {group: why for group, why in groups.items() if isinstance(why, Absence)}
    complete = None not in groups.values()
    left, size = [each for each in named if each not in absent], min(needed.count, AT_A_TIME)
    looked_up, answers = set(named), True
    while left and answers and len(people) < needed.count:
        some, left, size = left[:size], left[size:], AT_A_TIME
        for person in people_of(some):
            why = _absence(person, needed)
            if why is not None:
                if person.user_id in named:
                    absent[person.user_id] = why
                if person.person is not None and person.person not in looked_up:
                    left.append(
                        person.person
                    )  # Somebody who left one workspace may be active in another of the organisation.
                    looked_up.add(person.person)
            elif person.person is None:
                answers = False
            else:
                people.add(person.person)
    return Approvers(
        frozenset(people), complete and answers and not left, tuple(Absent(who, why) for who, why in absent.items())
    )


def _absence(person: SlackPerson, needed: ApproversNeeded) -> Absence | None:
    """Return why this person cannot approve; None if they can or Slack could not say."""
    if {person.user_id, *person.ids} & set(needed.besides):
        return Absence.REQUESTER
    if person.is_unknown:
        return Absence.UNKNOWN
    return None if person.could_not_be_checked or person.status in needed.statuses else _WHY[person.status]
