"""Processes of `serve` on PostgreSQL, beside one on SQLite: orders, acknowledgements, locks, connections, idle load."""

import logging
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlmodel import col

from bench.figures import Samples, expect, ms, note, table, title
from bench.ours import approved
from bench.servers import postgresql
from bench.standins import PERSON, BenchWorld, counting_standins, order_ids
from bench.watching import watching
from storage.db.migrate import migrate
from storage.db.transactions import Database
from storage.models import Attempt, Request

ORDERS_A_CALL, ORDERS_A_REQUEST, REQUESTS = 25, 250, 48
PICK_UPS = 7
LATENCY = 0.050
"""Seconds before each of Fincart's answers."""
IDLE_SECONDS = 15.0
LONGEST_RUN = 60.0

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class ServedProcess:
    """A process that serves, and where."""

    process: "subprocess.Popen[bytes]"
    url: str

    def cpu(self) -> float:
        """Seconds of processor that it has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@dataclass(frozen=True, slots=True)
class Crowd:
    """What so many processes on one database have shown."""

    name: str
    orders_a_second: float
    acknowledged: Samples
    waiting: float
    """How many of them waited for the chain's lock, on average."""
    connections: int
    """Of all of them, at most."""
    working: float
    """Processors that all of them used meanwhile."""
    busy: float
    """The share of all processors of the machine in its busiest second, whoever used them."""
    picked_up: float
    """Seconds until one plans what a program beside them has made due; the median."""
    idle: float
    """The share of a processor that one uses while nothing happens; the median."""

    def row(self) -> tuple[str, ...]:
        """For the table."""
        acknowledged = (ms(self.acknowledged.p50), ms(self.acknowledged.p99))
        waits = (f"{self.waiting:.2f}", str(self.connections)) if self.connections else ("", "")
        return (
            self.name,
            f"{self.orders_a_second:,.0f}",
            *acknowledged,
            *waits,
            f"{self.working:.2f}",
            f"{self.busy:.0%}",
            f"{self.picked_up * 1000:.0f}",
            f"{self.idle * 100:.2f} %",
        )


HEADS = (
    "",
    "orders/s",
    "ack p50 ms",
    "p99 ms",
    "wait for chain",
    "connections",
    "cores used",
    "machine busy",
    "pick-up ms",
    "idle",
)


@dataclass(frozen=True, slots=True)
class ManyBench:
    """The stand-ins, and how much of it there is to do."""

    world: BenchWorld
    requests: int
    idle_seconds: float

    @property
    def orders(self) -> int:
        """Of one measurement."""
        return max(self.requests, PICK_UPS) * ORDERS_A_REQUEST

    def measure(self, name: str, url: str, count: int, first: int) -> Crowd:
        """So many processes, idle and then cancelling the orders from this one on."""
        database = Database(url)
        migrate(database)
        try:
            with _serving(self.world, url, count) as processes:
                picked_up = _picked_up(database, order_ids(first + self.orders)[first:])
                idle = _idle(processes, self.idle_seconds)
                began = sum(each.cpu() for each in processes)
                with watching(self.world, url, [each.url for each in processes]) as watched:
                    ids = order_ids(first + 2 * self.orders)[first + self.orders :]
                    seconds, _ = _cancel(database, ids, self.requests, after=self.requests / 12)
                used = sum(each.cpu() for each in processes) - began
        finally:
            database.close()
        return Crowd(
            name,
            self.requests * ORDERS_A_REQUEST / seconds,
            watched.acknowledged,
            statistics.fmean(watched.waiting or [0]),
            max(watched.connections, default=0),
            used / seconds,
            max(watched.busy),
            picked_up,
            idle,
        )


