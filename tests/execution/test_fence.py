"""A process that sleeps in the middle of a renewal: its lease counts from before it, and what is over sends nothing."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from stored import approved, bot_on
from world import Clock

from bot.execution.dispatcher import Dispatcher
from storage.db.transactions import Database, Transaction

LEASE = 6.0


class Sleepy(Database):
    """A process's way to its database, in which it falls asleep: `at_read` is called where it looks whether a batch may
    still go, `committed` after a commit, and `sleeps` seconds pass while one is under way."""

    def __init__(self, url: str, clock: Clock) -> None:
        super().__init__(url, clock)
        self.sleeps = 0.0
        self.at_read: Callable[[], object] = lambda: None
        self.committed: Callable[[], object] = lambda: None

    @contextmanager
    def write(self, within_seconds: float = 0.7, *, confirm_commit: bool = False) -> Iterator[Transaction]:
        with super().write(within_seconds, confirm_commit=confirm_commit) as transaction:
            yield transaction
        assert isinstance(self._clock, Clock)
        self._clock.advance(self.sleeps)
        self.committed()

    @contextmanager
    def read(self) -> Iterator[Session]:
        self.at_read()
        with super().read() as session:
            yield session


def calls_after(sqlite_url: str, renewal_takes: float, then: float) -> int:
    """How many calls go out where a renewal takes so long between planning and sending, and so many seconds follow."""
    calls: list[httpx.Request] = []

    def fincart(call: httpx.Request) -> httpx.Response:
        calls.append(call)
        return httpx.Response(500)

    clock = Clock()
    bot = bot_on(sqlite_url, fincart, clock)
    database = Sleepy(sqlite_url, clock)
    runner = Dispatcher(replace(bot.context, database=database, uptime=lambda: clock().timestamp()))
    with database.write() as transaction:
        approved(transaction)

    def falls_asleep() -> None:
        database.at_read = lambda: None
        database.sleeps = renewal_takes
        runner.renew()
        database.sleeps = 0.0
        clock.advance(then)

    database.at_read = falls_asleep
    runner.step()
    bot.stop()
    database.close()
    return len(calls)


def test_a_lease_counts_from_before_its_renewal_was_asked_for(sqlite_url: str) -> None:
    assert 0 == calls_after(sqlite_url, renewal_takes=LEASE - 1, then=2.0)


def test_a_call_goes_out_while_the_renewed_lease_holds(sqlite_url: str) -> None:
    assert 1 == calls_after(sqlite_url, renewal_takes=1.0, then=2.0)


def test_nothing_goes_out_once_the_lease_is_over(sqlite_url: str) -> None:
    assert 0 == calls_after(sqlite_url, renewal_takes=0.0, then=LEASE)


def test_a_lease_taken_while_others_are_renewed_is_not_forgotten(sqlite_url: str) -> None:
    calls: list[httpx.Request] = []

    def fincart(call: httpx.Request) -> httpx.Response:
        calls.append(call)
        return httpx.Response(500)

    bot = bot_on(sqlite_url, fincart)
    database, renewed, planned = Sleepy(sqlite_url, Clock()), threading.Event(), threading.Event()
    runner = Dispatcher(replace(bot.context, database=database))
    renewal = threading.Thread(target=runner.renew)

    def in_the_renewal() -> None:
        if threading.current_thread() is renewal:
            renewed.set()
            assert planned.wait(10)

    def before_the_call() -> None:
        planned.set()
        renewal.join(10)
        assert not renewal.is_alive()

    with database.write() as transaction:
        approved(transaction, orders=1)
    runner.step()
    with database.write() as transaction:
        approved(transaction, "R-000002")
    database.committed = in_the_renewal
    renewal.start()
    assert renewed.wait(10)
    database.at_read = before_the_call
    runner.step()
    bot.stop()
    database.close()

    assert 2 == len(calls)


def test_a_renewal_under_way_when_a_process_is_told_to_stop_brings_no_lease_back(sqlite_url: str) -> None:
    calls: list[httpx.Request] = []

    def fincart(call: httpx.Request) -> httpx.Response:
        calls.append(call)
        return httpx.Response(500)

    def told_to_stop() -> None:
        database.committed = lambda: None
        runner.park()

    def before_the_call() -> None:
        database.at_read, database.committed = lambda: None, told_to_stop
        runner.renew()

    bot, database = bot_on(sqlite_url, fincart), Sleepy(sqlite_url, Clock())
    runner = Dispatcher(replace(bot.context, database=database))
    with database.write() as transaction:
        approved(transaction)
    database.at_read = before_the_call
    runner.step()
    bot.stop()
    database.close()

    assert [] == calls


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lease_that_is_not_committed_yet_while_others_are_renewed_is_not_forgotten(database_url: str) -> None:
    calls: list[httpx.Request] = []

    def fincart(call: httpx.Request) -> httpx.Response:
        calls.append(call)
        return httpx.Response(500)

    bot = bot_on(database_url, fincart)
    runner = Dispatcher(bot.context)
    with bot.context.database.write() as transaction:
        approved(transaction, orders=1)
    runner.step()
    with bot.context.database.write() as transaction:
        approved(transaction, "R-000002")
    plans = iter((runner.renew,))

    @event.listens_for(bot.context.database.engine, "commit")
    def before(_: object) -> None:
        for renewal in plans:
            other = threading.Thread(target=renewal)
            other.start()
            other.join(10)
            assert not other.is_alive()

    runner.step()
    bot.stop()

    assert 2 == len(calls)
