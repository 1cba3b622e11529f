"""PURE: the one live message of a request, from "cancelling" to what really happened, and the notices about it."""

from dataclasses import dataclass
from typing import assert_never

from bot.messages.card import card, unseen_card
from bot.messages.document import AUDIT_HEAD, Bold, Bullets, Buttons, CommandText, Line, Part, Typed, When
from bot.messages.layout import (
    MOST_NAMED,
    NAMED_OF_MANY,
    by_others,
    comments,
    joined,
    named_orders,
    person,
    see,
    show_all,
    small_print,
    story,
)
from bot.messages.message import Message
from bot.messages.preview import cannot_post
from bot.messages.preview_ended import ask_again
from bot.messages.render import render
from bot.messages.run_control import (
    changed,
    checking_lines,
    hold_lines,
    run_buttons,
    slack_gap_line,
    time_left,
    whom_to_ask,
)
from bot.messages.view_models import OrderFacts, RequestFacts, RulesFacts
from bot.messages.words import (
    OUTCOME,
    figures,
    in_words,
    order_line,
    orders,
    paragraph,
    standing,
    valid_until,
    with_words,
)
from storage.enums import BEGUN, RUNNING, Outcome, RequestState, StopReason


def live(facts: RequestFacts, bot_user: str | None = None, rules: RulesFacts | None = None) -> Message:
    """The message in the channel, or in a direct message where the bot cannot post there. `rules` say who may approve
    while it waits for that."""
    if facts.state is RequestState.WAITING and facts.in_direct_message:
        return render(unseen_card(facts, rules, bot_user))
    if facts.state is RequestState.WAITING:
        return render(card(facts, rules))
    content = (paragraph(_first_line(facts), *_happening(facts, rules)), *_orders(facts))
    buttons = Buttons((*run_buttons(facts), show_all(facts)))
    return render((*content, *_channel_note(facts, bot_user), buttons, small_print(facts, *at_last(facts))))


def end_notice(facts: RequestFacts) -> Message:
    """The direct message that tells the requester the end, in two lines: the first of the live message; what needs
    somebody or the first orders, who else decided, and where to see it all."""
    found = facts.figures
    look = facts.state is RequestState.FINISHED and (found.unknown or found.rejected or found.not_sent)
    must: list[Line] = [("look in Fincart at what was not cancelled",)] if look else []
    return render((paragraph(_first_line(facts), joined([*_named(facts), *must, *by_others(facts), see(facts)])),))


@dataclass(frozen=True, slots=True)
class Correction:
    """One order whose outcome has changed, and what had been told of it."""

    order: OrderFacts
    was: Outcome | None


def correction_notice(facts: RequestFacts, corrections: tuple[Correction, ...], count: int) -> Message:
    """Says which reported outcomes were corrected: the first of `count` orders, from what to what."""
    corrections = corrections[: MOST_NAMED if count <= MOST_NAMED else NAMED_OF_MANY]
    kinds = {(each.was, each.order.outcome) for each in corrections}
    alike = len(kinds) == 1 and len(corrections) == count
    are = f" {'is' if count == 1 else 'are'} {_from_to(*kinds.pop())}" if alike else ""
    what = f"Corrected: {orders(count)}{are}"
    listed = Bullets(tuple(with_words(each.order) if alike else _corrected(each) for each in corrections), count)
    now: Line = ("The whole request now: ", figures(facts.figures, facts.order_count))
    outcomes = {each.order.outcome for each in corrections}
    act = [words for outcome, words in _AFTER_CORRECTION.items() if outcome in outcomes]
    return render(
        (
            paragraph(story(facts, what)),
            listed,
            paragraph(*act, now),
            Buttons((show_all(facts),)),
            small_print(facts, *at_last(facts), links_to_live=True),
        )
    )


_AFTER_CORRECTION = {
    Outcome.UNKNOWN: "Whether what is unknown was cancelled: press Check again in its message, or look in Fincart.",
    Outcome.REJECTED: "What is rejected was not cancelled: look at it in Fincart before asking again.",
    Outcome.NOT_SENT: "What was not sent was not cancelled: if it still must be, press Retry in its message.",
    Outcome.CANCELLED: "What is cancelled needs nothing more: do not ask for it again.",
}
"""What a correction asks of its reader, by what an order is now."""


def _from_to(was: Outcome | None, now: Outcome | None) -> str:
    there = OUTCOME[now] if now is not None else "without an outcome"
    return f"{there}, not {OUTCOME[was]}" if was is not None and was is not now else there


def _corrected(correction: Correction) -> Line:
    order = correction.order
    line: Line = (*order_line(order), " is ", Bold(_from_to(correction.was, order.outcome)))
    return (*line, ": ", *in_words(order.words)) if order.words else line


