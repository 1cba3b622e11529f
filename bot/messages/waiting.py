"""PURE: `waiting`: what waits for a person, for whom, until when, with its live buttons."""

from bot.domain.commands.parser import COMMAND
from bot.messages.card import may_approve_lines, waiting_buttons, wanted_lines
from bot.messages.document import Bold, Buttons, CodeText, Divider, Heading, Line, Link, Part, User, When
from bot.messages.message import Message
from bot.messages.preview import decide_buttons
from bot.messages.render import render
from bot.messages.steering import hold_line, run_buttons
from bot.messages.view_models import HoldFacts, RequestFacts, RulesFacts
from bot.messages.words import asked_lines, counted, orders, paragraph, show_command, standing, valid_until
from storage.enums import RequestState

MOST = 5
"""So many fit a message with their buttons; the others come up as these are decided."""


def waiting_message(
    entries: tuple[RequestFacts, ...],
    total: int,
    rules: RulesFacts,
    viewer: str | None,
    approves: bool,
    held: tuple[HoldFacts, ...] = (),
) -> Message:
    """The first `MOST` of `total`, those soonest over first. `approves` says whether the viewer may approve others';
    `held` is what keeps anything at all from being sent."""
    on_all = tuple(hold_line(hold, rules) for hold in held)
    if not entries:
        nothing: Line = ("To see what was decided: ", CodeText(f"{COMMAND} history"))
        return render((Heading("Nothing waits for anybody"), paragraph(*on_all, nothing)))
    parts: list[Part] = [Heading(f"{counted(total, 'request')} {'waits' if total == 1 else 'wait'} for somebody")]
    parts.append(paragraph(*on_all, *may_approve_lines(rules)))
    parts += waiting_parts(entries[:MOST], rules, viewer, approves)
    if total > len(entries):
        rest: Line = (f"{total - len(entries):,} more: ", CodeText(f"{COMMAND} history status:waiting"))
        parts.append(paragraph(rest))
    return render(parts)


def waiting_parts(
    entries: tuple[RequestFacts, ...], rules: RulesFacts, viewer: str | None, approves: bool
) -> list[Part]:
    """Each with the buttons that are for the viewer."""
    parts: list[Part] = []
    for number, entry in enumerate(entries):
        parts += [Divider()] if number else []
        parts.append(paragraph(*_entry(entry, rules)))
        parts += _buttons(entry, rules, viewer, approves)
    return parts


def _entry(facts: RequestFacts, rules: RulesFacts) -> tuple[Line, ...]:
    first: Line = (Bold(facts.public_id), f" · cancel {orders(facts.order_count)}")
    if facts.permalink:
        first += (" · ", Link(facts.permalink, "message"))
    lines: list[Line] = [first, *asked_lines(facts)]
    if facts.state is RequestState.WAITING:
        lines += wanted_lines(facts)
    elif facts.state is not RequestState.CONFIRMING:
        lines.append((Bold(standing(facts)),))
        lines += [hold_line(hold, rules) for hold in facts.holds if hold.kind == "request"]
        lines += valid_until(facts)
    else:
        lines.append(("It waits for ", User(facts.requester), " to confirm it."))
        if facts.expires_at is not None:
            lines.append(("It can be confirmed until ", When(facts.expires_at), "."))
    lines.append(("Its orders: ", CodeText(show_command(facts.public_id))))
    return tuple(lines)


def _buttons(facts: RequestFacts, rules: RulesFacts, viewer: str | None, approves: bool) -> tuple[Part, ...]:
    if facts.state is RequestState.CONFIRMING:
        return (decide_buttons(facts),) if facts.is_of(viewer) else ()
    if facts.state is not RequestState.WAITING:
        return run_buttons(facts) if approves or facts.is_of(viewer) else ()
    row = waiting_buttons(facts, rules, viewer, approves)
    return (Buttons(row),) if row else ()
