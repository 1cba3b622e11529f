"""PURE: what every message about a request has: a first line that tells it all, its orders by name, its small print."""

from collections.abc import Sequence

from bot.messages.actions import Action, request_value
from bot.messages.document import (
    Bold,
    Bullets,
    Button,
    ChannelName,
    CodeText,
    CommandText,
    Line,
    Link,
    Note,
    Span,
    Typed,
    User,
    When,
)
from bot.messages.view_models import DecisionFacts, RequestFacts
from bot.messages.words import SHORT_REASON, order_line, orders, reason_of, show_command
from storage.enums import LET_RUN, DecisionVerdict, Origin, RequestState

MOST_NAMED = 10
"""So many orders are all named."""
NAMED_OF_MANY = 5
"""Of more than are all named, so many are."""
_FIRST_IDS = 3
_APPROVALS = 5
"""So many approvals are named in the small print."""


ABOUT_ONE: Line = ("all about one of them: ", CommandText("show"), " and its id")
"""What a list of requests ends with."""


def story(facts: RequestFacts, what: str | Line, reason: Typed | None = None) -> Line:
    """The first line: `2 cancelled · @ann: duplicate`."""
    opening: Line = (Bold(what),) if isinstance(what, str) else what
    ends = isinstance(what, str) and what.endswith(".")
    return (*opening, " " if ends else " · ", User(facts.requester), ": ", reason or reason_of(facts))


def order_list(facts: RequestFacts) -> Bullets:
    """The first orders of a request, as many as there is room for."""
    return Bullets(tuple(map(order_line, facts.orders)), facts.order_count)


def named_orders(facts: RequestFacts) -> Bullets:
    """All orders of a request by name, or the first few of many."""
    most = MOST_NAMED if facts.order_count <= MOST_NAMED else NAMED_OF_MANY
    return Bullets(tuple(map(order_line, facts.orders[:most])), facts.order_count)


def show_all(facts: RequestFacts) -> Button:
    """For whoever may read the history, where a message shows something in part."""
    return Button("Show all", Action.SHOW_ALL, request_value(facts.public_id, 1), when_cut=True)


def small_print(
    facts: RequestFacts, *more: Line, links_to_live: bool = False, names_requester: bool = False, named: bool = True
) -> Note:
    """The last line: which request, where and when it was asked, who let it run and under which rule, and `more`.

    `links_to_live`: for messages besides the live one, which has all about the request. `names_requester`: for messages
    in which no other line says who asked. Without `named`, another line has the request's id.
    """
    which: Line = see(facts) if links_to_live else (CodeText(facts.public_id),)
    return Note((*((which,) if named else ()), *_asked(facts, names_requester), *_decided(facts), *more))


def person(facts: RequestFacts | None, who: str) -> Span:
    """Somebody who did something: the requester is named in a message about their request already."""
    return "its requester" if facts is not None and facts.is_of(who) else User(who)


def people_line(facts: RequestFacts) -> Line:
    """The small print without the id, for entries of a list."""
    return joined((*_asked(facts, False), *_decided(facts)))


def joined(clauses: Sequence[Line]) -> Line:
    """Clauses of one line."""
    return tuple(span for number, each in enumerate(clauses) for span in ((" · ", *each) if number else each))


def first_ids(facts: RequestFacts) -> Line:
    """The first three order ids and how many more there are."""
    first = ", ".join(order.order_id for order in facts.orders[:_FIRST_IDS])
    more = facts.order_count - min(_FIRST_IDS, len(facts.orders))
    return (CodeText(first), f" … and {more:,} more" if more > 0 else "") if first else (orders(facts.order_count),)


def see(facts: RequestFacts) -> Line:
    """A link to the live message, where others than its requester see it, else the command that tells all about it."""
    if facts.permalink and not facts.in_direct_message:
        return (Link(facts.permalink, f"See {facts.public_id}"),)
    return (show_command(facts.public_id),)


