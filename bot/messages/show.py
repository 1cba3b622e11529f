"""PURE: `show`, page by page: every order of a request with its outcome, every decision and refusal."""

from dataclasses import dataclass

from bot.domain.commands.reasons import LONGEST_REASON
from bot.messages.actions import Action, request_value
from bot.messages.card import approvals_lines, waiting_buttons
from bot.messages.document import Bullets, Button, Buttons, CodeText, Line, Link, Part, When
from bot.messages.event_words import event_line
from bot.messages.layout import small_print, story
from bot.messages.live import at_last, stopped_lines
from bot.messages.message import Message
from bot.messages.preview import MOST_INCLUDED, decide_buttons
from bot.messages.render import render
from bot.messages.run_control import checking_lines, hold_lines, run_buttons
from bot.messages.view_models import EventFacts, OrderFacts, RequestFacts, RulesFacts
from bot.messages.words import bold, outcome_line, paragraph, reason_of, summary
from storage.enums import RUNNING, RequestState

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
    reason = reason_of(facts, LONGEST_REASON, whole=True) if page.number == 1 else None
    sentence = summary(facts)
    parts: list[Part] = [paragraph(story(facts, sentence[:1].upper() + sentence[1:], reason), *_about(facts, rules))]
    if page.orders:
        parts += _range("Orders", (page.number - 1) * ORDERS_PER_PAGE, page.orders, facts.order_count)
        parts.append(Bullets(tuple(outcome_line(order, facts.state) for order in page.orders), whole=True))
    if page.events:
        parts += _range("What happened", (page.number - 1) * EVENTS_PER_PAGE, page.events, page.event_count)
        parts.append(Bullets(tuple(event_line(event, facts) for event in page.events), whole=True))
    if turning := _page_buttons(facts.public_id, page):
        parts.append(Buttons(turning))
    if facts.state is RequestState.CONFIRMING and facts.is_of(viewer):
        parts.append(decide_buttons(facts))
    if facts.state is RequestState.WAITING and rules and (row := waiting_buttons(facts, rules, viewer, approves)):
        parts.append(Buttons(row))
    if (approves or facts.is_of(viewer)) and (row := run_buttons(facts)):
        parts.append(Buttons(row))
    turned: tuple[Line, ...] = ((f"page {page.number:,} of {page.count:,}",),) if page.count > 1 else ()
    link: tuple[Line, ...] = ((Link(facts.permalink, "its live message"),),) if facts.permalink else ()
    return render((*parts, small_print(facts, *turned, *link, *at_last(facts))))


def _about(facts: RequestFacts, rules: RulesFacts | None) -> tuple[Line, ...]:
    lines: list[Line] = []
    if facts.state is RequestState.CONFIRMING and facts.expires_at is not None:
        lines.append(("It can be confirmed until ", When(facts.expires_at), "."))
    if aside := facts.source.set_aside:
        named = ", ".join(each.order_id for each in aside[:MOST_INCLUDED])
        more = f" and {len(aside) - MOST_INCLUDED:,} more" if len(aside) > MOST_INCLUDED else ""
        lines.append(("Left out, being unlike the other ids: ", CodeText(named), more))
    if facts.state is RequestState.WAITING:
        lines += approvals_lines(facts, rules)
    if facts.state in RUNNING:
        lines += (*checking_lines(facts), *hold_lines(facts, rules))
    return (*lines, *stopped_lines(facts, rules))


def _range(what: str, before: int, items: tuple[object, ...], total: int) -> list[Part]:
    """Which of how many these are; empty if they are all."""
    if before == 0 and len(items) >= total and what == "Orders":
        return []
    which = f" {before + 1:,}–{before + len(items):,} of {total:,}" if len(items) < total else ""
    return [paragraph(bold(f"{what}{which}:"))]


def _page_buttons(public_id: str, page: ShownPage) -> tuple[Button, ...]:
    before = Button("Previous page", Action.SHOW_PREVIOUS, request_value(public_id, page.number - 1))
    after = Button("Next page", Action.SHOW_NEXT, request_value(public_id, page.number + 1))
    return (*((before,) if page.number > 1 else ()), *((after,) if page.number < page.count else ()))