def _first_line(facts: RequestFacts) -> Line:
    """What happened, who asked, and why."""
    match facts.state:
        case RequestState.FINISHED:
            return story(facts, figures(facts.figures, facts.order_count))
        case RequestState.EXECUTING:
            return story(facts, _progress(facts))
        case RequestState.APPROVED:
            cancelling = "On hold: cancelling" if facts.holds else "Cancelling"
            return story(facts, f"{cancelling} {orders(facts.order_count)}")
        case RequestState.EXPIRED | RequestState.WITHDRAWN | RequestState.DECLINED | RequestState.REFUSED:
            what: Line = (Bold(f"{facts.state.value.capitalize()}. Nothing was sent."),)
            return story(facts, (*what, f" {orders(facts.order_count)}"))
        case RequestState.PREPARING | RequestState.CONFIRMING | RequestState.WAITING:
            return story(facts, (Bold(f"Cancel {orders(facts.order_count)}?"), f" It {standing(facts)}."))
        case _:
            assert_never(facts.state)


def _happening(facts: RequestFacts, rules: RulesFacts | None) -> tuple[Line, ...]:
    """What goes on just now, or what is to be known about how it ended."""
    lines: list[Line] = []
    if facts.emergency:
        lines.append((Bold("Emergency:"), " its requester went ahead alone, without the approval of others."))
    if facts.state is RequestState.APPROVED:
        soon: Line = ("Nothing has been sent yet.",)
        if facts.can_undo and facts.not_before is not None:
            soon = ("Nothing is sent before ", When(facts.not_before, exact=True), "; until then it can be undone.")
        lines.append(soon)
    if facts.state in RUNNING:
        lines += (*checking_lines(facts), *hold_lines(facts, rules))
    if facts.state in BEGUN:
        lines += (*slack_gap_line(facts), *stopped_lines(facts, rules))
    lines += comments(facts)
    if facts.state in (RequestState.EXPIRED, RequestState.WITHDRAWN, RequestState.DECLINED):
        lines.append(ask_again("If they must still be cancelled"))
    return tuple(lines)


def _orders(facts: RequestFacts) -> tuple[Part, ...]:
    """What needs somebody, worst first; then the orders by name."""
    if facts.state not in BEGUN:
        return (named_orders(facts),)
    return (*_troubles(facts), *(_cancelled(facts) if facts.state is RequestState.FINISHED else ()))


def at_last(facts: RequestFacts) -> tuple[Line, ...]:
    """What the small print of the live message ends with."""
    if facts.state in RUNNING:
        control = "whoever asked or may approve can stop or pause it"
        return (*valid_until(facts), *(((control,),) if facts.stop_why is None else ()))
    if facts.state is not RequestState.FINISHED:
        return ()
    at, began = facts.finished_at, facts.decided_at or facts.created_at
    lines: list[Line] = []
    if at is not None and at.timestamp() // 60 != began.timestamp() // 60:
        lines.append(("finished ", When(at)))
    if facts.confirmed:
        lines.append((f"Fincart's log confirms {_how_many(facts.confirmed, facts.figures.cancelled)}",))
    if facts.audit_head:
        lines.append((f"{AUDIT_HEAD}{facts.audit_head}",))
    return tuple(lines)


def _how_many(confirmed: int, cancelled: int) -> str:
    """`it`, `both`, `all 12`, `3 of 5`."""
    if confirmed != cancelled:
        return f"{confirmed:,} of {cancelled:,}"
    return {1: "it", 2: "both"}.get(confirmed, f"all {confirmed:,}")


def _progress(facts: RequestFacts) -> Line:
    """`▓▓▓▓▓▓░░░░ 3,200 of 5,000 · 12 rejected · about 40 s left`: what went otherwise than cancelled is named."""
    outcomes = facts.figures
    counts = ((outcomes.rejected, "rejected"), (outcomes.not_sent, "not sent"), (outcomes.unknown, "unknown"))
    others = "".join(f" · {count:,} {word}" for count, word in counts if count)
    full = BAR_LENGTH * outcomes.settled() // max(1, facts.order_count)
    bar = "▓" * full + "░" * (BAR_LENGTH - full)
    word = "Stopping" if facts.stop_why is not None else "On hold" if facts.holds else "Cancelling"
    figure = f"{outcomes.settled():,} of {facts.order_count:,}{others}"
    return (Bold(word), f" {bar} ", Bold(figure), time_left(facts))


