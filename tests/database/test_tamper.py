"""No row that events speak of can be changed unnoticed: each single change, at every place of a real history."""

import json
import random
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import Boolean, Column, Connection, Integer, Table, delete, event, insert, select, update
from sqlalchemy.orm import Session
from sqlmodel import SQLModel
from world import (
    ANN,
    BO,
    CY,
    FIRST,
    ORDERS,
    SECOND,
    THIRD,
    Clock,
    World,
    of_bot,
    of_owner,
    of_sqlalchemy,
    order_ids,
    request_id,
)

from bot.sandbox.slack.state import Post
from storage.audit.log import Broken, Head, canonical, event_hash, stored_events, verify
from storage.audit.replay import Disagreement
from storage.audit.verify import first_disagreement, verify_all
from storage.db.columns import BigInt, EnumText, UtcDateTime
from storage.db.transactions import Database

TABLES = SQLModel.metadata.tables
REQUEST, ORDER, DECISION, EVENT = (TABLES[name] for name in ("request", "order_line", "decision", "audit_event"))
TEXT = TABLES["event_text"]

WORKING_MEMORY = {
    "request": {
        *("seq", "delivery_id", "source", "remind_at", "due_at"),
        *("failed_since_go_on", "next_position", "batch_size", "lease_owner", "lease_token"),
        "lease_until",
    },
    "order_line": {
        "label",
        "unlike_fincart",
        "seen_status",
        "seen_sub_status",
        "seen_at",
        "first_sent_at",
        "doubt",
        "due_at",
        "log",
        "waits_since",
    },
    "decision": set[str](),
}
"""Columns that no event speaks of; docs/audit.md says so. Every other column is held to the events."""

HELD = [
    (name, column.name)
    for name, memory in WORKING_MEMORY.items()
    for column in TABLES[name].columns
    if column.name not in memory
]

COMMON = {"quota": ("person", "day", "orders"), "hold": ("kind", "since", "until", "who", "why")}
"""Tables of no one request, and their columns that events speak of."""

Row = Mapping[str, Any]


class TamperedHistory:
    """A real history in a database that can be tampered with: nothing that a test changes is kept."""

    def __init__(self, url: str) -> None:
        self.database = Database(of_owner(url))
        if self.database.is_sqlite:

            @event.listens_for(self.database.engine, "connect")
            def _without_foreign_keys(connection: Any, _: Any) -> None:
                connection.execute("PRAGMA foreign_keys=OFF")

        with self.database.read() as session:
            kept = (*WORKING_MEMORY, *COMMON, EVENT.name, TEXT.name)
            self.rows = {name: self._rows(session.connection(), TABLES[name]) for name in kept}
        self.head = verify(iter(self._events()))

    def tampered(self) -> "_Tampered":
        """A connection on which no trigger and no foreign key holds, and whose changes are taken back."""
        return _Tampered(self.database)

    def _events(self) -> list[Any]:
        with self.database.read() as session:
            return list(stored_events(session.connection()))

    @staticmethod
    def _rows(connection: Connection, table: Table) -> list[Row]:
        return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]


class _Tampered:
    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Connection:
        self._connection = self._database.engine.connect()
        if self._database.is_sqlite:
            triggers = self._connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all()
            for (name,) in triggers:
                self._connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            self._connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.rollback()
        self._connection.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TamperedHistory]:
    """One request of every end: finished with one order refused, kept, refused, expired, declined, approved."""
    yield from _history(request, tmp_path_factory, "small", _small_story)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TamperedHistory]:
    """Some requests of many small batches."""
    yield from _history(request, tmp_path_factory, "large", _large_story)


@contextmanager
def _world(url: str, **settings: Any) -> Iterator[World]:
    world = World(url, **settings)
    try:
        yield world
    finally:
        world.stop()


