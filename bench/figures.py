"""Samples in, medians and 99th percentiles out, and the tables they are printed in."""

import gc
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Samples:
    """Durations of one thing, in seconds."""

    name: str
    seconds: list[float] = field(default_factory=list)

    def time(self, act: Callable[[], object]) -> None:
        """Do it once, and keep how long it took."""
        began = time.perf_counter()
        act()
        self.seconds.append(time.perf_counter() - began)

    def at(self, share: float) -> float:
        """The duration that this share of the samples does not exceed (nearest rank)."""
        ordered = sorted(self.seconds)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    @property
    def p50(self) -> float:
        """The median, in seconds."""
        return self.at(0.50)

    @property
    def p99(self) -> float:
        """The 99th percentile, in seconds."""
        return self.at(0.99)

    def row(self) -> tuple[str, ...]:
        """Name, p50, p99 and largest in milliseconds, and how many."""
        return (self.name, ms(self.p50), ms(self.p99), ms(max(self.seconds)), str(len(self.seconds)))


SAMPLE_HEADS = ("", "p50 ms", "p99 ms", "max ms", "n")


def ms(seconds: float) -> str:
    """Seconds as milliseconds with three decimals."""
    return f"{seconds * 1000:.3f}"


def title(text: str) -> None:
    """Begin a part of the report."""
    note(f"\n== {text}")


def note(text: str) -> None:
    """One line of the report."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under their heads, the first column to the left."""
    lines = [tuple(heads), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        first, *others = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        note("  ".join((first.strip().ljust(widths[0]), *others)))


def expect(what: str, figure: float, limit: float, *, at_least: bool) -> bool:
    """Print a figure beside what is expected of it, and say whether it holds."""
    holds = figure >= limit if at_least else figure <= limit
    note(f"{'holds ' if holds else 'MISSED'}  {what}: {figure:.2f} (expected {'>=' if at_least else '<='} {limit:g})")
    return holds


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep the benchmark's own objects out of the garbage collector's way; new ones are collected as ever."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
