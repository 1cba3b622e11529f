"""The past at length: the first page of history, and the check of the audit chain."""

import logging
import resource
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.figures import SAMPLE_HEADS, Samples, expect, note, table, title
from bench.finished_requests import past
from bench.standins import PERSON, order_ids
from bot.messages.history import ENTRIES_PER_PAGE
from storage import history, requests
from storage.audit.log import Event, Head, append, stored_events, verify
from storage.audit.verify import verify_all
from storage.db.migrate import migrate
from storage.db.transactions import Database
from storage.enums import EventKind, Outcome
from storage.history import Search

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
        small, large = (past(f"sqlite:///{folder}/{orders}.db", orders, EACH) for orders in (few, many))
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
        _chain(database, count)
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


def audit_rows(count: int = 20_000, each: int = 1, longest: float = 2.4) -> bool:
    """How long it takes to hold the rows of so many audited orders to their events, and how much memory.

    `longest`: the seconds that it may take.
    """
    logging.disable(logging.CRITICAL)
    title(f"Holding the rows of {count:,} audited orders, {each:,} a request, to their events")
    with tempfile.TemporaryDirectory() as folder:
        database = past(f"sqlite:///{folder}/rows.db", count, each)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = verify_all(database)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        database.close()
    if not isinstance(found.chain, Head) or found.rows is not None:
        raise RuntimeError(f"the history does not hold: {found}")
    note(f"{found.chain.seq:,} events: the chain {found.chain_seconds:.1f} s, the rows {found.rows_seconds:.1f} s")
    holds = expect("megabytes by which the peak of memory rose", grown / 1024, 50, at_least=False)
    return expect("seconds for the rows", found.rows_seconds, longest, at_least=False) & holds


def _first_page(database: Database, search: Search) -> None:
    with database.read() as session:
        page = history.page(session, search, ENTRIES_PER_PAGE)
        assert page.requests
        for request in page.requests:
            requests.orders(session, request, 0, 3)


def _chain(database: Database, count: int) -> None:
    """Append so many settled batches of one order each."""
    now = datetime.now(UTC)
    for first in range(0, count, 10_000):
        with database.write() as transaction:
            told = [_settled(number) for number in range(first, min(first + 10_000, count))]
            append(transaction.connection, now, told)


def _settled(number: int) -> Event:
    details = {"attempt": number, "orders": [[f"{number:024x}", "cancelled", "answer", ""]]}
    return Event(EventKind.BATCH_SETTLED, None, f"R-{number:06d}", details)
