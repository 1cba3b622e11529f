"""How many orders one person's requests may be let run with in a day, counted where racing requests cannot slip by."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from approvals import DI, state, two_person_world, waiting
from world import ANN, BO, FIRST, SECOND, THIRD, Clock, StartWorld, World, request_id

from storage import quotas
from storage.db.transactions import Database

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_what_fits_is_counted_and_what_does_not_is_not(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as transaction:
        taken = [quotas.take(transaction, ANN, orders, 10, NOON) for orders in (6, 5, 4, 1)]
        used = quotas.used(transaction.session, ANN, NOON)
    database.close()

    assert [True, False, True, False] == taken
    assert 10 == used


def test_the_first_request_of_a_day_is_held_to_the_limit_too(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as transaction:
        taken = quotas.take(transaction, ANN, 11, 10, NOON)
    database.close()

    assert not taken


def test_each_person_and_each_utc_day_has_its_own(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as transaction:
        quotas.take(transaction, ANN, 10, 10, NOON)
        another = quotas.take(transaction, BO, 10, 10, NOON)
        tomorrow = quotas.take(transaction, ANN, 10, 10, NOON + timedelta(hours=12))
    database.close()

    assert (True, True) == (another, tomorrow)


@pytest.fixture
def _far_in_the_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The host's own day is fourteen hours ahead."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_far_in_the_east")
def test_the_day_is_utcs_wherever_the_host_is(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as transaction:
        quotas.take(transaction, ANN, 10, 10, NOON - timedelta(hours=4))
        later = quotas.take(transaction, ANN, 1, 10, NOON)
    database.close()

    assert not later


def test_without_a_limit_it_is_counted_all_the_same(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as transaction:
        quotas.take(transaction, ANN, 1_000, None, NOON)
        fits = quotas.take(transaction, ANN, 1, 1_000, NOON)
    database.close()

    assert not fits


def test_what_another_id_of_the_person_has_used_up_is_left_to_nobody(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as transaction:
        quotas.take(transaction, ANN, 6, 10, NOON)
        taken = [quotas.take(transaction, "W0000001", orders, 10, NOON, {ANN, "W0000001"}) for orders in (5, 4, 1)]
        used = quotas.used(transaction.session, "W0000001", NOON, {ANN, "W0000001"})
    database.close()

    assert [False, True, False] == taken
    assert 10 == used


def test_racing_for_what_is_left_of_a_day_never_passes_it(database_url: str) -> None:
    database = Database(database_url)
    taken: list[bool] = []
    begin = threading.Barrier(8)

    def take() -> None:
        begin.wait()
        with database.write(within_seconds=10) as transaction:
            taken.append(quotas.take(transaction, ANN, 3, 10, NOON))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        used = quotas.used(session, ANN, NOON)
    database.close()

    assert 3 == taken.count(True)
    assert 9 == used


def test_more_than_a_day_allows_is_refused_at_the_asking(start_world: StartWorld) -> None:
    world = start_world(MAX_ORDERS_PER_PERSON_PER_DAY="2")
    world.cancelled(ANN, f"{FIRST} {SECOND}")
    answer = world.answer(ANN, THIRD)

    assert "Refused: that is more than its requester may cancel in one day" in answer.text
    assert "MAX_ORDERS_PER_PERSON_PER_DAY is 2, of which 2 are used today (UTC)" in answer.text


def test_two_previews_cannot_both_use_what_is_left(start_world: StartWorld) -> None:
    world = start_world(MAX_ORDERS_PER_PERSON_PER_DAY="3")
    one, other = world.preview(ANN, f"{FIRST} {SECOND}"), world.preview(ANN, f"{THIRD} 6877b613a665f49134ef0009")
    world.click(ANN, one, "Cancel 2 orders")
    world.ended(request_id(one))
    answer = world.press(ANN, other, "Cancel 2 orders")

    assert "Refused: that is more than its requester may cancel in one day" in answer.text
    assert "confirming" == state(world, request_id(other))


def test_the_next_day_is_another(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock, MAX_ORDERS_PER_PERSON_PER_DAY="2")
    world.cancelled(ANN, f"{FIRST} {SECOND}")
    clock.advance(86_400)

    assert "1 cancelled" in world.cancelled(ANN, THIRD).text


def test_what_is_asked_counts_for_whoever_asked_when_it_is_approved(start_world: StartWorld) -> None:
    world = two_person_world(start_world, MAX_ORDERS_PER_PERSON_PER_DAY="3")
    one, other = waiting(world, ANN, f"{FIRST} {SECOND}"), waiting(world, ANN, f"{THIRD} 6877b613a665f49134ef0009")
    world.press(DI, one, "Approve: cancel 2 orders")
    world.ended(request_id(one))
    answer = world.press(DI, other, "Approve: cancel 2 orders")

    assert "Refused: that is more than its requester may cancel in one day" in answer.text
    assert "waiting" == state(world, request_id(other))
    assert [] == world.rows(f"SELECT person FROM decision WHERE request_seq <> {_seq(world, request_id(one))}")
    assert [(ANN, 2)] == world.rows("SELECT person, orders FROM quota")


def test_declined_and_withdrawn_requests_count_nothing(start_world: StartWorld) -> None:
    world = two_person_world(start_world, MAX_ORDERS_PER_PERSON_PER_DAY="2")
    shown = waiting(world)
    world.press(ANN, shown, "Withdraw")

    assert [] == world.rows("SELECT person FROM quota")


def _seq(world: World, public_id: str) -> int:
    return int(world.rows(f"SELECT seq FROM request WHERE public_id = '{public_id}'")[0][0])
