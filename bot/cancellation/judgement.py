"""Ask the policy: look up what it needs to know, and keep its whole answer."""

import json
from dataclasses import dataclass

from bot.cancellation.parts import Parts
from bot.policy import Code, Question, Verdict, decide, facts_needed, record


@dataclass(frozen=True, slots=True)
class Judgement:
    """The policy's answer, with all that it rests on as JSON."""

    verdict: Verdict
    whole: str

    def not_theirs(self) -> Verdict | None:
        """The refusal of somebody whose request it is not: told before anything about the request's state."""
        return self.verdict if self.verdict.code is Code.NOT_THE_REQUESTER else None


def judge(parts: Parts, question: Question, *, fresh: bool = False) -> Judgement:
    """What the policy says to this; waits for Slack at most five seconds, and not at all where nothing is needed.

    `fresh` reads group membership and status anew, as at the click that lets something run.
    """
    facts = parts.people.find_out(question.person, facts_needed(parts.rules, question), fresh=fresh)
    verdict = decide(parts.rules, question, facts)
    whole = record(parts.rules, question, facts, verdict)
    return Judgement(verdict, json.dumps(whole, sort_keys=True, ensure_ascii=False))
