"""How orders stand at Fincart before they are sent: as many as can be read within a second, never longer."""

from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from datetime import datetime

from bot.cancellation.parts import Parts
from bot.fincart import LogKind, LogReading

WITHIN_SECONDS = 1.0

ABSENT = "no such order"


@dataclass(frozen=True, slots=True)
class Standing:
    """How one order stood when it was looked at: Fincart's main status, or `ABSENT`."""

    status: str
    at: datetime


def is_pending(standing: Standing) -> bool:
    """Whether Fincart would cancel it, as it stood then."""
    return standing.status.strip().casefold() == "pending"


def look(parts: Parts, order_ids: Sequence[str]) -> dict[str, Standing]:
    """The orders that could be read within `WITHIN_SECONDS`, side by side where there are threads for it."""
    deadline = parts.uptime() + WITHIN_SECONDS
    found: dict[str, Standing] = {}

    def read(order_id: str) -> None:
        parts.database.acknowledgements.give_way()
        if parts.uptime() >= deadline:
            return
        at = parts.now()
        standing = _standing(parts.fincart.read_log(order_id), at)
        if standing is not None:
            found[order_id] = standing

    if parts.preview_reads is None:
        for order_id in order_ids:
            read(order_id)
    else:
        wait([parts.preview_reads.submit(read, order_id) for order_id in order_ids], timeout=WITHIN_SECONDS)
    return dict(found)


def _standing(reading: LogReading, at: datetime) -> Standing | None:
    if reading.kind is LogKind.ABSENT:
        return Standing(ABSENT, at)
    if reading.kind is LogKind.UNREADABLE:
        return None
    cancelled = reading.cancelled
    return Standing(cancelled.title if cancelled else reading.entries[-1].title, at)
