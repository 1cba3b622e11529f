"""The figures that reports show: of a period, in total and by group."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.commands.report import Grouping
from bot.messages.view_models import ArchiveFacts, Figures
from storage.enums import RequestState


@dataclass(frozen=True, slots=True)
class Tally:
    """Some requests, counted: how many, how many orders, and the outcomes of those."""

    requests: int = 0
    orders: int = 0
    figures: Figures = field(default_factory=Figures)
    holding: Figures = field(default_factory=Figures)
    """How many requests have an order with each outcome."""
    nothing_sent: int = 0
    """Orders of requests that ended before anything was sent."""
    refused: int = 0
    expired: int = 0
    declined: int = 0
    withdrawn: int = 0

    @property
    def without_outcome(self) -> int:
        """Orders without an outcome that may still get one."""
        return self.orders - self.figures.settled() - self.nothing_sent

    def __add__(self, other: "Tally") -> "Tally":
        """The sum of two tallies that have no request in common."""
        return Tally(
            self.requests + other.requests,
            self.orders + other.orders,
            _sum(self.figures, other.figures),
            _sum(self.holding, other.holding),
            self.nothing_sent + other.nothing_sent,
            self.refused + other.refused,
            self.expired + other.expired,
            self.declined + other.declined,
            self.withdrawn + other.withdrawn,
        )


ENDED_UNSENT = frozenset({RequestState.REFUSED, RequestState.EXPIRED, RequestState.DECLINED, RequestState.WITHDRAWN})
"""States of requests that ended before anything was sent."""


@dataclass(frozen=True, slots=True)
class ReportGroup:
    """The figures of one reason (empty: none was given), person, day, outcome or channel."""

    name: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """The figures of a period."""

    since: datetime
    until: datetime
    """The first moment after the period."""
    total: Tally = field(default_factory=Tally)
    approvals: int = 0
    """Requests that other people let run."""
    median_wait: timedelta | None = None
    """How long those waited for approval; None if there are none."""
    longest_wait: timedelta | None = None
    corrections: int = 0
    """Outcomes that were corrected after they were reported."""
    reasons: tuple[ReportGroup, ...] = ()
    """The most frequent first; requests without a reason are left out."""
    people: tuple[ReportGroup, ...] = ()
    """Requesters, the one with most requests first."""
    by: Grouping | None = None
    groups: tuple[ReportGroup, ...] = ()
    """The groups, if the report has any."""
    archives: tuple[ArchiveFacts, ...] = ()
    """Archives that hold requests of the period, which are in none of the figures."""


def _sum(one: Figures, other: Figures) -> Figures:
    return Figures(
        one.cancelled + other.cancelled,
        one.rejected + other.rejected,
        one.not_sent + other.not_sent,
        one.unknown + other.unknown,
    )
