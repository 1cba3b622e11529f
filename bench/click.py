"""From the click on "Cancel 50 orders" to the call reaching Fincart, beside a bare httpx call after a commit."""

import hashlib
import hmac
import json
import logging
import queue
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import httpx

from bench.figures import SAMPLE_HEADS, Samples, note, table, title
from bench.ours import bot_in, confirming, deliveries_of
from bench.standins import CHANNEL, PERSON, BenchWorld, order_ids, standins
from bot.messages.actions import Action, request_value
from bot.sandbox.fincart.bodies import SUCCESS

ROUNDS = 100

Arrivals = queue.Queue[float]


def run() -> bool:
    """Print both; nothing is expected of their ratio, since only one of them asks who clicked."""
    logging.disable(logging.CRITICAL)
    title("From the click to the call reaching Fincart")
    ours, bare = Samples("this bot: click, policy, commits, call"), Samples("bare: one commit, one httpx call")
    with tempfile.TemporaryDirectory() as folder, standins() as world, _fincart() as (url, arrivals):
        world = replace(world, fincart_url=url)
        bot = bot_in(Path(folder), world, VERIFY_RESULTS="false")
        handle = deliveries_of(bot, world).handle
        bot.start()
        with _bare(Path(folder), url) as call:
            for number in range(ROUNDS + 3):
                # Other orders each time: those of the round before may still be in its hands.
                orders = [f"{order_id}-{number}" for order_id in order_ids(50)]
                body, headers = _click(world, confirming(bot.context.database, orders))
                pairs = ((ours, partial(handle, body, headers)), (bare, partial(call, orders)))
                for samples, act in pairs:
                    began = time.perf_counter()
                    act()
                    arrived = arrivals.get(timeout=10)
                    if number >= 3:
                        samples.seconds.append(arrived - began)
        bot.stop()
    table(SAMPLE_HEADS, [ours.row(), bare.row()])
    note(f"p50 this bot / bare: {ours.p50 / bare.p50:.1f}; this bot's also asks Slack anew who clicked")
    return True


def _click(world: BenchWorld, public_id: str) -> tuple[bytes, dict[str, str]]:
    payload = {
        "type": "block_actions",
        "team": {"id": "T0000001"},
        "user": {"id": PERSON, "team_id": "T0000001"},
        "channel": {"id": CHANNEL},
        "container": {"type": "message", "is_ephemeral": True, "channel_id": CHANNEL},
        "trigger_id": public_id,
        "actions": [
            {
                "type": "button",
                "block_id": "go",
                "action_id": Action.GO_AHEAD.value,
                "value": request_value(public_id, 1),
                "action_ts": f"{time.time():.6f}",
            }
        ],
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time.time()))
    digest = hmac.new(world.signing_secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return body, {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={digest}",
    }


@contextmanager
def _bare(folder: Path, url: str) -> Iterator["_Bare"]:
    with httpx.Client(base_url=url, timeout=20) as client:
        bare = _Bare(folder / "bare.db", client)
        yield bare
        bare.close()


class _Bare:
    """The least that writes ahead: a durable commit, then the call."""

    def __init__(self, path: Path, client: httpx.Client) -> None:
        self._client = client
        self._database = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE sent (orders TEXT NOT NULL)")

    def __call__(self, orders: list[str]) -> None:
        self._database.execute("INSERT INTO sent VALUES (?)", (json.dumps(orders),))
        self._client.post("/v4/orders/cancel", json={"filters": {"ids": orders}}, headers={"Authorization": "t"})

    def close(self) -> None:
        self._database.close()


@contextmanager
def _fincart() -> Iterator[tuple[str, Arrivals]]:
    """A Fincart that only notes when a call arrived, on this process's own clock."""
    arrivals: Arrivals = queue.Queue()
    answer = json.dumps(SUCCESS).encode()

    class ClickHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            arrivals.put(time.perf_counter())
            self.rfile.read(int(self.headers["Content-Length"]))
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
            self.wfile.write(head.encode() + answer)

    server = ThreadingHTTPServer(("127.0.0.1", 0), ClickHandler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", arrivals
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
