"""What keeps a batch from being sent that has been written ahead: whatever anybody has said since."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from stored import approved

from storage import attempts, leases, send_gate
from storage.db.transactions import Database, Transaction
from storage.enums import HoldKind
from storage.models import Request

Change = Callable[[Transaction, Request], object]

MINUTE = timedelta(minutes=1)


def may_go(database_url: str, change: Change, token: int = 1) -> bool:
    """Whether a batch may still go once this has changed."""
    database = Database(database_url)
    with database.write() as transaction:
        approved(transaction)
        leased = leases.lease(transaction, "one", 60)
        assert leased is not None
        change(transaction, leased.request)
    with database.read() as session:
        answer = attempts.may_go(session, 1, token, database.now(session))
    database.close()
    return answer


def _down(failures: int) -> Change:
    def fail(transaction: Transaction, request: Request) -> None:
        for _ in range(failures):
            send_gate.record_failure(transaction, "HTTP 500")

    return fail


def _held(kind: HoldKind, since: timedelta | None) -> Change:
    return lambda transaction, request: send_gate.hold(
        transaction, kind, None if since is None else transaction.now() + since
    )


def _set(column: str, since: timedelta) -> Change:
    return lambda transaction, request: setattr(request, column, transaction.now() + since)


@pytest.mark.parametrize(
    "change",
    {
        "nothing": lambda transaction, request: None,
        "its approval holds": _set("valid_until", MINUTE),
        "a rest that is over": _held(HoldKind.RATE_LIMIT, -MINUTE),
        "two failures of Fincart in a row": _down(2),
    }.items(),
    ids=lambda change: change[0],
)
def test_it_is_sent_where_nothing_is_in_its_way(database_url: str, change: tuple[str, Change]) -> None:
    assert may_go(database_url, change[1])


@pytest.mark.parametrize(
    "change",
    {
        "somebody stopped it": _set("stopped_at", -MINUTE),
        "somebody holds it": _set("held_at", -MINUTE),
        "its approval ran out": _set("valid_until", -MINUTE),
        "everything is paused": _held(HoldKind.PAUSE, None),
        "the token is rejected": _held(HoldKind.TOKEN, None),
        "Fincart rests": _held(HoldKind.RATE_LIMIT, MINUTE),
        "Fincart is down": _down(3),
    }.items(),
    ids=lambda change: change[0],
)
def test_it_is_not_sent_where_somebody_said_no_meanwhile(database_url: str, change: tuple[str, Change]) -> None:
    assert not may_go(database_url, change[1])


def test_it_is_not_sent_by_whoever_is_another_owner_since(database_url: str) -> None:
    assert not may_go(database_url, lambda transaction, request: None, token=2)
