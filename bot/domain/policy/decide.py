"""PURE: decides who may do what, with how many orders and where, as a verdict with its rule. Nothing else decides it.

`decide` runs when a request is made and again at every click. It fails closed: if a fact that matters is unknown, the
answer is no, "could not be checked". `facts_needed` says what to look up first, so that nothing irrelevant is. `record`
stores the whole answer with the settings it used.
"""

from bot.domain.policy.inputs import (
    Absence,
    Absent,
    Approvers,
    ApproversNeeded,
    Facts,
    Needed,
    PersonFacts,
    Sharing,
    Status,
)
from bot.domain.policy.rules import FINDINGS, approvals_needed, basis, may_ask, named, too_few_found
from bot.domain.policy.verdict import Act, Asked, Question, Rules, Verdict, VerdictCode

__all__ = [
    "Absence",
    "Absent",
    "Act",
    "Approvers",
    "ApproversNeeded",
    "Asked",
    "Facts",
    "Needed",
    "PersonFacts",
    "Question",
    "Rules",
    "Sharing",
    "Status",
    "Verdict",
    "VerdictCode",
    "approvers_needed",
    "decide",
    "facts_needed",
    "may_ask",
    "record",
]


def decide(rules: Rules, question: Question, facts: Facts) -> Verdict:
    """Decide whether this person may do this now, under which rule, and with how many approvals.

    Of several refusals the first definite one is returned; "could not be checked" only if there is no other, since a
    retry would meet that one.
    """
    findings = [finding for check in FINDINGS[question.act] if (finding := check(rules, question, facts))]
    findings.sort(key=lambda finding: finding.code.transient)
    code, rule = (
        (findings[0].code, findings[0].rule) if findings else (VerdictCode.ALLOWED, basis(rules, question, facts))
    )
    if code.transient and facts.missing_scopes:
        code, rule = (
            VerdictCode.MISSING_SCOPE,
            f"the app in Slack lacks the scope {', '.join(sorted(facts.missing_scopes))}",
        )
    needed = approvals_needed(rules, question)
    found = too_few_found(rules, question, facts)
    return Verdict(
        allowed=code is VerdictCode.ALLOWED,
        code=code,
        rule=rule,
        ask=_whom_to_ask(rules, question, facts, code, needed),
        approvals_needed=needed,
        emergency_possible=code is VerdictCode.ALLOWED and needed > 0 and _may_in_emergency(rules, question, facts),
        type_to_confirm=_type_to_confirm(rules, question),
        approvers_found=found,
        absent=() if found is None or facts.approvers is None else facts.approvers.absent,
    )


def facts_needed(rules: Rules, question: Question) -> Needed:
    """Return the facts that `decide` needs; none if the answer is certain without.

    Further facts never change whether it is allowed, at most which refusal comes first.
    """
    unknowing = decide(rules, question, Facts())
    if unknowing.allowed or not unknowing.code.transient:
        return Needed()
    channels = _channels(rules, question)
    return Needed(
        person=True,
        groups=_groups(rules, question, channels),
        channels=channels,
        named=_named(rules, question),
        same_as=_same_as(question),
        approvers=_approvers(rules, question),
    )


def approvers_needed(rules: Rules, count: int, besides: tuple[str, ...] = ()) -> ApproversNeeded | None:
    """Return whom to look for so that `count` people can approve; None if everybody may approve and cannot be
    counted."""
    users, groups = rules.approvers
    if rules.allow_everyone and not rules.names_approvers:
        return None
    statuses = {Status.MEMBER}
    if rules.allow_guests:
        statuses.add(Status.GUEST)
    if rules.allow_external:
        statuses.add(Status.OUTSIDER)
    return ApproversNeeded(users, groups, count, frozenset(statuses), besides)


def record(rules: Rules, question: Question, facts: Facts, verdict: Verdict) -> dict[str, object]:
    """The full answer as JSON. A person not looked up has status `not_needed`."""
    known = facts.to_dict()
    if facts == Facts() and not facts_needed(rules, question).person:
        known["status"] = "not_needed"
    return {
        "question": question.to_dict(),
        "facts": known,
        "verdict": verdict.to_dict(),
        "rules": rules.to_dict(),
    }


