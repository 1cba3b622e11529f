"""Ask, look, confirm or keep: told as people live it."""

import threading
from collections.abc import Callable

import pytest
from world import ANN, BO, FIRST, ORDERS, RETURNS, SECOND, Clock, StartWorld, World, go_ahead, order_ids, request_id

from bot.sandbox.slack.forms import NotOnScreen
from bot.sandbox.slack.state import ChannelKind


def _at_once(*acts: Callable[[], object]) -> None:
    """Do all this in the same instant, each on a thread of its own."""
    start = threading.Barrier(len(acts))

    def do(act: Callable[[], object]) -> None:
        start.wait()
        act()

    threads = [threading.Thread(target=do, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_whoever_asked_confirms_and_the_channel_is_told_what_happened(world: World) -> None:
    preview = world.preview(ANN, f"{FIRST}, {SECOND} because duplicate")
    public_id = request_id(preview)
    world.click(ANN, preview, "Cancel 2 orders")
    end = world.ended(public_id)

    assert "2 cancelled" in end.text
    assert ["Cancelled", "Cancelled"] == world.statuses(FIRST, SECOND)
    assert [(FIRST, SECOND)] == [call.ids for call in world.fincart.cancel_calls]
    assert [
        "request_made",
        "preview_shown",
        "went_ahead",
        "run_started",
        "batch_settled",
        "finished",
    ] == world.kinds(public_id)
    assert [end.ts] == [post.ts for post in world.slack.messages(ORDERS)]


def test_the_preview_says_what_would_happen_and_only_its_requester_sees_it(world: World) -> None:
    preview = world.preview(ANN, f"{FIRST}, {SECOND} because duplicate")

    for part in ("Cancel 2 orders?", FIRST, SECOND, "Reason: duplicate", f"asked by <@{ANN}>", "confirm before "):
        assert part in preview.text
    assert ["Cancel 2 orders", "Keep them"] == [button.text for button in preview.buttons()]
    assert [] == world.slack.messages(ORDERS)
    assert [] == world.slack.ephemerals(BO)
    assert () == world.fincart.cancel_calls


def test_the_result_names_who_decided_why_and_the_end_of_the_audit_chain(world: World) -> None:
    end = world.cancelled()
    [finished] = [event for event in world.audit(request_id(end)) if event["kind"] == "finished"]
    [(seq, head)] = world.rows("SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1")

    assert f"2 cancelled · <@{ANN}>: duplicate\n" in end.text
    assert "confirmed by its requester" in end.text
    assert f"audit {seq} · {head[:16]}" in end.text
    assert {"cancelled": 2, "rejected": 0, "not_sent": 0, "unknown": 0} == finished["details"]


def test_the_confirmed_preview_gives_way_to_a_word_of_where_to_watch(world: World) -> None:
    preview = world.preview()
    answer = world.press(ANN, preview, "Cancel 2 orders")

    assert preview.ts == answer.ts
    assert "Confirmed: cancelling 2 orders" in answer.text
    assert [] == answer.buttons()


def test_keep_them_sends_nothing_and_says_so(world: World) -> None:
    preview = world.preview()
    answer = world.press(ANN, preview, "Keep them")

    assert "Kept. Nothing was sent." in answer.text
    assert [] == answer.buttons()
    assert () == world.fincart.cancel_calls
    assert [] == world.slack.messages(ORDERS)
    assert ["request_made", "preview_shown", "withdrawn"] == world.kinds(request_id(preview))


def test_duplicates_are_dropped_and_told(world: World) -> None:
    preview = world.preview(ANN, f"{FIRST} {SECOND} {FIRST.upper()} because twice")
    world.click(ANN, preview, "Cancel 2 orders")
    world.ended(request_id(preview))

    assert f"1 id given more than once, kept once: {FIRST}" in preview.text
    assert [(FIRST, SECOND)] == [call.ids for call in world.fincart.cancel_calls]


def test_a_preview_expires_by_itself(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock)
    public_id = request_id(world.preview())
    clock.advance(901)
    world.until(lambda: "expired" in world.kinds(public_id))

    assert [("expired",)] == world.rows("SELECT state FROM request")
    assert () == world.fincart.cancel_calls


def test_a_click_after_the_deadline_is_told_so_and_sends_nothing(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock)
    preview = world.preview()
    clock.advance(901)
    answer = world.press(ANN, preview, "Cancel 2 orders")

    assert "Expired. Nothing was sent." in answer.text
    assert "It could be confirmed until" in answer.text
    assert () == world.fincart.cancel_calls
    expected = ["request_made", "preview_shown", "expired", "click_refused"]
    # What she reads first may be the notice of the deadline itself.
    assert world.until(lambda: expected == world.kinds(request_id(preview)))


def test_a_click_before_the_deadline_is_in_time(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock, REQUEST_TTL_SECONDS="60")
    preview = world.preview()
    clock.advance(50)
    world.click(ANN, preview, "Cancel 2 orders")

    assert "2 cancelled" in world.ended(request_id(preview)).text


@pytest.mark.parametrize("button", ["Cancel 2 orders", "Keep them"])
def test_nobody_else_can_press_the_buttons_of_a_preview(world: World, button: str) -> None:
    preview = world.preview(ANN)
    answer = world.told(BO, lambda: world.forge(BO, preview, button))

    assert "Refused: only who asked can do this" in answer.text
    assert f"Refused: only who asked can do this · <@{ANN}>: " in answer.text
    assert () == world.fincart.cancel_calls
    assert ["request_made", "preview_shown", "click_refused"] == world.kinds(request_id(preview))
    assert BO == world.audit(request_id(preview))[-1]["who"]


def test_after_a_forged_click_the_requester_can_still_go_ahead(world: World) -> None:
    preview = world.preview(ANN)
    world.told(BO, lambda: world.forge(BO, preview, "Cancel 2 orders"))
    world.click(ANN, preview, "Cancel 2 orders")

    assert "confirmed by its requester" in world.ended(request_id(preview)).text


def test_a_second_click_is_told_that_it_was_already_confirmed(world: World) -> None:
    preview = world.preview()
    world.click(ANN, preview, "Cancel 2 orders")
    world.ended(request_id(preview))
    world.forge(ANN, preview, "Cancel 2 orders")
    world.slack.wait_for(lambda: any("Already confirmed" in text for text in world.answers()))

    assert f"Already confirmed · <@{ANN}>: " in world.answers()[-1]
    assert 1 == len(world.fincart.cancel_calls)
    assert 1 == world.kinds().count("went_ahead")


def test_a_replaced_preview_has_no_button_left_to_press(world: World) -> None:
    preview = world.preview()
    world.press(ANN, preview, "Keep them")

    with pytest.raises(NotOnScreen):
        world.click(ANN, preview, "Cancel 2 orders")


def test_of_two_clicks_at_once_from_two_devices_one_wins(world: World) -> None:
    preview = world.preview()

    def click() -> object:
        return world.forge(ANN, preview, "Cancel 2 orders")

    _at_once(click, click, click)
    world.ended(request_id(preview))
    world.slack.wait_for(lambda: len(world.answers()) == 4)

    assert 1 == world.kinds().count("went_ahead")
    assert 2 == world.kinds().count("click_refused")
    assert 1 == len(world.fincart.cancel_calls)
    assert 2 == sum(f"Already confirmed · <@{ANN}>: " in text for text in world.answers())


@pytest.mark.parametrize("race", range(3))
def test_of_confirm_and_keep_at_once_one_wins_and_the_loser_is_told_who_won(world: World, race: int) -> None:
    preview = world.preview()
    acts = [
        lambda: world.forge(ANN, preview, "Cancel 2 orders"),
        lambda: world.forge(ANN, preview, "Keep them"),
    ]
    _at_once(*acts)
    world.slack.wait_for(lambda: len(world.answers()) == 3)
    kinds = world.kinds(request_id(preview))
    confirmed = "went_ahead" in kinds
    if confirmed:
        world.ended(request_id(preview))

    assert confirmed != ("withdrawn" in kinds)
    assert 1 == kinds.count("click_refused")
    assert int(confirmed) == len(world.fincart.cancel_calls)
    told = "confirmed by its requester" if confirmed else "withdrawn by its requester"
    lost = "Already confirmed" if confirmed else "Already kept"
    assert [True] == [told in text for text in world.answers() if lost in text]


def test_a_button_of_another_revision_does_not_go_ahead(world: World) -> None:
    preview = world.preview()
    value = f"{request_id(preview)}:7"
    answer = world.told(ANN, lambda: world.forge(ANN, preview, "Cancel 2 orders", value))

    assert "This request has changed since. Nothing was sent." in answer.text
    assert () == world.fincart.cancel_calls
    assert "older_revision" == world.audit(request_id(preview))[-1]["details"]["code"]


def test_a_button_of_a_request_that_does_not_exist_says_so(world: World) -> None:
    preview = world.preview()
    answer = world.told(ANN, lambda: world.forge(ANN, preview, "Cancel 2 orders", "R-ZZZZZ9:1"))

    assert "There is no such request" in answer.text
    assert () == world.fincart.cancel_calls


@pytest.mark.parametrize("value", ["", "R-ZZZZZ9", "R-zzzzz9:1", "1:1", "R-ZZZZZ9:1:1", "'; DROP TABLE request"])
def test_a_hand_made_value_is_understood_as_nothing(world: World, value: str) -> None:
    preview = world.preview()
    answer = world.told(ANN, lambda: world.forge(ANN, preview, "Cancel 2 orders", value))

    assert "Nothing was done." in answer.text
    assert () == world.fincart.cancel_calls


def test_the_identical_command_delivered_again_asks_once(world: World) -> None:
    typed = world.type(ANN, f"{FIRST} because duplicate")
    world.slack.wait_for(lambda: world.slack.ephemerals(ANN))
    again = world.slack.redeliver(typed)
    world.answer(ANN, SECOND)

    assert 200 == again.status
    assert 2 == world.kinds().count("request_made")
    assert 2 == len(world.slack.ephemerals(ANN))


def test_the_identical_click_delivered_again_acts_once(world: World) -> None:
    preview = world.preview()
    clicked = world.click(ANN, preview, "Cancel 2 orders")
    again = world.slack.redeliver(clicked)
    world.ended(request_id(preview))

    assert 200 == again.status
    assert 1 == len(world.fincart.cancel_calls)
    assert [] == [kind for kind in world.kinds() if kind == "click_refused"]


def test_a_thousand_orders_in_one_request(start_world: StartWorld) -> None:
    world = start_world()
    ids = order_ids(1000)
    world.fincart.add(*ids)
    preview = world.preview(ANN, f"{' '.join(ids)} because season's end")
    world.click(ANN, preview, "Cancel 1,000 orders")
    end = world.ended(request_id(preview), timeout=30)

    assert "1,000 cancelled" in end.text
    assert [100] * 10 == [len(call.ids) for call in world.fincart.cancel_calls]
    assert ids == sorted(order_id for call in world.fincart.cancel_calls for order_id in call.ids)
    for shown in (preview, end):
        assert len(shown.text) <= 3900
    assert "more" in preview.text
    assert "Show all" in [button.text for button in preview.buttons()]


def test_the_live_message_goes_to_the_results_channel(start_world: StartWorld) -> None:
    world = start_world(RESULTS_CHANNEL=RETURNS)
    preview = world.preview()
    world.click(ANN, preview, go_ahead(preview))

    assert "2 cancelled" in world.ended(request_id(preview), channel=RETURNS).text
    assert [] == world.slack.messages(ORDERS)


def test_where_the_bot_cannot_post_the_live_message_is_a_direct_message(start_world: StartWorld) -> None:
    world = start_world()
    world.slack.add_channel("C0000009", "closed", ANN, kind=ChannelKind.PRIVATE, with_bot=False)
    preview = world.answer(ANN, f"{FIRST} because duplicate", channel="C0000009")
    world.click(ANN, preview, "Cancel 1 order")
    world.slack.wait_for(lambda: any("1 cancelled" in post.text for post in world.slack.dms(ANN)))

    assert "The bot cannot post in" in preview.text
    assert "/invite" in preview.text
    assert [] == world.slack.messages("C0000009")
    assert ["Cancelled"] == world.statuses(FIRST)


def test_a_channel_archived_before_the_click_makes_a_direct_message(world: World) -> None:
    preview = world.preview()
    world.slack.state.channels[ORDERS].is_archived = True
    world.click(ANN, preview, go_ahead(preview))
    world.slack.wait_for(lambda: any("2 cancelled" in post.text for post in world.slack.dms(ANN)))

    assert ["Cancelled", "Cancelled"] == world.statuses(FIRST, SECOND)


def test_a_restart_between_preview_and_click_changes_nothing(world: World) -> None:
    preview = world.preview()
    world.restart()
    world.click(ANN, preview, go_ahead(preview))

    assert "2 cancelled" in world.ended(request_id(preview)).text
    assert 1 == len(world.fincart.cancel_calls)


def test_what_was_confirmed_as_the_bot_stopped_is_sent_after_its_next_start(world: World) -> None:
    preview = world.preview()
    world.bot.worker.stop()
    clicked = world.click(ANN, preview, go_ahead(preview))
    world.restart()

    assert clicked.ok
    assert "2 cancelled" in world.ended(request_id(preview)).text
    assert 1 == len(world.fincart.cancel_calls)
