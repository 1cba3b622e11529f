"""A Fincart that is down and whose pause is over: one call sees whether it still is, and all else waits for that."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
from stored import approved, bot_on
from world import Clock

from bot.app import Bot
from bot.execution.dispatcher import Dispatcher
from bot.execution.settlement import stop_sending
from storage import requests, send_gate
from storage.enums import StopReason


def down(url: str, fincart: Callable[[httpx.Request], httpx.Response], clock: Clock) -> Bot:
    """A bot whose Fincart is down, by this clock just long enough for a probe, with three orders to send one by one."""
    bot = bot_on(url, fincart, clock, FINCART_BATCH_SIZE="1", FINCART_MAX_CONCURRENCY="3")
    with bot.context.database.write() as transaction:
        for _ in range(send_gate.FAILURES_UNTIL_DOWN):
            send_gate.record_failure(transaction, "HTTP 500")
        approved(transaction)
    clock.advance(send_gate.FIRST_PROBE + 0.1)
    return bot


def test_of_the_batches_that_wait_for_a_fincart_that_is_down_one_goes_at_a_time(sqlite_url: str) -> None:
    calls: list[httpx.Request] = []

    def fincart(call: httpx.Request) -> httpx.Response:
        calls.append(call)
        if len(calls) == 1:
            # As the other threads do while this call is on its way.
            runner.step()
        return httpx.Response(500)

    clock = Clock()
    bot = down(sqlite_url, fincart, clock)
    runner = Dispatcher(bot.context)
    runner.step()
    bot.stop()

    assert 1 == len(calls)


def test_a_probe_that_slept_through_its_lease_is_not_sent_under_a_later_lease_of_its_process(sqlite_url: str) -> None:
    carried: list[str] = []

    def fincart(call: httpx.Request) -> httpx.Response:
        carried.extend(json.loads(call.content)["filters"]["ids"])
        return httpx.Response(500)

    clock = Clock()
    bot = down(sqlite_url, fincart, clock)
    looks = 0

    def uptime() -> float:
        nonlocal looks
        looks += 1
        if looks == 2:
            # Its probe is written ahead and not sent yet. Another process ends it, and leaves the request to it again.
            clock.advance(7.0)
            Dispatcher(replace(bot.context, owner="another")).step()
            clock.advance(send_gate.LAST_PROBE)
            runner.step()
        return clock().timestamp()

    runner = Dispatcher(replace(bot.context, uptime=uptime))
    runner.step()
    bot.stop()

    assert ["6864fecda075914a00000001"] == carried


def test_after_a_probe_that_was_not_sent_another_may_go_at_once(sqlite_url: str) -> None:
    calls: list[httpx.Request] = []

    def fincart(call: httpx.Request) -> httpx.Response:
        calls.append(call)
        return httpx.Response(500)

    clock, looks = Clock(), 0

    def uptime() -> float:
        nonlocal looks
        looks += 1
        if looks == 2:
            # Its probe is written ahead and not sent yet: it sleeps for longer than its lease.
            clock.advance(7.0)
        return clock().timestamp()

    bot = down(sqlite_url, fincart, clock)
    runner = Dispatcher(replace(bot.context, uptime=uptime))
    runner.step()
    unsent = len(calls)
    runner.step()
    bot.stop()

    assert (0, 1) == (unsent, len(calls))


def test_a_process_that_is_told_to_stop_leaves_its_probe_to_another(sqlite_url: str) -> None:
    calls: list[httpx.Request] = []

    def fincart(call: httpx.Request) -> httpx.Response:
        calls.append(call)
        return httpx.Response(500)

    clock = Clock()
    bot = down(sqlite_url, fincart, clock)
    runner = Dispatcher(bot.context)
    # Told of a batch that is planned and waits to be sent.
    bot.context.database.on_wake = lambda lane, count: runner.park()
    runner.step()
    bot.context.database.on_wake = lambda lane, count: None
    unsent = len(calls)
    Dispatcher(replace(bot.context, owner="another")).step()
    bot.stop()

    assert (0, 1) == (unsent, len(calls))


def test_after_a_probe_that_was_not_sent_the_orders_of_another_request_may_probe(sqlite_url: str) -> None:
    carried: list[str] = []

    def fincart(call: httpx.Request) -> httpx.Response:
        carried.extend(json.loads(call.content)["filters"]["ids"])
        return httpx.Response(500)

    clock, looks = Clock(), 0
    bot = down(sqlite_url, fincart, clock)
    database = bot.context.database

    def uptime() -> float:
        nonlocal looks
        looks += 1
        if looks == 2:
            # The probe is planned and not sent yet. The other request finds that it must wait for it, the first one is
            # stopped, and its process sleeps for longer than its lease.
            another.step()
            with database.write() as transaction:
                first = requests.lock(transaction, "R-000001")
                assert first is not None
                stop_sending(transaction, first, StopReason.STOPPED, "stopped")
            clock.advance(7.0)
        return clock().timestamp()

    runner, another = Dispatcher(replace(bot.context, uptime=uptime)), Dispatcher(replace(bot.context, owner="another"))
    with database.write() as transaction:
        request = approved(transaction, "R-000002", orders=4)
        request.due_at = transaction.now() + timedelta(seconds=0.01)
    clock.advance(0.1)
    runner.step()
    another.step()
    bot.stop()

    assert ["6864fecda075914a00000000"] != carried
    assert 1 == len(carried)