def _whom_to_ask(rules: Rules, question: Question, facts: Facts, code: VerdictCode, needed: int) -> Asked:
    """Return the approvers if their approval is missing; else the contact alone."""
    if code not in (VerdictCode.OWN_REQUEST, VerdictCode.NOT_AN_APPROVER) and not (
        code is VerdictCode.ALLOWED and needed
    ):
        return Asked(contact=rules.contact)
    users, groups = rules.approvers
    others = tuple(user for user in users if not named(question, facts, (user,)) and user not in question.requester_ids)
    return Asked(users=others, groups=groups, contact=rules.contact)


def _may_in_emergency(rules: Rules, question: Question, facts: Facts) -> bool:
    own = question.act in (Act.ASK, Act.GO_AHEAD, Act.EMERGENCY)
    return own and named(question, facts, rules.emergency_users) is True


def _type_to_confirm(rules: Rules, question: Question) -> bool:
    if question.act is Act.EMERGENCY:
        return True
    if question.act not in (Act.ASK, Act.GO_AHEAD, Act.APPROVE) or rules.type_to_confirm_above is None:
        return False
    return question.orders > rules.type_to_confirm_above


def _groups(rules: Rules, question: Question, channels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the groups this act is open to, unless membership cannot change the answer."""
    here = dict.fromkeys(channels, Sharing.INSIDE)
    others = dict.fromkeys(question.approved_by, False)
    members = [
        PersonFacts(Status.MEMBER, same=others | dict.fromkeys(question.requester_ids, own)) for own in (True, False)
    ]
    if VerdictCode.COULD_NOT_BE_CHECKED not in {decide(rules, question, Facts(each, here)).code for each in members}:
        return ()
    match question.act:
        case Act.ASK | Act.GO_AHEAD | Act.EMERGENCY:
            return rules.allowed_usergroups
        case Act.APPROVE | Act.DECLINE | Act.STOP | Act.PAUSE_ALL:
            return rules.approvers[1]
        case Act.WITHDRAW:
            return ()
        case Act.READ | Act.SHARE | Act.GO_ON:
            return tuple(dict.fromkeys(rules.allowed_usergroups + rules.approvers[1]))


def _named(rules: Rules, question: Question) -> tuple[str, ...]:
    """Return the people named by the settings for this act, and those its answer mentions."""
    asking, approving = rules.allowed_users, rules.approvers[0]
    match question.act:
        case Act.ASK | Act.GO_AHEAD | Act.EMERGENCY:
            shown = (*rules.emergency_users, *approving) if approvals_needed(rules, question) else ()
            return tuple(dict.fromkeys((*asking, *shown)))
        case Act.APPROVE | Act.DECLINE | Act.STOP | Act.PAUSE_ALL:
            return approving
        case Act.WITHDRAW:
            return ()
        case Act.GO_ON:
            return tuple(dict.fromkeys((*asking, *approving)))
        case Act.READ | Act.SHARE:
            return tuple(dict.fromkeys((*asking, *approving, *rules.auditor_users)))


def _same_as(question: Question) -> tuple[str, ...]:
    """Return the people that the person must not be."""
    if question.act is Act.ASK:
        return ()
    return tuple(each for each in (question.stands_for, *question.approved_by) if each)


def _approvers(rules: Rules, question: Question) -> ApproversNeeded | None:
    """Return which approvers must be found before a request waits for them."""
    count = approvals_needed(rules, question)
    if question.act not in (Act.ASK, Act.GO_AHEAD) or not count:
        return None
    return approvers_needed(rules, count, (question.person, *question.requester_ids))


def _channels(rules: Rules, question: Question) -> tuple[str, ...]:
    if question.act not in (Act.ASK, Act.GO_AHEAD, Act.EMERGENCY, Act.SHARE):
        return ()
    return rules.channels_to_check(question)
