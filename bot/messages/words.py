"""PURE: the pieces of wording that several messages share: counting, figures, outcomes, people and ids."""

from collections.abc import Iterable, Sequence

from bot.domain.commands.typed_text import tidy
from bot.domain.files.order_table import LONGEST_LABEL
from bot.domain.outcome.order_statuses import OrderStatus
from bot.messages.document import Bold, CodeText, CommandText, Line, Paragraph, Typed, User, When
from bot.messages.outcome_words import FINCARTS_WORDS
from bot.messages.view_models import Figures, OrderFacts, RequestFacts
from storage.enums import ABSENT, BEGUN, Outcome, Proof, RequestState

NO_REASON = "no reason given"
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


def show_command(public_id: str) -> CommandText:
    """What to type to see all of a request."""
    return CommandText(f"show {public_id}" if public_id else "")


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


def valid_until(facts: RequestFacts) -> tuple[Line, ...]:
    """When its approval runs out; nothing once sending is over anyway."""
    if facts.valid_until is None or facts.stop_why is not None:
        return ()
    return (("nothing new is sent after ", When(facts.valid_until)),)


def summary(facts: RequestFacts) -> str:
    """The figures with the state they have come to, or how many orders are meant and how far it is."""
    alone = "emergency · " if facts.emergency else ""
    if facts.state in BEGUN:
        return f"{alone}{standing(facts)}"
    return f"{alone}{orders(facts.order_count)} · {standing(facts)}"


def order_line(order: OrderFacts, label: int = LABEL) -> Line:
    """`6864fecda075914a1b1e353c (label, unlike a Fincart order id)`."""
    line: Line = (CodeText(order.order_id),)
    unlike = "unlike a Fincart order id" if order.unlike_fincart else ""
    if order.label:
        return (*line, " (", Typed(order.label, label), f", {unlike})" if unlike else ")")
    return (*line, f" ({unlike})") if unlike else line


def with_words(order: OrderFacts) -> Line:
    """The order, and why it ended so in Fincart's words or ours."""
    return (*order_line(order), ": ", *in_words(order.words)) if order.words else order_line(order)


def in_words(words: str) -> Line:
    """Words kept with an outcome: Fincart's own in quotation marks."""
    fincarts = words.removeprefix(FINCARTS_WORDS)
    return (Typed(words, WORDS),) if fincarts == words else ("“", Typed(fincarts, WORDS), "”")


_PROOFS = {Proof.ANSWER: ", as Fincart answered", Proof.LOG: ", as Fincart's log says", None: ""}


def outcome_line(order: OrderFacts, state: RequestState) -> Line:
    """The order, what became of it, what that rests on, and Fincart's words (or ours, of what was not sent); `state`
    is its request's."""
    outcome = _WITHOUT_OUTCOME.get(state, "no outcome yet") if order.outcome is None else OUTCOME[order.outcome]
    if order.outcome is None and order.previewed is not None and state in _UNDECIDED:
        return (*order_line(order, LONGEST_LABEL), " — ", *_status_words(order.previewed), " when it was looked up")
    says_so = bool(order.words and order.words.startswith("its log"))
    proof = "" if says_so else _PROOFS[order.proof]
    line: Line = (*order_line(order, LONGEST_LABEL), f" — {outcome}{proof}")
    return (*line, ": ", *in_words(order.words)) if order.words else line


_UNDECIDED = (RequestState.PREPARING, RequestState.CONFIRMING, RequestState.WAITING)


def _status_words(status: OrderStatus) -> Line:
    if status.status == ABSENT:
        return ("not known to Fincart",)
    return (Typed(status.status, LABEL), *((", ", Typed(status.sub_status, WORDS)) if status.sub_status else ()))


_WITHOUT_OUTCOME = {
    RequestState.EXPIRED: "not sent: the request expired",
    RequestState.REFUSED: "not sent: the request was refused",
    RequestState.WITHDRAWN: "not sent: the request was withdrawn",
    RequestState.DECLINED: "not sent: the request was declined",
}


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
