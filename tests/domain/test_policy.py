"""The policy: the whole decision table in prose, and what may never happen whatever the rules and facts."""

import json
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.context import rules_of
from bot.domain.policy.decide import (
    Absence,
    Absent,
    Act,
    Approvers,
    ApproversNeeded,
    Asked,
    Facts,
    Needed,
    PersonFacts,
    Question,
    Rules,
    Sharing,
    Status,
    Verdict,
    VerdictCode,
    approvers_needed,
    decide,
    facts_needed,
    record,
)
from bot.settings.model import Settings
from bot.slack.person_facts import SlackPerson

ALICE, BOB, CAROL, EVE = "U0ALICE", "U0BOB", "U0CAROL", "U0EVE"
OPS, BOSSES = "S0OPS", "S0BOSSES"
SHOP, LOG = "C0SHOP", "C0LOG"

NAMED = Rules(allowed_users=(ALICE, BOB))
GROUP = Rules(allowed_usergroups=(OPS,))
EVERYONE = Rules(allow_everyone=True)
SECOND = replace(NAMED, second_approval_above=10)
LISTED = replace(NAMED, require_reason=True, reasons=("duplicate", "fraud"))
BOSS = replace(SECOND, approver_users=(CAROL,), approver_usergroups=(BOSSES,))
EMERGENCY = replace(SECOND, emergency_users=(ALICE,))

NOBODY_ELSE = dict.fromkeys((ALICE, BOB, CAROL, EVE), False)
"""What Slack says of other ids: they are other people's."""

MEMBER = Facts(PersonFacts(Status.MEMBER, same=NOBODY_ELSE), {SHOP: Sharing.INSIDE, LOG: Sharing.INSIDE})


def person(status: Status = Status.MEMBER, **groups: bool) -> Facts:
    """Somebody of that status, in a channel of our own; groups that are not named could not be checked."""
    return replace(MEMBER, person=PersonFacts(status, groups, NOBODY_ELSE))


def under_another_id_of(who: str) -> Facts:
    """Somebody whose id stands for the same person as this one."""
    return replace(MEMBER, person=PersonFacts(Status.MEMBER, same=NOBODY_ELSE | {who: True}))


ALICE_TOO, CAROL_TOO = under_another_id_of(ALICE), under_another_id_of(CAROL)
NOBODY_THERE = replace(MEMBER, approvers=Approvers(complete=True, absent=(Absent(BOB, Absence.DEACTIVATED),)))


def channel(sharing: Sharing, where: str = SHOP) -> Facts:
    return replace(MEMBER, channels={**MEMBER.channels, where: sharing})


UNKNOWN = Status.COULD_NOT_BE_CHECKED
IN_OPS, NOT_IN_OPS = person(S0OPS=True), person(S0OPS=False)


def ask(who: str = ALICE, orders: int = 2, where: str | None = SHOP, **more: int) -> Question:
    return Question(Act.ASK, who, who, where, orders, bool(more.get("reason")), more.get("today", 0))


def press(act: Act, who: str, requester: str | None = ALICE, orders: int = 2, *, reason: bool = False) -> Question:
    return Question(act, who, requester, SHOP, orders, reason)


def read(who: str) -> Question:
    return Question(Act.READ, who)


