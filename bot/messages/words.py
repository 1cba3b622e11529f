"""PURE: the pieces of wording that several messages share: counting, figures, outcomes, people and ids."""

from collections.abc import Iterable, Sequence

from bot.domain.commands.parser import COMMAND, LONGEST_REASON
from bot.domain.commands.typed_text import tidy
from bot.messages.document import Bold, Bullets, ChannelName, CodeText, Line, Paragraph, Typed, User, When
from bot.messages.view_models import DecisionFacts, Figures, OrderFacts, RequestFacts
from storage.enums import DecisionVerdict, Origin, Outcome, Proof, RequestState

MOST_NAMED = 10
"""So many cancelled orders are all named in a result; of more, the first few are."""
NO_REASON = "none given"
SHORT_REASON = 300
"""Characters of the reason that a message about a request repeats; `show` has it whole."""
LISTED = 600
"""Characters in which reasons to choose from are listed; the form's menu has them all."""
LABEL = 60
WORDS = 200

OUTCOME = {
    Outcome.CANCELLED: "cancelled",
    Outcome.REJECTED: "rejected",
    Outcome.NOT_SENT: "not sent",
    Outcome.UNKNOWN: "unknown",
}
"""Outcomes as people read them."""


def orders(count: int) -> str:
    """`1 order`, `2 orders`, `1,000 orders`."""
    return counted(count, "order")


def counted(count: int, thing: str) -> str:
    """`1 order`, `1,000 orders`: for words whose plural is made with an s."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def duration(seconds: int) -> str:
    """`15 minutes`, `1 hour`, `90 seconds`: in the largest unit that says it exactly."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return counted(seconds // size, unit)
    return counted(seconds, "second")


def show_command(public_id: str) -> str:
    """What to type to see all of a request."""
    return f"{COMMAND} show {public_id}" if public_id else COMMAND


def figures(found: Figures, order_count: int) -> str:
    """`99 cancelled · 1 rejected · 2 not sent · 1 unknown`: zeros left out, and adding up to what was asked."""
    numbers = (
        (found.cancelled, "cancelled"),
        (found.rejected, "rejected"),
        (found.not_sent, "not sent"),
        (found.unknown, "unknown"),
        (order_count - found.settled(), "without an outcome yet"),
    )
    return " · ".join(f"{number:,} {word}" for number, word in numbers if number > 0) or "no orders"


def standing(facts: RequestFacts) -> str:
    """The state in words, with the figures beside `finished`, which alone would read as success."""
    match facts.state:
        case RequestState.FINISHED:
            return f"finished: {figures(facts.figures, facts.order_count)}"
        case RequestState.EXECUTING:
            return f"cancelling: {facts.figures.settled():,} of {facts.order_count:,} done"
        case RequestState.APPROVED:
            return "approved, nothing sent yet"
        case RequestState.CONFIRMING:
            return "waits for its requester to confirm"
        case RequestState.WAITING:
            return "waits for approval"
        case RequestState.PREPARING:
            return "being prepared"
        case RequestState.REFUSED | RequestState.WITHDRAWN | RequestState.DECLINED | RequestState.EXPIRED:
            return f"{facts.state.value}, nothing was sent"


def asked_lines(facts: RequestFacts, whole_reason: bool = False) -> tuple[Line, ...]:
    """Which request this is, who asked, where and when, and why."""
    asked: Line = (
        "Request ",
        CodeText(facts.public_id),
        ", asked by ",
        User(facts.requester),
        " in ",
        ChannelName(facts.channel_id),
        ", ",
        When(facts.created_at),
        {Origin.COMMAND: "", Origin.RETRY: "", Origin.FORM: ", by the form", Origin.SHORTCUT: ", from a message"}[
            facts.origin
        ],
    )
    reason: Line = ("Reason: ", reason_of(facts, LONGEST_REASON if whole_reason else SHORT_REASON, whole_reason))
    retry: tuple[Line, ...] = (("A retry of ", CodeText(facts.retry_of)),) if facts.retry_of else ()
    return (asked, reason, *retry)


def reason_of(facts: RequestFacts, most: int = SHORT_REASON, whole: bool = False) -> Typed:
    """The reason, or that there is none (or none that could be seen)."""
    return Typed(facts.reason if facts.reason and tidy(facts.reason) else NO_REASON, most, whole)


def listed(reasons: Sequence[str], most: int = LISTED) -> Typed:
    """The reasons of the list: `duplicate, out of stock, fraud`, or the first of them and how many more."""
    shown = ""
    for number, reason in enumerate(reasons):
        more = f"{shown}, {reason}" if shown else reason
        if len(more) > most:
            return Typed(f"{shown} and {len(reasons) - number} more, which the form has", most + 40)
        shown = more
    return Typed(shown, most)


