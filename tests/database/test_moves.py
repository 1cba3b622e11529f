"""A request moves once: whoever comes second, or after its deadline, changes nothing."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from stored import made

from storage import requests
from storage.db.transactions import Database, Transaction
from storage.enums import RequestState
from storage.models import Request


@pytest.fixture
def transaction(database_url: str) -> Iterator[Transaction]:
    database = Database(database_url)
    with database.write() as transaction:
        yield transaction
    database.close()


@pytest.fixture
def request_made(transaction: Transaction) -> Request:
    """Its deadline is a minute ahead."""
    request = made(transaction)
    request.expires_at = transaction.now() + timedelta(seconds=60)
    transaction.session.flush()
    return request


def test_of_two_moves_from_one_state_the_first_wins(transaction: Transaction, request_made: Request) -> None:
    # Somebody else has moved it since it was read.
    transaction.connection.execute(text("UPDATE request SET state = 'refused'"))
    moved = requests.move(transaction, request_made, RequestState.CONFIRMING)

    assert not moved
    assert request_made.state is RequestState.REFUSED


def test_a_move_after_the_deadline_changes_nothing(transaction: Transaction, request_made: Request) -> None:
    late = transaction.now() + timedelta(seconds=60)
    moved = requests.move(transaction, request_made, RequestState.CONFIRMING, before=late)

    assert not moved
    assert request_made.state is RequestState.PREPARING


def test_a_move_before_the_deadline_counts(transaction: Transaction, request_made: Request) -> None:
    in_time = transaction.now() + timedelta(seconds=59)

    assert requests.move(transaction, request_made, RequestState.CONFIRMING, before=in_time)
