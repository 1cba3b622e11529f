"""The live message is right about all it shows, whatever changed it: another request, Fincart, or other settings."""

from approvals import becomes, two_person_world, waiting
from world import ANN, BO, CY, FIRST, SECOND, THIRD, StartWorld, World, go_ahead, order_ids, request_id

from bot.sandbox.fincart.faults import Fault, FaultKind


def on_hold(world: World) -> str:
    """A request of Ann's that waits for Go on; returns its id."""
    world.answer(ANN, "pause")
    preview = world.preview()
    world.click(ANN, preview, go_ahead(preview))
    live = world.slack.wait_for(lambda: world.live(request_id(preview)))
    assert live is not None
    world.press(ANN, live, "Pause")
    world.answer(ANN, "resume")
    becomes(world, request_id(preview), "On hold")
    return request_id(preview)


def no_longer(world: World, public_id: str, words: str) -> str:
    """The live message's text once it does not say this any more."""

    def is_silent() -> str | None:
        live = world.live(public_id)
        return live.text if live is not None and words not in live.text else None

    found = world.slack.wait_for(is_silent)
    assert found is not None
    return found


def test_a_wait_that_fincart_asked_another_request_for_is_told_and_taken_back(world: World) -> None:
    public_id = on_hold(world)
    preview = world.preview(BO, THIRD)
    # Longer than the seconds that a message rests between two edits.
    world.fincart.inject(Fault(FaultKind.RATE_LIMITED, retry_after="8"))
    world.click(BO, preview, go_ahead(preview))
    becomes(world, public_id, "Fincart asked the bot to wait")

    text = no_longer(world, public_id, "Fincart asked the bot to wait")

    assert "On hold" in text


def test_a_fincart_that_another_request_found_down_is_told_with_each_next_try_and_taken_back(
    start_world: StartWorld,
) -> None:
    world = start_world(FINCART_BATCH_SIZE="1")
    world.fincart.add(*order_ids(5))
    public_id = on_hold(world)
    preview = world.preview(BO, " ".join(order_ids(5)))
    world.fincart.inject(Fault(FaultKind.SERVER_ERROR, times=6))
    world.click(BO, preview, go_ahead(preview))
    first = becomes(world, public_id, "Fincart does not answer").text
    later = no_longer(world, public_id, first)

    text = no_longer(world, public_id, "Fincart does not answer")

    assert "Fincart does not answer" in later
    assert "On hold" in text


def test_a_card_names_those_who_may_approve_after_a_restart_with_other_settings(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    public_id = request_id(waiting(world))
    world.restart(APPROVER_USERS=f"{BO},{CY}")

    assert f"<@{CY}>" in becomes(world, public_id, f"<@{CY}>").text


def test_a_result_names_the_orders_that_were_cancelled(world: World) -> None:
    end = world.cancelled(ANN, f"{FIRST} {SECOND}")

    assert [f"• {FIRST}", f"• {SECOND}"] == [line for line in end.text.splitlines() if line.startswith("•")]
    assert end.text.startswith(f"2 cancelled · <@{ANN}>: no reason given\n")
    assert "Show all" not in [button.text for button in end.buttons()]


def test_show_all_of_a_preview_leaves_the_preview_where_it_is(world: World) -> None:
    ids = order_ids(30)
    world.fincart.add(*ids)
    preview = world.preview(ANN, " ".join(ids))
    page = world.press(ANN, preview, "Show all")

    assert ids[9] in page.text
    assert "Cancel 30 orders" in [button.text for button in page.buttons()]
    assert preview.text in [post.text for post in world.private(ANN)]


def test_of_many_the_first_are_named_and_show_all_shows_the_rest_to_whoever_presses(world: World) -> None:
    ids = order_ids(12)
    world.fincart.add(*ids)
    end = world.cancelled(ANN, " ".join(ids))
    page = world.press(BO, end, "Show all")

    assert "… and 7 more" in end.text
    assert ids[4] in end.text
    assert ids[5] not in end.text
    assert [] == [order_id for order_id in ids[:10] if order_id not in page.text]
    assert "Next page" in [button.text for button in page.buttons()]
    assert BO == page.only_for


def test_show_all_is_for_those_who_may_read_the_history(world: World) -> None:
    ids = order_ids(11)
    world.fincart.add(*ids)
    refused = world.press(CY, world.cancelled(ANN, " ".join(ids)), "Show all")

    assert "Refused: you are not among those who may read the history" in refused.text