def comments(facts: RequestFacts) -> tuple[Line, ...]:
    """What those said who decided, by name where they are several."""
    lines: list[Line] = []
    for each in facts.decisions:
        verb = _VERDICT[each.verdict]
        who: Line = (verb.capitalize(),) if len(facts.decisions) == 1 else (User(each.person), f" {verb}")
        lines += [(*who, " with the words: ", Typed(each.comment, SHORT_REASON))] if each.comment else []
    return tuple(lines)


def by_others(facts: RequestFacts) -> tuple[Line, ...]:
    """Who else than its requester decided or ended it, for messages that say no more of it."""
    lines: list[Line] = []
    for each in facts.decisions[:_APPROVALS]:
        comment: Line = (": ", Typed(each.comment, SHORT_REASON)) if each.comment else ()
        lines.append((f"{_VERDICT[each.verdict]} by ", User(each.person), *comment))
    decided = {each.person for each in facts.decisions}
    for verb, person in ((_verb(facts), facts.decided_by), ("stopped", facts.stopped_by)):
        if person is not None and not facts.is_of(person) and (person not in decided or verb == "stopped"):
            lines.append((f"{verb} by ", User(person)))
    return tuple(lines)


def _asked(facts: RequestFacts, names_requester: bool) -> tuple[Line, ...]:
    how = {Origin.COMMAND: "", Origin.RETRY: "", Origin.FORM: " with the form", Origin.SHORTCUT: " from a message"}
    by: Line = (" by ", User(facts.requester)) if names_requester else ()
    at: Line = (" and confirmed by its requester, ", When(facts.created_at), *_under(facts.rule))
    if not _at_once(facts):
        at = (", ", When(facts.created_at))
    asked: Line = (f"asked{how[facts.origin]}", *by, " in ", ChannelName(facts.channel_id), *at)
    return (asked, *((("a retry of ", CodeText(facts.retry_of)),) if facts.retry_of else ()))


def _decided(facts: RequestFacts) -> tuple[Line, ...]:
    lines = [_decision(each) for each in facts.decisions[:_APPROVALS]]
    if len(facts.decisions) > _APPROVALS:
        lines.append((f"and {len(facts.decisions) - _APPROVALS:,} more",))
    is_named = facts.decided_by in {each.person for each in facts.decisions}
    if facts.decided_by is None and facts.state is RequestState.REFUSED and facts.rule:
        lines.append(("refused", *_under(facts.rule)))
    # Whoever approved may have taken it back since: the one does not tell of the other.
    if facts.decided_by is None or _at_once(facts) or (is_named and facts.state is not RequestState.WITHDRAWN):
        return tuple(lines)
    line: Line = (f"{_verb(facts)} by ", person(facts, facts.decided_by))
    line += (", ", When(facts.decided_at)) if facts.decided_at is not None else ()
    rules = facts.state not in (RequestState.WITHDRAWN, RequestState.EXPIRED)
    return (*lines, (*line, *(_under(facts.rule) if rules else ())))


def _at_once(facts: RequestFacts) -> bool:
    """Whether its requester confirmed it within the minute: that is one clause, with one time."""
    if (
        facts.state not in LET_RUN
        or facts.emergency
        or facts.decided_at is None
        or facts.decisions
        or not facts.is_of(facts.decided_by)
    ):
        return False
    return facts.decided_at.timestamp() // 60 == facts.created_at.timestamp() // 60


def _verb(facts: RequestFacts) -> str:
    ended = (RequestState.WITHDRAWN, RequestState.DECLINED, RequestState.REFUSED)
    if facts.state in ended:
        return facts.state.value
    return "last decided" if facts.state is RequestState.EXPIRED else "confirmed"


_VERDICT = {DecisionVerdict.APPROVED: "approved", DecisionVerdict.DECLINED: "declined"}


def _decision(decision: DecisionFacts) -> Line:
    return (f"{_VERDICT[decision.verdict]} by ", User(decision.person), ", ", When(decision.at), *_under(decision.rule))


def _under(rule: str) -> Line:
    return (", under ", Typed(rule)) if rule else ()
