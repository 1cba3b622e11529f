"""What one process has taken is another's once the first is dead, and nobody's before."""

from collections.abc import Callable, Iterator

import pytest
from stored import approved
from world import Clock

from storage import deliveries, log_reads, slack_messages
from storage.db.transactions import Database, Transaction
from storage.deliveries import Incoming
from storage.enums import AnswerCode
from storage.models import OrderLine
from storage.slack_messages import MessageId, Place

Take = Callable[[Transaction], object]

DEAD_AFTER = 8.1
"""Seconds after which whoever has taken something and has not done it counts as dead."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url: str, clock: Clock) -> Iterator[Database]:
    """One delivery, one message and one log in it are due."""
    database = Database(database_url, clock)
    deliveries.keep(database, Incoming("command", ("1",), '{"text": "help"}'))
    with database.write() as transaction:
        slack_messages.enqueue(transaction, MessageId("answer"), Place("C0000001", "U0000001"))
        line = transaction.session.get_one(OrderLine, (approved(transaction).seq, 0))
        line.due_at = transaction.now()
    yield database
    database.close()


@pytest.mark.parametrize(
    "take",
    {
        "a delivery": lambda transaction: deliveries.take(transaction, "one", ("command",)),
        "a message": lambda transaction: slack_messages.take(transaction, "one"),
        "a log": lambda transaction: log_reads.take(transaction, 10, 300.0).lines,
    }.items(),
    ids=lambda take: take[0],
)
def test_it_is_taken_again_once_its_taker_counts_as_dead(
    database: Database, clock: Clock, take: tuple[str, Take]
) -> None:
    taken = []
    for seconds in (0.0, 7.0, DEAD_AFTER - 7.0):
        clock.advance(seconds)
        with database.write() as transaction:
            taken.append(bool(take[1](transaction)))

    assert [True, False, True] == taken


def test_a_message_that_was_put_off_for_our_own_pace_has_not_been_tried(database: Database) -> None:
    with database.write() as transaction:
        taken = slack_messages.take(transaction, "one")
        assert taken is not None
        slack_messages.put_off(transaction, taken, 0.0)
    with database.write() as transaction:
        again = slack_messages.take(transaction, "one")

    assert again is not None
    assert 1 == again.tries


def test_a_delivery_that_another_thread_of_the_process_has_taken_since_is_not_ours(
    database: Database, clock: Clock
) -> None:
    with database.write() as transaction:
        first = deliveries.take(transaction, "one", ("command",))
    clock.advance(DEAD_AFTER)
    with database.write() as transaction:
        second = deliveries.take(transaction, "one", ("command",))
    assert first is not None
    assert second is not None
    with database.write() as transaction:
        ours = [deliveries.still_ours(transaction, each) is not None for each in (first, second)]

    assert [False, True] == ours


def test_what_has_been_handled_is_not_handled_again_though_something_failed_after_it(
    database: Database, clock: Clock
) -> None:
    with database.write() as transaction:
        taken = deliveries.take(transaction, "one", ("command",))
        assert taken is not None
        deliveries.done(taken, AnswerCode.SHOWN)
    with database.write() as transaction:
        deliveries.postpone(transaction, taken, 1.0)
    clock.advance(DEAD_AFTER)
    with database.write() as transaction:
        again = deliveries.take(transaction, "one", ("command",))

    assert again is None


def test_a_message_that_another_thread_of_the_process_has_taken_since_is_not_ours(
    database: Database, clock: Clock
) -> None:
    with database.write() as transaction:
        first = slack_messages.take(transaction, "one")
    clock.advance(DEAD_AFTER)
    with database.write() as transaction:
        second = slack_messages.take(transaction, "one")
    assert first is not None
    assert second is not None
    with database.write() as transaction:
        ours = [slack_messages.still_ours(transaction, each) is not None for each in (first, second)]

    assert [False, True] == ours
