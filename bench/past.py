"""The past at length: the first page of history, and the check of the audit chain."""

import logging
import resource
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import insert

from bench.figures import SAMPLE_HEADS, Samples, expect, note, table, title
from bench.standins import CHANNEL, PERSON, order_ids
from bot.messages.history import ENTRIES_PER_PAGE
from storage import history, requests
from storage.audit import Event, EventKind, Head, append, stored_events, verify
from storage.database import Database
from storage.history import Search
from storage.migrate import migrate
from storage.states import Doubt, Origin, Outcome, Proof, RequestState
from storage.tables import OrderLine, Request

EACH = 50
"""Orders in a request."""


def history_page(few: int = 10_000, many: int = 1_000_000) -> bool:
    """The first page at few and at many audited orders, in turns."""
    logging.disable(logging.CRITICAL)
    title(f"First page of history at {many:,} audited orders beside {few:,}")
    searches = {
        "all": Search(),
        "by person": Search(person=PERSON),
        "by order": Search(order_id=order_ids(few)[few // 2]),
        "by outcome": Search(outcome=Outcome.CANCELLED),
    }
    holds = True
    with tempfile.TemporaryDirectory() as folder:
        small, large = _past(Path(folder) / "few.db", few), _past(Path(folder) / "many.db", many)
        rows = []
        for name, search in searches.items():
            at_few, at_many = Samples(f"{name}, {few:,}"), Samples(f"{name}, {many:,}")
            for _ in range(200):
                at_few.time(partial(_first_page, small, search))
                at_many.time(partial(_first_page, large, search))
            rows += [at_few.row(), at_many.row()]
            holds &= expect(f"{name}: p50 many / few", at_many.p50 / at_few.p50, 1.5, at_least=False)
        table(SAMPLE_HEADS, rows)
        small.close()
        large.close()
    return holds


def audit_verify(count: int = 1_000_000) -> bool:
    """How long the check of a chain of single-order events takes."""
    logging.disable(logging.CRITICAL)
    title(f"Checking a chain of {count:,} single-order events")
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'chain.db'}")
        migrate(database)
        _chain(database, count, 1)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with database.read() as session:
            began = time.perf_counter()
            end = verify(stored_events(session.connection()))
            took = time.perf_counter() - began
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        database.close()
    if not isinstance(end, Head) or end.seq != count:
        raise RuntimeError(f"the chain does not hold: {end}")
    note(f"the peak of memory rose by {grown / 1024:.1f} MB meanwhile")
    return expect("seconds", took, 5, at_least=False)


def _first_page(database: Database, search: Search) -> None:
    with database.read() as session:
        page = history.page(session, search, ENTRIES_PER_PAGE)
        assert page.requests
        for request in page.requests:
            requests.orders(session, request, 0, 3)


def _past(path: Path, orders: int) -> Database:
    """A database of finished requests, each with its orders and their events."""
    database = Database(f"sqlite:///{path}")
    migrate(database)
    now, ids = datetime.now(UTC), order_ids(orders)
    for first in range(0, orders // EACH, 1000):
        numbers = range(first, min(first + 1000, orders // EACH))
        with database.write() as transaction:
            transaction.session.execute(insert(Request), [_request(number, now) for number in numbers])
            lines = [
                {
                    "request_seq": number + 1,
                    "position": position,
                    "order_id": ids[number * EACH + position],
                    "unlike_fincart": False,
                    "doubt": Doubt.NONE,
                    "outcome": Outcome.CANCELLED,
                    "proof": Proof.ANSWER,
                    "settled_at": now,
                }
                for number in numbers
                for position in range(EACH)
            ]
            transaction.session.execute(insert(OrderLine), lines)
    _chain(database, orders // EACH, EACH)
    return database


def _request(number: int, now: datetime) -> dict[str, object]:
    return {
        "seq": number + 1,
        "public_id": f"R-{number:06d}",
        "delivery_id": f"bench {number}",
        "team_id": "T0000001",
        "requester": PERSON if number % 3 else "U0000002",
        "channel_id": CHANNEL,
        "origin": Origin.COMMAND,
        "reason": "duplicate",
        "order_count": EACH,
        "source": "{}",
        "state": RequestState.FINISHED,
        "created_at": now,
        "decided_at": now,
        "decided_by": PERSON,
        "finished_at": now,
        "cancelled": EACH,
        "next_position": EACH,
    }


def _chain(database: Database, count: int, orders_each: int) -> None:
    """Append so many settled batches."""
    now = datetime.now(UTC)
    for first in range(0, count, 10_000):
        with database.write() as transaction:
            told = [_settled(number, orders_each) for number in range(first, min(first + 10_000, count))]
            append(transaction.connection, now, told)


def _settled(number: int, orders_each: int) -> Event:
    ids = [f"{number * orders_each + position:024x}" for position in range(orders_each)]
    details = {"answer": "ok", "outcomes": {Outcome.CANCELLED.value: ids}}
    return Event(EventKind.BATCH_SETTLED, None, f"R-{number:06d}", details)
