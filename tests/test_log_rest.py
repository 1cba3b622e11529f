"""The rest of log reads: nobody reads one meanwhile, and one at a time sees whether Fincart answers again."""

from collections.abc import Iterator

import pytest
from world import Clock

from storage import log_rest
from storage.db.transactions import Database
from storage.log_rest import NO_REST, Rest

NOTHING, ONE_TO_SEE = Rest(rests=True, probes=False), Rest(rests=False, probes=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url: str, clock: Clock) -> Iterator[Database]:
    database = Database(database_url, clock)
    yield database
    database.close()


def begin(database: Database, retry_after: float | None = None) -> None:
    """A log read is not answered."""
    with database.write() as transaction:
        log_rest.begin(transaction, "HTTP 500", retry_after, first=100.0, longest=6000.0)


def about_to_read(database: Database) -> Rest:
    """What somebody may do who is about to read a log."""
    with database.write() as transaction:
        return log_rest.probe(transaction, transaction.now(), 80.0)


def test_without_a_rest_everybody_reads(database: Database) -> None:
    assert NO_REST == about_to_read(database)


def test_nothing_is_read_for_as_long_as_fincart_asks_for(database: Database, clock: Clock) -> None:
    begin(database, retry_after=300.0)
    clock.advance(250.0)

    assert NOTHING == about_to_read(database)


def test_once_it_is_over_one_reads_and_the_others_wait_for_what_it_meets(database: Database, clock: Clock) -> None:
    begin(database)
    clock.advance(101.0)

    assert [ONE_TO_SEE, NOTHING] == [about_to_read(database) for _ in range(2)]


def test_one_that_never_tells_what_it_met_keeps_the_others_waiting_for_seconds_only(
    database: Database, clock: Clock
) -> None:
    begin(database)
    clock.advance(101.0)
    about_to_read(database)
    clock.advance(81.0)

    assert ONE_TO_SEE == about_to_read(database)


def test_each_rest_is_twice_as_long_as_the_one_before(database: Database, clock: Clock) -> None:
    for seconds in (100.0, 200.0, 400.0):
        begin(database)
        clock.advance(seconds - 50.0)
        before = about_to_read(database)
        clock.advance(51.0)

        assert (NOTHING, ONE_TO_SEE) == (before, about_to_read(database))
