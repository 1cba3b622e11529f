"""What an outcome rests on where only a part is known: seen at the preview, read later, read never, corrected."""

from dataclasses import replace

from world import ANN, BO, FIRST, QUICK, RETURNS, SECOND, THIRD, StartWorld, World, go_ahead, order_ids, request_id

from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind
from bot.sandbox.slack.state import Post

IDS = order_ids(40)


def started(start: StartWorld, **settings: str) -> World:
    """Forty pending orders, sent ten at a time and one call at once."""
    world = start(timings=QUICK, **({"FINCART_BATCH_SIZE": "10", "FINCART_MAX_CONCURRENCY": "1"} | settings))
    world.fincart.add(*IDS)
    return world


def says(world: World, public_id: str, words: str) -> Post:
    """The request's message once it says this."""
    return world.slack.wait_for(lambda: [post for post in [world.live(public_id)] if post and words in post.text])[0]


def test_what_somebody_else_cancelled_just_before_the_preview_is_not_told_as_ones_own_doing(
    start_world: StartWorld,
) -> None:
    world = started(start_world)
    world.fincart.move(SECOND, "Cancelled", by="somebody else")
    world.fincart.inject(Fault(FaultKind.DROP, applied=Applied.ALL))
    end = world.cancelled(ANN, f"{FIRST} {SECOND} {THIRD}")

    assert "2 cancelled · 1 rejected" in end.text
    assert f"{SECOND}: already cancelled" in end.text


def test_an_unknown_order_settles_by_itself_where_results_are_not_verified(start_world: StartWorld) -> None:
    world = started(start_world, VERIFY_RESULTS="false")
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=Applied.ALL), Fault(FaultKind.SERVER_ERROR, endpoint=Endpoint.LOGS, times=None)
    )
    preview = world.preview(ANN, f"{FIRST} {SECOND}")
    world.click(ANN, preview, go_ahead(preview))
    says(world, request_id(preview), "2 unknown")
    world.fincart.clear_faults()

    says(world, request_id(preview), "2 cancelled")


def test_where_results_are_not_verified_no_log_of_what_is_cancelled_is_read(start_world: StartWorld) -> None:
    world = started(start_world, VERIFY_RESULTS="false")
    world.cancelled(ANN, f"{FIRST} {SECOND}")

    assert [(None,), (None,)] == world.rows("SELECT due_at FROM order_line")


def test_a_correction_is_told_in_the_audit_channel_and_to_its_requester(start_world: StartWorld) -> None:
    world = started(start_world, AUDIT_CHANNEL=RETURNS)
    world.fincart.inject(Fault(FaultKind.SAYS_SUCCESS, order_id=FIRST))
    world.fincart.move(FIRST, "Processing")
    preview = world.preview(ANN, FIRST)
    world.click(ANN, preview, go_ahead(preview))

    def told(posts: list[Post]) -> list[Post]:
        return [post for post in posts if "Corrected" in post.text and request_id(preview) in post.text]

    in_channel = world.slack.wait_for(lambda: told(world.slack.messages(RETURNS)))
    directly = world.slack.wait_for(lambda: told(world.slack.dms(ANN)))

    for notice in (in_channel[-1], directly[-1]):
        assert notice.text.startswith(f"Corrected: 1 order is rejected, not cancelled · <@{ANN}>: no reason given\n")
        assert f"• {FIRST}: " in notice.text


def test_the_end_of_a_long_run_is_told_to_its_requester_directly(start_world: StartWorld) -> None:
    world = start_world(timings=replace(QUICK, notice_after=0.3))
    world.fincart.inject(Fault(FaultKind.SLOW, seconds=0.5))
    end = world.cancelled(ANN, f"{FIRST} {SECOND}")
    told = world.slack.wait_for(lambda: [post for post in world.slack.dms(ANN) if request_id(end) in post.text])

    assert "2 cancelled" in told[0].text


def test_a_run_keeps_the_size_that_fincart_takes(start_world: StartWorld) -> None:
    world = started(start_world)
    world.fincart.settings.max_ids = 5
    end = world.cancelled(ANN, " ".join(IDS))
    sizes = [len(call.ids) for call in world.fincart.cancel_calls]

    assert "40 cancelled" in end.text
    assert [5] * 8 == [size for size in sizes if size <= 5]
    assert sizes.count(10) <= 3  # refused at first, with what was written ahead behind it


