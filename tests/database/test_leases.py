"""Leases: one living process sends for a request, and whoever comes after it is another owner."""

from collections.abc import Iterator

import pytest
from stored import approved
from world import Clock

from storage import attempts, leases, requests
from storage.db.transactions import Database
from storage.enums import AnswerKind

SECONDS = 6.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url: str, clock: Clock) -> Iterator[Database]:
    """One request in it may be sent."""
    database = Database(database_url, clock)
    with database.write() as transaction:
        approved(transaction)
    yield database
    database.close()


def take(database: Database, owner: str) -> tuple[int, int] | None:
    """The token of the lease that this process takes, and how many calls an earlier owner has left behind."""
    with database.write() as transaction:
        leased = leases.lease(transaction, owner, SECONDS)
        return None if leased is None else (leased.request.lease_token, len(leased.orphans))


def holds(database: Database, token: int) -> bool:
    """Whether the lease with this token does."""
    with database.write() as transaction:
        request = requests.lock(transaction, "R-000001")
        assert request is not None
        return leases.is_ours(transaction, request, token)


def test_a_live_lease_of_another_process_is_not_taken(database: Database) -> None:
    mine, theirs = take(database, "one"), take(database, "other")
    with database.read() as session:
        is_due = leases.are_due(session, database.now(session), "other")

    assert (1, 0) == mine
    assert theirs is None
    assert not is_due


def test_a_process_takes_its_own_again_and_is_the_same_owner(database: Database) -> None:
    take(database, "one")

    assert (1, 0) == take(database, "one")


def test_one_that_has_run_out_is_taken_by_another_owner(database: Database, clock: Clock) -> None:
    take(database, "one")
    clock.advance(SECONDS)

    assert (2, 0) == take(database, "other")


def test_whoever_slept_takes_even_its_own_as_another_owner(database: Database, clock: Clock) -> None:
    take(database, "one")
    clock.advance(SECONDS)

    assert (2, 0) == take(database, "one")


def test_calls_of_the_earlier_owner_are_found(database: Database, clock: Clock) -> None:
    with database.write() as transaction:
        leased = leases.lease(transaction, "one", SECONDS)
        assert leased is not None
        attempts.plan_first(transaction, leased.request, [[0, 1], [2]])
    clock.advance(SECONDS)

    assert (2, 2) == take(database, "other")


def test_one_that_has_run_out_is_not_renewed(database: Database, clock: Clock) -> None:
    take(database, "one")
    clock.advance(SECONDS)
    with database.write() as transaction:
        renewed = leases.renew(transaction, "one", SECONDS)

    assert set() == renewed
    assert not holds(database, token=1)


def test_one_that_is_renewed_in_time_holds_on(database: Database, clock: Clock) -> None:
    take(database, "one")
    clock.advance(SECONDS - 1)
    with database.write() as transaction:
        renewed = leases.renew(transaction, "one", SECONDS)
    clock.advance(SECONDS - 1)

    assert {(1, 1)} == renewed
    assert holds(database, token=1)


def test_the_token_of_an_earlier_owner_holds_no_more(database: Database, clock: Clock) -> None:
    take(database, "one")
    clock.advance(SECONDS)
    take(database, "other")

    assert not holds(database, token=1)
    assert holds(database, token=2)


def test_one_given_up_is_free_at_once(database: Database) -> None:
    take(database, "one")
    with database.write() as transaction:
        leases.give_up(transaction, "one")

    assert (2, 0) == take(database, "other")


def test_nobody_takes_one_that_was_put_off(database: Database, clock: Clock) -> None:
    take(database, "one")
    with database.write() as transaction:
        leases.put_off(transaction, 1, 30)
    then = take(database, "other")
    clock.advance(31)

    assert then is None
    assert (2, 0) == take(database, "other")


def test_an_answer_to_a_call_that_was_counted_as_lost_is_kept_with_that_said(database: Database) -> None:
    with database.write() as transaction:
        leased = leases.lease(transaction, "one", SECONDS)
        assert leased is not None
        [attempt] = attempts.plan_first(transaction, leased.request, [[0, 1, 2]])
    with database.write() as transaction:
        attempts.end(
            transaction, attempt, AnswerKind.INDETERMINATE, None, "the bot stopped before Fincart's answer came"
        )
    with database.write() as transaction:
        late = attempts.end(transaction, attempt, AnswerKind.OK, 200, "success")

    assert (AnswerKind.OK, True) == (late.result, late.was_lost)


def test_a_call_that_was_not_sent_waits_again_unless_another_owner_has_ended_it(database: Database) -> None:
    with database.write() as transaction:
        leased = leases.lease(transaction, "one", SECONDS)
        assert leased is not None
        [mine, taken_over] = attempts.plan_first(transaction, leased.request, [[0, 1], [2]])
    with database.write() as transaction:
        attempts.end(
            transaction, taken_over, AnswerKind.INDETERMINATE, None, "the bot stopped before Fincart's answer came"
        )
    with database.write() as transaction:
        waits = [attempts.unplan(transaction, each) for each in (mine, taken_over)]
        request = requests.lock(transaction, "R-000001")
        assert request is not None
        queued = [each.id for each in attempts.queued(transaction, request)]

    assert [True, False] == waits
    assert [mine.id] == queued


def test_a_renewal_never_ends_a_lease_sooner(database: Database) -> None:
    take(database, "one")
    with database.write() as transaction:
        leases.renew(transaction, "one", SECONDS - 1)
        request = requests.lock(transaction, "R-000001")
        assert request is not None
        assert request.lease_until is not None

        assert SECONDS - 0.5 < (request.lease_until - transaction.now()).total_seconds()
