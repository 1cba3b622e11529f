"""A bot whose metrics are scraped, and its scrapes in the words of promtool."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import httpx
import pytest
from cli_runs import CommandLine
from world import QUICK, StartWorld, World

from bot.context import Timings
from bot.server.health import Health
from bot.server.metrics import serve_metrics

TIMINGS = replace(QUICK, stuck_after=5.0, connection_settles=0.2)
HOUSEKEEPING_STEPS_WITHIN = 60.0
MINUTES = 200
"""Longer than any rule waits."""


@dataclass(frozen=True)
class Scrape:
    """What Prometheus keeps of one scrape: the value of each series. None, where nothing answered."""

    at: float
    values: Mapping[str, float]


class Watched:
    """A bot whose `/metrics` is scraped; its history has been verified, unless a fault wants it otherwise."""

    def __init__(self, start: StartWorld, command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
        self._start = start
        self._monkeypatch = monkeypatch
        self.command = command
        self.scrapes: list[Scrape] = []

    def bot(self, *, verified: bool = True, **how: object) -> World:
        """Start it."""
        timings = how.setdefault("timings", TIMINGS)
        assert isinstance(timings, Timings)
        self.stuck_after = timings.stuck_after
        self.world = self._start(**how)
        handler = self.world._handler
        self._url = f"http://127.0.0.1:{serve_metrics(Health(self.world.bot, handler), '127.0.0.1', 0)}/metrics"
        self._monkeypatch.setenv("DATABASE_URL", self.world.database_url)
        if verified:
            assert 0 == self.command("audit", "verify")[0]
        return self.world

    def scrape(self) -> Scrape:
        """Scrape it as Prometheus does."""
        try:
            answer = httpx.get(self._url, timeout=10.0)
        except httpx.ConnectError:
            return Scrape(time.time(), {"up": 0.0})
        lines = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
        return Scrape(time.time(), {"up": 1.0, **{name: float(value) for name, _, value in lines}})

    def keep_a_scrape(self) -> None:
        """Keep one of before the fault, for what is counted."""
        self.scrapes.append(self.scrape())

    def until(self, series: str, value: float) -> None:
        """Wait until a scrape says so."""
        self.world.until(lambda: self.scrape().values.get(series) == value)


def series(scrapes: list[Scrape], stuck_after: float) -> Iterator[dict[str, str]]:
    """The scrapes as promtool reads them: one a minute, and the last goes on.

    The clock of promtool begins at 0, so a time of day is told by its age. A lane that has stepped lately goes on.
    """
    *earlier, last = scrapes
    for name in sorted({name for scrape in scrapes for name in scrape.values}):
        metric, _, labels = name.partition("{")
        values = ["_" if (value := scrape.values.get(name)) is None else repr(value) for scrape in earlier]
        if name not in last.values:
            values.append("stale")
        elif metric.endswith("_timestamp_seconds"):
            age = last.at - last.values[name]
            rests = HOUSEKEEPING_STEPS_WITHIN if "housekeeping" in labels else stuck_after
            goes_on = 60 if "_lane_" in metric and age <= rests else 0
            values = ["_"] * len(earlier) + [f"{60 * len(earlier) - age!r}+{goes_on}x{MINUTES}"]
        else:
            values.append(f"{last.values[name]!r}+0x{MINUTES}")
        yield {"series": f'{metric}{{job="cancel-orders",{labels or "}"}', "values": " ".join(values)}
