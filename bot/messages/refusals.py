"""PURE: words every refusal of the policy: what was refused, by which rule, what to do instead, whom to ask."""

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.policy.decide import Asked, VerdictCode
from bot.messages.card import may_approve
from bot.messages.document import ChannelName, CodeText, CommandText, Group, Line, Typed
from bot.messages.layout import small_print, story
from bot.messages.message import Message
from bot.messages.render import render
from bot.messages.view_models import RequestFacts, RulesFacts
from bot.messages.words import bold, counted, listed, orders, paragraph, people
from storage.enums import LET_RUN


def refused(
    code: VerdictCode,
    rule: str,
    ask: Asked,
    rules: RulesFacts,
    facts: RequestFacts | None = None,
) -> Message:
    """The answer to a person who was refused. With `facts`, it names the request."""
    what, instead = _explained(code, ask, rules, facts)
    rule_line: Line = ("The rule: ", Typed(rule, 300), ". ") if rule else ()
    lines: tuple[Line, ...] = ((_effect(facts), " ", *instead), (*rule_line, *ask_line(ask)))
    if facts is None:
        return render((paragraph(bold(what), *lines),))
    # The rule of a refused request is this one.
    small = small_print(facts if facts.decided_by is not None else replace(facts, rule=""), links_to_live=True)
    return render((paragraph(story(facts, what), *lines), small))


def ask_line(ask: Asked) -> Line:
    """`Whom to ask: @A or @B, or else Dana`: people, groups, and the contact of the settings."""
    named = people(ask.users[:5], ((Group(group),) for group in ask.groups[:5]))
    return (
        ("Whom to ask: ", *named, ", or else ", Typed(ask.contact)) if named else ("Whom to ask: ", Typed(ask.contact))
    )


def _effect(facts: RequestFacts | None) -> str:
    return "That changed nothing." if facts is not None and facts.state in LET_RUN else "Nothing was sent."


def _explained(code: VerdictCode, ask: Asked, rules: RulesFacts, facts: RequestFacts | None) -> tuple[str, Line]:
    """What was refused, and what to do instead."""
    match code:
        case VerdictCode.NOT_THE_REQUESTER:
            yours: Line = ("To cancel orders yourself, type ", CommandText(), " and the order ids.")
            return "Refused: only who asked can do this", yours
        case VerdictCode.OWN_REQUEST:
            return "Refused: nobody approves their own request", _others(ask, rules, facts)
        case VerdictCode.NOT_AN_APPROVER:
            return "Refused: you are not among those who may approve", _others(ask, rules, facts)
        case VerdictCode.WRONG_CHANNEL:
            return "Refused: orders cannot be cancelled from this channel", _right_channels(rules)
        case VerdictCode.TOO_MANY_ORDERS:
            asked = f" of {orders(facts.order_count)}" if facts else ""
            instead = f"Ask in parts of at most {orders(rules.max_orders)} each."
            return f"Refused: a request{asked} is too large", (instead,)
        case VerdictCode.TOO_MANY_TODAY:
            whose = "one person" if facts is None else "its requester"
            instead = "Ask for fewer orders, wait until the next day (UTC), or let somebody else ask."
            return f"Refused: that is more than {whose} may cancel in one day", (instead,)
        case VerdictCode.REASON_NEEDED | VerdictCode.REASON_NOT_LISTED:
            needed = code is VerdictCode.REASON_NEEDED
            what = "Refused: a reason is needed" if needed else "Refused: the reason is none of the list"
            return what, _say_why(rules)
        case _:
            return _ALWAYS_THE_SAME[code]


MISSING_SCOPE: Line = (
    "The app was installed without a scope that this needs. Ask an administrator to add it under "
    "OAuth & Permissions in Slack's app settings and to install the app again: until then no other try helps.",
)
"""What to do where Slack answers `missing_scope`; the rule beside it names the scope."""

CHECK_SECONDS = 5
"""How long Slack is waited for before somebody is refused as "could not be checked"."""

_ALWAYS_THE_SAME: Mapping[VerdictCode, tuple[str, Line]] = {
    VerdictCode.ALLOWED: ("Nothing was refused", ("This is allowed: try again.",)),
    VerdictCode.DEACTIVATED: ("Refused: this account is deactivated", ("Use an account that is active.",)),
    VerdictCode.BOT: ("Refused: bots cannot do this", ("A person must do it under their own name.",)),
    VerdictCode.OUTSIDER: (
        "Refused: people of other organisations cannot do this",
        ("Ask a colleague inside this workspace to do it.",),
    ),
    VerdictCode.GUEST: ("Refused: guests cannot do this", ("Ask a full member of this workspace to do it.",)),
    VerdictCode.NOT_ON_THE_LIST: (
        "Refused: you are not among those who may cancel orders",
        ("Ask somebody who may, or ask to be added.",),
    ),
    VerdictCode.NOT_A_READER: (
        "Refused: you are not among those who may read the history",
        ("Ask somebody who may cancel or approve, or ask to be added.",),
    ),
    VerdictCode.NOT_FOR_EMERGENCIES: (
        "Refused: you are not among those who may go ahead alone",
        ("Ask for approval instead.",),
    ),
    VerdictCode.NO_EMERGENCY_NEEDED: ("Refused: this needs no emergency", ("Go ahead the ordinary way.",)),
    VerdictCode.SHARED_CHANNEL: (
        "Refused: this channel is shared with another organisation",
        ("Do it in a channel that is not shared.",),
    ),
    VerdictCode.CANNOT_POST_THERE: (
        "Refused: a second person must approve, and the bot cannot post here",
        (
            "Type ",
            CodeText("/invite"),
            " and the bot's name in the channel (unarchived first, if need be), or ask in a channel it is in.",
        ),
    ),
    VerdictCode.COULD_NOT_BE_CHECKED: (
        "Refused: it could not be checked who you are",
        (f"Slack could not say who you are within {counted(CHECK_SECONDS, 'second')}. Try again in a minute.",),
    ),
    VerdictCode.CHANNEL_COULD_NOT_BE_CHECKED: (
        "Refused: this channel could not be checked",
        (f"Slack could not say within {counted(CHECK_SECONDS, 'second')} who is in it. Try again in a minute.",),
    ),
    VerdictCode.MISSING_SCOPE: ("Refused: Slack does not let the bot look that up", MISSING_SCOPE),
    VerdictCode.NOBODY_TO_APPROVE: (
        "Refused: too few people are there who may approve",
        ("Nothing waits for people who cannot come. Have somebody named who can approve, then ask again.",),
    ),
}


def _say_why(rules: RulesFacts) -> Line:
    example = rules.reasons[0] if rules.reasons else "duplicate"
    how: Line = ("for example: ", CommandText(f"6864fecda075914a1b1e353c because {example}"))
    if not rules.reasons:
        return ("Say why at the end, ", *how)
    return ("Begin the reason with one of these, and add to it as you like: ", listed(rules.reasons, 1_500), "; ", *how)


def _others(ask: Asked, rules: RulesFacts, facts: RequestFacts | None) -> Line:
    """Who may approve instead, unless they are those to be asked anyway."""
    named = (
        ()
        if ask.users or ask.groups
        else may_approve(rules, () if facts is None else (facts.requester, *facts.requester_ids))
    )
    return ("Somebody else must decide on it: ", *named, ".") if named else ("Somebody else must decide on it.",)


def _right_channels(rules: RulesFacts) -> Line:
    named = people((), ((ChannelName(channel),) for channel in rules.allowed_channels[:10]))
    return ("Ask in ", *named, ".") if named else ("Ask in another channel.",)
