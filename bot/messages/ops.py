"""PURE: lines for whoever runs the bot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.messages.document import Bold, ChannelName, CodeText, Line, Typed, User, When
from bot.messages.message import Message
from bot.messages.moved import why_closed
from bot.messages.render import render
from bot.messages.run_control import hold_line
from bot.messages.view_models import HoldFacts, RulesFacts
from bot.messages.words import paragraph
from storage.enums import HoldKind, OpsEvent


@dataclass(frozen=True, slots=True)
class OpsFacts:
    """What one line tells; the names of its fields are stored."""

    what: OpsEvent
    at: datetime
    left_out: int = 0
    """So many earlier lines like it are not told."""
    request: str | None = None
    hold: str | None = None
    who: str | None = None
    why: str | None = None
    until: str | None = None
    message: str | None = None
    """The kind of a message."""
    channel: str | None = None
    """Where that was to be shown: a channel, or a person."""


def ops_notice(lines: Sequence[OpsFacts], rules: RulesFacts) -> Message:
    """One line for each thing that happened, oldest first."""
    return render((paragraph(*(_line(facts, rules) for facts in lines)),))


def _line(facts: OpsFacts, rules: RulesFacts) -> Line:
    line: Line = (*_words(facts, rules), " · ", When(facts.at, exact=True))
    if not facts.left_out:
        return line
    earlier = "1 earlier line" if facts.left_out == 1 else f"{facts.left_out:,} earlier lines"
    return (*line, f" · {earlier} about this left out")


def _words(facts: OpsFacts, rules: RulesFacts) -> Line:
    match facts.what:
        case OpsEvent.HELD:
            return (Bold("Hold begun:"), " ", *_begun(facts, rules))
        case OpsEvent.HOLD_ENDED:
            return (Bold("Hold ended:"), " ", *_ended(facts))
        case OpsEvent.MOVED:
            return (Bold("Message moved:"), " ", *_message(facts), ". It goes on as a direct message.")
        case OpsEvent.GIVEN_UP:
            again: Line = (". It is listed by ", CodeText("status"), " and sent again by ", CodeText("redeliver"), ".")
            return (Bold("Message given up:"), " ", *_message(facts), *again)
        case OpsEvent.UNHANDLED:
            what: Line = (Bold("Not handled:"), " a ", Typed(facts.message or "delivery", 40))
            sender: Line = (
                (" by ", User(facts.who), ", who was told so") if facts.who else (", whose sender is not known",)
            )
            return (*what, *sender, ". The log has the error.")
        case OpsEvent.UNVERIFIED:
            failed: Line = (Bold("The history does not verify:"), " ", Typed(facts.why or "", 200))
            return (*failed, ". ", CodeText("audit verify"), " says more.")
        case _:
            return _ALWAYS_THE_SAME[facts.what]


_ALWAYS_THE_SAME: Mapping[OpsEvent, Line] = {
    OpsEvent.VERIFIED: (Bold("The history verifies again."),),
    OpsEvent.NOT_ALONE: (
        Bold("Probably a second installation"),
        " is connected to Slack with the same SLACK_APP_TOKEN and takes a share of all commands and presses. "
        "End it, or give it an app of its own. ",
        CodeText("status"),
        " says when it is over.",
    ),
    OpsEvent.ALONE: (Bold("No second installation any more:"), " all connections to Slack are of this one."),
}


def _begun(facts: OpsFacts, rules: RulesFacts) -> Line:
    if facts.hold == HoldKind.SLACK:
        why = Typed(facts.why or "", 60)
        return ("Slack refused the bot's token (", why, "): nothing was sent from then on.")
    kind = None if facts.request else HoldKind(facts.hold or "")
    until = datetime.fromisoformat(facts.until) if facts.until else None
    words = hold_line(HoldFacts(kind, facts.why, facts.who, until), rules)
    return (CodeText(facts.request), ". ", *words) if facts.request else words


def _ended(facts: OpsFacts) -> Line:
    by: Line = (" by ", User(facts.who)) if facts.who else ()
    if facts.request:
        return (CodeText(facts.request), " goes on", *by, ".")
    match HoldKind(facts.hold or ""):
        case HoldKind.PAUSE:
            return ("the pause is lifted", *by, ".")
        case HoldKind.RATE_LIMIT:
            return ("Fincart's rate limit is over.",)
        case HoldKind.DOWN:
            return ("Fincart answers again.",)
        case HoldKind.TOKEN:
            return ("the hold for a rejected token is lifted", *by, ".")
        case HoldKind.SLACK:
            return ("Slack takes the bot's token again.",)


def _message(facts: OpsFacts) -> Line:
    kind = (facts.message or "message").replace("_", " ")
    of: Line = (" of ", CodeText(facts.request)) if facts.request else ()
    place = facts.channel or ""
    where: Line = (User(place) if place.startswith(("U", "W")) else ChannelName(place),)
    return (Typed(kind, 40), *of, " in ", *where, " (", Typed(why_closed(facts.why or ""), 200), ")")
