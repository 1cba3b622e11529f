"""Erasing what an earlier version recorded, whose events hold the texts themselves; and the bytes of what is erased."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from stored import made
from world import of_owner

from bot.requests.confirm import expire
from storage import erasure, requests
from storage.audit.log import Head, stored_events
from storage.audit.texts import readable
from storage.audit.verify import Verification, verify_all
from storage.db.reclaim import remove_deleted_bytes
from storage.db.transactions import Database


def holds(found: Verification) -> bool:
    return isinstance(found.chain, Head) and found.rows is None


def test_an_event_of_an_earlier_version_keeps_its_text_and_verifies_and_every_way_to_read_it_says_erased(
    database_url: str,
) -> None:
    database = Database(of_owner(database_url))
    with database.write() as transaction:
        request = made(transaction)
        [event] = transaction.events
        # As versions before migration 0021 recorded it.
        transaction.events[0] = replace(event, details={**event.details, "reason": "duplicate", "set_aside": []})
        expire(transaction, request)
    before = verify_all(database)
    with database.write() as transaction:
        erased = erasure.erase(transaction, requests.lock_by_seq(transaction, 1), "operator:tests")
    after = verify_all(database)
    with database.read() as session:
        payloads = [json.loads(event.payload) for event in stored_events(session.connection())]
        read = [event["details"].get("reason") for event in readable(session, payloads)]
    database.close()

    assert (True, True) == (holds(before), holds(after))
    assert (1, [1]) == (erased.texts, erased.in_old_events)
    assert "duplicate" == payloads[0]["details"]["reason"]
    assert f"erased on {payloads[-1]['at'][:10]}" == read[0]


def test_no_byte_of_what_was_deleted_stays_in_the_files_of_sqlite(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    database = Database(sqlite_url)

    def has_bytes() -> bool:
        return any(b"Quillfeather" in file.read_bytes() for file in path.parent.glob(f"{path.name}*"))

    with closing(sqlite3.connect(path, isolation_level=None)) as before:
        before.execute("PRAGMA secure_delete=OFF")  # as most builds of SQLite have it
        before.execute("INSERT INTO known_order (order_id) VALUES ('Quillfeather')")
        before.execute("DELETE FROM known_order")
        was_there = has_bytes()
        trouble = remove_deleted_bytes(database)
        is_there = has_bytes()
    database.close()

    assert (True, None, False) == (was_there, trouble, is_there)
