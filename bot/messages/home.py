"""PURE: the Home tab: the week's figures, what waits, one's own last results; or whom to ask."""

from dataclasses import dataclass
from typing import Any

from bot.domain.policy.decide import Asked, VerdictCode
from bot.messages.document import Bold, Bullets, CommandText, Divider, Line, Link, Note, Part, When
from bot.messages.names import DEFAULT, Names
from bot.messages.refusals import MISSING_SCOPE, ask_line
from bot.messages.render import render
from bot.messages.report import headline
from bot.messages.report_facts import ReportFacts
from bot.messages.view_models import RequestFacts, RulesFacts
from bot.messages.waiting import MOST, waiting_parts
from bot.messages.words import bold, counted, orders, paragraph, reason_of, standing

RESULTS = 5
"""So many of one's own last requests are shown."""
_REASON = 100


@dataclass(frozen=True, slots=True)
class HomeFacts:
    """What stands on the tab of somebody who may ask, approve or read."""

    week: ReportFacts
    waiting: tuple[RequestFacts, ...] = ()
    """The first that wait or are on hold."""
    waiting_count: int = 0
    own: tuple[RequestFacts, ...] = ()
    """The last that its reader asked for."""


def home_view(facts: HomeFacts, rules: RulesFacts, viewer: str, approves: bool) -> dict[str, Any]:
    """The week's figures, what waits, one's own last requests. Its buttons work like those in messages; they answer
    directly."""
    waits = f"{counted(facts.waiting_count, 'request')} {'waits' if facts.waiting_count == 1 else 'wait'} for somebody"
    more = facts.waiting_count - len(facts.waiting[:MOST])
    rest: tuple[Line, ...] = ((f"{more:,} more wait: ", CommandText("waiting")),) if more > 0 else ()
    parts: list[Part] = [
        paragraph(bold(headline(facts.week))),
        Divider(),
        paragraph(bold(waits) if facts.waiting_count else ("Nothing waits for anybody.",)),
        *waiting_parts(facts.waiting[:MOST], rules, viewer, approves),
        *_own(facts),
        Note((*rest, *_COMMANDS)),
    ]
    return _view(parts, rules.names)


def _own(facts: HomeFacts) -> list[Part]:
    """The last requests of the reader's own, besides those that are named as waiting."""
    waiting = {each.public_id for each in facts.waiting[:MOST]}
    own = [each for each in facts.own[:RESULTS] if each.public_id not in waiting]
    if facts.own and not own:
        return []
    nothing: tuple[str, ...] = () if own else ("None yet.",)
    return [
        Divider(),
        paragraph(bold("Your last requests"), *nothing),
        Bullets(tuple(map(_result, own)), whole=True),
    ]


_COMMANDS: tuple[Line, ...] = (
    ("to cancel orders, type ", CommandText(), " in a channel"),
    ("all requests: ", CommandText("history")),
    ("other figures: ", CommandText("report")),
    ("all commands and rules: ", CommandText("help")),
)


def closed_home_view(rule: str, ask: Asked, code: VerdictCode, names: Names = DEFAULT) -> dict[str, Any]:
    """The Home tab of a person without access: why, and whom to ask."""
    parts: list[Part] = [
        paragraph(_closed(code), (f"The rule: {rule}",), ask_line(ask)),
    ]
    return _view(parts, names)


def _closed(code: VerdictCode) -> Line:
    if code is VerdictCode.MISSING_SCOPE:
        return (Bold("Slack does not let the bot look up who you are."), " ", *MISSING_SCOPE)
    if code is VerdictCode.COULD_NOT_BE_CHECKED:
        return (Bold("Slack could not say who you are."), " Open this tab again in a minute.")
    return (Bold("You may not cancel orders or read their history here."),)


def _result(facts: RequestFacts) -> Line:
    """`R-7K3F9Q · 2 orders · finished: 2 cancelled · duplicate · today 12:19 · message`."""
    asked: Line = (Bold(facts.public_id), f" · {orders(facts.order_count)} · {standing(facts)} · ")
    line: Line = (*asked, reason_of(facts, _REASON), " · ", When(facts.created_at))
    return (*line, " · ", Link(facts.permalink, "message")) if facts.permalink else line


def _view(parts: list[Part], names: Names) -> dict[str, Any]:
    return {"type": "home", "blocks": list(render(parts, names).blocks)}
