"""One malformed id, one order of somebody else's, and a wrong token: each stops what it must, and nothing else."""

import pytest
from world import ANN, BO, FIRST, ORDERS, SECOND, THIRD, StartWorld, World, go_ahead, order_ids, request_id

from bot.context import Timings
from bot.domain.outcome.decide import OutcomeTimings
from bot.sandbox.fincart.faults import Endpoint, Fault, FaultKind

QUICK = Timings(poll=0.05, truth=OutcomeTimings(pending_after=0.1, late_after=0.6, reads_within=0.6))
"""The seconds of the truth table, shrunk."""

IDS = order_ids(100)
FOREIGN = "6877b613a665f49134efffff"
REJECTED = "Fincart rejected the bot's token"


@pytest.fixture
def world(start_world: StartWorld) -> World:
    """A hundred pending orders, and one that Fincart shows nobody here."""
    world = start_world(timings=QUICK, FINCART_TIMEOUT_SECONDS="2")
    world.fincart.add(*IDS)
    world.fincart.settings.foreign.append(FOREIGN)
    return world


def ask(world: World, ids: list[str]) -> str:
    """Ask for these orders, with what was set aside as unlike the others, and go ahead; returns the request's id."""
    shown = world.preview(ANN, f"{' '.join(ids)} because duplicate")
    odd = next((button.text for button in shown.buttons() if button.action_id == "include"), None)
    if odd is not None:
        seen = shown
        shown = world.told(ANN, lambda: world.click(ANN, seen, odd), with_button="go_ahead")
    world.click(ANN, shown, go_ahead(shown))
    return request_id(shown)


def carried(world: World) -> list[int]:
    """How many orders each call carried."""
    return [len(call.ids) for call in world.fincart.cancel_calls]


def holds(world: World) -> list[str]:
    """What keeps everything from being sent."""
    return [kind for (kind,) in world.rows("SELECT kind FROM hold WHERE kind <> 'down'")]


@pytest.mark.parametrize("place", [0, 50, 99])
def test_one_malformed_id_among_a_hundred_takes_a_call_of_its_own(world: World, place: int) -> None:
    ids = [*IDS[:place], "1001", *IDS[place + 1 :]]

    text = world.ended(ask(world, ids)).text

    assert "99 cancelled · 1 rejected" in text
    assert "1001 (unlike a Fincart order id): “Invalid ObjectId format for parameter orderId”" in text
    assert [1, 99] == sorted(carried(world))


def test_a_few_malformed_ids_have_a_call_each_and_come_last(world: World) -> None:
    world.restart(FINCART_BATCH_SIZE="10", FINCART_MAX_CONCURRENCY="1")
    ids = [*IDS[:5], "bad-1", *IDS[5:10], "bad-2", *IDS[10:20], "bad-3", *IDS[20:25]]

    text = world.ended(ask(world, ids)).text

    assert "25 cancelled · 3 rejected" in text
    assert [10, 10, 5, 1, 1, 1] == carried(world)


def test_many_malformed_ids_share_calls_of_their_own(world: World) -> None:
    world.restart(FINCART_MAX_CONCURRENCY="1", HOLD_AFTER_FAILED="0")
    malformed = [f"bad-{number}" for number in range(11)]

    text = world.ended(ask(world, [*malformed, *IDS[:5]])).text

    assert "5 cancelled · 11 rejected" in text
    assert "Why: “Invalid ObjectId format for parameter orderId”" in text
    assert [5, 11, 6, 5] == carried(world)[:4]


def test_ids_unlike_fincarts_that_fincart_takes_are_all_sent(world: World) -> None:
    world.restart(FINCART_BATCH_SIZE="5", FINCART_MAX_CONCURRENCY="1")
    unlike = [f"A-{number}" for number in range(12)]
    world.fincart.add(*unlike)

    text = world.ended(ask(world, unlike)).text

    assert "12 cancelled" in text
    assert [5, 5, 2] == carried(world)


