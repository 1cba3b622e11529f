"""Live updates of the page: server-sent events with those parts of the snapshot that have changed."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool

from bot.sandbox.demo.world import DemoWorld
from bot.sandbox.page.snapshot import snapshot

LOOK_EVERY = 1.0
"""Seconds after which the page is compared anew even when nobody said that something changed."""


class Updates:
    """Wakes every open page when a stand-in changes, and saves the stand-ins once for each change."""

    def __init__(self, world: DemoWorld) -> None:
        self._world = world
        self._stopping = threading.Event()
        self._open: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()
        self._dirty = threading.Event()
        self._threads = [
            threading.Thread(target=self._watch, args=(wait,), name="page-updates", daemon=True)
            for wait in (self._slack_changes, self._fincart_changes)
        ]
        self._threads.append(threading.Thread(target=self._keep, name="demo-saver", daemon=True))

    def start(self) -> None:
        """Begin to watch."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End every stream."""
        self._stopping.set()
        self._dirty.set()
        self._wake()
        self._world.fincart.notify()
        with self._world.slack.core.changing():
            pass  # whoever waits for a change looks again
        for thread in self._threads:
            thread.join(3)

    async def stream(self, person: str) -> AsyncIterator[str]:
        """Stream server-sent events: first every part of the page, then each part that changes."""
        changed = asyncio.Event()
        with self._lock:
            self._open[changed] = asyncio.get_running_loop()
        sent: dict[str, str] = {}
        try:
            while not self._stopping.is_set():
                changed.clear()
                parts = await run_in_threadpool(_spelled, self._world, person)
                for name, text in parts.items():
                    if sent.get(name) != text:
                        sent[name] = text
                        yield f"event: {name}\ndata: {text}\n\n"
                yield ": still here\n\n"
                await _wait(changed)
        finally:
            with self._lock:
                del self._open[changed]

    def _watch(self, wait: Any) -> None:
        while not self._stopping.is_set():
            wait()
            self._dirty.set()
            self._wake()

    def _slack_changes(self) -> None:
        with self._world.slack.core.condition:
            self._world.slack.core.condition.wait(LOOK_EVERY)

    def _fincart_changes(self) -> None:
        answers = iter((False, True))
        self._world.fincart.wait_for(lambda _: next(answers, True), LOOK_EVERY)

    def _wake(self) -> None:
        with self._lock:
            for changed, loop in self._open.items():
                loop.call_soon_threadsafe(changed.set)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            self._dirty.wait()
            self._dirty.clear()
            self._world.save()
            self._stopping.wait(0.5)


def _spelled(world: DemoWorld, person: str) -> dict[str, str]:
    return {name: json.dumps(part) for name, part in snapshot(world, person).items()}


async def _wait(changed: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(changed.wait(), LOOK_EVERY)
    except TimeoutError:
        return
