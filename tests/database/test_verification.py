"""Verification finds what a clever forger would write, and nothing beside a bot that works."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from approvals import becomes
from sqlalchemy import delete, event, insert, select, update
from sqlmodel import SQLModel
from stored import made
from test_tamper import TamperedHistory, found_in
from world import ANN, BO, CY, FIRST, SECOND, StartWorld, go_ahead, request_id

from storage.audit.log import (
    EVENTS_AT_A_TIME,
    GENESIS,
    Broken,
    StoredEvent,
    canonical,
    event_hash,
    last_head,
    stored_events,
    verify,
)
from storage.audit.replay import Disagreement
from storage.audit.verify import REQUESTS_AT_A_TIME, verify_all
from storage.db.transactions import Database
from storage.enums import EventKind

EVENT, REQUEST, DECISION = (SQLModel.metadata.tables[name] for name in ("audit_event", "request", "decision"))

Payload = dict[str, Any]
Forge = Callable[[Payload], None]


@pytest.fixture
def history(start_world: StartWorld) -> Iterator[TamperedHistory]:
    """Ann asked, Bo approved, and it ran."""
    world = start_world(SECOND_APPROVAL_ABOVE="0", APPROVER_USERS=f"{BO},{CY}")
    preview = world.told(ANN, lambda: world.type(ANN, f"{FIRST} {SECOND}"), with_button="ask_approval")
    world.click(ANN, preview, "ask_approval")
    card = world.slack.wait_for(lambda: [post for post in world.slack.messages("C0000001") if post.buttons()])[0]
    world.click(BO, card, "approve")
    world.until(lambda: "finished" in world.kinds())
    world.shut_down()
    history = TamperedHistory(world.database_url)
    yield history
    history.database.close()


def forged(history: TamperedHistory, forge: Forge, rows: Mapping[Any, Mapping[str, Any]]) -> object:
    """What is found where each event is changed like this, all are chained anew, and these rows are changed too."""
    with history.tampered() as connection:
        payloads = [json.loads(row) for row in connection.scalars(select(EVENT.c.payload).order_by(EVENT.c.seq))]
        connection.execute(delete(EVENT))
        before = GENESIS
        for seq, payload in enumerate(payloads, 1):
            forge(payload)
            spelled = canonical(payload)
            its_hash = event_hash(seq, before, spelled)
            connection.execute(
                insert(EVENT).values({"seq": seq, "payload": spelled, "prev_hash": before, "hash": its_hash})
            )
            before = its_hash
        for table, values in rows.items():
            connection.execute(update(table).values(**values))
        return found_in(connection)


def test_a_history_written_anew_without_any_change_holds(history: TamperedHistory) -> None:
    assert forged(history, lambda payload: None, {}) is None


def test_a_request_that_too_few_people_let_run_is_found(history: TamperedHistory) -> None:
    def two_are_needed(payload: Payload) -> None:
        if "approvals_needed" in payload["details"]:
            payload["details"]["approvals_needed"] = 2

    found = forged(history, two_are_needed, {REQUEST: {"approvals_needed": 2}})

    assert isinstance(found, Disagreement)
    assert "it was let run by 1 of 2" == found.why


def test_an_approval_of_the_requesters_own_counts_for_nothing(history: TamperedHistory) -> None:
    def by_herself(payload: Payload) -> None:
        if payload["kind"] == "approved":
            payload["who"] = ANN

    found = forged(history, by_herself, {REQUEST: {"decided_by": ANN}, DECISION: {"person": ANN}})

    assert isinstance(found, Disagreement)
    assert "it was let run by 0 of 1" == found.why


def test_a_second_time_that_a_request_was_let_run_is_found(history: TamperedHistory) -> None:
    def runs_again(payload: Payload) -> None:
        if payload["kind"] == "run_started":
            payload["kind"] = "preview_shown"

    found = forged(history, runs_again, {})

    assert isinstance(found, Disagreement)
    assert "no request moves from approved to confirming" == found.why


def test_what_changes_while_it_is_checked_is_no_contradiction(start_world: StartWorld) -> None:
    world = start_world()
    preview = world.preview(ANN, FIRST)
    seen = Database(world.database_url)
    changed: list[str] = []

    @event.listens_for(seen.engine, "after_cursor_execute")
    def _meanwhile(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        # The request has been read, and its events have not.
        if "FROM request" in statement and not changed:
            changed.append(statement)
            world.click(ANN, preview, go_ahead(preview))
            world.until(lambda: "finished" in world.kinds())

    found = verify_all(seen)
    seen.close()

    assert changed
    assert found.rows is None


def test_an_edit_behind_the_first_page_of_requests_is_found(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as transaction:
        for number in range(REQUESTS_AT_A_TIME + 1):
            made(transaction, f"R-{number:06}", orders=1)
    history = TamperedHistory(database_url)
    with history.tampered() as connection:
        last = history.rows["request"][-1]["seq"]
        connection.execute(update(REQUEST).where(REQUEST.c.seq == last).values(reason="another"))
        found = found_in(connection)
    history.database.close()
    database.close()

    assert isinstance(found, Disagreement)
    assert f"request R-{REQUESTS_AT_A_TIME:06}" == found.row


def test_an_edit_behind_the_first_page_of_events_is_found(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as transaction:
        for _ in range(EVENTS_AT_A_TIME):
            transaction.record(EventKind.HELD, who=None, request=None)
    with database.write() as transaction:
        head = last_head(transaction.connection)
        assert head is not None
        row = {"seq": head.seq + 1, "payload": canonical({"at": "2026-11-24"}), "prev_hash": head.hash, "hash": "other"}
        transaction.connection.execute(insert(EVENT).values(row))
    found = verify_all(database)
    with database.read() as session:
        of_all = verify(stored_events(session.connection()))
    database.close()

    for chain in (found.chain, of_all):
        assert isinstance(chain, Broken)
        assert EVENTS_AT_A_TIME + 1 == chain.seq


def chained(*payloads: str) -> list[StoredEvent]:
    """Events with these payloads."""
    events, before = [], GENESIS
    for seq, payload in enumerate(payloads, 1):
        events.append(StoredEvent(seq, payload, before, event_hash(seq, before, payload)))
        before = events[-1].hash
    return events


def test_an_event_is_not_exchanged_by_mending_the_link_to_it_alone() -> None:
    first, _, third = chained("one", "two", "three")
    _, other, _ = chained("one", "another", "three")
    found = verify(iter([first, other, third._replace(prev_hash=other.hash)]))

    assert isinstance(found, Broken)
    assert 3 == found.seq


@pytest.mark.parametrize(("button", "column"), [("pause", "hold_reason"), ("stop", "stop_reason")])
def test_what_the_version_before_recorded_without_a_closed_word_still_holds(
    start_world: StartWorld, button: str, column: str
) -> None:
    world = start_world(UNDO_SECONDS="600")
    preview = world.preview()
    world.click(ANN, preview, go_ahead(preview))
    world.press(ANN, becomes(world, request_id(preview), "until then it can be undone"), button)
    world.shut_down()
    history = TamperedHistory(world.database_url)

    def as_before(payload: Payload) -> None:
        if payload["kind"] in ("held", "stopped"):
            del payload["details"]["reason"]

    found = forged(history, as_before, {})

    history.database.close()

    assert found is None
    assert [(None,)] != world.rows(f"SELECT {column} FROM request")


def test_the_reason_of_the_list_is_held_to_its_event(start_world: StartWorld) -> None:
    world = start_world(REASONS="duplicate, fraud")
    world.cancelled(ANN, f"{FIRST} because duplicate")
    world.shut_down()
    history = TamperedHistory(world.database_url)
    with history.tampered() as connection:
        connection.execute(update(REQUEST).values(reason_listed="fraud"))
        found = found_in(connection)
    history.database.close()

    assert isinstance(found, Disagreement)
    assert "reason_listed" in found.why


def test_events_of_the_version_before_that_know_no_list_still_hold(start_world: StartWorld) -> None:
    world = start_world()
    world.cancelled(ANN, f"{FIRST} because duplicate")
    world.shut_down()
    history = TamperedHistory(world.database_url)

    def as_before(payload: Payload) -> None:
        payload["details"].pop("reason_listed", None)

    found = forged(history, as_before, {})
    history.database.close()

    assert found is None