def test_lost_calls_of_both_kinds_are_sent_again_apart(world: World) -> None:
    world.fincart.add("A-1")
    world.fincart.inject(Fault(FaultKind.DROP, times=2))

    text = world.ended(ask(world, [*IDS[:5], "A-1"])).text

    assert "6 cancelled" in text
    assert [1, 1, 5, 5] == sorted(carried(world))


def test_one_order_of_somebody_elses_among_a_hundred_stops_nobody(world: World) -> None:
    ids = [*IDS[:49], FOREIGN, *IDS[50:]]
    public_id = ask(world, ids)

    def told() -> str:
        # On a busy machine three readings take longer than the shrunk seconds: it is unknown for a moment then.
        text = getattr(world.live(public_id), "text", "")
        return text if "99 cancelled · 1 rejected" in text else ""

    text = world.slack.wait_for(told)

    assert f"{FOREIGN}: “User is not authorized" in text
    assert REJECTED not in text
    assert [] == holds(world)
    assert ["Cancelled"] * 99 == world.statuses(*(each for each in ids if each != FOREIGN))


def test_one_order_of_somebody_elses_between_some_that_do_not_exist_stops_nobody(world: World) -> None:
    nowhere = ["6877b613a665f49134ef7777", "6877b613a665f49134ef8888"]

    text = world.ended(ask(world, [nowhere[0], FIRST, FOREIGN, nowhere[1]])).text

    assert REJECTED not in text
    assert [] == holds(world)
    assert ["Cancelled"] == world.statuses(FIRST)


def test_one_order_of_somebody_elses_alone_is_refused_where_any_log_has_been_read(world: World) -> None:
    world.cancelled()

    text = world.ended(ask(world, [FOREIGN])).text

    assert "1 rejected" in text
    assert [] == holds(world)


def test_a_403_is_the_tokens_where_no_log_has_ever_been_read(world: World) -> None:
    text = world.ended(ask(world, [FOREIGN])).text

    assert "1 not sent" in text
    assert REJECTED in text
    assert ["token"] == holds(world)


@pytest.mark.parametrize("read_before", [False, True])
def test_a_wrong_token_stops_everything_whether_logs_were_read_or_not(world: World, read_before: bool) -> None:
    if read_before:
        world.cancelled()
    shown = world.preview(ANN, f"{' '.join(IDS)} because duplicate")
    waiting = world.preview(BO, f"{THIRD} because duplicate")
    world.fincart.settings.token_rejected = True
    before = len(world.fincart.cancel_calls)
    world.click(ANN, shown, go_ahead(shown))
    text = world.ended(request_id(shown)).text
    world.click(BO, waiting, go_ahead(waiting))
    held = world.slack.wait_for(lambda: world.live(request_id(waiting)))
    assert held is not None

    assert "100 not sent" in text
    assert f"{REJECTED} (User is not authorized)" in text
    assert "to renew FINCART_TOKEN and restart the bot, then type /cancel-orders resume" in text
    assert REJECTED in held.text
    assert 1 == len(world.fincart.cancel_calls) - before


@pytest.mark.parametrize(
    "kind", [FaultKind.RATE_LIMITED, FaultKind.SERVER_ERROR, FaultKind.DROP, FaultKind.GARBAGE, FaultKind.FORBIDDEN]
)
def test_a_403_is_the_tokens_while_no_log_can_be_read(world: World, kind: FaultKind) -> None:
    shown = world.preview(ANN, f"{IDS[0]} {FOREIGN} because duplicate")
    world.fincart.inject(Fault(kind, Endpoint.LOGS, times=None))
    world.click(ANN, shown, go_ahead(shown))

    text = world.ended(request_id(shown)).text

    assert "2 not sent" in text
    assert ["token"] == holds(world)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(FaultKind.RATE_LIMITED, Endpoint.LOGS, retry_after="1"), id="429"),
        pytest.param(Fault(FaultKind.SERVER_ERROR, Endpoint.LOGS, times=2), id="500"),
        pytest.param(Fault(FaultKind.DROP, Endpoint.LOGS), id="no answer"),
    ],
)
def test_logs_that_are_throttled_for_a_moment_do_not_make_a_403_the_tokens(
    start_world: StartWorld, fault: Fault
) -> None:
    world = start_world()
    world.fincart.settings.foreign.append(FOREIGN)
    shown = world.preview(ANN, f"{FIRST} {FOREIGN} because duplicate")
    world.fincart.inject(fault)
    world.click(ANN, shown, go_ahead(shown))
    told = world.slack.wait_for(lambda: "1 cancelled" in getattr(world.live(request_id(shown)), "text", ""))

    assert told
    assert [] == holds(world)
    assert ["Cancelled"] == world.statuses(FIRST)


