"""PURE: who may do what, with how many orders, where → a verdict with its rule. The only place that decides it.

`decide` is asked when a request is made and again at every click. It is closed: where something that matters could
not be found out, the answer is no, as "could not be checked". `facts_needed` says what to find out beforehand, so
that nobody looks up what cannot matter. The whole of it, with the settings it used, is stored by `record`.
"""

from bot.domain.policy.inputs import Absence, Approvers, ApproversWanted, Facts, Needed, PersonFacts, Sharing, Status
from bot.domain.policy.rules import FINDINGS, approvals_needed, basis, may_ask, named, too_few_found
from bot.domain.policy.verdict import Act, Asked, Question, Rules, Verdict, VerdictCode

__all__ = [
    "Absence",
    "Act",
    "Approvers",
    "ApproversWanted",
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
    "decide",
    "facts_needed",
    "may_ask",
    "record",
    "wanted_approvers",
]


def decide(rules: Rules, question: Question, facts: Facts) -> Verdict:
    """Whether this person may do this now, why, and what it takes.

    Of several reasons against it the first definite one is told; "could not be checked" only where there is no
    other, since trying again would otherwise meet the next no.
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
        absent=() if found is None or facts.approvers is None else _told(facts.approvers),
    )


def facts_needed(rules: Rules, question: Question) -> Needed:
    """What `decide` would have to know; nothing where the answer is certain without.

    Facts beyond these never change whether it is allowed, at most which reason is told first.
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


def wanted_approvers(rules: Rules, count: int, besides: tuple[str, ...] = ()) -> ApproversWanted | None:
    """Whom to look for so that `count` people can approve; None where everybody may, whom nobody can count."""
    users, groups = rules.approvers
    if rules.allow_everyone and not rules.names_approvers:
        return None
    statuses = {Status.MEMBER}
    if rules.allow_guests:
        statuses.add(Status.GUEST)
    if rules.allow_external:
        statuses.add(Status.OUTSIDER)
    return ApproversWanted(users, groups, count, frozenset(statuses), besides)


def record(rules: Rules, question: Question, facts: Facts, verdict: Verdict) -> dict[str, object]:
    """The whole answer as JSON: what was asked, what was known, what was answered, under which settings. The status of
    a person who was not looked up, the answer being certain without, is `not_needed`."""
    known = facts.to_dict()
    if facts == Facts() and not facts_needed(rules, question).person:
        known["status"] = "not_needed"
    return {
        "question": question.to_dict(),
        "facts": known,
        "verdict": verdict.to_dict(),
        "rules": rules.to_dict(),
    }


def _told(approvers: Approvers) -> tuple[str, ...]:
    return tuple(f"{each} {why.value}" for each, why in approvers.absent)


def _whom_to_ask(rules: Rules, question: Question, facts: Facts, code: VerdictCode, needed: int) -> Asked:
    """The approvers, where their approval is what is missing; else the contact alone."""
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
    """The groups this act is open to, unless the answer is the same whoever is in them."""
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
    """The people whom the lists name that this act is open to, and whom its answer speaks of."""
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
    """The people whom it matters not to be."""
    if question.act is Act.ASK:
        return ()
    return tuple(each for each in (question.stands_for, *question.approved_by) if each)


def _approvers(rules: Rules, question: Question) -> ApproversWanted | None:
    """Who is to be there before a request waits for them."""
    count = approvals_needed(rules, question)
    if question.act not in (Act.ASK, Act.GO_AHEAD) or not count:
        return None
    return wanted_approvers(rules, count, (question.person, *question.requester_ids))


def _channels(rules: Rules, question: Question) -> tuple[str, ...]:
    if question.act not in (Act.ASK, Act.GO_AHEAD, Act.EMERGENCY, Act.SHARE):
        return ()
    return rules.channels_to_check(question)