def _small_story(url: str) -> None:
    clock = Clock()
    with _world(url, clock=clock, SECOND_APPROVAL_ABOVE="2", APPROVER_USERS=f"{BO},{CY}") as world:
        world.cancelled(ANN, f"{FIRST} {SECOND} because duplicate")
        world.cancelled(BO, f"{THIRD} 6877b613a665f49134efffff")
        kept = world.preview(ANN, f"{FIRST} because mistaken")
        world.press(ANN, kept, "keep")
        world.answer(CY, FIRST)
        _ask_for_approval(world, BO, "approve")
        _ask_for_approval(world, CY, "decline")
        world.preview(BO, f"{SECOND} because late")
        clock.advance(1000)
        world.until(lambda: "expired" in world.kinds())
        world.answer(BO, "pause because courier strike")


def _ask_for_approval(world: World, approver: str, action: str) -> None:
    """Ask for three orders, which needs a second person, and have that person decide."""
    ids = [f"6877b613a665f491{action.encode().hex()[:6]}{number:02d}" for number in range(3)]
    world.fincart.add(*ids)
    world.type(ANN, f"{' '.join(ids)} because many")
    world.click(ANN, world.slack.wait_for(lambda: _offering(world.private(ANN), "ask_approval")), "ask_approval")
    card = world.slack.wait_for(lambda: _offering(world.slack.messages(ORDERS), action))
    world.click(approver, card, action)
    if action == "decline":
        form = world.slack.wait_for(lambda: world.slack.open_view(approver))
        assert form is not None
        world.slack.submit(form)
    told = "finished" if action == "approve" else "declined"
    world.until(lambda: told in world.kinds(request_id(card)), 10)


def _offering(posts: list[Post], action: str) -> Any:
    """The last of the messages with this button."""
    return next((post for post in reversed(posts) if action in {each.action_id for each in post.buttons()}), None)


def _large_story(url: str) -> None:
    with _world(url, FINCART_BATCH_SIZE="4") as world:
        ids = order_ids(120)
        world.fincart.add(*ids)
        for first in range(0, 120, 40):
            world.cancelled(ANN, f"{' '.join(ids[first : first + 40])} because round {first}")