def test_a_403_is_the_tokens_where_a_log_that_it_has_opened_is_closed_to_it(world: World) -> None:
    shown = world.preview(ANN, f"{FIRST} because duplicate")
    world.preview(BO, f"{SECOND} because duplicate")
    world.fincart.settings.foreign.append(FIRST)
    world.click(ANN, shown, go_ahead(shown))

    text = world.ended(request_id(shown)).text

    assert "1 not sent" in text
    assert ["token"] == holds(world)


def test_no_log_is_read_for_a_403_while_fincart_has_asked_for_a_rest(world: World) -> None:
    world.cancelled()
    shown = world.preview(ANN, f"{FOREIGN} because duplicate")
    world.fincart.inject(Fault(FaultKind.RATE_LIMITED, Endpoint.LOGS, retry_after="600", times=None))
    world.preview(BO, THIRD)
    reads = len(world.fincart.calls) - len(world.fincart.cancel_calls)
    world.click(ANN, shown, go_ahead(shown))
    text = world.ended(request_id(shown)).text

    assert "1 not sent" in text
    assert ["token"] == holds(world)
    assert reads == len(world.fincart.calls) - len(world.fincart.cancel_calls)


def test_a_token_that_may_read_and_not_cancel_stops_everything_at_the_third_order(world: World) -> None:
    world.fincart.settings.may_cancel = False
    ended = [world.ended(ask(world, [each])).text for each in (FIRST, SECOND, THIRD)]

    assert ["1 rejected", "1 rejected", "1 not sent"] == [text.split(" · ")[0] for text in ended]
    assert f"{REJECTED} (User is not authorized: 3 single orders in a row, though logs can be read)" in ended[2]
    assert ["token"] == holds(world)


def test_orders_in_a_row_are_counted_across_restarts(world: World) -> None:
    world.fincart.settings.may_cancel = False
    for each in (FIRST, SECOND):
        world.ended(ask(world, [each]))
    world.restart()
    world.ended(ask(world, [THIRD]))

    assert ["token"] == holds(world)


def test_an_order_that_fincart_takes_begins_the_row_anew(world: World) -> None:
    world.fincart.settings.foreign += [FIRST, SECOND, THIRD]
    world.ended(ask(world, [IDS[0]]))
    for each in (FIRST, SECOND, IDS[1], THIRD):
        world.ended(ask(world, [each]))

    assert [] == holds(world)


def test_a_row_begins_anew_once_somebody_has_renewed_the_token(world: World) -> None:
    world.fincart.settings.may_cancel = False
    for each in (FIRST, SECOND, THIRD):
        world.ended(ask(world, [each]))
    world.fincart.settings.may_cancel = True
    world.answer(ANN, "resume")

    text = world.ended(ask(world, [FOREIGN])).text

    assert "1 rejected" in text
    assert [] == holds(world)


def test_a_large_request_of_a_token_that_may_not_cancel_ends_with_nothing_cancelled_and_nothing_unknown(
    world: World,
) -> None:
    world.restart(FINCART_MAX_CONCURRENCY="1")
    world.fincart.settings.may_cancel = False
    public_id = ask(world, IDS[:8])

    def told() -> bool:
        post = world.live(public_id, ORDERS)
        return post is not None and "2 rejected · 6 not sent" in post.text and REJECTED in post.text

    world.slack.wait_for(told)

    assert ["token"] == holds(world)
    assert ["Pending"] * 8 == world.statuses(*IDS[:8])