TABLE: list[tuple[str, Rules, Question, Facts, VerdictCode]] = [
    # who may ask
    ("a named person may ask", NAMED, ask(ALICE), MEMBER, VerdictCode.ALLOWED),
    (
        "a named person needs no group looked up",
        replace(NAMED, allowed_usergroups=(OPS,)),
        ask(),
        MEMBER,
        VerdictCode.ALLOWED,
    ),
    ("somebody else may not ask", NAMED, ask(EVE), MEMBER, VerdictCode.NOT_ON_THE_LIST),
    ("a member of a group may ask", GROUP, ask(EVE), IN_OPS, VerdictCode.ALLOWED),
    ("who is not in the group may not ask", GROUP, ask(EVE), NOT_IN_OPS, VerdictCode.NOT_ON_THE_LIST),
    ("a group that cannot be checked lets nobody in", GROUP, ask(EVE), MEMBER, VerdictCode.COULD_NOT_BE_CHECKED),
    (
        "one group is enough where another cannot be checked",
        Rules(allowed_usergroups=(BOSSES, OPS)),
        ask(EVE),
        IN_OPS,
        VerdictCode.ALLOWED,
    ),
    (
        "not in one group and the other unknown is unknown",
        Rules(allowed_usergroups=(BOSSES, OPS)),
        ask(EVE),
        NOT_IN_OPS,
        VerdictCode.COULD_NOT_BE_CHECKED,
    ),
    ("by default nobody may ask", Rules(), ask(ALICE), MEMBER, VerdictCode.NOT_ON_THE_LIST),
    ("everybody may ask where that is said aloud", EVERYONE, ask(EVE), MEMBER, VerdictCode.ALLOWED),
    ("being an approver is not being allowed to ask", BOSS, ask(CAROL), MEMBER, VerdictCode.NOT_ON_THE_LIST),
    ("an auditor may not ask", replace(NAMED, auditor_users=(EVE,)), ask(EVE), MEMBER, VerdictCode.NOT_ON_THE_LIST),
    # who somebody is
    ("a deactivated person never", EVERYONE, ask(), person(Status.DEACTIVATED), VerdictCode.DEACTIVATED),
    ("a bot never", EVERYONE, ask(), person(Status.BOT), VerdictCode.BOT),
    ("a guest not, even if named", NAMED, ask(), person(Status.GUEST), VerdictCode.GUEST),
    (
        "a guest where guests are allowed",
        replace(NAMED, allow_guests=True),
        ask(),
        person(Status.GUEST),
        VerdictCode.ALLOWED,
    ),
    (
        "an allowed guest must be on the list",
        replace(NAMED, allow_guests=True),
        ask(EVE),
        person(Status.GUEST),
        VerdictCode.NOT_ON_THE_LIST,
    ),
    ("an outsider not, even if named", NAMED, ask(), person(Status.OUTSIDER), VerdictCode.OUTSIDER),
    (
        "allowing guests allows no outsiders",
        replace(NAMED, allow_guests=True),
        ask(),
        person(Status.OUTSIDER),
        VerdictCode.OUTSIDER,
    ),
    (
        "an outsider where outsiders are allowed",
        replace(NAMED, allow_external=True),
        ask(),
        person(Status.OUTSIDER),
        VerdictCode.ALLOWED,
    ),
    (
        "somebody Slack cannot tell about, not even named",
        NAMED,
        ask(),
        person(UNKNOWN),
        VerdictCode.COULD_NOT_BE_CHECKED,
    ),
    (
        "everybody excludes whom Slack cannot tell about",
        EVERYONE,
        ask(),
        person(UNKNOWN),
        VerdictCode.COULD_NOT_BE_CHECKED,
    ),
    # which no is told
    ("a certain no is told before “try again”", NAMED, ask(EVE), person(UNKNOWN), VerdictCode.NOT_ON_THE_LIST),
    ("a guest hears of guests before the list", NAMED, ask(EVE), person(Status.GUEST), VerdictCode.GUEST),
    ("the list is told before the size", NAMED, ask(EVE, 1001), MEMBER, VerdictCode.NOT_ON_THE_LIST),
    # where
    ("the right channel", replace(NAMED, allowed_channels=(SHOP,)), ask(), MEMBER, VerdictCode.ALLOWED),
    ("another channel", replace(NAMED, allowed_channels=(LOG,)), ask(), MEMBER, VerdictCode.WRONG_CHANNEL),
    (
        "no channel is another",
        replace(NAMED, allowed_channels=(LOG,)),
        ask(where=None),
        MEMBER,
        VerdictCode.WRONG_CHANNEL,
    ),
    (
        "a channel alone allows nobody",
        Rules(allowed_channels=(SHOP,)),
        ask(),
        MEMBER,
        VerdictCode.NOT_ON_THE_LIST,
    ),
    ("a channel shared with others", NAMED, ask(), channel(Sharing.SHARED), VerdictCode.SHARED_CHANNEL),
    (
        "a shared channel where outsiders are allowed",
        replace(NAMED, allow_external=True),
        ask(),
        channel(Sharing.SHARED),
        VerdictCode.ALLOWED,
    ),
    (
        "a channel Slack cannot tell about",
        NAMED,
        ask(),
        channel(Sharing.COULD_NOT_BE_CHECKED),
        VerdictCode.CHANNEL_COULD_NOT_BE_CHECKED,
    ),
    (
        "a channel the bot cannot post in counts as not shared",
        NAMED,
        ask(),
        channel(Sharing.CANNOT_POST),
        VerdictCode.ALLOWED,
    ),
    ("a direct message needs no look", NAMED, ask(where="D0ALICE"), replace(MEMBER, channels={}), VerdictCode.ALLOWED),
    (
        "the channel of the live messages must not be shared either",
        replace(NAMED, results_channel=LOG),
        ask(),
        channel(Sharing.SHARED, LOG),
        VerdictCode.SHARED_CHANNEL,
    ),
    # how many, and why
    ("as many orders as one request holds", NAMED, ask(orders=1000), MEMBER, VerdictCode.ALLOWED),
    ("one order too many", NAMED, ask(orders=1001), MEMBER, VerdictCode.TOO_MANY_ORDERS),
    (
        "the last orders of the day",
        replace(NAMED, max_orders_per_person_per_day=50),
        ask(orders=10, today=40),
        MEMBER,
        VerdictCode.ALLOWED,
    ),
    (
        "one order too many for the day",
        replace(NAMED, max_orders_per_person_per_day=50),
        ask(orders=11, today=40),
        MEMBER,
        VerdictCode.TOO_MANY_TODAY,
    ),
    (
        "without a reason where one is needed",
        replace(NAMED, require_reason=True),
        ask(),
        MEMBER,
        VerdictCode.REASON_NEEDED,
    ),
    ("with the reason that is needed", replace(NAMED, require_reason=True), ask(reason=1), MEMBER, VerdictCode.ALLOWED),
    ("a reason that is none of the list", LISTED, ask(reason=1), MEMBER, VerdictCode.REASON_NOT_LISTED),
    ("no reason, where the list has some", LISTED, ask(), MEMBER, VerdictCode.REASON_NEEDED),
    (
        "a reason of the list",
        LISTED,
        replace(ask(reason=1), has_listed_reason=True),
        MEMBER,
        VerdictCode.ALLOWED,
    ),
    (
        "a list that nobody is held to",
        replace(LISTED, require_reason=False),
        ask(reason=1),
        MEMBER,
        VerdictCode.ALLOWED,
    ),
    (
        "a retry with the reason it had",
        LISTED,
        replace(ask(reason=1), is_retry=True),
        MEMBER,
        VerdictCode.ALLOWED,
    ),
    (
        "a list made while the preview stood",
        LISTED,
        replace(press(Act.GO_AHEAD, ALICE), has_reason=True),
        MEMBER,
        VerdictCode.REASON_NOT_LISTED,
    ),
    (
        "an emergency in words of one's own",
        replace(LISTED, second_approval_above=0, emergency_users=(ALICE,)),
        replace(press(Act.EMERGENCY, ALICE), has_reason=True),
        MEMBER,
        VerdictCode.ALLOWED,
    ),
    # going ahead
    ("the requester goes ahead", NAMED, press(Act.GO_AHEAD, ALICE), MEMBER, VerdictCode.ALLOWED),
    ("nobody else goes ahead", NAMED, press(Act.GO_AHEAD, BOB), MEMBER, VerdictCode.NOT_THE_REQUESTER),
    (
        "who was taken off the list meanwhile",
        GROUP,
        press(Act.GO_AHEAD, ALICE),
        NOT_IN_OPS,
        VerdictCode.NOT_ON_THE_LIST,
    ),
    ("who was made a guest meanwhile", NAMED, press(Act.GO_AHEAD, ALICE), person(Status.GUEST), VerdictCode.GUEST),
    ("a limit lowered meanwhile", NAMED, press(Act.GO_AHEAD, ALICE, ALICE, 1001), MEMBER, VerdictCode.TOO_MANY_ORDERS),
    (
        "a channel shared meanwhile",
        NAMED,
        press(Act.GO_AHEAD, ALICE),
        channel(Sharing.SHARED),
        VerdictCode.SHARED_CHANNEL,
    ),
    ("asking others for approval", SECOND, press(Act.GO_AHEAD, ALICE, ALICE, 11), MEMBER, VerdictCode.ALLOWED),
    (
        "no place for the card others must see",
        SECOND,
        press(Act.GO_AHEAD, ALICE, ALICE, 11),
        channel(Sharing.CANNOT_POST),
        VerdictCode.CANNOT_POST_THERE,
    ),
    (
        "no place for a card in a direct message",
        SECOND,
        ask(orders=11, where="D0ALICE"),
        MEMBER,
        VerdictCode.CANNOT_POST_THERE,
    ),
    ("no card is needed for few", SECOND, ask(orders=10), channel(Sharing.CANNOT_POST), VerdictCode.ALLOWED),
    (
        "the card has its place in the channel of the live messages",
        replace(SECOND, results_channel=LOG),
        ask(orders=11),
        channel(Sharing.CANNOT_POST),
        VerdictCode.ALLOWED,
    ),
    # approving
    ("somebody else who may ask approves", SECOND, press(Act.APPROVE, BOB), MEMBER, VerdictCode.ALLOWED),
    ("nobody approves their own", SECOND, press(Act.APPROVE, ALICE), MEMBER, VerdictCode.OWN_REQUEST),
    (
        "nobody approves their own as a named approver",
        replace(SECOND, approver_users=(ALICE,)),
        press(Act.APPROVE, ALICE),
        MEMBER,
        VerdictCode.OWN_REQUEST,
    ),
    (
        "a request of nobody known is nobody's to approve",
        SECOND,
        press(Act.APPROVE, BOB, None),
        MEMBER,
        VerdictCode.OWN_REQUEST,
    ),
    ("a named approver", BOSS, press(Act.APPROVE, CAROL), MEMBER, VerdictCode.ALLOWED),
    ("an approver by group", BOSS, press(Act.APPROVE, EVE), person(S0BOSSES=True), VerdictCode.ALLOWED),
    (
        "who may ask may not approve where approvers are named",
        BOSS,
        press(Act.APPROVE, BOB),
        person(S0BOSSES=False),
        VerdictCode.NOT_AN_APPROVER,
    ),
    (
        "an approver's group that cannot be checked",
        BOSS,
        press(Act.APPROVE, EVE),
        MEMBER,
        VerdictCode.COULD_NOT_BE_CHECKED,
    ),
    ("a deactivated approver", BOSS, press(Act.APPROVE, CAROL), person(Status.DEACTIVATED), VerdictCode.DEACTIVATED),
    ("an outsider in a shared channel", SECOND, press(Act.APPROVE, BOB), person(Status.OUTSIDER), VerdictCode.OUTSIDER),
    ("an approver declines", BOSS, press(Act.DECLINE, CAROL), MEMBER, VerdictCode.ALLOWED),
    (
        "the requester withdraws instead of declining",
        SECOND,
        press(Act.DECLINE, ALICE),
        MEMBER,
        VerdictCode.OWN_REQUEST,
    ),
    # emergencies
    (
        "alone in an emergency with a reason",
        EMERGENCY,
        press(Act.EMERGENCY, ALICE, ALICE, 11, reason=True),
        MEMBER,
        VerdictCode.ALLOWED,
    ),
    (
        "no emergency without a reason",
        EMERGENCY,
        press(Act.EMERGENCY, ALICE, ALICE, 11),
        MEMBER,
        VerdictCode.REASON_NEEDED,
    ),
    (
        "no emergency for others",
        EMERGENCY,
        press(Act.EMERGENCY, BOB, BOB, 11, reason=True),
        MEMBER,
        VerdictCode.NOT_FOR_EMERGENCIES,
    ),
    (
        "no emergency on somebody else's request",
        EMERGENCY,
        press(Act.EMERGENCY, ALICE, BOB, 11, reason=True),
        MEMBER,
        VerdictCode.NOT_THE_REQUESTER,
    ),
    (
        "no emergency where nobody else is needed",
        EMERGENCY,
        press(Act.EMERGENCY, ALICE, ALICE, 10, reason=True),
        MEMBER,
        VerdictCode.NO_EMERGENCY_NEEDED,
    ),
    (
        "an emergency frees from no other limit",
        EMERGENCY,
        press(Act.EMERGENCY, ALICE, ALICE, 1001, reason=True),
        MEMBER,
        VerdictCode.TOO_MANY_ORDERS,
    ),
    (
        "an emergency needs the list too",
        replace(EMERGENCY, emergency_users=(EVE,)),
        press(Act.EMERGENCY, EVE, EVE, 11, reason=True),
        MEMBER,
        VerdictCode.NOT_ON_THE_LIST,
    ),
    # taking back, stopping, going on
    (
        "the requester withdraws, known by their id alone",
        NAMED,
        press(Act.WITHDRAW, ALICE),
        Facts(),
        VerdictCode.ALLOWED,
    ),
    ("nobody else withdraws", SECOND, press(Act.WITHDRAW, BOB), MEMBER, VerdictCode.NOT_THE_REQUESTER),
    ("the requester stops, known by their id alone", NAMED, press(Act.STOP, ALICE), Facts(), VerdictCode.ALLOWED),
    ("whoever may approve stops", BOSS, press(Act.STOP, CAROL), MEMBER, VerdictCode.ALLOWED),
    ("others do not stop", BOSS, press(Act.STOP, BOB), person(S0BOSSES=False), VerdictCode.NOT_AN_APPROVER),
    ("a guest does not stop somebody else's", NAMED, press(Act.STOP, BOB), person(Status.GUEST), VerdictCode.GUEST),
    ("the requester goes on", BOSS, press(Act.GO_ON, ALICE), MEMBER, VerdictCode.ALLOWED),
    ("who may no longer ask does not go on", GROUP, press(Act.GO_ON, ALICE), NOT_IN_OPS, VerdictCode.NOT_ON_THE_LIST),
    ("whoever may approve goes on", BOSS, press(Act.GO_ON, CAROL), MEMBER, VerdictCode.ALLOWED),
    ("others do not go on", BOSS, press(Act.GO_ON, BOB), person(S0BOSSES=False), VerdictCode.NOT_AN_APPROVER),
    (
        "going on needs to know who it is",
        NAMED,
        press(Act.GO_ON, ALICE),
        person(UNKNOWN),
        VerdictCode.COULD_NOT_BE_CHECKED,
    ),
    ("whoever may approve pauses everything", BOSS, Question(Act.PAUSE_ALL, CAROL), MEMBER, VerdictCode.ALLOWED),
    (
        "who may only ask does not pause everything",
        BOSS,
        Question(Act.PAUSE_ALL, ALICE),
        person(S0BOSSES=False),
        VerdictCode.NOT_AN_APPROVER,
    ),
    (
        "with no approver named whoever may ask pauses",
        NAMED,
        Question(Act.PAUSE_ALL, ALICE),
        MEMBER,
        VerdictCode.ALLOWED,
    ),
    # reading
    ("who may ask reads", NAMED, read(ALICE), MEMBER, VerdictCode.ALLOWED),
    ("who may approve reads", BOSS, read(CAROL), MEMBER, VerdictCode.ALLOWED),
    ("an approver by group reads", BOSS, read(EVE), person(S0BOSSES=True), VerdictCode.ALLOWED),
    ("an auditor reads", replace(GROUP, auditor_users=(EVE,)), read(EVE), MEMBER, VerdictCode.ALLOWED),
    ("others do not read", NAMED, read(EVE), MEMBER, VerdictCode.NOT_A_READER),
    ("a guest does not read", replace(NAMED, auditor_users=(EVE,)), read(EVE), person(Status.GUEST), VerdictCode.GUEST),
    ("a reader's group that cannot be checked", GROUP, read(EVE), MEMBER, VerdictCode.COULD_NOT_BE_CHECKED),
    ("reading works in any channel", replace(NAMED, allowed_channels=(LOG,)), read(ALICE), MEMBER, VerdictCode.ALLOWED),
    ("a reader shares", NAMED, Question(Act.SHARE, ALICE, channel=SHOP), MEMBER, VerdictCode.ALLOWED),
    (
        "nobody shares with another organisation",
        NAMED,
        Question(Act.SHARE, ALICE, channel=SHOP),
        channel(Sharing.SHARED),
        VerdictCode.SHARED_CHANNEL,
    ),
    # one person, several ids
    ("a named person asks under another id", NAMED, ask(EVE), under_another_id_of(ALICE), VerdictCode.ALLOWED),
    ("their own under another id nobody approves", BOSS, press(Act.APPROVE, CAROL), ALICE_TOO, VerdictCode.OWN_REQUEST),
    ("nor declines", BOSS, press(Act.DECLINE, CAROL), ALICE_TOO, VerdictCode.OWN_REQUEST),
    (
        "nor where Slack cannot say who asked",
        BOSS,
        press(Act.APPROVE, CAROL),
        replace(MEMBER, person=PersonFacts(Status.MEMBER)),
        VerdictCode.COULD_NOT_BE_CHECKED,
    ),
    (
        "nor where it cannot say whose an earlier approval is",
        BOSS,
        replace(press(Act.APPROVE, CAROL), approved_by=("U0OTHER",)),
        MEMBER,
        VerdictCode.COULD_NOT_BE_CHECKED,
    ),
    ("their own under another id they confirm", NAMED, press(Act.GO_AHEAD, EVE), ALICE_TOO, VerdictCode.ALLOWED),
    ("and take back", NAMED, press(Act.WITHDRAW, EVE), ALICE_TOO, VerdictCode.ALLOWED),
    ("and stop", NAMED, press(Act.STOP, EVE), ALICE_TOO, VerdictCode.ALLOWED),
    ("and let go on", NAMED, press(Act.GO_ON, EVE), ALICE_TOO, VerdictCode.ALLOWED),
    (
        "what the record says needs no Slack",
        NAMED,
        replace(press(Act.WITHDRAW, EVE), requester_person=EVE),
        Facts(),
        VerdictCode.ALLOWED,
    ),
    (
        "an auditor reads under another id",
        replace(GROUP, auditor_users=(CAROL,)),
        read(EVE),
        CAROL_TOO,
        VerdictCode.ALLOWED,
    ),
    # who is there, and what Slack may tell
    (
        "nobody waits for nobody",
        SECOND,
        press(Act.GO_AHEAD, ALICE, ALICE, 11),
        NOBODY_THERE,
        VerdictCode.NOBODY_TO_APPROVE,
    ),
    ("the preview is shown all the same", SECOND, ask(ALICE, 11), NOBODY_THERE, VerdictCode.ALLOWED),
    (
        "where Slack cannot say who is there, it may wait",
        SECOND,
        press(Act.GO_AHEAD, ALICE, ALICE, 11),
        replace(MEMBER, approvers=Approvers()),
        VerdictCode.ALLOWED,
    ),
    (
        "an emergency needs nobody else there",
        EMERGENCY,
        press(Act.EMERGENCY, ALICE, ALICE, 11, reason=True),
        NOBODY_THERE,
        VerdictCode.ALLOWED,
    ),
    (
        "a missing scope is named instead of another try",
        NAMED,
        ask(),
        Facts(missing_scopes=frozenset({"users:read"})),
        VerdictCode.MISSING_SCOPE,
    ),
]