def _cancelled(facts: RequestFacts) -> tuple[Part, ...]:
    """The cancelled orders by name: whoever reviews history in the channel sees there what was done."""
    count = facts.figures.cancelled
    named = [order for order in facts.ended if order.outcome is Outcome.CANCELLED]
    if not named:
        return ()
    shown = named if count <= MOST_NAMED else named[:NAMED_OF_MANY]
    listed = Bullets(tuple(map(order_line, shown)), count)
    return (listed,) if count == facts.order_count else (paragraph((Bold("Cancelled:"),)), listed)


def _named(facts: RequestFacts) -> list[Line]:
    """The orders in one line, for the notice of the end: those that need somebody first."""
    ran = facts.state is RequestState.FINISHED
    found = facts.ended if ran else facts.orders
    most = MOST_NAMED if facts.order_count <= MOST_NAMED else NAMED_OF_MANY
    lines: list[Line] = []
    for outcome in dict.fromkeys(each.outcome for each in found[:most]):
        named = _listed([order_line(each) for each in found[:most] if each.outcome is outcome])
        mixed = ran and outcome is not None and len({each.outcome for each in found}) > 1
        lines.append((f"{OUTCOME[outcome]}: ", *named) if mixed and outcome is not None else named)
    more = facts.order_count - min(most, len(found))
    return [*lines, (f"and {more:,} more",)] if more > 0 and lines else lines


def _listed(items: list[Line]) -> Line:
    return tuple(span for number, item in enumerate(items) for span in ((", ", *item) if number else item))


def stopped_lines(facts: RequestFacts, rules: RulesFacts | None) -> tuple[Line, ...]:
    """Why nothing more of it is sent, by whom, and what is to be done where a token was rejected."""
    if facts.stop_why is None:
        return ()
    who: Line = (" by ", person(facts, facts.stopped_by)) if facts.stopped_by else ()
    why: Line = ("Sending is over: ", Typed(facts.stop_why, 300), *who, ".")
    if facts.stop_reason is not StopReason.TOKEN_REJECTED:
        return (why,)
    renew: Line = (
        "Ask ",
        whom_to_ask(rules),
        f" to renew {changed('FINCART_TOKEN', rules)}, then type ",
        CommandText("resume"),
    )
    nothing_to_retry = facts.state is RequestState.FINISHED and not facts.figures.rejected + facts.figures.not_sent
    return (why, (*renew, "." if nothing_to_retry else "; then press Retry."))


BAR_LENGTH = 10
"""Characters of the bar that shows how far a run is, beside the figure."""

_TROUBLES = (Outcome.UNKNOWN, Outcome.REJECTED, Outcome.NOT_SENT)
"""What a person must know of first comes first."""


def _troubles(facts: RequestFacts) -> tuple[Part, ...]:
    return tuple(part for outcome in _TROUBLES for part in _trouble(facts, outcome))


def _trouble(facts: RequestFacts, outcome: Outcome) -> tuple[Part, ...]:
    """The orders that ended so: one thing to do, and the first of them with Fincart's words or ours."""
    found = facts.figures
    counts = {Outcome.UNKNOWN: found.unknown, Outcome.REJECTED: found.rejected, Outcome.NOT_SENT: found.not_sent}
    if not (count := counts.get(outcome, 0)):
        return ()
    listed = [order for order in facts.ended if order.outcome is outcome]
    words = {order.words for order in listed}
    shared = words.pop() if len(words) == 1 and len(listed) > 1 else None
    of_which = "Why: " if len(listed) == count else "Why, of those listed: "
    why: tuple[Line, ...] = ((of_which, *in_words(shared)),) if shared else ()
    items = tuple(order_line(order) if shared else with_words(order) for order in listed)
    return (paragraph(_to_do(facts, outcome, "it" if count == 1 else "them"), *why), Bullets(items, count))


def _to_do(facts: RequestFacts, outcome: Outcome, them: str) -> Line:
    """What it means and what somebody should do, with buttons that are really there."""
    match outcome:
        case Outcome.UNKNOWN:
            what = ": no trustworthy answer came back. Do not assume either way; press Check again, or look at "
            what += f"{them} in Fincart:"
            return (Bold("Unknown"), what)
        case Outcome.REJECTED:
            return (Bold("Rejected"), f" by Fincart. Look at {them} there before asking again:")
        case _:
            when = "" if facts.state is RequestState.FINISHED else " once this has finished"
            must = "it must" if them == "it" else "they must"
            too = " (which asks for the rejected anew as well)" if facts.figures.rejected else ""
            return (Bold("Not sent"), f" by this request. If {must} still be cancelled, press Retry{when}{too}:")


def _channel_note(facts: RequestFacts, bot_user: str | None) -> tuple[Part, ...]:
    return (paragraph(*cannot_post(facts, bot_user)),) if facts.in_direct_message else ()
