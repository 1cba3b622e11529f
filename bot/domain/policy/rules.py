"""PURE: the policy's rules. Each checks one thing and returns None, or its objection.

`FINDINGS` lists the rules of each act, in the order in which their refusals are reported."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from bot.domain.policy.inputs import Absence, Facts, Sharing, Status
from bot.domain.policy.verdict import Act, Question, Rules, VerdictCode
from bot.domain.slack_ids import is_direct


@dataclass(frozen=True, slots=True)
class Objection:
    """A rule's refusal: its code, and the rule in words."""

    code: VerdictCode
    rule: str


Check = Callable[[Rules, Question, Facts], Objection | None]

_ASKING = "ALLOWED_USERS and ALLOWED_USERGROUPS"
_APPROVING = "APPROVER_USERS and APPROVER_USERGROUPS"
_READING = "whoever may ask or approve, and AUDITOR_USERS"


def _person(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    """Object to deactivated people and bots always, and to guests and outsiders unless the settings allow them."""
    match facts.person.status:
        case Status.DEACTIVATED:
            return Objection(VerdictCode.DEACTIVATED, "deactivated people may do nothing")
        case Status.BOT:
            return Objection(VerdictCode.BOT, "bots may do nothing: a person must ask")
        case Status.OUTSIDER if not rules.allow_external:
            return Objection(
                VerdictCode.OUTSIDER, "ALLOW_EXTERNAL is false: people of other organisations may do nothing"
            )
        case Status.GUEST if not rules.allow_guests:
            return Objection(VerdictCode.GUEST, "ALLOW_GUESTS is false: guests may do nothing")
        case Status.COULD_NOT_BE_CHECKED:
            return Objection(
                VerdictCode.COULD_NOT_BE_CHECKED, "people may do nothing while Slack cannot say who they are"
            )
        case _:
            return None


def named(question: Question, facts: Facts, ids: tuple[str, ...]) -> bool | None:
    """Tell whether one of these ids is the person's; None if that could not be checked. Equal ids are the same person;
    for different ids Slack decides, since in an Enterprise Grid one person has several."""
    return _any(True if each == question.person else facts.person.same.get(each) for each in ids)


def _any(found: Iterable[bool | None]) -> bool | None:
    """Tell whether any is true; None if none is and one could not be checked."""
    all_of_them = list(found)
    if True in all_of_them:
        return True
    return None if None in all_of_them else False


def _listed(question: Question, users: tuple[str, ...], groups: tuple[str, ...], facts: Facts) -> bool | None:
    """Tell whether the person is named or in one of the groups; None if that could not be checked."""
    return _any((named(question, facts, users), *(facts.person.groups.get(group) for group in groups)))


def may_ask(rules: Rules, question: Question, facts: Facts) -> bool | None:
    """Tell whether the settings let this person ask; None if that could not be checked."""
    if rules.allow_everyone:
        return True
    return _listed(question, rules.allowed_users, rules.allowed_usergroups, facts)


def _may_approve(rules: Rules, question: Question, facts: Facts) -> bool | None:
    if not rules.names_approvers:
        return may_ask(rules, question, facts)
    return _listed(question, rules.approver_users, rules.approver_usergroups, facts)


def _unless(may: bool | None, code: VerdictCode, rule: str, unsure: str = "whether they name you") -> Objection | None:
    if may is None:
        return Objection(VerdictCode.COULD_NOT_BE_CHECKED, f"{rule}, and Slack could not say {unsure}")
    return None if may else Objection(code, rule)


def _requester(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    return _unless(may_ask(rules, question, facts), VerdictCode.NOT_ON_THE_LIST, _ASKING)


def _approver(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    return _approver_unless(rules, _may_approve(rules, question, facts))


def _approver_unless(rules: Rules, may: bool | None) -> Objection | None:
    rule = _APPROVING if rules.names_approvers else f"no approver is named, so whoever may ask: {_ASKING}"
    return _unless(may, VerdictCode.NOT_AN_APPROVER, rule)


def _reader(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    may = _any((*_ask_or_approve(rules, question, facts), named(question, facts, rules.auditor_users)))
    return _unless(may, VerdictCode.NOT_A_READER, _READING)


def _ask_or_approve(rules: Rules, question: Question, facts: Facts) -> tuple[bool | None, bool | None]:
    return may_ask(rules, question, facts), _may_approve(rules, question, facts)


def own(question: Question, facts: Facts) -> bool | None:
    """Tell whether this person made the request, under any of their ids; None if Slack could not say. The stored person
    of the requester's id is enough: Slack may no longer know the id."""
    its_own = named(question, facts, question.requester_ids)
    return facts.person.same.get(question.stands_for) if its_own is None else its_own


def _own(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    return _unless(own(question, facts), VerdictCode.NOT_THE_REQUESTER, "only who asked may do this", "who is who")


def _of_somebody_else(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    """Object to the requester's own approval. Nobody may approve a request whose requester is unknown."""
    its_own = own(question, facts) if question.requester is not None else True
    if its_own is None or named(question, facts, question.approved_by) is None:
        unsure = "nobody decides on their own request, nor twice, and Slack could not say who is who"
        return Objection(VerdictCode.COULD_NOT_BE_CHECKED, unsure)
    return Objection(VerdictCode.OWN_REQUEST, "nobody decides on their own request") if its_own else None


def _unless_own(check: Check, rules: Rules, question: Question, facts: Facts) -> Objection | None:
    """Apply the rule to everybody but the requester, who is recognised by the id they asked with: an unavailable Slack
    never keeps them from stopping their own request."""
    its_own = own(question, facts)
    against = None if its_own else check(rules, question, facts)
    if against is None or its_own is False:
        return against
    return Objection(VerdictCode.COULD_NOT_BE_CHECKED, f"{against.rule}, and Slack could not say whether you asked")


def _requester_or_approver(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    """Allow the requester while they may still ask, and approvers."""
    its_own = own(question, facts)
    asks, approves = _ask_or_approve(rules, question, facts)
    may = _any((approves, asks if its_own else False if asks is False else its_own))
    return _unless(may, VerdictCode.NOT_ON_THE_LIST, _ASKING) if its_own else _approver_unless(rules, may)


def _channel(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    if rules.allowed_channels and question.channel not in rules.allowed_channels:
        return Objection(VerdictCode.WRONG_CHANNEL, "ALLOWED_CHANNELS")
    return None


def _not_shared(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    if rules.allow_external:
        return None
    channels = rules.channels_to_check(question)
    sharings = {facts.channels.get(channel, Sharing.COULD_NOT_BE_CHECKED) for channel in channels}
    if Sharing.SHARED in sharings:
        shared = "ALLOW_EXTERNAL is false: the channel is shared with another organisation, which would see the orders"
        return Objection(VerdictCode.SHARED_CHANNEL, shared)
    if Sharing.COULD_NOT_BE_CHECKED in sharings:
        return Objection(
            VerdictCode.CHANNEL_COULD_NOT_BE_CHECKED,
            "Slack could not say whether the channel is shared with another organisation (ALLOW_EXTERNAL is false)",
        )
    return None


def _card_has_a_place(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    """Object if approval is needed and the card cannot be posted where approvers see it."""
    place = rules.results_channel or question.channel
    if not rules.needs_approval(question) or question.act is Act.EMERGENCY:
        return None
    if place is None or is_direct(place) or facts.channels.get(place) is Sharing.CANNOT_POST:
        rule = "SECOND_APPROVAL_ABOVE: others must approve, and the bot cannot post where they would see it"
        return Objection(VerdictCode.CANNOT_POST_THERE, rule)
    if place not in facts.channels or facts.channels[place] is Sharing.COULD_NOT_BE_CHECKED:
        rule = "Slack could not say whether the bot can post where others must approve (SECOND_APPROVAL_ABOVE)"
        return Objection(VerdictCode.CHANNEL_COULD_NOT_BE_CHECKED, rule)
    return None


def _somebody_is_there(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    """Object if too few people can approve. If Slack cannot say, the request may wait."""
    found = too_few_found(rules, question, facts)
    if found is None:
        return None
    if facts.approvers and Absence.NO_SCOPE in dict(facts.approvers.absent).values():
        return Objection(
            VerdictCode.MISSING_SCOPE, "the app in Slack lacks the scope usergroups:read: nobody could approve"
        )
    needed = approvals_needed(rules, question)
    rule = f"SECOND_APPROVAL_ABOVE and APPROVALS_NEEDED: {needed} must approve, and of those who may {found} can"
    return Objection(VerdictCode.NOBODY_TO_APPROVE, rule)


def too_few_found(rules: Rules, question: Question, facts: Facts) -> int | None:
    """Return how many other people can approve if they are certainly too few; else None."""
    approvers = facts.approvers
    if approvers is None or not approvers.complete or len(approvers.people) >= approvals_needed(rules, question):
        return None
    return len(approvers.people)


def _size(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    if question.orders > rules.max_orders_per_request:
        return Objection(VerdictCode.TOO_MANY_ORDERS, f"MAX_ORDERS_PER_REQUEST is {rules.max_orders_per_request}")
    return None


def _today(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    limit = rules.max_orders_per_person_per_day
    if limit is None or question.orders_today + question.orders <= limit:
        return None
    used = f"MAX_ORDERS_PER_PERSON_PER_DAY is {limit}, of which {question.orders_today} are used today (UTC)"
    return Objection(VerdictCode.TOO_MANY_TODAY, used)


def _reason(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    if rules.require_reason and not question.has_reason:
        return Objection(VerdictCode.REASON_NEEDED, "REQUIRE_REASON is true")
    return None


def _listed_reason(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    """Objects to a reason that is not on the list. Not checked for an emergency or a retry."""
    if not question.has_reason or question.is_retry:
        return None
    if rules.takes_reason(given=True, listed=question.has_listed_reason):
        return None
    return Objection(VerdictCode.REASON_NOT_LISTED, "REQUIRE_REASON is true, and REASONS lists which")


def _goes_alone(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    return _unless(named(question, facts, rules.emergency_users), VerdictCode.NOT_FOR_EMERGENCIES, "EMERGENCY_USERS")


def _is_an_emergency(rules: Rules, question: Question, facts: Facts) -> Objection | None:
    if not rules.needs_approval(question):
        rule = "SECOND_APPROVAL_ABOVE asks for nobody else here: go ahead without an emergency"
        return Objection(VerdictCode.NO_EMERGENCY_NEEDED, rule)
    if not question.has_reason:
        return Objection(VerdictCode.REASON_NEEDED, "EMERGENCY_USERS go ahead alone only with a reason")
    return None


_ALL_OF_ASKING: tuple[Check, ...] = (_person, _requester, _channel, _not_shared, _size, _today, _reason)

FINDINGS: Mapping[Act, tuple[Check, ...]] = {
    Act.ASK: (*_ALL_OF_ASKING, _listed_reason, _card_has_a_place),
    Act.GO_AHEAD: (_own, *_ALL_OF_ASKING, _listed_reason, _card_has_a_place, _somebody_is_there),
    Act.EMERGENCY: (_own, *_ALL_OF_ASKING, _goes_alone, _is_an_emergency),
    Act.APPROVE: (_of_somebody_else, _person, _approver, _today),
    Act.DECLINE: (_of_somebody_else, _person, _approver),
    Act.WITHDRAW: (_own,),
    Act.STOP: (partial(_unless_own, _person), partial(_unless_own, _approver)),
    Act.GO_ON: (_person, _requester_or_approver),
    Act.PAUSE_ALL: (_person, _approver),
    Act.READ: (_person, _reader),
    Act.SHARE: (_person, _reader, _not_shared),
}
"""The rules of each act, in the order in which their refusals are reported."""

_APPROVERS_ACTS = (Act.APPROVE, Act.DECLINE, Act.STOP, Act.GO_ON, Act.PAUSE_ALL)


def approvals_needed(rules: Rules, question: Question) -> int:
    """Return how many people other than the requester must approve so many orders."""
    return rules.approvals_needed if rules.needs_approval(question) else 0


def basis(rules: Rules, question: Question, facts: Facts) -> str:
    """Return the rule that allows this person what no rule refused."""
    its_own = own(question, facts)
    if question.act is Act.WITHDRAW or (question.act is Act.STOP and its_own):
        return "who asked may take it back"
    if question.act is Act.EMERGENCY:
        return "EMERGENCY_USERS"
    approver = _listed_under("APPROVER", rules.approver_users, rules.approver_usergroups, question, facts)
    if approver is not None and question.act in _APPROVERS_ACTS and not its_own:
        return approver
    if rules.allow_everyone:
        return "ALLOW_EVERYONE"
    requester = _listed_under("ALLOWED", rules.allowed_users, rules.allowed_usergroups, question, facts)
    return requester or approver or "AUDITOR_USERS"


def _listed_under(
    setting: str, users: tuple[str, ...], groups: tuple[str, ...], question: Question, facts: Facts
) -> str | None:
    """Return which of the two settings of that name lists the person, and by which groups."""
    if named(question, facts, users):
        return f"{setting}_USERS"
    member_of = [group for group in groups if facts.person.groups.get(group)]
    return f"{setting}_USERGROUPS ({', '.join(member_of)})" if member_of else None
