"""The chapters of the terminal's story, told in order in one world, each on its own orders."""

import re
from collections.abc import Callable, Iterator
from itertools import islice

from bot.messages.event_words import event_line
from bot.messages.render import rich_text
from bot.sandbox.demo.audit import audit_events, audit_verdict
from bot.sandbox.demo.fincart import Switch
from bot.sandbox.demo.orders import PENDING, demo_orders
from bot.sandbox.demo.people import ANN, BEN, DEE, NOTICES, ORDERS
from bot.sandbox.slack.render import render
from bot.sandbox.slack.state import Post
from bot.sandbox.story.teller import Teller

Take = Callable[[int], list[str]]
"""So many pending orders that no chapter has used yet."""


def tell_all(tell: Teller) -> None:
    """Tell every chapter. Raises `NotAsTold` at the first unexpected result."""
    pending: Iterator[str] = iter([order.id for order in demo_orders()[:PENDING]])

    def take(count: int) -> list[str]:
        return list(islice(pending, count))

    for chapter in CHAPTERS:
        chapter(tell, take)


def _main_job(tell: Teller, take: Take) -> None:
    first, second = take(2)
    tell.chapter("The main job: ask, read, confirm, see what really happened")
    seen = tell.types(ANN, ORDERS, f"/cancel-orders {first}, {second} because duplicate")
    preview = tell.private_answer(ANN, seen, "Cancel 2 orders", "duplicate", first, second)
    public_id = request_of(preview)
    tell.presses(ANN, preview, "Cancel 2 orders")
    tell.channel_message(ORDERS, public_id, "2 cancelled", "audit ")
    cancelled = [tell.world.fincart.status(each) for each in (first, second)]
    tell.expect(cancelled == ["Cancelled", "Cancelled"], "Fincart has cancelled both")
    tell.narrate("Fincart has both as cancelled.")
    seen = tell.types(ANN, ORDERS, "/cancel-orders history")
    tell.private_answer(ANN, seen, "History", public_id, "2 cancelled")
    seen = tell.types(ANN, ORDERS, f"/cancel-orders show {public_id}")
    tell.private_answer(ANN, seen, public_id, first, second, "What happened")


def _refusal(tell: Teller, take: Take) -> None:
    (order,) = take(1)
    tell.chapter("Somebody who may not")
    calls = len(tell.world.fincart.cancel_calls)
    seen = tell.types(DEE, ORDERS, f"/cancel-orders {order} because I felt like it")
    tell.private_answer(DEE, seen, "Ann Okafor")
    tell.expect(len(tell.world.fincart.cancel_calls) == calls, "nothing was sent")
    tell.narrate("Nothing was sent to Fincart, and the refusal is on record.")


def _one_refused(tell: Teller, take: Take) -> None:
    orders = take(3)
    tell.chapter("Fincart refuses one of three")
    tell.world.fincart.turn(Switch.REFUSE_ONE, True, orders[1])
    _ask_and_confirm(tell, orders, "wrong address", "2 cancelled · 1 rejected")
    tell.world.fincart.turn(Switch.REFUSE_ONE, False)


def _partly_applied(tell: Teller, take: Take) -> None:
    orders = take(3)
    tell.chapter("Fincart refuses a call of three after it has cancelled two of them")
    tell.world.fincart.turn(Switch.REFUSE_AFTER_REST, True, orders[2])
    _ask_and_confirm(tell, orders, "stock error", "3 cancelled")
    tell.narrate("Nothing was guessed: the orders' own logs said which two it was, and the third was sent again.")


def _lost_answer(tell: Teller, take: Take) -> None:
    orders = take(2)
    tell.chapter("The connection breaks before Fincart's answer arrives")
    tell.world.fincart.turn(Switch.DROP_ANSWER, True)
    _ask_and_confirm(tell, orders, "customer changed their mind", "2 cancelled", "log")


def _two_people(tell: Teller, take: Take) -> None:
    orders = take(12)
    tell.chapter("Twelve orders need a second person, and nobody is their own second person")
    seen = tell.types(ANN, ORDERS, f"/cancel-orders {' '.join(orders)} because warehouse fire")
    preview = tell.private_answer(ANN, seen, "Ask for approval: cancel 12 orders")
    public_id = request_of(preview)
    tell.presses(ANN, preview, "Ask for approval: cancel 12 orders")
    card = tell.channel_message(ORDERS, public_id, "asks to cancel")
    seen = tell.world.slack.ephemerals(ANN)
    tell.presses(ANN, card, "Approve: cancel 12 orders")
    tell.private_answer(ANN, seen, "Refused", public_id)
    tell.presses(BEN, card, "Approve: cancel 12 orders")
    tell.channel_message(ORDERS, public_id, "12 cancelled", "@U0BEN0002")


def _emergency(tell: Teller, take: Take) -> None:
    orders = take(11)
    tell.chapter("An emergency: Ben may go ahead alone, by typing the number, and it is told")
    seen = tell.types(BEN, ORDERS, f"/cancel-orders {' '.join(orders)} because recall of a batch")
    preview = tell.private_answer(BEN, seen, "Emergency: cancel 11 orders")
    tell.presses(BEN, preview, "Emergency: cancel 11 orders")
    tell.submits(BEN, {"number": "11"})
    tell.channel_message(ORDERS, request_of(preview), "11 cancelled", "Emergency")
    tell.channel_message(NOTICES, request_of(preview), "Emergency")


def _expiry(tell: Teller, take: Take) -> None:
    (order,) = take(1)
    tell.chapter("Nobody confirms")
    seen = tell.types(ANN, ORDERS, f"/cancel-orders {order} because test")
    preview = tell.private_answer(ANN, seen, "Cancel 1 order")
    tell.later(minutes=16)
    tell.presses(ANN, preview, "Cancel 1 order")
    tell.private_answer(ANN, seen, "Expired. Nothing was sent.", request_of(preview))
    tell.expect(tell.world.fincart.status(order) == "Pending", "the order is untouched")


def _record(tell: Teller, take: Take) -> None:
    tell.chapter("The record")
    for event in audit_events(tell.world.bot.context.database):
        about = event.request or "—"
        tell.narrate(f"{event.facts.seq:>4}  {about:<9} {render([rich_text((event_line(event.facts),))])}")
    verdict = audit_verdict(tell.world.bot.context.database)
    tell.expect(verdict.holds, "the chain of the record holds")
    tell.narrate(f"Verified: {verdict.words}")


def _ask_and_confirm(tell: Teller, orders: list[str], why: str, *words: str) -> Post:
    seen = tell.types(ANN, ORDERS, f"/cancel-orders {' '.join(orders)} because {why}")
    button = f"Cancel {len(orders)} orders"
    preview = tell.private_answer(ANN, seen, button, why)
    tell.presses(ANN, preview, button)
    return tell.channel_message(ORDERS, request_of(preview), "audit ", *words)


def request_of(post: Post) -> str:
    """The id of the request that a message is about."""
    found = re.search(r"R-[0-9A-Z]{6}", post.rendered())
    assert found is not None
    return found.group()


CHAPTERS: tuple[Callable[[Teller, Take], None], ...] = (
    _main_job,
    _refusal,
    _one_refused,
    _partly_applied,
    _lost_answer,
    _two_people,
    _emergency,
    _expiry,
    _record,
)
"""In the order in which they are told."""
