"""The chain of the history: unbroken whoever writes at once, unchangeable, and every tampering found."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from world import of_owner

from storage.audit.log import Broken, Head, StoredEvent, canonical, event_hash, stored_events, verify
from storage.db.transactions import Database, HistoryLost
from storage.enums import EventKind

WRITER = """
import sys
from storage.enums import EventKind
from storage.db.transactions import Database
database = Database(sys.argv[1])
for number in range(int(sys.argv[3])):
    with database.write(within_seconds=20) as transaction:
        transaction.record(EventKind.HELD, who=sys.argv[2], request=None, details={"number": number})
"""


def chain(length: int = 5, word: str = "before") -> list[StoredEvent]:
    """A good chain as stored."""
    events: list[StoredEvent] = []
    for seq in range(1, length + 1):
        prev = events[-1].hash if events else "0" * 64
        payload = canonical({"at": "2026-11-24", "kind": "held", "details": {"word": f"{word} {seq}"}})
        events.append(StoredEvent(seq, payload, prev, event_hash(seq, prev, payload)))
    return events


def record(database: Database, count: int, who: str = "U0000001") -> None:
    for number in range(count):
        with database.write(within_seconds=20) as transaction:
            transaction.record(EventKind.HELD, who=who, request="R-7K3F9Q", details={"number": number})


def verified(database: Database, witness: Head | None = None) -> Head | Broken | None:
    with database.read() as session:
        return verify(stored_events(session.connection()), witness)


def test_threads_that_write_at_once_leave_one_unbroken_chain(database_url: str) -> None:
    database = Database(database_url)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda who: record(database, 10, f"U{who}"), range(6)))
    end = verified(database)
    database.close()

    assert isinstance(end, Head)
    assert 60 == end.seq


def test_processes_that_write_at_once_leave_one_unbroken_chain(database_url: str) -> None:
    database = Database(database_url)
    root = Path(__file__).parents[2]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, database_url, f"U{who}", "25"], cwd=root) for who in range(2)
    ]

    codes = [writer.wait(60) for writer in writers]
    end = verified(database)
    database.close()

    assert [0, 0] == codes
    assert isinstance(end, Head)
    assert 50 == end.seq


def test_several_events_of_one_transaction_follow_each_other(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as transaction:
        for kind in (EventKind.REQUEST_MADE, EventKind.PREVIEW_SHOWN):
            transaction.record(kind, who="U0000001", request="R-7K3F9Q")

    with database.read() as session:
        rows = session.execute(text("SELECT seq, kind, who, request FROM audit_event ORDER BY seq")).all()
    database.close()

    assert [
        (1, "request_made", "U0000001", "R-7K3F9Q"),
        (2, "preview_shown", "U0000001", "R-7K3F9Q"),
    ] == [tuple(row) for row in rows]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET payload = '{}' WHERE seq = 2",
        "UPDATE audit_event SET hash = 'x'",
        "DELETE FROM audit_event WHERE seq = 3",
        "DELETE FROM audit_event",
    ],
)
def test_no_event_can_be_changed_or_deleted(database_url: str, statement: str) -> None:
    database = Database(of_owner(database_url))
    record(database, 3)

    with pytest.raises(Exception, match="audit event cannot be"), database.write() as transaction:
        transaction.session.execute(text(statement))
    end = verified(database)
    database.close()

    assert isinstance(end, Head)
    assert 3 == end.seq


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
@pytest.mark.parametrize("clash", ["seq", "prev_hash"])
def test_no_event_can_be_replaced_on_sqlite_by_any_program(sqlite_url: str, recursive: str, clash: str) -> None:
    database = Database(sqlite_url)
    record(database, 3)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    other.execute(f"PRAGMA recursive_triggers={recursive}")
    prev = other.execute("SELECT prev_hash FROM audit_event WHERE seq = 2").fetchone()[0]
    row = (2, "{}", "1" * 64, "x") if clash == "seq" else (9, "{}", prev, "x")

    with pytest.raises(sqlite3.IntegrityError, match="cannot be replaced"):
        other.execute("INSERT OR REPLACE INTO audit_event (seq, payload, prev_hash, hash) VALUES (?, ?, ?, ?)", row)
    other.close()
    end = verified(database)
    database.close()

    assert isinstance(end, Head)


def test_the_history_cannot_be_truncated_on_postgresql(postgresql: str, database_url: str) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has no TRUNCATE")
    database = Database(of_owner(database_url))
    record(database, 3)

    with pytest.raises(Exception, match="cannot be changed or deleted"), database.write() as transaction:
        transaction.session.execute(text("TRUNCATE audit_event"))
    end = verified(database)
    database.close()

    assert isinstance(end, Head)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nothing_is_recorded_where_what_this_process_recorded_is_gone(database_url: str) -> None:
    database = Database(database_url)
    record(database, 3)
    of_libpq = of_owner(database_url).replace("+psycopg", "")
    with psycopg.connect(of_libpq, options="-c session_replication_role=replica") as server:
        server.execute("DELETE FROM audit_event WHERE seq = 3")  # as if a standby that lagged had been promoted
    database.engine.dispose()

    with pytest.raises(HistoryLost, match="the database lacks event 3 · "):
        record(database, 1)
    database.close()


def test_a_good_chain_holds_and_says_where_it_ends() -> None:
    events = chain()

    assert Head(5, events[-1].hash) == verify(iter(events))


def test_an_empty_history_holds() -> None:
    assert verify(iter([])) is None


def edited(events: list[StoredEvent]) -> list[StoredEvent]:
    old = events[2]
    return [*events[:2], StoredEvent(3, old.payload.replace("before", "after"), old.prev_hash, old.hash), *events[3:]]


def edited_and_rehashed(events: list[StoredEvent]) -> list[StoredEvent]:
    payload = events[2].payload.replace("before", "after")
    forged = StoredEvent(3, payload, events[2].prev_hash, event_hash(3, events[2].prev_hash, payload))
    return [*events[:2], forged, *events[3:]]


def removed(events: list[StoredEvent]) -> list[StoredEvent]:
    return events[:2] + events[3:]


def removed_and_renumbered(events: list[StoredEvent]) -> list[StoredEvent]:
    moved = [StoredEvent(each.seq - 1, each.payload, each.prev_hash, each.hash) for each in events[3:]]
    return events[:2] + moved


def reordered(events: list[StoredEvent]) -> list[StoredEvent]:
    third, fourth = events[2], events[3]
    return [
        *events[:2],
        StoredEvent(3, fourth.payload, third.prev_hash, third.hash),
        StoredEvent(4, third.payload, fourth.prev_hash, fourth.hash),
        events[4],
    ]


def inserted(events: list[StoredEvent]) -> list[StoredEvent]:
    made_up = StoredEvent(3, "{}", events[1].hash, event_hash(3, events[1].hash, "{}"))
    moved = [StoredEvent(each.seq + 1, each.payload, each.prev_hash, each.hash) for each in events[2:]]
    return [*events[:2], made_up, *moved]


def forged_at_the_end(events: list[StoredEvent]) -> list[StoredEvent]:
    return [*events, StoredEvent(6, "{}", events[-1].hash, "f" * 64)]


def first_removed(events: list[StoredEvent]) -> list[StoredEvent]:
    return events[1:]


@pytest.mark.parametrize(
    ("tamper", "first_bad"),
    [
        (edited, 3),
        (edited_and_rehashed, 4),
        (removed, 3),
        (removed_and_renumbered, 3),
        (reordered, 3),
        (inserted, 4),
        (forged_at_the_end, 6),
        (first_removed, 1),
    ],
)
def test_every_tampering_is_found_at_the_first_bad_event(
    tamper: Callable[[list[StoredEvent]], list[StoredEvent]], first_bad: int
) -> None:
    found = verify(iter(tamper(chain())))

    assert isinstance(found, Broken)
    assert first_bad == found.seq


def test_a_cut_tail_is_found_by_a_head_kept_elsewhere() -> None:
    events = chain()

    found = verify(iter(events[:3]), Head(5, events[4].hash[:16]))

    assert isinstance(found, Broken)
    assert (4, "the chain ends at 3, before the event 5 kept elsewhere") == (found.seq, found.why)


def test_a_chain_written_anew_is_found_by_any_head_kept_elsewhere() -> None:
    found = verify(iter(chain(word="after")), Head(2, chain()[1].hash))

    assert isinstance(found, Broken)
    assert 2 == found.seq


@pytest.mark.parametrize("digits", [16, 64])
def test_a_head_kept_elsewhere_may_be_short_or_whole(digits: int) -> None:
    events = chain()

    assert Head(5, events[-1].hash) == verify(iter(events), Head(3, events[2].hash[:digits]))


def test_every_kind_of_event_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")

    assert {kind.value for kind in EventKind} == set(re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE))
