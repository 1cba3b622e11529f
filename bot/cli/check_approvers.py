"""`check`: asks Slack whether enough of the configured people and group members can approve."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from bot.cli.finding import CheckResult, good, wrong
from bot.context import rules_of
from bot.domain.policy.decide import Absence, Act, Needed, Question, Rules, approvers_needed, may_ask
from bot.settings.model import Settings
from bot.slack.client import SlackClient
from bot.slack.directory import Directory

_CANNOT = {Absence.NO_SCOPE: "cannot be looked into without the scope usergroups:read"}


def approver_findings(slack: SlackClient, settings: Settings) -> Iterator[CheckResult]:
    """Report whether every requester has enough other approvers; nothing if no approval is needed or everybody may
    approve."""
    rules = rules_of(settings)
    # One more than needed is enough, whoever asks: so a large group is not looked up to its end.
    to_find = approvers_needed(rules, rules.approvals_needed + 1)
    if settings.second_approval_above is None or to_find is None:
        return
    with ThreadPoolExecutor(8, "look-up") as threads:
        people = Directory(slack, time.monotonic, threads, wait_seconds=4.0)
        approvers = people.approvers(to_find)
        # A requester cannot approve their own request, and each approver may be the requester.
        asks_too = any(_may_ask(people, rules, person) for person in sorted(approvers.people)[: rules.approvals_needed])
    others = len(approvers.people) - asks_too
    needed = rules.approvals_needed
    absent = "".join(f"; {each} {_CANNOT.get(why, f'is {why.value}')}" for each, why in approvers.absent)
    if others >= needed:
        yield good(f"approvers: enough of those who may approve can{absent}")
    elif not approvers.complete:
        yield good(f"approvers: Slack could not say of all who may approve whether they can{absent}")
    else:
        can = f"{len(approvers.people)} of those who may approve can" + (", who may ask too" if asks_too else "")
        fix = "Name people who can in APPROVER_USERS (or ALLOWED_USERS), or put them in the user group."
        yield wrong(f"approvers: {needed} must approve, and only {can}{absent}. {fix}")


def _may_ask(people: Directory, rules: Rules, person: str) -> bool:
    needed = Needed(person=True, groups=rules.allowed_usergroups, named=rules.allowed_users)
    return may_ask(rules, Question(Act.ASK, person), people.find_out(person, needed)) is True
