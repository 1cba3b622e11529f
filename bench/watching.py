"""What is seen of several processes while they work: how fast they acknowledge, who waits, and their connections."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from bench.acknowledgement import Send, accepted, connection
from bench.commands import signed_command
from bench.figures import Samples
from bench.standins import BenchWorld

PAUSE = 0.020
"""Seconds between two commands, and between two looks at who waits for a lock."""


@dataclass(frozen=True, slots=True)
class ManyWatched:
    """What was seen meanwhile."""

    acknowledged: Samples
    waiting: list[int]
    connections: list[int]
    busy: list[float]
    """The share of all processors in use, second by second."""


_LOOK = """
SELECT count(*) FILTER (WHERE wait_event = 'advisory'), count(*) FROM pg_stat_activity
WHERE datname = current_database() AND client_port IS NOT NULL AND pid <> ALL(%s)"""


@contextmanager
def watching(world: BenchWorld, url: str, addresses: Sequence[str]) -> Iterator[ManyWatched]:
    """Type a command at each process in turn, and look who waits for what, until the block ends."""
    seen, over = ManyWatched(Samples("acknowledged"), [], [], []), threading.Event()
    threads = [threading.Thread(target=_type, args=(world, addresses, seen, over))]
    threads.append(threading.Thread(target=_meter, args=(seen, over)))
    if url.startswith("postgresql"):
        threads.append(threading.Thread(target=_look, args=(url, seen, over)))
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _type(world: BenchWorld, addresses: Sequence[str], seen: ManyWatched, over: threading.Event) -> None:
    with ExitStack() as open_connections:
        sends: list[Send] = [open_connections.enter_context(connection(each)) for each in addresses]
        while not over.is_set():
            for send in sends:
                body, headers = signed_command(world, "help")
                seen.acknowledged.time(partial(accepted, send, body, headers))
                over.wait(PAUSE)


def _look(url: str, seen: ManyWatched, over: threading.Event) -> None:
    with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(False), autocommit=True) as looker:
        mine = [looker.info.backend_pid]
        while not over.wait(PAUSE):
            waiting, connections = looker.execute(_LOOK, [mine]).fetchone() or (0, 0)
            seen.waiting.append(waiting)
            seen.connections.append(connections - 1)  # without this program's own, which makes the requests


def _meter(seen: ManyWatched, over: threading.Event) -> None:
    before = _processor_time()
    while not over.wait(1.0):
        now = _processor_time()
        seen.busy.append((now[0] - before[0]) / max(1, now[1] - before[1]))
        before = now


def _processor_time() -> tuple[int, int]:
    """How long the processors of this machine have worked so far, and in all, in ticks (proc(5))."""
    ticks = list(map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]))
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)
