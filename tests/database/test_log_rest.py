"""The rest of log reads: nobody reads one meanwhile, and one at a time sees whether Fincart answers again."""

from collections.abc import Iterator

import pytest
from world import Clock

from storage import log_rest
from storage.db.transactions import Database
from storage.log_rest import Rest

NOTHING, ONE_TO_SEE, EVERYTHING = (True, False), (False, True), (False, False)
"""What may be read: whether logs rest, and whether one log is to be read to see whether Fincart answers."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url: str, clock: Clock) -> Iterator[Database]:
    database = Database(database_url, clock)
    yield database
    database.close()


def begin(database: Database, retry_after: float | None = None, probed: Rest | None = None) -> None:
    """A log read is not answered: one from before, or the one that probed."""
    with database.write() as transaction:
        probed_until = probed.probed_until if probed else None
        log_rest.begin(transaction, "HTTP 500", retry_after, 100.0, 6000.0, probed_until)


def end(database: Database, probed: Rest | None = None) -> bool:
    """A log read is answered: one from before, or the one that probed."""
    with database.write() as transaction:
        return log_rest.end(transaction, probed.probed_until if probed else None)


def read(database: Database) -> Rest:
    """Somebody is about to read a log."""
    with database.write() as transaction:
        return log_rest.probe(transaction, transaction.now(), 80.0)


def about_to_read(database: Database) -> tuple[bool, bool]:
    """What somebody may do who is about to read a log."""
    rest = read(database)
    return rest.rests, rest.probes


def test_without_a_rest_everybody_reads(database: Database) -> None:
    assert EVERYTHING == about_to_read(database)


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


def test_a_failure_beside_it_does_not_shorten_the_rest_that_fincart_asked_for(database: Database, clock: Clock) -> None:
    begin(database, retry_after=300.0)
    begin(database)
    clock.advance(250.0)

    assert NOTHING == about_to_read(database)


def test_an_answer_to_a_read_from_before_does_not_end_the_rest_that_fincart_asked_for(
    database: Database, clock: Clock
) -> None:
    begin(database, retry_after=300.0)
    ended = end(database)
    clock.advance(250.0)

    assert (False, NOTHING) == (ended, about_to_read(database))


def test_a_failure_beside_the_one_that_reads_lets_no_other_read(database: Database, clock: Clock) -> None:
    begin(database)
    clock.advance(101.0)
    read(database)
    begin(database, retry_after=20.0)
    clock.advance(30.0)

    assert NOTHING == about_to_read(database)


def test_after_the_one_that_reads_has_failed_the_next_reads_when_fincart_said(database: Database, clock: Clock) -> None:
    begin(database)
    clock.advance(101.0)
    begin(database, retry_after=20.0, probed=read(database))
    clock.advance(21.0)

    assert ONE_TO_SEE == about_to_read(database)


def test_the_answer_to_the_one_that_reads_ends_the_rest(database: Database, clock: Clock) -> None:
    begin(database)
    clock.advance(101.0)
    ended = end(database, probed=read(database))

    assert (True, EVERYTHING) == (ended, about_to_read(database))


def test_an_answer_that_comes_once_the_rest_is_over_ends_it(database: Database, clock: Clock) -> None:
    begin(database)
    clock.advance(101.0)

    assert (True, EVERYTHING) == (end(database), about_to_read(database))