def run(counts: Sequence[int] = (1, 2, 4, 8), requests: int = REQUESTS, idle: float = IDLE_SECONDS) -> bool:
    """Print the table, and whether two processes do 1.7 times what one does and an idle one uses at most 1 %."""
    logging.disable(logging.CRITICAL)
    calls = requests * ORDERS_A_REQUEST // ORDERS_A_CALL
    title(f"{calls} calls of {ORDERS_A_CALL} orders, Fincart's answers after {LATENCY * 1000:g} ms")
    note(f"this machine has {os.cpu_count()} cores; PostgreSQL and the stand-ins of Slack and Fincart run on them too")
    all_orders = 2 * (len(counts) + 1) * max(requests, PICK_UPS) * ORDERS_A_REQUEST
    with counting_standins(orders=all_orders, latency=LATENCY) as (world, fincart):
        bench = ManyBench(world, requests, idle)
        with tempfile.TemporaryDirectory() as folder:
            alone = bench.measure("SQLite, 1", f"sqlite:///{folder}/bench.db", 1, 0)
        crowds = {}
        for number, count in enumerate(counts, 1):
            with postgresql("bench") as url:
                crowds[count] = bench.measure(f"PostgreSQL, {count}", url, count, 2 * number * bench.orders)
        once, twice = fincart.tell("count")
    table(HEADS, [crowd.row() for crowd in (alone, *crowds.values())])
    note(f"orders received once: {once:,}")
    holds = expect("orders received more than once", twice, 0, at_least=False)
    idlest = max(crowd.idle for crowd in crowds.values()) * 100
    holds &= expect("percent of a core that an idle process uses on PostgreSQL", idlest, 1, at_least=False)
    if {1, 2} <= crowds.keys():
        more = crowds[2].orders_a_second / crowds[1].orders_a_second
        holds &= expect("orders a second, two processes / one", more, 1.7, at_least=True)
    return holds


@contextmanager
def _serving(world: BenchWorld, url: str, count: int) -> Iterator[list[ServedProcess]]:
    """So many `python -m bot serve` on this database, each in a folder of its own."""
    settings = {
        "SLACK_API_URL": world.slack_api_url,
        "SLACK_BOT_TOKEN": world.slack_token,
        "SLACK_SIGNING_SECRET": world.signing_secret,
        "FINCART_TOKEN": world.fincart_token,
        "FINCART_BASE_URL": world.fincart_url,
        "FINCART_BATCH_SIZE": str(ORDERS_A_CALL),
        "VERIFY_RESULTS": "false",
        "ALLOWED_USERS": PERSON,
        "DATABASE_URL": url,
        "PORT": "0",
    }
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment |= settings | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        begun = []
        for number in range(count):
            log = Path(folder) / f"{number}.log"
            with log.open("w") as file:
                process = subprocess.Popen(
                    [sys.executable, "-m", "bot", "serve"], cwd=folder, env=environment, stderr=file
                )
            running.callback(_end, process)
            begun.append((process, log))
        yield [ServedProcess(process, _address(process, log)) for process, log in begun]


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """Where it listens, once it does."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(r"listening on (http://\S+)", log.read_text()):
            return f"{found[1]}/slack/events"
        time.sleep(0.05)
    raise RuntimeError(f"a process does not listen: {log.read_text()}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _idle(processes: Sequence[ServedProcess], seconds: float) -> float:
    """The share of a processor that one uses meanwhile; the median."""
    time.sleep(1)
    before, began = [each.cpu() for each in processes], time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return statistics.median(each.cpu() - was for each, was in zip(processes, before, strict=True)) / took


def _picked_up(database: Database, ids: Sequence[str]) -> float:
    """Seconds until the first send of a request that this program makes due, while nothing else is; the median.

    It also has the processes compile their statements.
    """
    began = []
    for number in range(PICK_UPS):
        time.sleep(number * 0.07)  # not in step with a process's poll
        _, waited = _cancel(database, ids[number * ORDERS_A_REQUEST :], 1)
        began.append(waited)
    return statistics.median(began)


def _cancel(database: Database, ids: Sequence[str], requests: int, after: float = 0.0) -> tuple[float, float]:
    """Have these orders cancelled, in so many requests that are due at once, after so many seconds.

    Returns the seconds from the first send to the last end, and those from being due to the first send.
    """
    each = ORDERS_A_REQUEST
    starts_at = time.monotonic() + after
    for number in range(requests):
        approved(database, list(ids[number * each : (number + 1) * each]), max(0.0, starts_at - time.monotonic()))
    until = starts_at + LONGEST_RUN
    while time.monotonic() < until:
        time.sleep(0.1)
        with database.read() as session:
            left = session.scalars(select(func.count()).where(col(Request.finished_at).is_(None))).one()
            if left:
                continue
            last = session.scalars(select(Request).order_by(col(Request.seq).desc()).limit(requests)).all()
            lost = sum(request.order_count - request.cancelled for request in last)
            if lost:
                raise RuntimeError(f"{lost} orders were not cancelled")
            since = select(func.min(col(Attempt.planned_at))).where(col(Attempt.request_seq) >= last[-1].seq)
            began = session.scalars(since).one()
            ended = max(request.finished_at for request in last if request.finished_at)
            due = min(request.decided_at for request in last if request.decided_at) + timedelta(seconds=after)
            return (ended - began).total_seconds(), (began - due).total_seconds()
    raise RuntimeError("the orders were not cancelled in time")
