"""Asks the policy: finds out what it needs to know, and keeps its whole answer."""

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
    """The policy's answer to one question, by what was known."""

    rules: Rules
    question: Question
    facts: Facts
    verdict: Verdict

    @property
    def whole(self) -> str:
        """The answer with all that it rests on, as JSON."""
        whole = record(self.rules, self.question, self.facts, self.verdict)
        return json.dumps(whole, sort_keys=True, ensure_ascii=False)

    @property
    def person(self) -> str | None:
        """Whom the id that asks stands for: as Slack said now, or when the request was made with it."""
        own = self.question.person in self.question.requester_ids
        return self.facts.person.person or (self.question.requester_person if own else None)

    @property
    def ids(self) -> frozenset[str]:
        """What is known of the ids of whoever asks."""
        same = {each for each, is_theirs in self.facts.person.same.items() if is_theirs}
        return frozenset({self.question.person, *same, *((self.person,) if self.person else ())})

    def told(self) -> dict[str, object]:
        """What an event says of the answer kept with the request: its rule, and by which whole text it is judged."""
        return {"rule": self.verdict.rule, "judged": digest(self.whole)}

    def not_theirs(self) -> Verdict | None:
        """The refusal of somebody whose button it is not: told before anything about the request's state."""
        return self.verdict if self.verdict.code in _NOT_THEIRS else None

    def with_orders_today(self, orders_today: int) -> "Authorization":
        """The answer to the same question now that so much of the requester's day is used."""
        question = replace(self.question, orders_today=orders_today)
        return replace(self, question=question, verdict=decide(self.rules, question, self.facts))

    def approvals_for(self, orders: int) -> int:
        """How many others must approve, if it were so many orders."""
        return decide(self.rules, replace(self.question, orders=orders), self.facts).approvals_needed


def authorize(context: Context, question: Question, *, fresh: bool = False) -> Authorization:
    """What the policy says to this; waits for Slack at most five seconds, and not at all where nothing is needed.

    `fresh` reads group membership and status anew, as at the action that lets something run.
    """
    facts = context.people.find_out(question.person, facts_needed(context.rules, question), fresh=fresh)
    return Authorization(context.rules, question, facts, decide(context.rules, question, facts))
