"""How a preview's orders stand at Fincart, by what their logs say last: which can be cancelled, in which words."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.outcome.responses import is_cancelled, is_past_pending, is_pending
from storage.enums import ABSENT
from storage.spelling import folded


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """One order that was looked up: its main status (or `ABSENT`) and sub-status (empty: none is
    known), in Fincart's words."""

    order_id: str
    status: str
    sub_status: str = ""
    label: str | None = None

    @property
    def can_be_cancelled(self) -> bool | None:
        """None where Fincart has a main status that it does not document: such a word decides nothing."""
        if is_pending(self.status):
            return True
        return False if self.status == ABSENT or is_past_pending(self.status) else None


def status_groups(found: Sequence[OrderStatus]) -> tuple[tuple[OrderStatus, ...], ...]:
    """Those of one main status and sub-status together, the most frequent first. Spellings that differ in case or
    white space alone are one, and so are the two of `cancelled`."""
    groups: dict[tuple[object, ...], list[OrderStatus]] = {}
    for each in found:
        words = (each.status, each.sub_status)
        groups.setdefault(tuple(is_cancelled(word) or folded(word) for word in words), []).append(each)
    return tuple(sorted(map(tuple, groups.values()), key=lambda group: -len(group)))
