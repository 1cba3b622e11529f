"""Caches Slack's answers with single flight: concurrent callers share one call, each up to its own deadline."""

import threading
from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bot.slack.results import Answer, Ok, RateLimited, Unanswered

T = TypeVar("T")

AGAIN_AFTER_SECONDS = 0.5
"""After a 5xx or a broken connection; after a rate limit, what Slack says."""


@dataclass(frozen=True, slots=True)
class _Known(Generic[T]):
    asked_at: float
    answer: Ok[T]


class SlackCache:
    """Slack's answers by key, reused while young; concurrent requests for a key make one call.

    `pause` waits between two attempts and returns whether to give up; without it there is no retry.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        executor: Executor | None,
        cache_seconds: float,
        pause: Callable[[float], bool] | None,
    ) -> None:
        self._clock = clock
        self._pause = pause
        self._executor = executor
        self._cache_seconds = cache_seconds
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], _Known[Any]] = {}
        self._under_way: dict[tuple[str, str], Future[Any]] = {}

    def start(
        self, key: tuple[str, str], ask: Callable[[float], Answer[T]], fresh: bool, deadline: float
    ) -> "Future[Answer[T]]":
        """Return a future of the answer. With `fresh` it joins no earlier call, whose answer may predate the click."""
        now = self._clock()
        future: Future[Answer[T]] = Future()
        with self._lock:
            known = self._known.get(key)
            if not fresh and known is not None and now - known.asked_at <= self._cache_seconds:
                return done(known.answer)
            if not fresh and (under_way := self._under_way.get(key)) is not None:
                return under_way
            self._under_way[key] = future
        if self._executor is None:
            self._ask(key, ask, deadline, future)
            return future
        try:
            self._executor.submit(self._ask, key, ask, deadline, future)
        except RuntimeError:  # shut down: the process is stopping
            self._settle(key, now, Unanswered("stopping"), future)
        return future

    def is_before(self, deadline: float) -> bool:
        """Tell whether time is left."""
        return self._clock() < deadline

    def wait(self, futures: "Collection[Future[Any]]", deadline: float) -> None:
        """Return when all are answered, or at the deadline."""
        wait(futures, timeout=max(0.0, deadline - self._clock()))

    def _ask(
        self,
        key: tuple[str, str],
        ask: Callable[[float], Answer[T]],
        deadline: float,
        future: "Future[Answer[T]]",
    ) -> None:
        asked_at = self._clock()
        answer: Answer[T] = Unanswered("broken")
        try:
            answer = self._attempt(ask, deadline)
        except Exception as broken:  # whoever joined a call that raised must not wait for ever
            answer = Unanswered(type(broken).__name__)
        finally:
            self._settle(key, asked_at, answer, future)

    def _attempt(self, ask: Callable[[float], Answer[T]], deadline: float) -> Answer[T]:
        """Return Slack's answer, or the last failure once no time is left to retry."""
        answer: Answer[T] = Unanswered("no time left")
        while (left := deadline - self._clock()) > 0:
            answer = ask(left)
            if not isinstance(answer, Unanswered | RateLimited) or self._pause is None:
                break
            rest = answer.retry_after_seconds if isinstance(answer, RateLimited) else AGAIN_AFTER_SECONDS
            if self._clock() + rest >= deadline or self._pause(rest):
                break
        return answer

    def _settle(self, key: tuple[str, str], asked_at: float, answer: Answer[T], future: "Future[Answer[T]]") -> None:
        with self._lock:
            if self._under_way.get(key) is future:
                del self._under_way[key]
            known = self._known.get(key)
            if isinstance(answer, Ok) and (known is None or known.asked_at <= asked_at):
                self._known[key] = _Known(asked_at, answer)
                self._forget_old()
        future.set_result(answer)

    def _forget_old(self) -> None:
        if len(self._known) > 1000:
            oldest = self._clock() - self._cache_seconds
            self._known = {key: known for key, known in self._known.items() if known.asked_at >= oldest}


def done(answer: Answer[T]) -> "Future[Answer[T]]":
    """Return a completed future."""
    future: Future[Answer[T]] = Future()
    future.set_result(answer)
    return future


def result(future: "Future[Answer[T]]") -> Answer[T]:
    """Return the answer if it has arrived; never waits."""
    if future.done():
        return future.result()
    return Unanswered("no answer in time")