def _history(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, name: str, tell: Any
) -> Iterator[TamperedHistory]:
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp(name) / "bot.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        url = f"sqlite:///{path}"
        tell(url)
        history = TamperedHistory(url)
        yield history
        history.database.close()
        return
    uri = request.getfixturevalue("postgresql")
    with psycopg.connect(uri, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE tamper_{name} TEMPLATE template_bot")
        url = of_bot(of_sqlalchemy(uri, f"tamper_{name}"))
        tell(url)
        history = TamperedHistory(url)
        yield history
        history.database.close()
        admin.execute(f"DROP DATABASE tamper_{name} WITH (FORCE)")


def found_in(connection: Connection) -> Broken | Disagreement | None:
    """What verification says of the database as this connection sees it."""
    chain = verify(stored_events(connection))
    if isinstance(chain, Broken):
        return chain
    return first_disagreement(lambda: nullcontext(Session(connection)))


def others(column: Column[Any], value: Any) -> list[Any]:
    """Other values that the column could hold."""
    if column.name == "verdict" and column.table is REQUEST:
        if value is None:
            return [json.dumps({"verdict": {"rule": "forged"}})]
        whole = json.loads(value)
        return [None, json.dumps(whole | {"rules": whole["rules"] | {"approvals_needed": 7}})]
    others: list[Any] = []
    match column.type:
        case EnumText(words=words):
            others += [word for word in words if word != value]
        case UtcDateTime():
            others.append((value or datetime(2026, 1, 1, tzinfo=UTC)) + timedelta(seconds=1))
        case Boolean():
            others.append(not value)
        case Integer() | BigInt.__class__():
            others.append((value or 0) + 1_000)
        case _:
            short = column.name in ("public_id", "retry_of", "day")
            others.append(f"{value or ''}Z"[-8:] if short else f"{value or ''}x")
    if column.nullable and value is not None:
        others.append(None)
    return others


def this(table: Table, row: Row) -> Any:
    """The condition that finds a row."""
    conditions = [column == row[column.name] for column in table.primary_key]
    return conditions[0] if len(conditions) == 1 else conditions[0] & conditions[1]


def name_of(history: TamperedHistory, table: Table, row: Row) -> str:
    """What a report must say for people to find the row."""
    seq = row["seq"] if table is REQUEST else row["request_seq"]
    return next(str(request["public_id"]) for request in history.rows["request"] if request["seq"] == seq)


def seqs_of(history: TamperedHistory, public_id: str) -> set[int]:
    """The numbers of the events of a request."""
    return {event["seq"] for event in history.rows["audit_event"] if event["request"] == public_id}


def test_a_history_that_nobody_touched_holds(small: TamperedHistory) -> None:
    found = verify_all(small.database)

    assert (small.head, None) == (found.chain, found.rows)


def test_the_history_tells_of_every_end_it_is_to_be_tried_on(small: TamperedHistory) -> None:
    states = {row["state"].value for row in small.rows["request"]}

    assert states >= {"finished", "withdrawn", "refused", "expired"}


@pytest.mark.parametrize(("table", "column"), HELD)
def test_any_other_value_in_any_row_is_found(small: TamperedHistory, table: str, column: str) -> None:
    of, unnoticed = TABLES[table], []
    for row in small.rows[table]:
        public_id = name_of(small, of, row)
        for value in others(of.columns[column], row[column]):
            with small.tampered() as connection:
                connection.execute(update(of).where(this(of, row)).values({column: value}))
                found = found_in(connection)
            if found is None or found.seq not in seqs_of(small, public_id) | {small.rows["audit_event"][-1]["seq"]}:
                unnoticed.append((public_id, row[column], value, found))

    assert [] == unnoticed


@pytest.mark.parametrize("table", WORKING_MEMORY)
def test_any_row_removed_is_found_and_named(small: TamperedHistory, table: str) -> None:
    of, unnoticed = TABLES[table], []
    for row in small.rows[table]:
        with small.tampered() as connection:
            connection.execute(delete(of).where(this(of, row)))
            found = found_in(connection)
        if not isinstance(found, Disagreement) or name_of(small, of, row) not in found.row:
            unnoticed.append((row, found))

    assert [] == unnoticed


def test_a_request_that_no_event_tells_of_is_found(small: TamperedHistory) -> None:
    row = {**small.rows["request"][0], "seq": 1_000_000, "public_id": "R-000000", "delivery_id": "0"}
    with small.tampered() as connection:
        connection.execute(insert(REQUEST).values(row))
        found = found_in(connection)

    assert isinstance(found, Disagreement)
    assert "request R-000000" == found.row


def test_an_order_that_nobody_asked_for_is_found_in_any_request(small: TamperedHistory) -> None:
    unnoticed = []
    for request in small.rows["request"]:
        row = {**small.rows["order_line"][0], "request_seq": request["seq"], "position": 999, "order_id": "EXTRA-1"}
        with small.tampered() as connection:
            connection.execute(insert(ORDER).values(row))
            found = found_in(connection)
        if not isinstance(found, Disagreement) or f"order_line 999 of {request['public_id']}" != found.row:
            unnoticed.append(found)

    assert [] == unnoticed


def test_a_decision_that_no_event_tells_of_is_found_on_any_request(small: TamperedHistory) -> None:
    unnoticed = []
    for request in small.rows["request"]:
        row = {
            "request_seq": request["seq"],
            "person": "U0FORGED",
            "verdict": "approved",
            "rule": "APPROVER_USERS",
            "at": request["created_at"],
        }
        with small.tampered() as connection:
            connection.execute(insert(DECISION).values(row))
            found = found_in(connection)
        if not isinstance(found, Disagreement) or f"decision of U0FORGED on {request['public_id']}" != found.row:
            unnoticed.append(found)

    assert [] == unnoticed


@pytest.mark.parametrize("table", ["order_line", "decision"])
def test_a_row_of_no_request_is_found(small: TamperedHistory, table: str) -> None:
    row = (
        {**small.rows["order_line"][0], "request_seq": 1_000_000}
        if table == "order_line"
        else {"request_seq": 1_000_000, "person": BO, "verdict": "approved", "rule": "", "at": datetime.now(UTC)}
    )
    with small.tampered() as connection:
        connection.execute(insert(TABLES[table]).values(row))
        found = found_in(connection)

    assert isinstance(found, Disagreement)
    assert "request number 1000000" in found.row


@pytest.mark.parametrize(("table", "column"), [(table, column) for table in COMMON for column in COMMON[table]])
def test_any_other_value_of_a_quota_or_a_hold_is_found(small: TamperedHistory, table: str, column: str) -> None:
    of, unnoticed = TABLES[table], []
    for row in small.rows[table]:
        for value in others(of.columns[column], row[column]):
            with small.tampered() as connection:
                connection.execute(update(of).where(this(of, row)).values({column: value}))
                found = found_in(connection)
            if not isinstance(found, Disagreement) or not found.row.startswith(table):
                unnoticed.append((row, value, found))

    assert small.rows[table]
    assert [] == unnoticed


@pytest.mark.parametrize("table", COMMON)
def test_a_quota_or_a_hold_removed_is_found(small: TamperedHistory, table: str) -> None:
    of = TABLES[table]
    for row in small.rows[table]:
        with small.tampered() as connection:
            connection.execute(delete(of).where(this(of, row)))
            found = found_in(connection)

        assert isinstance(found, Disagreement)
        assert found.row.startswith(table)


@pytest.mark.parametrize("column", ["hash", "request", "salt", "text"])
def test_any_other_text_of_a_person_is_found(small: TamperedHistory, column: str) -> None:
    unnoticed = []
    for row in small.rows["event_text"]:
        value = f"{row[column] or 'R-00000Z'}"[:-1] + "0"
        with small.tampered() as connection:
            connection.execute(update(TEXT).where(TEXT.c.hash == row["hash"]).values({column: value}))
            if not isinstance(found_in(connection), Disagreement) and value != row[column]:
                unnoticed.append((row, value))

    assert {None} < {row["request"] for row in small.rows["event_text"]}
    assert [] == unnoticed


def test_a_text_removed_without_an_event_is_found(small: TamperedHistory) -> None:
    unnoticed = []
    for row in small.rows["event_text"]:
        with small.tampered() as connection:
            connection.execute(delete(TEXT).where(TEXT.c.hash == row["hash"]))
            found = found_in(connection)
        if not isinstance(found, Disagreement) or "is missing" not in found.why:
            unnoticed.append((row, found))

    assert [] == unnoticed


def edited(payload: str) -> str:
    """The payload with other words in it."""
    told = json.loads(payload)
    return canonical(told | {"who": "U0FORGED"})


@pytest.mark.parametrize("column", ["payload", "hash", "prev_hash", "seq"])
def test_an_event_edited_anywhere_is_found_there(small: TamperedHistory, column: str) -> None:
    unnoticed = []
    for row in small.rows["audit_event"]:
        match column:
            case "payload":
                value: Any = edited(row["payload"])
            case "seq":
                value = row["seq"] + 1000
            case _:
                value = f"{'0' if row[column][0] != '0' else 'f'}{row[column][1:]}"
        with small.tampered() as connection:
            connection.execute(update(EVENT).where(EVENT.c.seq == row["seq"]).values({column: value}))
            found = found_in(connection)
        if not isinstance(found, Broken) or row["seq"] != found.seq:
            unnoticed.append((row["seq"], found))

    assert [] == unnoticed


def test_an_event_removed_anywhere_but_at_the_end_is_found_there(small: TamperedHistory) -> None:
    unnoticed = []
    for row in small.rows["audit_event"][:-1]:
        with small.tampered() as connection:
            connection.execute(delete(EVENT).where(EVENT.c.seq == row["seq"]))
            found = found_in(connection)
        if not isinstance(found, Broken) or row["seq"] != found.seq:
            unnoticed.append((row["seq"], found))

    assert [] == unnoticed


def test_the_last_event_removed_is_found_by_a_head_kept_elsewhere(small: TamperedHistory) -> None:
    assert isinstance(small.head, Head)
    with small.tampered() as connection:
        connection.execute(delete(EVENT).where(EVENT.c.seq == small.head.seq))
        found = verify(stored_events(connection), Head(small.head.seq, small.head.hash[:16]))

    assert isinstance(found, Broken)
    assert small.head.seq == found.seq


def test_a_chain_written_anew_after_an_edit_is_found_by_the_rows(small: TamperedHistory) -> None:
    """Whoever edits an event and chains all that follow anew has to edit the rows that it speaks of too."""
    unnoticed = []
    for row in small.rows["audit_event"]:
        if row["kind"] != "request_made":
            continue
        with small.tampered() as connection:
            _rewrite(connection, small.rows["audit_event"], row["seq"])
            found = found_in(connection)
        if not isinstance(found, Disagreement) or row["seq"] != found.seq:
            unnoticed.append((row["seq"], found))

    assert [] == unnoticed


def _rewrite(connection: Connection, events: list[Row], seq: int) -> None:
    """Edit one event and give every event from there on its right hash."""
    prev = "0" * 64 if seq == 1 else events[seq - 2]["hash"]
    connection.execute(delete(EVENT).where(EVENT.c.seq >= seq))
    for event_row in events[seq - 1 :]:
        payload = edited(event_row["payload"]) if event_row["seq"] == seq else event_row["payload"]
        digest = event_hash(event_row["seq"], prev, payload)
        values = {"seq": event_row["seq"], "payload": payload, "prev_hash": prev, "hash": digest}
        connection.execute(insert(EVENT).values(values))
        prev = digest


def test_a_forged_event_well_chained_at_the_end_is_found_where_it_contradicts_the_rows(small: TamperedHistory) -> None:
    assert isinstance(small.head, Head)
    payload = canonical(
        {
            "at": "2026-11-24T00:00:00.000000+00:00",
            "kind": "finished",
            "who": None,
            "request": next(row["public_id"] for row in small.rows["request"] if row["state"].value == "refused"),
            "details": {},
        }
    )
    seq = small.head.seq + 1
    values = {"seq": seq, "payload": payload, "prev_hash": small.head.hash}
    with small.tampered() as connection:
        connection.execute(insert(EVENT).values(values | {"hash": event_hash(seq, small.head.hash, payload)}))
        found = found_in(connection)

    assert isinstance(found, Disagreement)
    assert (seq, "no request moves from refused to finished") == (found.seq, found.why)


def test_changes_at_random_in_a_large_history_are_found(large: TamperedHistory) -> None:
    chance, unnoticed = random.Random(1042), []
    for _ in range(60):
        table, column = chance.choice([held for held in HELD if held[0] != "decision"])
        of, row = TABLES[table], chance.choice(large.rows[table])
        value = chance.choice(others(of.columns[column], row[column]))
        with large.tampered() as connection:
            connection.execute(update(of).where(this(of, row)).values({column: value}))
            if found_in(connection) is None:
                unnoticed.append((table, column, row, value))

    assert [] == unnoticed


def test_events_changed_at_random_in_a_large_history_are_found_there(large: TamperedHistory) -> None:
    chance, unnoticed = random.Random(1042), []
    for _ in range(40):
        row = chance.choice(large.rows["audit_event"])
        at = chance.randrange(len(row["payload"]))
        payload = row["payload"][:at] + chance.choice("~^") + row["payload"][at + 1 :]
        with large.tampered() as connection:
            try:
                connection.execute(update(EVENT).where(EVENT.c.seq == row["seq"]).values(payload=payload))
            except Exception:  # PostgreSQL takes no payload that is not JSON
                continue
            found = verify(stored_events(connection))
        if not isinstance(found, Broken) or row["seq"] != found.seq:
            unnoticed.append((row["seq"], found))

    assert [] == unnoticed


def test_the_documentation_says_which_columns_are_working_memory_alone() -> None:
    known = {name: {column.name for column in TABLES[name].columns} for name in WORKING_MEMORY}

    assert {} == {name: memory - known[name] for name, memory in WORKING_MEMORY.items() if memory - known[name]}
