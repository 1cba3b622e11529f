"""The past at length: the first page of history, and the check of the audit chain."""

import logging
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import insert

from bench.figures import SAMPLE_HEADS, Samples, expect, note, table, title
from bench.standins import CHANNEL, PERSON, order_ids
from bot.messages.history import ENTRIES_PER_PAGE
from storage import history, requests
from storage.audit.log import Event, Head, append, digest, stored_events, verify
from storage.audit.verify import verify_all
from storage.db.migrate import migrate
from storage.db.transactions import Database
from storage.enums import Doubt, EventKind, Origin, Outcome, Proof, RequestState
from storage.history import Search
from storage.models import OrderLine, Quota, Request
from storage.quotas import day_of

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


def audit_rows(count: int = 20_000, each: int = 1) -> bool:
    """How long it takes to hold the rows of so many audited orders to their events, and how much memory."""
    logging.disable(logging.CRITICAL)
    title(f"Holding the rows of {count:,} audited orders, {each:,} a request, to their events")
    with tempfile.TemporaryDirectory() as folder:
        database = _past(Path(folder) / "rows.db", count, each)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = verify_all(database)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        database.close()
    if not isinstance(found.chain, Head) or found.rows is not None:
        raise RuntimeError(f"the history does not hold: {found}")
    note(f"{found.chain.seq:,} events: the chain {found.chain_seconds:.1f} s, the rows {found.rows_seconds:.1f} s")
    note(f"the peak of memory rose by {grown / 1024:.1f} MB meanwhile")
    return True


def _first_page(database: Database, search: Search) -> None:
    with database.read() as session:
        page = history.page(session, search, ENTRIES_PER_PAGE)
        assert page.requests
        for request in page.requests:
            requests.orders(session, request, 0, 3)


def _past(path: Path, orders: int, each: int = EACH) -> Database:
    """A database of finished requests of so many orders each, with all their events, so that it verifies."""
    database = Database(f"sqlite:///{path}")
    migrate(database)
    now, ids, count = datetime.now(UTC), order_ids(orders), orders // each
    for first in range(0, count, 1000):
        numbers = range(first, min(first + 1000, count))
        with database.write(within_seconds=60) as transaction:
            session = transaction.session
            session.execute(insert(Request), [_request(number, each, now) for number in numbers])
            lines = [_line(number, at, ids[number * each + at], now) for number in numbers for at in range(each)]
            session.execute(insert(OrderLine), lines)
            told = [event for number in numbers for event in _events(number, ids[number * each :][:each], now)]
            append(transaction.connection, now, told)
    with database.write() as transaction:
        for person in (PERSON, _OTHER):
            used = each * sum(_person(number) == person for number in range(count))
            transaction.session.add(Quota(person=person, day=day_of(now), orders=used))
    return database


_OTHER = "U0000002"
_VERDICT = '{"verdict": {"rule": "ALLOWED_USERS"}}'


def _person(number: int) -> str:
    return PERSON if number % 3 else _OTHER


def _request(number: int, each: int, now: datetime) -> dict[str, object]:
    return {
        "seq": number + 1,
        "public_id": f"R-{number:06d}",
        "delivery_id": f"bench {number}",
        "team_id": "T0000001",
        "requester": _person(number),
        "channel_id": CHANNEL,
        "origin": Origin.COMMAND,
        "reason": "duplicate",
        "order_count": each,
        "source": "{}",
        "state": RequestState.FINISHED,
        "verdict": _VERDICT,
        "created_at": now,
        "expires_at": now,
        "decided_at": now,
        "decided_by": _person(number),
        "finished_at": now,
        "cancelled": each,
        "next_position": each,
    }


def _line(number: int, position: int, order_id: str, now: datetime) -> dict[str, object]:
    return {
        "request_seq": number + 1,
        "position": position,
        "order_id": order_id,
        "unlike_fincart": False,
        "doubt": Doubt.NONE,
        "outcome": Outcome.CANCELLED,
        "proof": Proof.ANSWER,
        "words": "",
        "settled_at": now,
    }


def _events(number: int, ids: Sequence[str], now: datetime) -> Iterator[Event]:
    """All that history tells of one finished request."""
    public_id, person, judged = f"R-{number:06d}", _person(number), digest(_VERDICT)
    made = {"team": "T0000001", "channel": CHANNEL, "origin": "command", "retry_of": None, "reason": "duplicate"}
    made |= {"order_count": len(ids), "expires_at": now.isoformat(), "orders": ids}
    shown = {"rule": "ALLOWED_USERS", "judged": judged, "revision": 1, "approvals_needed": 0}
    counted = {"order_count": len(ids), "counted_to": person, "day": day_of(now)}
    settled = {"attempt": number, "orders": [[order_id, "cancelled", "answer", ""] for order_id in ids]}
    yield Event(EventKind.REQUEST_MADE, person, public_id, made)
    yield Event(EventKind.PREVIEW_SHOWN, None, public_id, shown)
    yield Event(EventKind.WENT_AHEAD, person, public_id, shown | counted)
    yield Event(EventKind.RUN_STARTED, None, public_id, {})
    yield Event(EventKind.BATCH_SETTLED, None, public_id, settled)
    yield Event(EventKind.FINISHED, None, public_id, {Outcome.CANCELLED.value: len(ids)})


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