def decided_line(facts: RequestFacts, verb: str) -> tuple[Line, ...]:
    """`Confirmed by @U, 24 Nov at 17:40, under ALLOWED_USERS`, and whoever else decided; nothing where nobody did."""
    others = tuple(_decision_line(decision) for decision in facts.decisions)
    said_above = facts.decided_by in {decision.person for decision in facts.decisions}
    # Whoever approved may have taken it back since: the one does not tell of the other.
    if facts.decided_by is None or (said_above and facts.state is not RequestState.WITHDRAWN):
        return others
    alone = "In an emergency, without the approval of others: c" if facts.emergency else ""
    line: Line = (f"{alone}{verb[1:]} by " if alone else f"{verb} by ", User(facts.decided_by))
    if facts.decided_at is not None:
        line += (", ", When(facts.decided_at))
    if facts.rule:
        line += (", under the rule: ", Typed(facts.rule))
    return (*others, line)


def _decision_line(decision: DecisionFacts) -> Line:
    """`Approved by @U, 24 Nov at 17:40, under the rule: APPROVER_USERS. They said: …`"""
    verb = {DecisionVerdict.APPROVED: "Approved", DecisionVerdict.DECLINED: "Declined"}[decision.verdict]
    line: Line = (f"{verb} by ", User(decision.person), ", ", When(decision.at), ", under the rule: ")
    line += (Typed(decision.rule),)
    return (*line, ". They said: ", Typed(decision.comment, SHORT_REASON)) if decision.comment else line


def valid_until(facts: RequestFacts) -> tuple[Line, ...]:
    """When its approval runs out; nothing once sending is over anyway."""
    if facts.valid_until is None or facts.stop_why is not None:
        return ()
    return (("Nothing new is sent after ", When(facts.valid_until), "; what is left then is not sent."),)


def order_line(order: OrderFacts) -> Line:
    """`6864fecda075914a1b1e353c — label (unlike a Fincart order id)`."""
    line: Line = (CodeText(order.order_id),)
    if order.label:
        line += (" — ", Typed(order.label, LABEL))
    return (*line, " (unlike a Fincart order id)") if order.unlike_fincart else line


def outcome_line(order: OrderFacts, state: RequestState) -> Line:
    """The order, what became of it, what that rests on, and Fincart's words (or ours, of what was not sent); `state`
    is its request's."""
    said = _WITHOUT_OUTCOME.get(state, "no outcome yet") if order.outcome is None else OUTCOME[order.outcome]
    proof = {Proof.ANSWER: " by Fincart's answer", Proof.LOG: " by its log", None: ""}[order.proof]
    line: Line = (*order_line(order), f" — {said}{proof}")
    return (*line, ": ", Typed(order.words, WORDS)) if order.words else line


_WITHOUT_OUTCOME = {
    RequestState.EXPIRED: "not sent: the request expired",
    RequestState.REFUSED: "not sent: the request was refused",
    RequestState.WITHDRAWN: "not sent: the request was withdrawn",
    RequestState.DECLINED: "not sent: the request was declined",
}


def order_list(facts: RequestFacts) -> Bullets:
    """The first orders of a request; the rest by `show`."""
    return Bullets(tuple(map(order_line, facts.orders)), facts.order_count, show_command(facts.public_id))


def invitation(bot_user: str | None) -> Line:
    """What to type in a channel to have the bot in it."""
    return ("/invite ", User(bot_user)) if bot_user else (CodeText("/invite"), " and the bot's name")


def to_have_it_there(bot_user: str | None) -> Line:
    """What to do to have a request's message in the channel it belongs to."""
    return ("To have it in that channel (unarchived first, if it is archived), type there: ", *invitation(bot_user))


def paragraph(*lines: Line | str) -> Paragraph:
    """A paragraph of these lines."""
    return Paragraph(tuple((line,) if isinstance(line, str) else line for line in lines))


def bold(text: str) -> Line:
    """A line that stands out."""
    return (Bold(text),)


def people(users: Sequence[str], groups: Iterable[Line] = ()) -> Line:
    """`@A, @B or @C`, people first."""
    names: list[Line] = [*((User(user),) for user in users), *groups]
    line: Line = ()
    for number, name in enumerate(names):
        joint = "" if number == 0 else " or " if number == len(names) - 1 else ", "
        line += (joint, *name)
    return line
