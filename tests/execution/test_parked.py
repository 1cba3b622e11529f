"""A process that is told to stop leaves what it has written ahead and not sent to whoever comes next, undoubted."""

from dataclasses import replace

import httpx
from stored import approved, bot_on

from bot.execution.dispatcher import Dispatcher
from storage import attempts, leases


def test_what_was_not_sent_when_a_process_was_told_to_stop_is_in_no_doubt(database_url: str) -> None:
    def fincart(_: httpx.Request) -> httpx.Response:
        runner.park()
        return httpx.Response(500)

    bot = bot_on(database_url, fincart, FINCART_BATCH_SIZE="1", FINCART_MAX_CONCURRENCY="2")
    runner, database = Dispatcher(bot.context), bot.context.database
    with database.write() as transaction:
        approved(transaction)
    runner.step()
    with database.write() as transaction:
        leased = leases.lease(transaction, "other", 6.0)
        assert leased is not None
        waiting = [each.positions for each in attempts.queued(transaction, leased.request)]
        left = [each.positions for each in leased.orphans]
    bot.stop()

    assert ["1"] == waiting
    assert [] == left


def test_what_was_about_to_go_when_a_process_was_told_to_stop_does_not_go(database_url: str) -> None:
    calls: list[httpx.Request] = []

    def fincart(call: httpx.Request) -> httpx.Response:
        calls.append(call)
        return httpx.Response(500)

    looks = 0

    def uptime() -> float:
        nonlocal looks
        looks += 1
        if looks == 2:
            # It is planned, and about to be sent.
            runner.park()
        return float(looks)

    bot = bot_on(database_url, fincart)
    runner = Dispatcher(replace(bot.context, uptime=uptime))
    with bot.context.database.write() as transaction:
        approved(transaction)
    runner.step()
    bot.stop()

    assert [] == calls
