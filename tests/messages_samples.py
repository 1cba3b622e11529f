"""The gallery's messages made anew of facts of any size, for the tests of limits and safety."""

from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any

from bot.domain.outcome.order_statuses import OrderStatus
from bot.domain.policy.decide import Asked
from bot.messages.document import Typed
from bot.messages.history import ENTRIES_PER_PAGE, LONGEST_VALUE
from bot.messages.message import Message
from bot.messages.show import EVENTS_PER_PAGE, ORDERS_PER_PAGE
from bot.messages.view_models import (
    EventFacts,
    Figures,
    HoldFacts,
    OrderFacts,
    RequestFacts,
    RulesFacts,
    SourceFacts,
    StatusFacts,
)
from bot.sandbox.gallery.facts import ANN, BEN, NOW, ORDERS, TYPED
from bot.sandbox.gallery.gallery import calls
from storage.enums import Outcome, Proof, RequestState


def every_message(typed: str, orders: int = 5000) -> dict[str, Message]:
    """Each message of the gallery, laden with as much as there can be of everything and with `typed` wherever
    somebody types; and once of each builder that is given one request, of that request in every state."""
    made: dict[str, Message] = {}
    crossed: set[Any] = set()
    for name, call in calls():
        laden = partial(call.func, *(_laden(each, typed, orders) for each in call.args), **call.keywords)
        made[name] = laden()
        if laden.args and isinstance(laden.args[0], RequestFacts) and call.func not in crossed:
            crossed.add(call.func)
            first, *others = laden.args
            for state in RequestState:
                made[f"{name} ({state.value})"] = call.func(replace(first, state=state), *others, **call.keywords)
    return {name: message for name, message in made.items() if isinstance(message, Message)}


def _laden(value: Any, typed: str, orders: int) -> Any:
    match value:
        case RequestFacts():
            return _request(value, typed, orders)
        case RulesFacts():
            return replace(value, contact=typed, allowed_users=(ANN,) * 500, allowed_channels=(ORDERS,) * 500)
        case Asked():
            return Asked((BEN,) * 50, (), typed)
        case OrderFacts():
            return _orders(typed)[value.position % 4]
        case EventFacts():
            return replace(value, details=dict.fromkeys(("why", "rule", "words", "comment"), typed))
        case HoldFacts() if value.why and value.why != "paused":
            return replace(value, why=typed)
        case Typed():
            return replace(value, text=typed)
        case str() if ":before:" in value or ":after:" in value:
            return value.ljust(LONGEST_VALUE, "0")
        case str() if value in (TYPED, "ALLOWED_USERS", "Ann Okafor") or "<!channel>" in value:
            return typed
        case tuple() if value:
            laden = tuple(_laden(each, typed, orders) for each in value)
            most = {RequestFacts: ENTRIES_PER_PAGE, OrderFacts: ORDERS_PER_PAGE, EventFacts: EVENTS_PER_PAGE}
            wanted = most.get(type(value[0]), len(value))
            return tuple(map(_numbered, range(wanted), laden * wanted))
    if is_dataclass(value) and not isinstance(value, type):
        told = {field.name: getattr(value, field.name) for field in fields(value)}
        return replace(value, **{name: _laden(each, typed, orders) for name, each in told.items()})
    return value


def _numbered(number: int, value: Any) -> Any:
    return replace(value, public_id=f"R-{number}K3F9Q") if isinstance(value, RequestFacts) else value


def _orders(typed: str) -> tuple[OrderFacts, ...]:
    return tuple(
        OrderFacts(
            number,
            f"ORDER-{number:0>58}",
            label=typed,
            unlike_fincart=True,
            outcome=list(Outcome)[number % 4],
            proof=Proof.ANSWER,
            words=f"{number} {typed}",
        )
        for number in range(40)
    )


def _statuses(typed: str) -> tuple[OrderStatus, ...]:
    """More kinds of standings than anybody could read: of each class several hundred, no two alike."""
    mains = ("Pending", "Processing", "cancelled", typed)
    return tuple(
        OrderStatus(f"STANDS-{number:0>57}", mains[number % 4], f"{number} {typed}", typed) for number in range(2000)
    )


def _request(facts: RequestFacts, typed: str, orders: int) -> RequestFacts:
    listed, each = _orders(typed), orders // 4
    looked_up = StatusFacts(_statuses(typed), tuple((one.order_id, "R-2B2B2B") for one in listed))
    return replace(
        facts,
        reason=typed[:1000],
        order_count=orders,
        figures=Figures(each, each, each, orders - 3 * each),
        orders=listed,
        ended=listed,
        unlike_count=orders,
        source=SourceFacts(tuple(order.order_id for order in listed), typed, typed, orders),
        rule=typed,
        ask_whom=typed,
        retry_of="R-2B2B2B",
        valid_until=NOW,
        expires_at=NOW,
        decisions=tuple(_laden(decision, typed, orders) for decision in facts.decisions),
        holds=tuple(_laden(hold, typed, orders) for hold in facts.holds),
        stop_why=typed if facts.stop_why else None,
        status=looked_up if facts.status.read else facts.status,
        in_direct_message=facts.in_direct_message or not facts.approvals_needed,
    )