def test_retry_takes_what_was_refused_or_not_sent_and_nothing_unknown(start_world: StartWorld) -> None:
    world = started(start_world, FINCART_BATCH_SIZE="1", HOLD_AFTER_FAILED="2", FINCART_LOOKUP_CONCURRENCY="1")
    world.fincart.move(FIRST, "Processing")
    world.fincart.inject(
        Fault(FaultKind.DROP, order_id=SECOND, times=None),
        Fault(FaultKind.SERVER_ERROR, endpoint=Endpoint.LOGS, order_id=SECOND, times=None),
    )
    preview = world.preview(ANN, f"{FIRST} {SECOND} {THIRD}")
    world.click(ANN, preview, go_ahead(preview))
    world.press(ANN, says(world, request_id(preview), "On hold"), "Stop")
    end = world.ended(request_id(preview))
    again = world.told(ANN, lambda: world.click(ANN, end, "Retry 2 orders"), with_button="go_ahead")

    assert "1 rejected · 1 not sent · 1 unknown" in end.text
    asked = f"SELECT order_id FROM order_line JOIN request ON seq = request_seq WHERE public_id = '{request_id(again)}'"
    assert {(FIRST,), (THIRD,)} == set(world.rows(asked))


def test_nothing_is_retried_while_the_run_is_under_way(start_world: StartWorld) -> None:
    world = started(start_world, FINCART_BATCH_SIZE="1")
    world.fincart.move(FIRST, "Processing")
    ended = world.cancelled(ANN, FIRST)
    world.fincart.inject(Fault(FaultKind.HANG, order_id=SECOND, applied=Applied.ALL))
    preview = world.preview(ANN, f"{FIRST} {SECOND}")
    world.click(ANN, preview, go_ahead(preview))
    live = says(world, request_id(preview), "1 of 2")
    button = next(each for each in ended.buttons() if each.text == "Retry 1 order")
    action = {"action_id": button.action_id, "value": button.value.replace(request_id(ended), request_id(preview))}
    answer = world.told(ANN, lambda: world.slack.forge_click(ANN, live, action))
    world.fincart.release()

    assert "othing" in answer.text
    assert [(2,)] == world.rows("SELECT count(*) FROM request")


def test_check_again_reads_what_would_not_be_read_for_long(start_world: StartWorld) -> None:
    world = start_world(timings=replace(QUICK, truth=replace(QUICK.truth, late_after=3600.0)))
    public_id = unknown(world, FIRST)
    world.press(ANN, says(world, public_id, "1 unknown"), "Check again")

    says(world, public_id, "1 cancelled")


def unknown(world: World, order_id: str, applied: Applied = Applied.ALL) -> str:
    """A request whose one order is unknown, its logs being readable again; its id."""
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=applied), Fault(FaultKind.GARBAGE, endpoint=Endpoint.LOGS, times=None)
    )
    preview = world.preview(ANN, order_id)
    world.click(ANN, preview, go_ahead(preview))
    says(world, request_id(preview), "1 unknown")
    world.fincart.clear_faults()
    return request_id(preview)


def test_what_another_request_is_just_sending_is_not_told_as_ones_own_doing(start_world: StartWorld) -> None:
    world = start_world(timings=replace(QUICK, truth=replace(QUICK.truth, late_after=3600.0)))
    first = unknown(world, FIRST, Applied.NONE)
    world.fincart.inject(Fault(FaultKind.HANG, applied=Applied.ALL))
    preview = world.preview(BO, FIRST)
    world.click(BO, preview, go_ahead(preview))
    assert world.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 2)
    kept = "SELECT log FROM order_line WHERE outcome = 'unknown'"
    before = world.rows(kept)
    world.press(ANN, says(world, first, "1 unknown"), "Check again")
    world.until(lambda: world.rows(kept) != before)
    world.until_all_is_shown()
    meanwhile = getattr(world.live(first), "text", "")
    world.fincart.release()

    assert "1 cancelled" in world.ended(request_id(preview)).text
    assert "1 unknown" in meanwhile


def test_whoever_may_ask_and_not_approve_cannot_retry_what_is_somebody_elses(start_world: StartWorld) -> None:
    world = started(start_world, APPROVER_USERS="U0000004")
    world.fincart.move(FIRST, "Processing")
    answer = world.press(BO, world.cancelled(ANN, FIRST), "Retry 1 order")

    assert "Refused" in answer.text
    assert [(1,)] == world.rows("SELECT count(*) FROM request")


def test_an_order_that_was_refused_can_be_asked_for_again(start_world: StartWorld) -> None:
    world = started(start_world)
    world.fincart.inject(Fault(FaultKind.SAYS_FAILURE))
    refused = world.cancelled(ANN, FIRST)

    assert "1 rejected" in refused.text
    assert "1 cancelled" in world.cancelled(BO, FIRST).text


def test_what_another_request_has_cancelled_is_told_as_that_ones_doing(start_world: StartWorld) -> None:
    world = started(start_world)
    first, second = world.preview(ANN, FIRST), world.preview(BO, FIRST)
    world.click(ANN, first, go_ahead(first))
    world.ended(request_id(first))
    world.fincart.inject(Fault(FaultKind.DROP))
    world.click(BO, second, go_ahead(second))
    end = world.ended(request_id(second))

    assert "1 rejected" in end.text
    assert f"already cancelled by {request_id(first)}" in end.text
