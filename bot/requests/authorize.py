"""Ask the policy: look up what it needs to know, and keep its whole answer."""

import json
from dataclasses import dataclass, replace

from bot.context import Parts
from bot.domain.policy.decide import Code, Facts, Question, Rules, Verdict, decide, facts_needed, record
from storage.audit.log import digest

_NOT_THEIRS = frozenset({Code.NOT_THE_REQUESTER, Code.OWN_REQUEST, Code.NOT_AN_APPROVER, Code.NOT_FOR_EMERGENCIES})


@dataclass(frozen=True, slots=True)
class Judgement:
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

    def with_orders_today(self, orders_today: int) -> "Judgement":
        """The answer to the same question now that so much of the requester's day is used."""
        question = replace(self.question, orders_today=orders_today)
        return replace(self, question=question, verdict=decide(self.rules, question, self.facts))

    def approvals_for(self, orders: int) -> int:
        """How many others must approve, if it were so many orders."""
        return decide(self.rules, replace(self.question, orders=orders), self.facts).approvals_needed


def judge(parts: Parts, question: Question, *, fresh: bool = False) -> Judgement:
    """What the policy says to this; waits for Slack at most five seconds, and not at all where nothing is needed.

    `fresh` reads group membership and status anew, as at the click that lets something run.
    """
    facts = parts.people.find_out(question.person, facts_needed(parts.rules, question), fresh=fresh)
    return Judgement(parts.rules, question, facts, decide(parts.rules, question, facts))
