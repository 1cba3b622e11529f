"""`check`: whether enough people are there who can approve, as Slack says of the settings' people and groups."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from bot.cli.finding import CheckResult, good, wrong
from bot.domain.policy.decide import Absence, Act, Needed, Question, Rules, may_ask, wanted_approvers
from bot.settings.model import Settings
from bot.slack.client import SlackClient
from bot.slack.directory import Directory

_CANNOT = {Absence.NO_SCOPE: "cannot be looked into without the scope usergroups:read"}


def approver_findings(slack: SlackClient, settings: Settings) -> Iterator[CheckResult]:
    """Whether for every requester enough other people can approve; nothing where nobody need, or everybody may."""
    rules = Rules.from_settings(settings)
    # With one more than must approve, enough are left whoever asks: a large group is not asked about to its end.
    wanted = wanted_approvers(rules, rules.approvals_needed + 1)
    if settings.second_approval_above is None or wanted is None:
        return
    with ThreadPoolExecutor(8, "look-up") as threads:
        people = Directory(slack, time.monotonic, threads, wait_seconds=4.0)
        found = people.approvers(wanted)
        # Whoever asks is nobody else: it may be any of those who approve.
        asks_too = any(_may_ask(people, rules, person) for person in sorted(found.people)[: rules.approvals_needed])
    others = len(found.people) - asks_too
    needed = rules.approvals_needed
    absent = "".join(f"; {each} {_CANNOT.get(why, f'is {why.value}')}" for each, why in found.absent)
    if others >= needed:
        yield good(f"approvers: enough of those who may approve can{absent}")
    elif not found.complete:
        yield good(f"approvers: Slack could not say of all who may approve whether they can{absent}")
    else:
        can = f"{len(found.people)} of those who may approve can" + (", who may ask too" if asks_too else "")
        fix = "Name people who can in APPROVER_USERS (or ALLOWED_USERS), or put them in the user group."
        yield wrong(f"approvers: {needed} must approve, and only {can}{absent}. {fix}")


def _may_ask(people: Directory, rules: Rules, person: str) -> bool:
    needed = Needed(person=True, groups=rules.allowed_usergroups, named=rules.allowed_users)
    return may_ask(rules, Question(Act.ASK, person), people.find_out(person, needed)) is True
