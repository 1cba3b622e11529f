"""How fast a signed 50-order command is acknowledged: by this bot, with its durable commit, and by stock Bolt."""

import http.client
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from slack_bolt import App, BoltRequest

from bench.children import Child, child
from bench.commands import KNOWN_ORDERS, signed_command
from bench.figures import SAMPLE_HEADS, Samples, expect, no_collection, note, table, title
from bench.ours import Load, bot_in, deliveries_of, serving
from bench.standins import BenchWorld, standins
from bench.stock import stock_app
from bot.app import Bot
from bot.server.http import Deliveries

BLOCK = 25
"""Commands in a row to one side before it is the other's turn, so that the machine's drift meets both."""
ROUNDS = 24
PAUSE = 0.030
"""Seconds between two commands over HTTP, to either side: nobody's own work meets the next acknowledgement."""
LATENCY = 0.050
"""Seconds before each of Fincart's answers, as in the runs of orders: one that answers in no time, from the same
processor, would have the worker read thousands of logs a second, which no network lets it."""

Send = Callable[[bytes, dict[str, str]], int]
"""Delivers a command and returns the status of the answer."""


def run() -> bool:
    """Print the table and whether the expectations hold."""
    logging.disable(logging.CRITICAL)
    holds = _in_process()
    _over_http()
    return holds


def _in_process() -> bool:
    title("Acknowledgement, in one process through each app's own dispatch, in a tight loop")
    with _bot() as (world, bot):
        idle = _both(world, _to_ours(deliveries_of(bot, world)), _to_stock(stock_app(world)), "idle")
    with _bot(hang=True) as (world, bot):
        bot.start()
        load = Load(bot)
        with load.on():
            loaded = _both(world, _to_ours(deliveries_of(bot, world)), _to_stock(stock_app(world)), "under load")
        load.end()
        bot.stop()
    table(SAMPLE_HEADS, [samples.row() for samples in (*idle, *loaded)])
    note(f"rows written by the load meanwhile: {load.written}")
    return (
        expect("in process, idle: p50 stock / ours", idle[1].p50 / idle[0].p50, 3, at_least=True)
        & expect("in process, under load: p50 stock / ours", loaded[1].p50 / loaded[0].p50, 3, at_least=True)
        & expect("in process, under load: p99 of ours in ms", loaded[0].p99 * 1000, 50, at_least=False)
    )


@contextmanager
def _bot(*, hang: bool = False) -> Iterator[tuple[BenchWorld, Bot]]:
    with standins(orders=KNOWN_ORDERS, hang=hang) as world, tempfile.TemporaryDirectory() as folder:
        yield world, bot_in(Path(folder), world)


def _over_http() -> None:
    title(f"Acknowledgement, over HTTP, each app in a process of its own, a command every {PAUSE * 1000:g} ms and more")
    with _served() as (world, _, ours, theirs):
        idle = _both(world, ours, theirs, "idle", PAUSE)
    with _served(hang=True) as (world, bot, ours, theirs):
        bot.tell("load")
        time.sleep(0.5)
        loaded = _both(world, ours, theirs, "under load", PAUSE)
        written = bot.tell("quiet")
    table(SAMPLE_HEADS, [samples.row() for samples in (*idle, *loaded)])
    note(f"rows written by the load meanwhile, in this bot's process only: {written}")
    note(
        f"over HTTP, p50 stock / ours: idle {idle[1].p50 / idle[0].p50:.2f}, loaded {loaded[1].p50 / loaded[0].p50:.2f}"
    )


@contextmanager
def _served(*, hang: bool = False) -> Iterator[tuple[BenchWorld, Child, Send, Send]]:
    with (
        standins(orders=KNOWN_ORDERS, hang=hang, latency=LATENCY) as world,
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), world) as (bot, url),
        child("bench.stock", {"world": asdict(world)}) as stock,
        connection(url) as ours,
        connection(f"http://127.0.0.1:{stock.ready['port']}/slack/events") as theirs,
    ):
        yield world, bot, ours, theirs


def _both(world: BenchWorld, ours: Send, stock: Send, when: str, pause: float = 0) -> tuple[Samples, Samples]:
    sides = ((ours, Samples(f"this bot, {when}")), (stock, Samples(f"stock Bolt, {when}")))
    for send, _ in sides:
        for _ in range(5):
            accepted(send, *signed_command(world))
    with no_collection():
        for _ in range(ROUNDS):
            for send, samples in sides:
                for body, headers in [signed_command(world) for _ in range(BLOCK)]:
                    samples.time(partial(accepted, send, body, headers))
                    time.sleep(pause)
    return sides[0][1], sides[1][1]


def accepted(send: Send, body: bytes, headers: dict[str, str]) -> None:
    """Deliver a command. Raises RuntimeError where it is not acknowledged."""
    status = send(body, headers)
    if status != 200:
        raise RuntimeError(f"a command was answered {status}")


def _to_ours(deliveries: Deliveries) -> Send:
    return lambda body, headers: deliveries.handle(body, headers)[0]


def _to_stock(app: App) -> Send:
    return lambda body, headers: app.dispatch(BoltRequest(body=body.decode(), headers=dict(headers))).status


@contextmanager
def connection(url: str) -> Iterator[Send]:
    """A way to deliver to this address over one kept-alive connection."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)

    def send(body: bytes, headers: dict[str, str]) -> int:
        connection.request("POST", parts.path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    try:
        yield send
    finally:
        connection.close()
