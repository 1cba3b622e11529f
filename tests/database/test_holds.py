"""Holds on everything: how long each lasts, what ends it, and what is let through meanwhile."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from world import Clock

from storage import send_gate
from storage.db.transactions import Database
from storage.enums import HoldKind


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url: str, clock: Clock) -> Iterator[Database]:
    database = Database(database_url, clock)
    yield database
    database.close()


def rest(database: Database, seconds: float) -> bool:
    """Fincart asks to be left alone for so long."""
    with database.write() as transaction:
        until = transaction.now() + timedelta(seconds=seconds)
        return send_gate.hold(transaction, HoldKind.RATE_LIMIT, until, why="too many calls")


def fail(database: Database, times: int = 1) -> None:
    """Fincart fails so often."""
    for _ in range(times):
        with database.write() as transaction:
            send_gate.record_failure(transaction, "HTTP 500")


def look(database: Database, *, probe: bool = False) -> send_gate.GateState:
    """What may be sent; where a call may probe, it does."""
    with database.write() as transaction:
        now = transaction.now()
        seen = send_gate.state(transaction, now)
        if probe and seen.probes:
            send_gate.probe(transaction, now)
        return seen


def pause_before_the_next_probe(database: Database, clock: Clock) -> float:
    """Seconds that nothing may be sent for after a failure."""
    fail(database)
    until = look(database).until
    assert until is not None
    seconds = (until - clock()).total_seconds()
    clock.advance(seconds + 0.1)
    return seconds


def test_a_shorter_rest_does_not_shorten_a_longer_one(database: Database, clock: Clock) -> None:
    rest(database, 60)
    changed = rest(database, 1)
    clock.advance(30)

    assert not changed
    assert look(database).blocks


def test_a_longer_rest_takes_the_place_of_a_shorter_one(database: Database, clock: Clock) -> None:
    rest(database, 1)
    rest(database, 60)
    clock.advance(30)

    assert look(database).blocks


def test_a_rest_ends_by_itself(database: Database, clock: Clock) -> None:
    rest(database, 60)
    clock.advance(61)

    assert not look(database).blocks
    assert not look(database).blocks


def test_a_pause_ends_only_when_somebody_ends_it(database: Database, clock: Clock) -> None:
    with database.write() as transaction:
        send_gate.hold(transaction, HoldKind.PAUSE, None, who="U0000001")
    clock.advance(86_400 * 30)

    assert send_gate.GateState(blocks=True, until=None, probes=False) == look(database)


def test_the_longest_of_several_holds_counts(database: Database, clock: Clock) -> None:
    rest(database, 60)
    with database.write() as transaction:
        send_gate.hold(transaction, HoldKind.TOKEN, None, why="User is not authorized")

    assert send_gate.GateState(blocks=True, until=None, probes=False) == look(database)


def test_fincart_is_down_after_three_failures_in_a_row(database: Database) -> None:
    fail(database, 2)
    after_two = look(database)
    fail(database)

    assert not after_two.blocks
    assert look(database).blocks


def test_an_answer_in_between_begins_the_row_anew(database: Database) -> None:
    fail(database, 2)
    with database.write() as transaction:
        send_gate.record_success(transaction)
    fail(database, 2)

    assert not look(database).blocks


def test_two_failures_are_no_outage_to_tell_of(database: Database) -> None:
    fail(database, 2)
    with database.read() as session:
        told = send_gate.in_force(session)

    assert [] == told


def test_one_call_probes_and_the_others_wait_for_what_it_meets(database: Database, clock: Clock) -> None:
    fail(database, 3)
    clock.advance(1.1)
    first, others = look(database, probe=True), [look(database, probe=True) for _ in range(3)]

    assert (False, True) == (first.blocks, first.probes)
    assert [(True, False)] * 3 == [(other.blocks, other.probes) for other in others]


def test_a_probe_whose_process_died_is_followed_by_another(database: Database, clock: Clock) -> None:
    fail(database, 3)
    clock.advance(1.1)
    look(database, probe=True)
    clock.advance(61)

    assert look(database).probes


def test_a_failure_beside_a_probe_lets_nobody_else_probe(database: Database, clock: Clock) -> None:
    fail(database, 3)
    clock.advance(1.1)
    look(database, probe=True)
    fail(database)
    clock.advance(30)

    assert look(database).blocks


def test_a_probe_that_fails_is_followed_by_another_after_the_pause(database: Database, clock: Clock) -> None:
    fail(database, 3)
    clock.advance(1.1)
    with database.write() as transaction:
        probed_until = send_gate.probe(transaction, transaction.now())
    with database.write() as transaction:
        send_gate.record_failure(transaction, "HTTP 500", probed_until)
    clock.advance(2.1)

    assert look(database).probes


def test_a_probe_that_was_not_sent_ends_and_one_that_took_its_place_does_not(database: Database, clock: Clock) -> None:
    fail(database, 3)
    clock.advance(1.1)
    with database.write() as transaction:
        first = send_gate.probe(transaction, transaction.now())
    clock.advance(61)
    with database.write() as transaction:
        second = send_gate.probe(transaction, transaction.now())
        send_gate.end_probe(transaction, first)
    blocked = look(database).blocks
    with database.write() as transaction:
        send_gate.end_probe(transaction, second)

    assert blocked
    assert look(database).probes


def test_a_probe_that_fails_after_another_took_its_place_lets_nobody_else_probe(
    database: Database, clock: Clock
) -> None:
    fail(database, 3)
    clock.advance(1.1)
    with database.write() as transaction:
        probed_until = send_gate.probe(transaction, transaction.now())
    clock.advance(61)
    look(database, probe=True)
    with database.write() as transaction:
        send_gate.record_failure(transaction, "HTTP 500", probed_until)
    clock.advance(30)

    assert look(database).blocks


def test_the_pause_before_the_next_probe_doubles_up_to_a_minute(database: Database, clock: Clock) -> None:
    fail(database, 2)
    pauses = [round(pause_before_the_next_probe(database, clock)) for _ in range(9)]

    assert [1, 2, 4, 8, 16, 32, 60, 60, 60] == pauses
