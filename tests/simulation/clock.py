"""Time that passes only when it is told to."""

from datetime import UTC, datetime, timedelta

BEGINNING = datetime(2026, 11, 24, 12, tzinfo=UTC)


class SimulatedClock:
    """One virtual clock for everybody."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def __call__(self) -> datetime:
        """The time of day."""
        return BEGINNING + timedelta(seconds=self._seconds)

    def uptime(self) -> float:
        """Seconds since the beginning."""
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._seconds += max(0.0, seconds)
