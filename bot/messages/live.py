"""PURE: the one live message of a request, from "cancelling" to what really happened, and the notice of its end."""

from typing import assert_never

from bot.domain.commands.parser import COMMAND
from bot.messages.actions import Action, request_value
from bot.messages.card import card, unseen_card
from bot.messages.document import Bold, Bullets, Button, CodeText, Heading, Line, Link, Note, Part, Typed, User, When
from bot.messages.message import Message
from bot.messages.preview import cannot_post
from bot.messages.render import render
from bot.messages.steering import checking_lines, hold_lines, run_buttons, slack_gap_line, time_left, whom_to_ask
from bot.messages.view_models import OrderFacts, RequestFacts, RulesFacts
from bot.messages.words import (
    MOST_NAMED,
    OUTCOME,
    WORDS,
    asked_lines,
    bold,
    decided_line,
    figures,
    order_line,
    orders,
    paragraph,
    show_command,
    standing,
    valid_until,
)
from storage.enums import Outcome, RequestState, StopReason


def live(facts: RequestFacts, bot_user: str | None = None, rules: RulesFacts | None = None) -> Message:
    """The message in the channel, or in a direct message where the bot cannot post there. `rules` say who may approve
    while it waits for that."""
    if facts.state is RequestState.WAITING and facts.in_direct_message:
        return render(unseen_card(facts, rules, bot_user))
    names_some = facts.state is RequestState.FINISHED and facts.order_count > MOST_NAMED
    show_all = (Button("Show all", Action.SHOW_ALL, request_value(facts.public_id, 1)),) if names_some else ()
    buttons = run_buttons(facts, *show_all)
    return render((*_happening(facts, rules), *_channel_note(facts, bot_user), *buttons, *_small_print(facts)))


def end_notice(facts: RequestFacts, rules: RulesFacts | None = None) -> Message:
    """The direct message that tells the requester the end: the first line of the live message, a link to it, and who
    ended it, where somebody did."""
    whose: Line = (User(facts.requester), ", your request ", CodeText(facts.public_id), ". ")
    link: Line = (Link(facts.permalink, "See it in its live message"),) if facts.permalink else ()
    told: Line = (*link, *((", or type " if link else "All about it: type "), CodeText(show_command(facts.public_id))))
    ended = _stopped(facts, rules) if facts.state is RequestState.FINISHED else decided_line(facts, "Decided")
    return render((_happening(facts, rules)[0], paragraph((*whose, *told), *ended)))


def correction_notice(facts: RequestFacts, corrected: int) -> Message:
    """Says that outcomes which had been told are others, with what is known now."""
    link: Line = (Link(facts.permalink, "See it in its live message"),) if facts.permalink else ()
    opening: Line = (
        "Of request ",
        CodeText(facts.public_id),
        f", what was told of {orders(corrected)} has been corrected by what Fincart shows. It now stands at: ",
        Bold(standing(facts)),
        ".",
    )
    heading = Heading(f"Corrected: {orders(corrected)} of {facts.public_id}")
    where: Line = (*link, ". " if link else "", "All about it: ", CodeText(show_command(facts.public_id)))
    return render((heading, paragraph(opening, where, *_who(facts, "Confirmed")), *_small_print(facts)))


def _happening(facts: RequestFacts, rules: RulesFacts | None = None) -> tuple[Part, ...]:
    """What is to be said of the state it is in."""
    match facts.state:
        case RequestState.WAITING:
            return card(facts, rules)
        case RequestState.FINISHED:
            return _finished(facts, rules)
        case RequestState.EXECUTING:
            return _executing(facts, rules)
        case RequestState.APPROVED:
            return _approved(facts, rules)
        case RequestState.EXPIRED:
            return _nothing_sent(facts, "Expired", "Last decided")
        case RequestState.WITHDRAWN | RequestState.DECLINED | RequestState.REFUSED:
            ended = facts.state.value.capitalize()
            return _nothing_sent(facts, ended, ended)
        case RequestState.PREPARING | RequestState.CONFIRMING:
            asked = f"Asked: cancel {orders(facts.order_count)}"
            return (Heading(asked), paragraph(f"It {standing(facts)}. Nothing was sent.", *asked_lines(facts)))
        case _:
            assert_never(facts.state)