@pytest.mark.parametrize(
    ("rules", "question", "facts", "code"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_decision_table(rules: Rules, question: Question, facts: Facts, code: VerdictCode) -> None:
    verdict = decide(rules, question, facts)

    assert (code, code is VerdictCode.ALLOWED) == (verdict.code, verdict.allowed)


def test_the_decision_table_has_every_act_and_every_code() -> None:
    acts, codes = {row[2].act for row in TABLE}, {row[4] for row in TABLE}

    assert (set(Act), set(VerdictCode)) == (acts, codes)


@pytest.mark.parametrize(("rules", "question", "facts"), [row[1:4] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_same_answer_with_only_the_facts_that_were_needed(rules: Rules, question: Question, facts: Facts) -> None:
    assert (
        decide(rules, question, facts).allowed == decide(rules, question, _only_needed(rules, question, facts)).allowed
    )


# What an answer says


CAROL_ASKS_TOO = replace(BOSS, allowed_users=(ALICE, CAROL))
NO_BOSS = person(S0BOSSES=False)
OTHERS_UNKNOWN = Facts(PersonFacts(Status.MEMBER, {BOSSES: False}, {BOB: False, CAROL: False}))
NO_SCOPE = replace(MEMBER, approvers=Approvers(complete=True, absent=(Absent(BOSSES, Absence.NO_SCOPE),)))
ASKING = "ALLOWED_USERS and ALLOWED_USERGROUPS"
APPROVING = "APPROVER_USERS and APPROVER_USERGROUPS"
OF_AN_OLD_ID = Question(Act.STOP, EVE, "U0OLD", SHOP, 2, requester_person=ALICE)
"""Slack does not know the requester's id any more; the record says whose it was."""


@pytest.mark.parametrize(
    ("rules", "question", "facts", "code", "rule"),
    [
        (NAMED, ask(EVE), MEMBER, VerdictCode.NOT_ON_THE_LIST, ASKING),
        (BOSS, press(Act.APPROVE, EVE), NO_BOSS, VerdictCode.NOT_AN_APPROVER, APPROVING),
        (
            NAMED,
            press(Act.APPROVE, EVE),
            MEMBER,
            VerdictCode.NOT_AN_APPROVER,
            f"no approver is named, so whoever may ask: {ASKING}",
        ),
        (
            NAMED,
            press(Act.WITHDRAW, EVE),
            OTHERS_UNKNOWN,
            VerdictCode.COULD_NOT_BE_CHECKED,
            "only who asked may do this, and Slack could not say who is who",
        ),
        (NAMED, press(Act.WITHDRAW, EVE), MEMBER, VerdictCode.NOT_THE_REQUESTER, "only who asked may do this"),
        (
            BOSS,
            press(Act.APPROVE, CAROL),
            OTHERS_UNKNOWN,
            VerdictCode.COULD_NOT_BE_CHECKED,
            "nobody decides on their own request, nor twice, and Slack could not say who is who",
        ),
        (SECOND, press(Act.APPROVE, ALICE), MEMBER, VerdictCode.OWN_REQUEST, "nobody decides on their own request"),
        (
            BOSS,
            press(Act.STOP, EVE),
            OTHERS_UNKNOWN,
            VerdictCode.COULD_NOT_BE_CHECKED,
            f"{APPROVING}, and Slack could not say whether you asked",
        ),
        (BOSS, OF_AN_OLD_ID, NO_BOSS, VerdictCode.NOT_AN_APPROVER, APPROVING),
        (
            BOSS,
            press(Act.GO_ON, EVE),
            OTHERS_UNKNOWN,
            VerdictCode.COULD_NOT_BE_CHECKED,
            f"{APPROVING}, and Slack could not say whether they name you",
        ),
        (BOSS, press(Act.GO_ON, EVE, "U0GONE"), NO_BOSS, VerdictCode.NOT_AN_APPROVER, APPROVING),
        (
            SECOND,
            press(Act.GO_AHEAD, ALICE, orders=11),
            NOBODY_THERE,
            VerdictCode.NOBODY_TO_APPROVE,
            "SECOND_APPROVAL_ABOVE and APPROVALS_NEEDED: 1 must approve, and of those who may 0 can",
        ),
        (
            BOSS,
            press(Act.GO_AHEAD, ALICE, orders=11),
            NO_SCOPE,
            VerdictCode.MISSING_SCOPE,
            "the app in Slack lacks the scope usergroups:read: nobody could approve",
        ),
        (SECOND, press(Act.EMERGENCY, ALICE, orders=11), MEMBER, VerdictCode.NOT_FOR_EMERGENCIES, "EMERGENCY_USERS"),
        (
            EMERGENCY,
            press(Act.EMERGENCY, ALICE),
            MEMBER,
            VerdictCode.NO_EMERGENCY_NEEDED,
            "SECOND_APPROVAL_ABOVE asks for nobody else here: go ahead without an emergency",
        ),
        (
            EMERGENCY,
            press(Act.EMERGENCY, ALICE, orders=11),
            MEMBER,
            VerdictCode.REASON_NEEDED,
            "EMERGENCY_USERS go ahead alone only with a reason",
        ),
    ],
)
def test_a_refusal_names_its_rule_and_setting(
    rules: Rules, question: Question, facts: Facts, code: VerdictCode, rule: str
) -> None:
    verdict = decide(rules, question, facts)

    assert (code, rule) == (verdict.code, verdict.rule)


@pytest.mark.parametrize(
    ("rules", "question", "facts", "rule"),
    [
        (NAMED, ask(ALICE), MEMBER, "ALLOWED_USERS"),
        (GROUP, ask(EVE), IN_OPS, "ALLOWED_USERGROUPS (S0OPS)"),
        (EVERYONE, ask(EVE), MEMBER, "ALLOW_EVERYONE"),
        (BOSS, press(Act.APPROVE, CAROL), MEMBER, "APPROVER_USERS"),
        (BOSS, press(Act.APPROVE, EVE), person(S0BOSSES=True), "APPROVER_USERGROUPS (S0BOSSES)"),
        (SECOND, press(Act.APPROVE, BOB), MEMBER, "ALLOWED_USERS"),
        (BOSS, read(CAROL), MEMBER, "APPROVER_USERS"),
        (BOSS, read(EVE), person(S0BOSSES=True), "APPROVER_USERGROUPS (S0BOSSES)"),
        (BOSS, press(Act.GO_ON, ALICE), MEMBER, "ALLOWED_USERS"),
        (replace(NAMED, auditor_users=(EVE,)), read(EVE), MEMBER, "AUDITOR_USERS"),
        (EMERGENCY, press(Act.EMERGENCY, ALICE, ALICE, 11, reason=True), MEMBER, "EMERGENCY_USERS"),
        (NAMED, press(Act.STOP, ALICE), Facts(), "who asked may take it back"),
        (CAROL_ASKS_TOO, read(CAROL), MEMBER, "ALLOWED_USERS"),
        (CAROL_ASKS_TOO, press(Act.APPROVE, CAROL), MEMBER, "APPROVER_USERS"),
        (
            Rules(allowed_usergroups=(OPS, BOSSES)),
            ask(EVE),
            person(S0OPS=True, S0BOSSES=True),
            "ALLOWED_USERGROUPS (S0OPS, S0BOSSES)",
        ),
    ],
)
def test_a_permission_names_the_rule_it_rests_on(rules: Rules, question: Question, facts: Facts, rule: str) -> None:
    assert rule == decide(rules, question, facts).rule


@pytest.mark.parametrize(("orders", "needed"), [(10, 0), (11, 2)])
def test_above_the_threshold_others_must_approve(orders: int, needed: int) -> None:
    rules = replace(BOSS, approvals_needed=2)

    assert needed == decide(rules, ask(orders=orders), MEMBER).approvals_needed


def test_a_threshold_of_zero_is_always() -> None:
    assert 1 == decide(replace(NAMED, second_approval_above=0), ask(orders=1), MEMBER).approvals_needed


def test_where_others_must_approve_it_says_whom_to_ask() -> None:
    expected = Asked(users=(CAROL,), groups=(BOSSES,), contact="an administrator")

    assert expected == decide(BOSS, ask(orders=11), MEMBER).ask


def test_who_presses_on_their_own_hears_of_the_others() -> None:
    rules = replace(SECOND, contact="Dana")

    assert Asked(users=(BOB,), contact="Dana") == decide(rules, press(Act.APPROVE, ALICE), MEMBER).ask


def test_who_is_not_allowed_hears_whom_to_ask_for_that() -> None:
    assert Asked(contact="Dana") == decide(replace(NAMED, contact="Dana"), ask(EVE), MEMBER).ask


@pytest.mark.parametrize(("who", "orders", "possible"), [(ALICE, 11, True), (ALICE, 10, False), (BOB, 11, False)])
def test_the_emergency_is_offered_to_whom_it_is_for(who: str, orders: int, possible: bool) -> None:
    assert possible is decide(EMERGENCY, ask(who, orders), MEMBER).emergency_possible


@pytest.mark.parametrize("act", [Act.GO_AHEAD, Act.APPROVE])
@pytest.mark.parametrize(("orders", "typed"), [(5, False), (6, True)])
def test_above_its_threshold_the_number_is_typed(act: Act, orders: int, typed: bool) -> None:
    rules = replace(NAMED, type_to_confirm_above=5)

    assert typed is decide(rules, press(act, ALICE, ALICE, orders), MEMBER).type_to_confirm


def test_in_an_emergency_the_number_is_always_typed() -> None:
    assert decide(EMERGENCY, press(Act.EMERGENCY, ALICE, ALICE, 11, reason=True), MEMBER).type_to_confirm is True


# What is looked up


BOTH = (ALICE, BOB)
INSIDERS = frozenset({Status.MEMBER, Status.OUTSIDER})


@pytest.mark.parametrize(
    ("rules", "question", "needed"),
    [
        (NAMED, ask(ALICE), Needed(True, (), (SHOP,), BOTH)),
        (NAMED, ask(EVE), Needed(True, (), (SHOP,), BOTH)),
        (Rules(), ask(EVE), Needed()),
        (GROUP, ask(EVE), Needed(True, (OPS,), (SHOP,))),
        (replace(GROUP, allowed_users=(ALICE,)), ask(ALICE), Needed(True, (), (SHOP,), (ALICE,))),
        (replace(NAMED, allow_external=True), ask(ALICE), Needed(True, named=BOTH)),
        (replace(NAMED, results_channel=LOG), ask(ALICE), Needed(True, (), (SHOP, LOG), BOTH)),
        (NAMED, ask(ALICE, where="D0ALICE"), Needed(True, named=BOTH)),
        (NAMED, ask(ALICE, 1001), Needed()),
        (
            replace(SECOND, allow_external=True),
            ask(ALICE, 11),
            Needed(True, (), (SHOP,), BOTH, (), approvers=ApproversNeeded(BOTH, (), 1, INSIDERS, (ALICE, ALICE))),
        ),
        (BOSS, press(Act.APPROVE, CAROL), Needed(True, named=(CAROL,), same_as=(ALICE,))),
        (BOSS, press(Act.APPROVE, EVE), Needed(True, (BOSSES,), named=(CAROL,), same_as=(ALICE,))),
        (BOSS, press(Act.APPROVE, ALICE), Needed()),
        (NAMED, press(Act.WITHDRAW, ALICE), Needed()),
        (NAMED, press(Act.STOP, ALICE), Needed()),
        (NAMED, press(Act.WITHDRAW, BOB), Needed(True, same_as=(ALICE,))),
        (NAMED, press(Act.STOP, BOB), Needed(True, named=BOTH, same_as=(ALICE,))),
        (replace(GROUP, auditor_users=(EVE,)), read(EVE), Needed(True, named=(EVE,))),
        (replace(GROUP, approver_usergroups=(BOSSES,)), read(EVE), Needed(True, (OPS, BOSSES))),
    ],
)
def test_only_what_matters_is_looked_up(rules: Rules, question: Question, needed: Needed) -> None:
    assert needed == facts_needed(rules, question)


def test_what_was_looked_up_becomes_facts() -> None:
    seen = SlackPerson(ALICE, is_guest=True, usergroups=frozenset({OPS}), unchecked_usergroups=frozenset({"S0X"}))

    assert PersonFacts(Status.GUEST, {OPS: True, BOSSES: False}) == PersonFacts.of(seen, (OPS, BOSSES, "S0X"))


def test_the_facts_say_whom_an_id_stands_for() -> None:
    assert "W0ALICE" == PersonFacts.of(SlackPerson(ALICE, person="W0ALICE"), ()).person


def test_whoever_was_looked_for_is_kept_as_people_can_read_it() -> None:
    found = Approvers(frozenset({CAROL, BOB}), True, (Absent(EVE, Absence.GUEST),))

    assert {"people": [BOB, CAROL], "complete": True, "absent": [[EVE, "guest"]]} == replace(
        MEMBER, approvers=found
    ).to_dict()["approvers"]


@pytest.mark.parametrize(
    ("rules", "users"),
    [(EVERYONE, None), (replace(EVERYONE, approver_users=(CAROL,)), (CAROL,)), (NAMED, (ALICE, BOB))],
)
def test_approvers_are_looked_for_where_some_are_named(rules: Rules, users: tuple[str, ...] | None) -> None:
    wanted = approvers_needed(rules, 1)

    assert users == (wanted and wanted.users)


@pytest.mark.parametrize(
    ("orders", "facts", "status"),
    [(9999, Facts(), "not_needed"), (2, Facts(), "could_not_be_checked"), (9999, MEMBER, "member")],
)
def test_a_status_that_nobody_had_to_know_is_not_kept_as_one_that_could_not_be_checked(
    orders: int, facts: Facts, status: str
) -> None:
    question = ask(ALICE, orders)
    stored = record(NAMED, question, facts, decide(NAMED, question, facts))

    assert status == json.loads(json.dumps(stored))["facts"]["status"]


def test_what_is_stored_holds_lists() -> None:
    verdict = decide(SECOND, press(Act.GO_AHEAD, ALICE, orders=11), NOBODY_THERE)

    assert ([ALICE, BOB], [f"{BOB} deactivated"]) == (SECOND.to_dict()["allowed_users"], verdict.to_dict()["absent"])


def test_a_look_up_that_failed_tells_nothing() -> None:
    seen = SlackPerson(ALICE, could_not_be_checked=True, usergroups=frozenset({OPS}))

    assert PersonFacts() == PersonFacts.of(seen, (OPS,))


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        ((True, True, True, True), Status.DEACTIVATED),
        ((False, True, True, True), Status.BOT),
        ((False, False, True, True), Status.OUTSIDER),
        ((False, False, False, True), Status.GUEST),
        ((False, False, False, False), Status.MEMBER),
    ],
)
def test_of_several_flags_the_most_restrictive_counts(flags: tuple[bool, ...], status: Status) -> None:
    deleted, bot, outsider, guest = flags

    assert status is Status.of(deleted=deleted, bot=bot, outsider=outsider, guest=guest)


# What is stored


def test_the_rules_are_those_of_the_settings() -> None:
    settings = Settings(allowed_users=(ALICE,), second_approval_above=3, contact="Dana")

    assert Rules(allowed_users=(ALICE,), second_approval_above=3, contact="Dana") == rules_of(settings)


def test_the_defaults_of_the_rules_are_those_of_the_settings() -> None:
    assert Rules() == rules_of(Settings())


def test_the_stored_answer_is_json_and_whole() -> None:
    stored = json.loads(json.dumps(record(NAMED, ask(), MEMBER, decide(NAMED, ask(), MEMBER))))

    assert ["question", "facts", "verdict", "rules"] == list(stored)


def test_the_stored_question_and_facts_can_be_read_by_people() -> None:
    stored = record(GROUP, ask(EVE), IN_OPS, decide(GROUP, ask(EVE), IN_OPS))

    assert (
        {
            "act": "ask",
            "person": EVE,
            "requester": EVE,
            "channel": SHOP,
            "orders": 2,
            "has_reason": False,
            "orders_today": 0,
            "requester_person": None,
            "approved_by": [],
            "has_listed_reason": False,
            "is_retry": False,
        },
        {
            "status": "member",
            "person": None,
            "groups": {OPS: True},
            "same": NOBODY_ELSE,
            "channels": {LOG: "inside", SHOP: "inside"},
            "approvers": None,
            "missing_scopes": [],
        },
    ) == (stored["question"], stored["facts"])


# What may never happen

PEOPLE = st.sampled_from([ALICE, BOB, CAROL])
SOME_PEOPLE = st.lists(PEOPLE, max_size=2, unique=True).map(tuple)
SOME_GROUPS = st.lists(st.sampled_from([OPS, BOSSES]), max_size=2, unique=True).map(tuple)
LIMIT = st.none() | st.integers(0, 5)
RULES = st.builds(
    Rules,
    allowed_users=SOME_PEOPLE,
    allowed_usergroups=SOME_GROUPS,
    allowed_channels=st.sampled_from([(), (SHOP,), (LOG,)]),
    allow_everyone=st.booleans(),
    allow_guests=st.booleans(),
    allow_external=st.booleans(),
    approver_users=SOME_PEOPLE,
    approver_usergroups=SOME_GROUPS,
    second_approval_above=LIMIT,
    approvals_needed=st.integers(1, 3),
    emergency_users=SOME_PEOPLE,
    type_to_confirm_above=LIMIT,
    max_orders_per_request=st.integers(1, 6),
    max_orders_per_person_per_day=LIMIT,
    require_reason=st.booleans(),
    reasons=st.sampled_from([(), ("duplicate",)]),
    results_channel=st.sampled_from([None, LOG]),
    auditor_users=SOME_PEOPLE,
)
QUESTIONS = st.builds(
    Question,
    act=st.sampled_from(Act),
    person=PEOPLE,
    requester=st.none() | PEOPLE,
    channel=st.sampled_from([None, SHOP, LOG, "D0ALICE"]),
    orders=st.integers(0, 7),
    has_reason=st.booleans(),
    orders_today=st.integers(0, 3),
    has_listed_reason=st.booleans(),
    is_retry=st.booleans(),
)
FACTS = st.builds(
    Facts,
    person=st.builds(
        PersonFacts,
        status=st.sampled_from(Status),
        groups=st.dictionaries(st.sampled_from([OPS, BOSSES]), st.booleans()),
        same=st.dictionaries(PEOPLE, st.booleans()),
    ),
    channels=st.dictionaries(st.sampled_from([SHOP, LOG]), st.sampled_from(Sharing)),
)


def _only_needed(rules: Rules, question: Question, facts: Facts) -> Facts:
    needed = facts_needed(rules, question)
    groups = {group: held for group, held in facts.person.groups.items() if group in needed.groups}
    channels = {where: held for where, held in facts.channels.items() if where in needed.channels}
    ids = (*needed.named, *needed.same_as)
    same = {each: held for each, held in facts.person.same.items() if each in ids}
    return Facts(
        PersonFacts(facts.person.status, groups, same) if needed.person else PersonFacts(),
        channels,
        facts.approvers if needed.approvers else None,
    )


def _concretisations(facts: Facts) -> list[Facts]:
    """Every way in which what could not be checked might really be."""
    statuses = [each for each in Status if each is not Status.COULD_NOT_BE_CHECKED]
    possible_statuses = statuses if facts.person.status is Status.COULD_NOT_BE_CHECKED else [facts.person.status]
    possible_groups = [
        [facts.person.groups[group]] if group in facts.person.groups else [True, False] for group in (OPS, BOSSES)
    ]
    sharings = [each for each in Sharing if each is not Sharing.COULD_NOT_BE_CHECKED]
    told = [facts.channels.get(where, Sharing.COULD_NOT_BE_CHECKED) for where in (SHOP, LOG)]
    possible_channels = [sharings if each is Sharing.COULD_NOT_BE_CHECKED else [each] for each in told]
    possible_same = [
        [facts.person.same[who]] if who in facts.person.same else [True, False] for who in (ALICE, BOB, CAROL)
    ]
    return [
        Facts(
            PersonFacts(status, {OPS: ops, BOSSES: bosses}, dict(zip((ALICE, BOB, CAROL), same, strict=True))),
            {SHOP: shop, LOG: log},
        )
        for status in possible_statuses
        for ops, bosses in product(*possible_groups)
        for same in product(*possible_same)
        for shop, log in product(*possible_channels)
    ]


@given(RULES, QUESTIONS, FACTS)
def test_not_knowing_never_allows_more_than_knowing(rules: Rules, question: Question, facts: Facts) -> None:
    if decide(rules, question, facts).allowed:
        assert [] == [real for real in _concretisations(facts) if not decide(rules, question, real).allowed]


@given(RULES, QUESTIONS, FACTS)
@example(Rules(approver_users=(ALICE,)), Question(Act.APPROVE, BOB, requester=ALICE), Facts())
@example(Rules(allowed_users=(ALICE,)), Question(Act.DECLINE, BOB, requester=ALICE), Facts())
@example(
    Rules(allowed_users=(ALICE,), emergency_users=(BOB,)), Question(Act.EMERGENCY, ALICE, requester=ALICE), Facts()
)
def test_could_not_be_checked_is_said_only_where_knowing_could_help(
    rules: Rules, question: Question, facts: Facts
) -> None:
    """Or could show that it is their own request: else they would be told what is not true of them."""
    if decide(rules, question, facts).code.transient:
        known = [decide(rules, question, real) for real in _concretisations(facts)]

        assert any(each.allowed or each.code is VerdictCode.OWN_REQUEST for each in known)


@given(RULES, QUESTIONS, FACTS)
def test_facts_that_were_not_needed_never_change_whether_it_is_allowed(
    rules: Rules, question: Question, facts: Facts
) -> None:
    needed = _only_needed(rules, question, facts)

    assert decide(rules, question, facts).allowed == decide(rules, question, needed).allowed


@given(RULES, PEOPLE, FACTS, st.integers(0, 7))
def test_a_requester_never_decides_on_their_own(rules: Rules, who: str, facts: Facts, orders: int) -> None:
    for act in (Act.APPROVE, Act.DECLINE):
        assert VerdictCode.OWN_REQUEST is decide(rules, press(act, who, who, orders), facts).code


@given(RULES, QUESTIONS, FACTS)
def test_who_is_on_no_list_and_in_no_group_gets_nothing_run(rules: Rules, question: Question, facts: Facts) -> None:
    outside = replace(facts, person=PersonFacts(facts.person.status, {OPS: False, BOSSES: False}, NOBODY_ELSE))
    stranger = replace(question, person=EVE, requester=EVE if question.requester == question.person else BOB)
    closed = replace(rules, allow_everyone=False)
    verdict = decide(closed, stranger, outside)

    assert not verdict.allowed or (stranger.act in (Act.WITHDRAW, Act.STOP) and stranger.requester == EVE)


def _is_own(question: Question, facts: Facts) -> bool:
    return question.person == question.requester or facts.person.same.get(question.requester or "") is True


@given(RULES, QUESTIONS, FACTS, st.sampled_from([Status.BOT, Status.DEACTIVATED, Status.COULD_NOT_BE_CHECKED]))
def test_bots_the_deactivated_and_the_unknown_can_only_take_back_their_own(
    rules: Rules, question: Question, facts: Facts, status: Status
) -> None:
    verdict = decide(rules, question, replace(facts, person=replace(facts.person, status=status)))
    taking_back = question.act in (Act.WITHDRAW, Act.STOP) and _is_own(question, facts)

    assert taking_back is verdict.allowed


@given(RULES, QUESTIONS, FACTS)
def test_no_go_ahead_runs_alone_above_the_threshold(rules: Rules, question: Question, facts: Facts) -> None:
    verdict = decide(rules, replace(question, act=Act.GO_AHEAD), facts)
    above = rules.second_approval_above is not None and question.orders > rules.second_approval_above

    assert (rules.approvals_needed if above else 0) == verdict.approvals_needed


@given(RULES, QUESTIONS, FACTS)
def test_every_refusal_names_a_rule_and_somebody_to_ask(rules: Rules, question: Question, facts: Facts) -> None:
    verdict = decide(rules, question, facts)

    assert verdict.rule
    assert verdict.ask.contact


@given(RULES)
def test_rules_read_back_as_they_were_stored(rules: Rules) -> None:
    assert rules == Rules.from_dict(json.loads(json.dumps(rules.to_dict())))


@given(RULES, QUESTIONS, FACTS)
def test_a_verdict_reads_back_as_it_was_stored(rules: Rules, question: Question, facts: Facts) -> None:
    verdict = decide(rules, question, facts)

    assert verdict == Verdict.from_dict(json.loads(json.dumps(verdict.to_dict())))
