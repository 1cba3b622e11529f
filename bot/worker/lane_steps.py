"""When each lane of the worker last stepped."""

import threading
import time


class LaneSteps:
    """Remembers each lane's last step. Thread-safe."""

    def __init__(self, drained: threading.Event) -> None:
        self._drained = drained
        self._of_thread = threading.local()
        self._at: dict[str, float] = {}

    def stepped(self, lane: str) -> None:
        """This thread works for the lane, and has just come round."""
        self._of_thread.lane = lane
        self._at[lane] = time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Wait for so many seconds, or less if calls are waited for no longer; returns True then.

        It counts as a step: a lane that tries until the database is back is not stuck, and ending its process would
        lose an answer that exists nowhere else.
        """
        lane = getattr(self._of_thread, "lane", None)
        if lane is not None:
            self.stepped(lane)
        return self._drained.wait(seconds)

    def ages(self) -> dict[str, float]:
        """Seconds since each lane's last step."""
        now = time.monotonic()
        return {lane: now - at for lane, at in self._at.copy().items()}
