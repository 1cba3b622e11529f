"""PURE: `waiting`: the requests that wait for a person, with their buttons: for whom, and until when."""

from bot.messages.card import approvals_lines, waiting_buttons
from bot.messages.document import Bold, Buttons, CommandText, Divider, Heading, Line, Link, Note, Part, When
from bot.messages.layout import ABOUT_ONE, first_ids, joined, people_line, story
from bot.messages.message import Message
from bot.messages.preview import decide_buttons
from bot.messages.render import render
from bot.messages.run_control import hold_line, run_buttons
from bot.messages.view_models import HoldFacts, RequestFacts, RulesFacts
from bot.messages.words import counted, orders, paragraph, standing, valid_until
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
        nothing: Line = ("To see what was decided: ", CommandText("history"))
        return render((Heading("Nothing waits for anybody"), paragraph(*on_all, nothing)))
    parts: list[Part] = [Heading(f"{counted(total, 'request')} {'waits' if total == 1 else 'wait'} for somebody")]
    parts += [paragraph(*on_all)] if on_all else []
    parts += waiting_parts(entries[:MOST], rules, viewer, approves)
    rest: tuple[Line, ...] = ()
    if total > len(entries):
        rest = ((f"{total - len(entries):,} more: ", CommandText("history status:waiting")),)
    return render((*parts, Note((*rest, ABOUT_ONE))))


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
    waits = facts.state in (RequestState.WAITING, RequestState.CONFIRMING)
    what = f"cancel {orders(facts.order_count)}" if waits else standing(facts)
    first = story(facts, (Bold(facts.public_id), f" · {what}"))
    lines: list[Line] = [(*first, " · ", Link(facts.permalink, "message")) if facts.permalink else first]
    if facts.state is RequestState.WAITING:
        lines += approvals_lines(facts, rules)
    elif waits:
        until: Line = (", before ", When(facts.expires_at)) if facts.expires_at is not None else ()
        lines.append((Bold("Its requester must confirm"), *until))
    else:
        lines += [hold_line(hold, rules, facts) for hold in facts.holds if hold.kind is None]
    small = people_line(facts) if waits else joined((people_line(facts), *valid_until(facts)))
    return (*lines, first_ids(facts), small)


def _buttons(facts: RequestFacts, rules: RulesFacts, viewer: str | None, approves: bool) -> tuple[Part, ...]:
    if facts.state is RequestState.CONFIRMING:
        return (decide_buttons(facts),) if facts.is_of(viewer) else ()
    if facts.state is not RequestState.WAITING:
        row = run_buttons(facts) if approves or facts.is_of(viewer) else ()
    else:
        row = waiting_buttons(facts, rules, viewer, approves)
    return (Buttons(row),) if row else ()
