"""PURE: how a preview's orders stand at Fincart: what cannot be cancelled first and by name, the others counted."""

from collections import Counter
from collections.abc import Sequence

from bot.domain.commands.typed_text import tidy
from bot.domain.outcome.order_statuses import OrderStatus, status_groups
from bot.messages.document import Bold, Bullets, CodeText, Line, Paragraph, Part, Typed
from bot.messages.view_models import OrderFacts, RequestFacts
from bot.messages.words import order_line, orders, paragraph
from storage.enums import ABSENT
from storage.spelling import folded

_MOST_GROUPS = 6
_MOST_NAMED = 10
_WORD = 40


def status_parts(facts: RequestFacts, first: Line, last: Line = ()) -> list[Part]:
    """The `first` line; how the orders stand; the `last` words; and the orders that are not named by then."""
    status = facts.status
    past, unknown = status.which(False), status.which(None)
    past_ids = {each.order_id for each in past}
    in_others = [each for each in status.in_other_requests if each[0] not in past_ids]
    named = past_ids | {order_id for order_id, _ in in_others} | {each.order_id for each in unknown}
    parts: list[Part] = []
    if past:
        parts += [_heading(len(past), "cannot be cancelled at Fincart"), _by_name(facts, past)]
    if in_others:
        listed = tuple((CodeText(order_id), ": ", CodeText(request)) for order_id, request in in_others)
        parts += [_heading(len(in_others), "in another open request already"), Bullets(listed)]
    if unknown:
        parts += [
            _heading(len(unknown), "in a status that the bot does not know; Fincart decides"),
            _by_name(facts, unknown),
        ]
    left = tuple(order_line(order) for order in facts.orders if order.order_id not in named)
    counted = tuple(span for number, each in enumerate(_counted(facts)) for span in ((" ", *each) if number else each))
    lines = [line for line in (counted, last) if line]
    opening = [paragraph(first), *parts, paragraph(*lines)] if parts else [paragraph(first, *lines)]
    return [*opening, Bullets(left, facts.order_count - len(named))]


def _heading(count: int, what: str) -> Paragraph:
    return paragraph((Bold(f"{orders(count)} {what}:"),))


def _by_name(facts: RequestFacts, found: Sequence[OrderStatus]) -> Bullets:
    """Each group with its orders; the smallest groups of many are one."""
    known = {order.order_id: order for order in facts.orders}
    in_others = dict(facts.status.in_other_requests)
    lines: list[Line] = []
    for words, group in _groups(found):
        line: Line = (f"{len(group):,} ", *words)
        for number, each in enumerate(group[:_MOST_NAMED]):
            order = known.get(each.order_id, OrderFacts(0, each.order_id, each.label))
            line += (", " if number else ": ", *order_line(order))
            if each.order_id in in_others:
                line += (" (also in ", CodeText(in_others[each.order_id]), ")")
        more = len(group) - _MOST_NAMED
        lines.append((*line, f" … and {more:,} more") if more > 0 else line)
    return Bullets(tuple(lines), whole=True)


def _counted(facts: RequestFacts) -> list[Line]:
    """`All 3 are pending at Fincart (2 New, 1 Duplicate).`, and how many could not be looked up."""
    pending = facts.status.which(True)
    sentences: list[Line] = []
    if pending:
        count = len(pending)
        all_of_them = "It is" if count == 1 else f"All {count:,} are"
        some = f"{count:,} {'is' if count == 1 else 'are'}"
        opening = all_of_them if count == facts.order_count else some
        sentences.append((f"{opening} pending at Fincart", *_in_brackets(pending), "."))
    missing = facts.order_count - len(facts.status.read)
    return [*sentences, (f"{missing:,} could not be looked up in time.",)] if missing > 0 else sentences


def _in_brackets(pending: Sequence[OrderStatus]) -> Line:
    groups = _groups(pending)
    if len(groups) == 1 and not pending[0].sub_status:
        return ()
    line: Line = ()
    for words, group in groups:
        line += (", " if line else " (", f"{len(group):,} ", *words)
    return (*line, ")")


def _groups(found: Sequence[OrderStatus]) -> list[tuple[Line, tuple[OrderStatus, ...]]]:
    """The groups in words, the largest first; the smallest of many are one."""
    groups = status_groups(found)
    shown = groups if len(groups) <= _MOST_GROUPS else groups[: _MOST_GROUPS - 1]
    times = Counter(folded(_sub_status(group)) for group in groups)
    made = [(_words(group, times[folded(_sub_status(group))] > 1), group) for group in shown]
    others = tuple(each for group in groups[len(shown) :] for each in group)
    return [*made, (("of other kinds",), others)] if others else made


def _words(group: Sequence[OrderStatus], is_ambiguous: bool) -> Line:
    """`New`, `already Picked Up`; with the main status where the sub-status alone does not tell."""
    first = group[0]
    if first.status == ABSENT:
        return ("not known to Fincart",)
    sub_status, status = _sub_status(group), Typed(first.status, _WORD)
    already = ("already ",) if first.can_be_cancelled is False else ()
    if sub_status != first.status and tidy(first.status) and (is_ambiguous or first.can_be_cancelled is None):
        return (*already, status, ", ", Typed(sub_status, _WORD))
    return (*already, Typed(sub_status, _WORD))


def _sub_status(group: Sequence[OrderStatus]) -> str:
    """The sub-status in Fincart's words; the main status if there is none."""
    return next((word for word in (group[0].sub_status, group[0].status) if tidy(word)), "without a status")
