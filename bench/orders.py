"""A run of many orders, from the first send to the last settle, beside a bare httpx loop doing the same calls; and the
acknowledgement of commands meanwhile, beside its figures while nothing else happens."""

import logging
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count as numbers
from pathlib import Path
from typing import Any

import httpx

from bench.acknowledgement import Send, accepted, connection
from bench.children import Child
from bench.commands import signed_command
from bench.figures import SAMPLE_HEADS, Samples, expect, note, table, title
from bench.ours import serving
from bench.standins import BenchWorld, order_ids, standins

BATCH = 100
ROUNDS = 5
RUNS_TO_ACKNOWLEDGE = 5
PAUSE = 0.010
"""Seconds between two commands."""


def run(count: int = 10_000, concurrency: int = 4, latency: float = 0.050, longest: float = 1.4) -> bool:
    """Print wall times, memory, the database's growth and the acknowledgement's figures, and what holds of them.

    `longest`: how many times as long as the bare loop a run may take.
    """
    logging.disable(logging.CRITICAL)
    title(
        f"{count:,} orders, {BATCH} a call, {concurrency} calls at once, Fincart's answers after {latency * 1000:g} ms"
    )
    settings = {
        "MAX_ORDERS_PER_REQUEST": str(count),
        "VERIFY_RESULTS": "false",
        "FINCART_BATCH_SIZE": str(BATCH),
        "FINCART_MAX_CONCURRENCY": str(concurrency),
    }
    all_orders = (1 + 2 * ROUNDS + RUNS_TO_ACKNOWLEDGE) * count
    with (
        standins(orders=all_orders, latency=latency) as world,
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), world, settings) as (bot, url),
        connection(url) as send,
    ):
        firsts = numbers(0, count)
        _ours(bot, next(firsts), count // 10)
        return _walls(bot, world, firsts, count, concurrency, longest) & _acknowledged(bot, world, send, firsts, count)


def _walls(bot: Child, world: BenchWorld, firsts: "numbers[int]", count: int, concurrency: int, longest: float) -> bool:
    bare, ours = Samples("bare httpx loop"), Samples("this bot")
    figures = []
    for _ in range(ROUNDS):
        bare.seconds.append(_bare(world, next(firsts), count, concurrency))
        figures.append(_ours(bot, next(firsts), count))
        ours.seconds.append(figures[-1]["seconds"])
    table(
        ("wall time", "median s", "least s", "most s", "n"),
        [
            (each.name, *(f"{s:.3f}" for s in (each.p50, min(each.seconds), max(each.seconds))), str(ROUNDS))
            for each in (ours, bare)
        ],
    )
    grown = statistics.median(each["grown_bytes"] for each in figures) / count
    note(f"the database grew by {grown:.0f} bytes per order")
    peak = max(each["peak_bytes"] for each in figures) / 2**20
    pairs = statistics.median(our / its for our, its in zip(ours.seconds, bare.seconds, strict=True))
    return expect("wall time, this bot / bare loop, median of pairs", pairs, longest, at_least=False) & expect(
        "peak memory above the idle bot in MB", peak, 40, at_least=False
    )


def _acknowledged(bot: Child, world: BenchWorld, send: Send, firsts: "numbers[int]", count: int) -> bool:
    idle, running = Samples("acknowledgement over HTTP, idle"), Samples("acknowledgement over HTTP, during such runs")
    for _ in range(5):
        accepted(send, *signed_command(world, "help"))
    for _ in range(RUNS_TO_ACKNOWLEDGE):
        for _ in range(50):
            _command(world, send, idle)
        bot.tell(f"begin {next(firsts)} {count}")
        while not bot.tell("over"):
            _command(world, send, running)
        bot.tell("end")
    table(SAMPLE_HEADS, [idle.row(), running.row()])
    return expect("p50 during runs / idle", running.p50 / idle.p50, 3, at_least=False) & expect(
        "p99 during runs / idle", running.p99 / idle.p99, 3, at_least=False
    )


def _command(world: BenchWorld, send: Send, samples: Samples) -> None:
    body, headers = signed_command(world, "help")
    samples.time(partial(accepted, send, body, headers))
    time.sleep(PAUSE)


def _ours(bot: Child, first: int, count: int) -> Any:
    bot.tell(f"begin {first} {count}")
    return bot.tell("end")


def _bare(world: BenchWorld, first: int, count: int, concurrency: int) -> float:
    ids = order_ids(first + count)[first:]
    batches = [ids[at : at + BATCH] for at in range(0, count, BATCH)]
    limits = httpx.Limits(max_connections=concurrency)
    with (
        httpx.Client(base_url=world.fincart_url, timeout=20, limits=limits) as client,
        ThreadPoolExecutor(concurrency) as pool,
    ):

        def send(batch: list[str]) -> None:
            headers = {"Authorization": world.fincart_token}
            client.post("/v4/orders/cancel", json={"filters": {"ids": batch}}, headers=headers).raise_for_status()

        began = time.perf_counter()
        list(pool.map(send, batches))
        return time.perf_counter() - began
