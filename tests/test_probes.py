"""A Fincart that is down and whose pause is over: one call sees whether it still is, and all else waits for that."""

import httpx
from stored import approved, bot_on
from world import Clock

from bot.execution.dispatcher import Runner
from storage import send_gate


def test_of_the_batches_that_wait_for_a_fincart_that_is_down_one_goes_at_a_time(sqlite_url: str) -> None:
    calls: list[httpx.Request] = []

    def fincart(call: httpx.Request) -> httpx.Response:
        calls.append(call)
        if len(calls) == 1:
            # As the other threads do while this call is on its way.
            runner.step()
        return httpx.Response(500)

    clock = Clock()
    bot = bot_on(sqlite_url, fincart, clock, FINCART_BATCH_SIZE="1", FINCART_MAX_CONCURRENCY="3")
    runner = Runner(bot.parts)
    with bot.parts.database.write() as transaction:
        for _ in range(send_gate.FAILURES_UNTIL_DOWN):
            send_gate.failed(transaction, "HTTP 500")
        approved(transaction)
    clock.advance(send_gate.FIRST_PROBE + 0.1)
    runner.step()
    bot.stop()

    assert 1 == len(calls)
