"""A run of many orders, from the first send to the last settle, beside a bare httpx loop doing the same calls."""

import logging
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from sqlalchemy import func, select
from sqlmodel import col

from bench.figures import expect, note, title
from bench.ours import approved, bot_in
from bench.standins import World, order_ids, standins
from storage import requests
from storage.tables import Attempt

BATCH = 100


def run(count: int = 10_000, concurrency: int = 4, latency: float = 0.050) -> bool:
    """Print both wall times and what the database grew by per order."""
    logging.disable(logging.CRITICAL)
    title(
        f"{count:,} orders, {BATCH} a call, {concurrency} calls at once, Fincart's answers after {latency * 1000:g} ms"
    )
    with standins(orders=count, latency=latency) as world:
        bare = _bare(world, count, concurrency)
    with standins(orders=count, latency=latency) as world, tempfile.TemporaryDirectory() as folder:
        ours, grown = _ours(Path(folder), world, count, concurrency)
    note(f"this bot {ours:.2f} s, bare loop {bare:.2f} s; the database grew by {grown / count:.0f} bytes per order")
    return expect("wall time, this bot / bare loop", ours / bare, 1.10, at_least=False)


def _bare(world: World, count: int, concurrency: int) -> float:
    ids = order_ids(count)
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


def _ours(folder: Path, world: World, count: int, concurrency: int) -> tuple[float, int]:
    """Seconds from the first call written ahead to the request's end, and bytes of database."""
    bot = bot_in(
        folder,
        world,
        MAX_ORDERS_PER_REQUEST=str(count),
        VERIFY_RESULTS="false",
        FINCART_BATCH_SIZE=str(BATCH),
        FINCART_MAX_CONCURRENCY=str(concurrency),
    )
    database = bot.parts.database
    before = _size(folder)
    public_id = approved(database, order_ids(count))
    bot.start()
    while True:
        time.sleep(0.1)
        with database.read() as session:
            request = requests.find(session, public_id)
            assert request is not None
            if request.finished_at is not None:
                first = session.scalars(
                    select(func.min(col(Attempt.planned_at))).where(col(Attempt.request_seq) == request.seq)
                ).one()
                assert first is not None
                if request.cancelled != count:
                    raise RuntimeError(f"only {request.cancelled} of {count} orders were cancelled")
                break
    grown = _size(folder) - before
    bot.stop()
    return (request.finished_at - first).total_seconds(), grown


def _size(folder: Path) -> int:
    """Bytes of the database and what is still in its log."""
    return sum(file.stat().st_size for file in folder.glob("bench.db*") if not file.name.endswith("-shm"))
