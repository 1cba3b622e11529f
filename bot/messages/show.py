"""PURE: all about one request, page by page: every order with its outcome, every decision and refusal."""

from dataclasses import dataclass

from bot.messages.actions import Action, request_value
from bot.messages.card import waiting_buttons, wanted_lines
from bot.messages.document import Bullets, Button, Buttons, CodeText, Heading, Line, Link, Note, Part, Typed, User, When
from bot.messages.event_words import event_line
from bot.messages.message import Message
from bot.messages.preview import MOST_INCLUDED, decide_buttons
from bot.messages.render import render
from bot.messages.steering import checking_lines, hold_lines, run_buttons
from bot.messages.view_models import EventFacts, OrderFacts, RequestFacts, RulesFacts
from bot.messages.words import asked_lines, bold, decided_line, orders, outcome_line, paragraph, standing
from storage.enums import RequestState

ORDERS_PER_PAGE = 10
EVENTS_PER_PAGE = 5


def page_count(order_count: int, event_count: int) -> int:
    """How many pages `show` has: each holds the next `ORDERS_PER_PAGE` orders and `EVENTS_PER_PAGE` events."""
    return max(1, -(-order_count // ORDERS_PER_PAGE), -(-event_count // EVENTS_PER_PAGE))


@dataclass(frozen=True, slots=True)
class ShownPage:
    """Page `number` (from 1) of `count`: its orders, and its events of so many."""

    orders: tuple[OrderFacts, ...]
    events: tuple[EventFacts, ...]
    number: int
    count: int
    event_count: int


def show_page(
    facts: RequestFacts,
    page: ShownPage,
    viewer: str | None = None,
    rules: RulesFacts | None = None,
    *,
    approves: bool = False,
) -> Message:
    """The first page holds the whole reason; the request's live buttons are on each, for the `viewer` whom they
    concern; `approves` says whether they may approve others' requests."""
    heading = f"Request {facts.public_id}" + (f", page {page.number:,} of {page.count:,}" if page.count > 1 else "")
    parts: list[Part] = [Heading(heading), paragraph(bold(_sentence(facts)), *_about(facts, page.number, rules))]
    if page.orders:
        shown = _range("Orders", (page.number - 1) * ORDERS_PER_PAGE, page.orders, facts.order_count)
        parts.append(paragraph(bold(shown)))
        parts.append(Bullets(tuple(outcome_line(order, facts.state) for order in page.orders), whole=True))
    if page.events:
        shown = _range("What happened", (page.number - 1) * EVENTS_PER_PAGE, page.events, page.event_count)
        parts.append(paragraph(bold(shown)))
        parts.append(Bullets(tuple(map(event_line, page.events)), whole=True))
    if facts.state is RequestState.FINISHED and facts.audit_head:
        parts.append(Note(f"audit {facts.audit_head}"))
    if turning := _page_buttons(facts.public_id, page):
        parts.append(Buttons(turning))
    if facts.state is RequestState.CONFIRMING and facts.is_of(viewer):
        parts.append(decide_buttons(facts))
    if facts.state is RequestState.WAITING and rules and (row := waiting_buttons(facts, rules, viewer, approves)):
        parts.append(Buttons(row))
    if approves or facts.is_of(viewer):
        parts += run_buttons(facts)
    return render(parts)


def _sentence(facts: RequestFacts) -> str:
    return f"{orders(facts.order_count)} · {standing(facts)}"


def _about(facts: RequestFacts, page: int, rules: RulesFacts | None) -> tuple[Line, ...]:
    lines: list[Line] = [*asked_lines(facts, whole_reason=page == 1)]
    lines += decided_line(facts, _VERBS.get(facts.state, "Confirmed"))
    if facts.state is RequestState.CONFIRMING and facts.expires_at is not None:
        lines.append(("It can be confirmed until ", When(facts.expires_at), " by ", User(facts.requester), "."))
    if aside := facts.source.set_aside:
        named = ", ".join(each.order_id for each in aside[:MOST_INCLUDED])
        more = f" and {len(aside) - MOST_INCLUDED:,} more" if len(aside) > MOST_INCLUDED else ""
        lines.append(("Left out, being unlike the other ids: ", CodeText(named), more))
    if facts.state is RequestState.WAITING:
        lines += wanted_lines(facts)
    if facts.state in (RequestState.APPROVED, RequestState.EXECUTING):
        lines += checking_lines(facts)
        lines += hold_lines(facts, rules)
    if facts.state is RequestState.REFUSED and facts.rule and facts.decided_by is None:
        lines.append(("Refused under the rule: ", Typed(facts.rule)))
    if facts.finished_at is not None:
        lines.append(("Finished ", When(facts.finished_at)))
    if facts.permalink:
        lines.append((Link(facts.permalink, "Its live message"),))
    return tuple(lines)


_VERBS = {RequestState.WITHDRAWN: "Withdrawn", RequestState.DECLINED: "Declined", RequestState.REFUSED: "Refused"}


def _range(what: str, before: int, items: tuple[object, ...], total: int) -> str:
    return f"{what} {before + 1:,}–{before + len(items):,} of {max(total, before + len(items)):,}:"


def _page_buttons(public_id: str, page: ShownPage) -> tuple[Button, ...]:
    before = Button("Previous page", Action.SHOW_PREVIOUS, request_value(public_id, page.number - 1))
    after = Button("Next page", Action.SHOW_NEXT, request_value(public_id, page.number + 1))
    return (*((before,) if page.number > 1 else ()), *((after,) if page.number < page.count else ()))