def _approved(facts: RequestFacts, rules: RulesFacts | None) -> tuple[Part, ...]:
    soon: Line = ("Nothing has been sent yet; the bot sends as soon as it can.",)
    if facts.can_undo and facts.not_before is not None:
        soon = ("Nothing is sent before ", When(facts.not_before, exact=True), "; until then it can be undone.")
    return (
        Heading(f"Cancelling {orders(facts.order_count)}"),
        paragraph(soon, *hold_lines(facts, rules), *_who(facts, "Confirmed"), *valid_until(facts)),
    )


def _executing(facts: RequestFacts, rules: RulesFacts | None) -> tuple[Part, ...]:
    return (
        Heading(f"Cancelling {orders(facts.order_count)}…"),
        paragraph(
            bold(_progress(facts)),
            *checking_lines(facts),
            *hold_lines(facts, rules),
            *slack_gap_line(facts),
            *_stopped(facts, rules),
            *_who(facts, "Confirmed"),
            *valid_until(facts),
        ),
        *_troubles(facts),
    )


def _progress(facts: RequestFacts) -> str:
    """`▓▓▓▓▓▓░░░░ 3,200 of 5,000 · 12 rejected · about 40 s left`: what went otherwise than cancelled is named."""
    found = facts.figures
    counts = ((found.rejected, "rejected"), (found.not_sent, "not sent"), (found.unknown, "unknown"))
    others = "".join(f" · {count:,} {word}" for count, word in counts if count)
    full = BAR_LENGTH * found.settled() // max(1, facts.order_count)
    bar = "▓" * full + "░" * (BAR_LENGTH - full)
    return f"{bar} {found.settled():,} of {facts.order_count:,}{others}{time_left(facts)}"


def _finished(facts: RequestFacts, rules: RulesFacts | None) -> tuple[Part, ...]:
    """The figures and why; what needs somebody; the orders by name; who, where and when last."""
    asked, reason, *retry = asked_lines(facts)
    at: tuple[Line, ...] = (("It finished ", When(facts.finished_at), "."),) if facts.finished_at else ()
    return (
        Heading(f"Finished: {figures(facts.figures, facts.order_count)}"),
        paragraph(reason, *slack_gap_line(facts), *_stopped(facts, rules)),
        *_troubles(facts),
        *_cancelled(facts),
        paragraph(asked, *retry, *decided_line(facts, "Confirmed"), *at, *_confirmed(facts)),
    )


def _cancelled(facts: RequestFacts) -> tuple[Part, ...]:
    """The cancelled orders by name: whoever reviews history in the channel sees there what was done."""
    count = facts.figures.cancelled
    named = [order for order in facts.ended if order.outcome is Outcome.CANCELLED]
    if not named:
        return ()
    shown = named if count <= MOST_NAMED else named[:NAMED_OF_MANY]
    return (
        paragraph(bold(f"{count:,} cancelled:")),
        Bullets(tuple(map(order_line, shown)), count, show_command(facts.public_id)),
    )


def _stopped(facts: RequestFacts, rules: RulesFacts | None) -> tuple[Line, ...]:
    if facts.stop_why is None:
        return ()
    who: Line = (" by ", User(facts.stopped_by)) if facts.stopped_by else ()
    why: Line = ("Sending is over: ", Typed(facts.stop_why, 300), *who, ".")
    if facts.stop_reason is not StopReason.TOKEN_REJECTED:
        return (why,)
    renew: Line = (
        "Ask ",
        whom_to_ask(rules),
        " to renew FINCART_TOKEN and restart the bot, then type ",
        CodeText(f"{COMMAND} resume"),
    )
    nothing_to_retry = facts.state is RequestState.FINISHED and not facts.figures.rejected + facts.figures.not_sent
    return (why, (*renew, "." if nothing_to_retry else "; then press Retry under the result."))


