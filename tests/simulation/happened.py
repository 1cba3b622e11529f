"""What must have happened in so many histories, or they have shown nothing: one table, printed with every run.

Each row is what a run of 2,000 histories gave, halved: a rule that is broken so that little happens falls below it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

OUTCOMES = ("cancelled by answer", "cancelled by log", "rejected by answer", "rejected by log", "not_sent by None",
            "not_sent by log", "unknown by None")  # fmt: skip
ALL_OUTCOMES = tuple(f"outcome {each}" for each in OUTCOMES)

ENOUGH = 6
"""A row that expects fewer than this of so few histories is shown and not judged: chance decides there."""


@dataclass(frozen=True)
class Row:
    """`at_least`: per hundred of `of`, which are histories where nothing else is named."""

    what: str
    counted: tuple[str, ...]
    at_least: float
    of: tuple[str, ...] = ("histories",)


TABLE = (
    Row("orders cancelled", ALL_OUTCOMES[:2], 20, ALL_OUTCOMES),
    Row("orders rejected", ALL_OUTCOMES[2:4], 10, ALL_OUTCOMES),
    Row("orders not sent", ALL_OUTCOMES[4:6], 8, ALL_OUTCOMES),
    Row("orders told as unknown", ("told as unknown",), 2, ALL_OUTCOMES),
    Row("unknown orders that settled later", ("changed from unknown",), 1, ALL_OUTCOMES),
    Row("corrections", ("audit corrected",), 20),
    Row("corrections told to who asked", ("correction told",), 15),
    Row("ends told directly", ("end told",), 30),
    Row("go-aheads", ("audit went_ahead",), 90),
    Row("approvals that counted", ("audit approved",), 6),
    Row("approvals that were refused", ("audit click_refused approve",), 2),
    Row("emergencies", ("audit emergency",), 4),
    Row("requests retried", ("audit request_made retry",), 5),
    Row("requests declined or withdrawn", ("audit declined", "audit withdrawn", "audit withdrawn undo"), 10),
    Row("requests expired", ("audit expired",), 50),
    Row("runs stopped, by people or by time", ("audit stopped",), 15),
    *(
        Row(f"holds {word}: {hold}", (f"audit {event} {hold}",), share)
        for hold, share in (
            ("pause", 8), ("request", 3), ("down", 1), ("rate_limit", 4), ("token", 1), ("slack", 2),
        )
        for word, event in (("begun", "held"), ("ended", "hold_ended"))
    ),
    Row("processes killed", tuple(f"died at {each}" for each in (
        "begin", "committing", "committed", "sending", "sent", "reading", "read", "posting", "posted",
    )), 30),
    Row("steps halted", tuple(f"halted at {each}" for each in ("begin", "committed", "sent", "read", "posted")), 150),
    Row("the database gone", ("storage unavailable",), 15),
    Row("probes of a Fincart that is down", ("probe",), 1),
    Row("settings changed by a restart", ("settings changed",), 5),
    Row("results not verified", ("results not verified",), 4),
    Row("hosts in another zone", ("a host in another zone",), 15),
    Row("log reads throttled", ("logs rested",), 3),
    Row("orders of another merchant", ("another merchant's orders",), 5),
    Row("people with two ids", ("people with two ids",), 8),
    Row("acts under the other id", ("acted under the other id",), 40),
    Row("channels closed to the bot", ("Close",), 8),
    Row("live messages that moved", ("moved",), 0.5),
    Row("words pasted beside the ids", ("pasted an odd word",), 20),
    Row("words included after all", ("audit included",), 3),
    Row("daily quotas met", ("quota in force",), 5),
)  # fmt: skip


def too_little(met: Counter[str]) -> list[str]:
    """The rows that fall short; empty where enough of everything has happened."""
    return [what for what, count, expected in _counted(met) if expected >= ENOUGH and count < expected]


def told(met: Counter[str]) -> str:
    """The table, for people: what happened, how often, and how often it had to."""
    lines = [f"{'what happened':40} {'times':>8} {'at least':>9}"]
    for what, count, expected in _counted(met):
        wanted = f"{expected:9,.0f}" if expected >= ENOUGH else f"{'–':>9}"
        lines.append(f"{what:40} {count:8,} {wanted}{'  TOO LITTLE' if what in too_little(met) else ''}")
    return "\n".join(lines)


def _counted(met: Counter[str]) -> Iterator[tuple[str, int, float]]:
    for row in TABLE:
        of = sum(met[name] for name in row.of)
        yield row.what, sum(met[name] for name in row.counted), of * row.at_least / 100
