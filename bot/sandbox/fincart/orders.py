"""The stand-in Fincart's orders and logs, and its behaviour where the documentation is silent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.sandbox.fincart.faults import Endpoint, IdPolicy

MALFORMED = "Invalid ObjectId format for parameter orderId"
"""As two sibling calls document it; one such id fails a whole call."""

SUB_STATUSES = {
    "Pending": ("New", "Duplicate", "Missing Area", "Missing Tracking"),
    "Processing": ("Picked Up", "At Courier Hub", "Out for Delivery", "Failed Attempt"),
    "Successful": ("Delivered to Customer",),
    "Unsuccessful": ("Delivery failed & returned to merchants", "Problematic"),
    "Cancelled": ("Cancelled",),
}
"""The pairs that Fincart documents: an entry's `title` is the main status, its `description` the sub-status."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One entry of an order's log."""

    title: str
    description: str
    created_at: datetime
    by: str


def log_line(title: str, description: str | None, at: datetime, by: str) -> LogLine:
    """An entry; without a description it is the first that is documented for the title, if there is one."""
    documented = SUB_STATUSES.get(title, ("",))
    return LogLine(title, documented[0] if description is None else description, at, by)


@dataclass(slots=True)
class StandInSettings:
    """How this Fincart behaves where the documentation is silent, and what is wrong with it for good.

    `log_lag` and `latency` are seconds; `clock_offset` is Fincart's clock minus the injected one, in seconds;
    `max_ids` makes larger calls a 413. `foreign` are orders of another merchant: each draws the 403 of a wrong token,
    for its log and for any call that carries it. Without `may_cancel` the token reads logs, and no more.
    """

    token: str = "fincart-token"
    unknown_ids: IdPolicy = IdPolicy.REFUSE_CALL
    not_pending: IdPolicy = IdPolicy.REFUSE_CALL
    token_rejected: bool = False
    may_cancel: bool = True
    foreign: list[str] = field(default_factory=list)
    log_lag: float = 0.0
    latency: float = 0.0
    clock_offset: float = 0.0
    max_ids: int | None = None
    cancelled_title: str = "Cancelled"

    def forbids(self, endpoint: Endpoint, ids: Iterable[str]) -> bool:
        """Whether such a call of these orders is answered with the documented 403."""
        is_denied = endpoint is Endpoint.CANCEL and not self.may_cancel
        return self.token_rejected or is_denied or any(order_id in self.foreign for order_id in ids)


class Orders:
    """Every order by its id, each with its log, oldest line first. Not locked: the stand-in's lock holds it."""

    def __init__(self) -> None:
        self.lines: dict[str, list[LogLine]] = {}

    def add(self, order_id: str, title: str, description: str | None, at: datetime) -> None:
        """A new order whose newest line is of that time; any but a new order's has that line before it."""
        new = log_line("Pending", None, at - timedelta(seconds=60), "Merchant")
        newest = log_line(title, description, at, "Fincart")
        is_new = (newest.title, newest.description) == (new.title, new.description)
        self.lines[order_id] = [new] if is_new else [new, newest]

    def is_pending(self, order_id: str) -> bool:
        """Whether it can be cancelled. Raises KeyError for an unknown order."""
        return self.lines[order_id][-1].title.casefold() == "pending"

    def is_malformed(self, order_id: str) -> bool:
        """Tell whether it is no valid id: neither a Mongo object id nor an existing order's."""
        return order_id not in self.lines and re.fullmatch("[0-9a-fA-F]{24}", order_id) is None

    def visible(self, order_id: str, until: datetime) -> list[LogLine] | None:
        """The log as it shows what happened until then, at least its first line; None for an unknown order."""
        lines = self.lines.get(order_id)
        return None if lines is None else [line for line in lines if line.created_at <= until] or lines[:1]

    def apply(self, ids: Iterable[str], title: str, at: datetime) -> tuple[str, ...]:
        """Cancel those of the orders that are pending, and say which."""
        applied = tuple(i for i in ids if i in self.lines and self.is_pending(i))
        for order_id in applied:
            self.lines[order_id].append(LogLine(title, "Cancelled", at, "Merchant"))
        return applied

    def cancel(
        self, ids: tuple[str, ...], settings: StandInSettings, at: datetime
    ) -> tuple[str | None, tuple[str, ...]]:
        """A cancel call by the policies: the words that refuse it, if it is refused, and what was applied."""
        if any(map(self.is_malformed, ids)):
            return MALFORMED, ()
        unknown = [i for i in ids if i not in self.lines]
        stuck = [i for i in ids if i not in unknown and not self.is_pending(i)]
        policies = ((unknown, settings.unknown_ids), (stuck, settings.not_pending))
        blamed = [i for bad, policy in policies for i in bad if policy is not IdPolicy.SKIP]
        refuses_all = any(bad and policy is IdPolicy.REFUSE_CALL for bad, policy in policies)
        applied = () if refuses_all else self.apply(ids, settings.cancelled_title, at)
        if not blamed:
            return None, applied
        return f"Order {blamed[0]} is {'not found' if blamed[0] in unknown else 'not pending'}", applied
