"""This bot as the benchmarks run it, alone or under load, in this process or in one of its own."""

import itertools
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import SecretStr

from bench.children import Child, child, options, say
from bench.serving import serve_child
from bench.standins import CHANNEL, PERSON, BenchWorld
from bot.app import Bot, build
from bot.server.health import Health
from bot.server.http import Deliveries, Signature, http_app
from bot.settings.model import load_settings
from storage import requests
from storage.db.migrate import migrate_at
from storage.db.transactions import Database, StorageUnavailable, Transaction
from storage.enums import EventKind, Origin, RequestState
from storage.id_source import IdSource
from storage.models import Request
from storage.requests import NewOrder, NewRequest
from storage.slack_models import Delivery

WRITERS = 8
_number = itertools.count(1)


def bot_in(folder: Path, world: BenchWorld, **settings: str) -> Bot:
    """The bot with its default settings and a new SQLite database on disk."""
    given = {
        "SLACK_API_URL": world.slack_api_url,
        "SLACK_BOT_TOKEN": world.slack_token,
        "SLACK_SIGNING_SECRET": world.signing_secret,
        "FINCART_TOKEN": world.fincart_token,
        "FINCART_BASE_URL": world.fincart_url,
        "FINCART_TIMEOUT_SECONDS": "120",
        "ALLOWED_USERS": PERSON,
        "DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
    }
    migrate_at(given["DATABASE_URL"])
    return build(load_settings(given | settings, None))


def deliveries_of(bot: Bot, world: BenchWorld) -> Deliveries:
    """What the HTTP route calls once it has a body."""
    return Deliveries(bot.app, Signature(SecretStr(world.signing_secret)))


def confirming(database: Database, order_ids: list[str]) -> str:
    """Make a request whose requester has its preview, and return its id."""
    with database.write() as transaction:
        return _confirming(transaction, order_ids).public_id


def approved(database: Database, order_ids: list[str], after: float = 0.0) -> str:
    """Make a request that its requester has confirmed, due after so many seconds, and return its id."""
    with database.write() as transaction:
        request = _confirming(transaction, order_ids)
        now = transaction.now()
        requests.move(
            transaction,
            request,
            RequestState.APPROVED,
            decided_at=now,
            decided_by=PERSON,
            not_before=now,
            valid_until=now + timedelta(hours=1),
            due_at=now + timedelta(seconds=after),
        )
        transaction.wake("orders")
        return request.public_id


def _confirming(transaction: Transaction, order_ids: list[str]) -> Request:
    public_id = f"R-B{next(_number):05d}"
    new = NewRequest(
        public_id=public_id,
        delivery_id=f"bench {public_id}",
        team_id="T0000001",
        requester=PERSON,
        channel_id=CHANNEL,
        origin=Origin.COMMAND,
        reason="duplicate",
        orders=[NewOrder(order_id) for order_id in order_ids],
        order_count=len(order_ids),
        source=IdSource(),
    )
    expires_at = transaction.now() + timedelta(hours=1)
    request = requests.make(transaction, new, expires_at)
    requests.move(transaction, request, RequestState.CONFIRMING, expires_at=expires_at, due_at=expires_at)
    return request


class Load:
    """Four runs that wait for a hanging Fincart, and eight threads that write rows and
    events as fast as the database lets them."""

    def __init__(self, bot: Bot) -> None:
        self._database = bot.context.database
        self._on = threading.Event()
        self._over = False
        self.written = 0
        for number in range(4):
            approved(self._database, [f"hanging-{number}"])
        self._threads = [threading.Thread(target=self._write, args=(n,), daemon=True) for n in range(WRITERS)]
        for thread in self._threads:
            thread.start()

    @contextmanager
    def on(self) -> Iterator[None]:
        """Write while the block runs."""
        self._on.set()
        try:
            yield
        finally:
            self._on.clear()

    def turn(self, word: str) -> int:
        """Write from "load" to "quiet"; returns how many rows have been written."""
        if word == "load":
            self._on.set()
        else:
            self._on.clear()
        return self.written

    def end(self) -> None:
        """Stop writing for good."""
        self._over = True
        self._on.set()
        for thread in self._threads:
            thread.join()

    def _write(self, writer: int) -> None:
        for number in itertools.count():
            self._on.wait()
            if self._over:
                return
            try:
                with self._database.write() as transaction:
                    row = Delivery(
                        id=f"{writer}-{number}", kind="bench", payload="x" * 200, received_at=transaction.now()
                    )
                    transaction.session.add(row)
                    transaction.record(EventKind.EXPIRED, who=None, request=None)
                self.written += 1
            except StorageUnavailable:
                continue


@contextmanager
def serving(folder: Path, world: BenchWorld, settings: Mapping[str, str] | None = None) -> Iterator[tuple[Child, str]]:
    """The whole bot in a process of its own, and its address."""
    given = {"folder": str(folder), "world": asdict(world), "settings": dict(settings or {})}
    with child("bench.ours", given) as process:
        yield process, f"http://127.0.0.1:{process.ready['port']}/slack/events"


def main() -> None:
    """Serve until the benchmark is over; "load" and "quiet" start and stop the load, other words mean `runs.Runs`."""
    from bench.runs import BenchRuns  # it makes requests with what is here

    logging.disable(logging.CRITICAL)
    given = options()
    folder = Path(given["folder"])
    bot = bot_in(folder, BenchWorld(**given["world"]), **given["settings"])
    bot.start()
    load: list[Load] = []
    runs = BenchRuns(bot, folder)

    def told(word: str) -> Any:
        if word not in ("load", "quiet"):
            return runs.turn(word)
        if not load:
            load.append(Load(bot))
        return load[0].turn(word)

    config = uvicorn.Config(http_app(Health(bot)), log_config=None, access_log=False, server_header=False)
    serve_child(config, say, told)


if __name__ == "__main__":
    main()
