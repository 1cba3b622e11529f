"""The orders that the demo begins with: believable ones, the same every time."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

_FIRST_SECOND = 0x6864FECD
"""Fincart's ids begin with the second of their making, in hexadecimal; this is one in July 2025."""

_THINGS = (
    "Linen shirt, sand, M",
    "Ceramic mug set of four",
    "Desk lamp, brass",
    "Running socks, 3 pairs",
    "Phone case, clear",
    "Cotton throw, olive",
    "Notebook, dotted, A5",
    "Water bottle, 750 ml",
    "Canvas tote, black",
    "Scented candle, fig",
)
_PLACES = ("Cairo", "Giza", "Alexandria", "Mansoura", "Tanta", "Port Said")


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """One order: its Fincart id, the shop's own reference, what it is, where to, and how far it is."""

    id: str
    reference: str
    what: str
    title: str
    description: str


PENDING = 48
"""So many can be cancelled; enough for a request that needs a second person, several times over."""

_WAITS = ("New", "New", "New", "Duplicate", "New", "New", "Duplicate", "Missing Area")
"""What the pending ones wait for, in turn."""

_FURTHER = (
    ("Processing", "Picked Up"),
    ("Processing", "Out for Delivery"),
    ("Successful", "Delivered to Customer"),
    ("Unsuccessful", "Delivery failed & returned to merchants"),
    ("Cancelled", "Cancelled"),
)
"""Orders that cannot be cancelled any more, to see what Fincart says of them."""


def demo_orders() -> tuple[DemoOrder, ...]:
    """All of them: first the pending ones, then those that have gone further."""
    return tuple(_made())


def _made() -> Iterator[DemoOrder]:
    for number in range(PENDING + len(_FURTHER)):
        digest = hashlib.sha256(f"demo order {number}".encode()).hexdigest()
        title, description = ("Pending", _WAITS[number % 8]) if number < PENDING else _FURTHER[number - PENDING]
        yield DemoOrder(
            id=f"{_FIRST_SECOND + 7919 * number:08x}{digest[:16]}",
            reference=f"#18000{0x22D2 + 13 * number:04X}",
            what=f"{_THINGS[number % len(_THINGS)]}, to {_PLACES[number % len(_PLACES)]}",
            title=title,
            description=description,
        )


def sample_csv() -> bytes:
    """A file as a shop exports it, of five pending orders, to try the form with."""
    rows = [f'{order.reference},{order.id},"{order.what}"' for order in demo_orders()[20:25]]
    return ("reference,order_id,item\n" + "\n".join(rows) + "\n").encode()
