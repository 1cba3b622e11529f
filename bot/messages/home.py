"""PURE: the Home tab: what waits, what one asked for, one's own last results; or whom to ask."""

from typing import Any

from bot.domain.commands.parser import COMMAND
from bot.domain.policy.decide import Asked, VerdictCode
from bot.messages.document import Bold, CodeText, Divider, Heading, Line, Link, Part, When
from bot.messages.refusals import MISSING_SCOPE, ask_line
from bot.messages.render import render
from bot.messages.view_models import RequestFacts, RulesFacts
from bot.messages.waiting import MOST, waiting_parts
from bot.messages.words import orders, paragraph, show_command, standing

RESULTS = 5
"""So many of one's own last requests are shown."""


def home_view(
    waiting: tuple[RequestFacts, ...],
    own: tuple[RequestFacts, ...],
    rules: RulesFacts,
    viewer: str,
    approves: bool,
) -> dict[str, Any]:
    """The tab of somebody who may ask or approve. Its buttons work like those in messages; they answer directly."""
    parts: list[Part] = [
        paragraph(
            (
                "To cancel orders, type ",
                CodeText(COMMAND),
                " in a channel; ",
                CodeText(f"{COMMAND} help"),
                " tells all.",
            )
        ),
        Heading("What waits"),
        *(waiting_parts(waiting[:MOST], rules, viewer, approves) if waiting else (paragraph("Nothing waits."),)),
        Divider(),
        Heading("Your last requests"),
        paragraph(*(_result(each) for each in own[:RESULTS])) if own else paragraph("You have asked for nothing yet."),
        paragraph(("All of them: ", CodeText(f"{COMMAND} history"))),
    ]
    return _view(parts)


def closed_home_view(rule: str, ask: Asked, code: VerdictCode) -> dict[str, Any]:
    """The tab of somebody who may neither ask nor approve nor read, or of whom Slack could not say it: why, and whom
    to ask."""
    parts: list[Part] = [
        Heading("Cancel orders at Fincart"),
        paragraph(_closed(code), (f"The rule: {rule}",), ask_line(ask)),
    ]
    return _view(parts)


def _closed(code: VerdictCode) -> Line:
    if code is VerdictCode.MISSING_SCOPE:
        return ("Slack does not let the bot look up who you are. ", *MISSING_SCOPE)
    if code is VerdictCode.COULD_NOT_BE_CHECKED:
        return ("Slack could not say who you are. Open this tab again in a minute.",)
    return ("You may not cancel orders or read their history here.",)


def _result(facts: RequestFacts) -> Line:
    line: Line = (
        Bold(facts.public_id),
        f" · {orders(facts.order_count)} · {standing(facts)} · ",
        When(facts.created_at),
    )
    link: Line = (" · ", Link(facts.permalink, "message")) if facts.permalink else ()
    return (*line, *link, " · ", CodeText(show_command(facts.public_id)))


def _view(parts: list[Part]) -> dict[str, Any]:
    return {"type": "home", "blocks": list(render(parts).blocks)}
