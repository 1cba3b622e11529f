"""The figures of the database as Prometheus reads them: those of `status`, from the same query."""

from collections import Counter
from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily

from storage.db.shared_read import SharedRead
from storage.db.transactions import Database, StorageUnavailable
from storage.enums import HoldKind, RequestState
from storage.status import BotStatus, status

_EVERY_SECONDS = 5.0
_WITHIN_SECONDS = 2.0


def figures_of(database: Database) -> SharedRead[BotStatus | None]:
    """Reads them at most every five seconds, and keeps a scrape at most two; None if they cannot be read."""

    def read() -> BotStatus | None:
        try:
            with database.read() as session:
                return status(session, database.now(session))
        except StorageUnavailable:
            return None

    return SharedRead(read, _EVERY_SECONDS, _WITHIN_SECONDS)


def families(found: BotStatus) -> Iterator[GaugeMetricFamily]:
    """One family for each figure. Every kind, state and outcome is there, at 0 if there is none."""
    held = {hold.kind for hold in found.holds}
    yield _by("hold", "Whether such a hold keeps everything", "kind", {kind.value: kind in held for kind in HoldKind})
    states = {state.value: found.requests.get(state, 0) for state in RequestState}
    yield _by("requests", "Requests by state", "state", states)
    yield _one("requests_held", "Running requests that wait for a person to press Go on", len(found.held_requests))
    orders = {outcome.value: count for outcome, count in found.outcomes.items()}
    yield _by("orders", "Orders by outcome", "outcome", orders)
    due = {lane: (found.at - since).total_seconds() if since else 0.0 for lane, since in found.due.items()}
    yield _by("oldest_due_seconds", "Age of the oldest due work", "lane", due)
    yield _one("dead_letters", "Messages that could not be delivered", len(found.undelivered))
    yield _one("audit_events", "Events of the history", found.events)
    verified = found.verification
    when, good = (verified.at.timestamp(), verified.trouble is None) if verified is not None else (None, None)
    yield _one("audit_verified_timestamp_seconds", "When the history was last verified; empty if never", when)
    yield _one("audit_verified", "Whether that found the history whole; empty if never verified", good)
    yield _one("database_bytes", "Size of the database", found.database_bytes)
    yield _by("processes", "Serving processes by version", "version", Counter(each.version for each in found.serving))
    others = max((each.other_connections or 0 for each in found.serving), default=0)
    yield _one("other_connections", "Connections to Slack of another installation with the same app token", others)


def _one(name: str, meaning: str, value: float | None) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"cancel_orders_{name}", meaning, value=value)


def _by(name: str, meaning: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"cancel_orders_{name}", meaning, labels=(label,))
    for value, count in values.items():
        family.add_metric((value,), count)
    return family