def _confirmed(facts: RequestFacts) -> tuple[Line, ...]:
    if not facts.confirmed:
        return ()
    if facts.confirmed == facts.figures.cancelled:
        return ((f"Fincart's log confirms {'it' if facts.confirmed == 1 else f'all {facts.confirmed:,}'}.",),)
    return ((f"Fincart's log confirms {facts.confirmed:,} of the {facts.figures.cancelled:,} cancelled.",),)


BAR_LENGTH = 10
"""Characters of the bar that shows how far a run is, beside the figure."""

NAMED_OF_MANY = 5
"""Of more than are all named, so many are."""

_TROUBLES = (Outcome.UNKNOWN, Outcome.REJECTED, Outcome.NOT_SENT)
"""What a person must know of first comes first."""


def _troubles(facts: RequestFacts) -> tuple[Part, ...]:
    return tuple(part for outcome in _TROUBLES for part in _trouble(facts, outcome))


def _trouble(facts: RequestFacts, outcome: Outcome) -> tuple[Part, ...]:
    """The orders that ended so: what it means, what to do, and the first of them with Fincart's words or ours."""
    count = {
        Outcome.UNKNOWN: facts.figures.unknown,
        Outcome.REJECTED: facts.figures.rejected,
        Outcome.NOT_SENT: facts.figures.not_sent,
        Outcome.CANCELLED: 0,
    }[outcome]
    if not count:
        return ()
    listed = [order for order in facts.ended if order.outcome is outcome]
    words = {order.words for order in listed}
    shared = words.pop() if len(words) == 1 and len(listed) > 1 else None
    of_which = "Why: " if len(listed) == count else "Why, of those listed: "
    why: tuple[Line, ...] = ((of_which, Typed(shared, WORDS)),) if shared else ()
    items = tuple(order_line(order) if shared else _with_words(order) for order in listed)
    return (
        paragraph((Bold(f"{count:,} {OUTCOME[outcome]}"), _MEANING[outcome]), _to_do(facts, outcome), *why),
        Bullets(items, count, show_command(facts.public_id)),
    )


_MEANING = {
    Outcome.UNKNOWN: ": sent to Fincart, and no trustworthy answer came back. Cancelled or not, the bot cannot say.",
    Outcome.REJECTED: ": Fincart refused to cancel, or its log shows that it could not.",
    Outcome.NOT_SENT: ": this request changed nothing about these orders.",
}


def _to_do(facts: RequestFacts, outcome: Outcome) -> str:
    """What somebody should do about the orders that ended so: with buttons that are really there."""
    match outcome:
        case Outcome.UNKNOWN:
            return "What to do: press Check again, or look at each in Fincart. Do not assume either way."
        case Outcome.REJECTED:
            return "What to do: read the words given; look at the order in Fincart before you ask again."
        case Outcome.NOT_SENT if facts.state is not RequestState.FINISHED:
            return "What to do: if they must still be cancelled, press Retry here once this has finished."
        case Outcome.NOT_SENT:
            return "What to do: if they must still be cancelled, press Retry."
        case Outcome.CANCELLED:
            return "Nothing more to do."
        case _:
            assert_never(outcome)


def _with_words(order: OrderFacts) -> Line:
    line = order_line(order)
    return (*line, ": ", Typed(order.words, WORDS)) if order.words else line


def _nothing_sent(facts: RequestFacts, word: str, verb: str) -> tuple[Part, ...]:
    again: Line = ("If the orders must still be cancelled, ask again: type ", CodeText(COMMAND), " and their ids.")
    said = f"{orders(facts.order_count)} asked for; none was sent to Fincart by this request."
    return (Heading(f"{word}. Nothing was sent."), paragraph(said, again, *_who(facts, verb)))


def _who(facts: RequestFacts, verb: str) -> tuple[Line, ...]:
    return (*asked_lines(facts), *decided_line(facts, verb))


def _channel_note(facts: RequestFacts, bot_user: str | None) -> tuple[Part, ...]:
    return (paragraph(*cannot_post(facts, bot_user)),) if facts.in_direct_message else ()


def _small_print(facts: RequestFacts) -> tuple[Part, ...]:
    ended = facts.state is RequestState.FINISHED and facts.audit_head
    return (Note(f"audit {facts.audit_head}"),) if ended else ()
