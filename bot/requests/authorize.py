"""Asks the policy, looks up what it needs to know, and stores its full answer."""

import json
from dataclasses import dataclass, replace

from bot.context import Context
from bot.domain.policy.decide import Facts, Question, Rules, Verdict, VerdictCode, decide, facts_needed, record
from storage.audit.log import digest

_NOT_THEIRS = frozenset(
    {
        VerdictCode.NOT_THE_REQUESTER,
        VerdictCode.OWN_REQUEST,
        VerdictCode.NOT_AN_APPROVER,
        VerdictCode.NOT_FOR_EMERGENCIES,
    }
)


@dataclass(frozen=True, slots=True)
class Authorization:
    """The policy's answer to one question, and the facts that it used."""

    rules: Rules
    question: Question
    facts: Facts
    verdict: Verdict

    @property
    def whole(self) -> str:
        """The full answer with its facts, as JSON."""
        whole = record(self.rules, self.question, self.facts, self.verdict)
        return json.dumps(whole, sort_keys=True, ensure_ascii=False)

    @property
    def person(self) -> str | None:
        """The person that the asking id stands for: as Slack says now, or as stored with the request."""
        own = self.question.person in self.question.requester_ids
        return self.facts.person.person or (self.question.requester_person if own else None)

    @property
    def ids(self) -> frozenset[str]:
        """All known ids of the asking person."""
        same = {each for each, is_theirs in self.facts.person.same.items() if is_theirs}
        return frozenset({self.question.person, *same, *((self.person,) if self.person else ())})

    def event_details(self) -> dict[str, object]:
        """Event details about the stored answer: its rule, and the digest of the full text."""
        return {"rule": self.verdict.rule, "judged": digest(self.whole)}

    def not_theirs(self) -> Verdict | None:
        """The refusal for a button of somebody else's, which goes before any word on the request's state."""
        return self.verdict if self.verdict.code in _NOT_THEIRS else None

    def with_orders_today(self, orders_today: int) -> "Authorization":
        """The answer to the same question with this much of the requester's day used."""
        question = replace(self.question, orders_today=orders_today)
        return replace(self, question=question, verdict=decide(self.rules, question, self.facts))

    def approvals_for(self, orders: int) -> int:
        """How many others would have to approve so many orders."""
        return decide(self.rules, replace(self.question, orders=orders), self.facts).approvals_needed


def authorize(context: Context, question: Question, *, fresh: bool = False) -> Authorization:
    """Ask the policy. Waits for Slack at most five seconds, and not at all if nothing is needed.

    `fresh` bypasses the cache of group membership and status, as for the click that lets something run.
    """
    facts = context.people.find_out(question.person, facts_needed(context.rules, question), fresh=fresh)
    return Authorization(context.rules, question, facts, decide(context.rules, question, facts))
