"""What people read says what became of it, once, and whom to ask; and nothing is sent that says nothing new."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from approvals import DI, card, two_person_world, waiting
from world import ANN, BO, FINCART_TOKEN, FIRST, SECOND, Clock, StartWorld, World, go_ahead, order_ids, request_id

from bot.outbox import enqueue
from storage import requests, shown_orders
from storage.enums import Outcome

Ending = Callable[[World, Clock], str]

RENEW = "renew FINCART_TOKEN and restart the bot, then type /cancel-orders resume"


def ended_by_the_token(world: World) -> str:
    """The live message of a run that a rejected token ended."""
    world.fincart.settings.token_rejected = True
    return world.cancelled(ANN, FIRST).text


def test_a_rejected_token_says_whom_to_ask_and_what_then(start_world: StartWorld) -> None:
    text = ended_by_the_token(start_world(CONTACT="the platform team"))

    assert f"Ask the platform team to {RENEW}; then press Retry." in text


def test_a_rejected_token_is_explained_once_for_each_order(world: World) -> None:
    end = ended_by_the_token(world)
    why = next(line for line in end.splitlines() if FIRST in line)

    assert 1 == why.count("token")
    assert "Fincart had not acted on it" in why


def test_a_run_held_by_a_rejected_token_says_whom_to_ask(start_world: StartWorld) -> None:
    world = start_world(CONTACT="the platform team")
    ended_by_the_token(world)
    preview = world.preview(ANN, SECOND)
    world.click(ANN, preview, go_ahead(preview))
    held = card(world, request_id(preview))

    assert "until somebody types /cancel-orders resume." in held.text
    assert "Ask the platform team to renew FINCART_TOKEN and restart the bot first" in held.text


def test_a_token_that_is_read_from_a_file_needs_no_restart(start_world: StartWorld, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(FINCART_TOKEN)
    text = ended_by_the_token(start_world(FINCART_TOKEN="", FINCART_TOKEN_FILE=str(file)))

    assert "to renew FINCART_TOKEN, then type /cancel-orders resume" in text


def test_who_let_a_preview_expire_is_told_where_they_asked(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock)
    world.preview()
    told = world.told(ANN, lambda: clock.advance(901))

    assert "Expired. Nothing was sent." in told.text
    assert [] == world.slack.dms(ANN)


def _expired(world: World, clock: Clock) -> str:
    public_id = request_id(world.preview())
    clock.advance(901)
    world.until(lambda: "expired" in world.kinds(public_id))
    return public_id


def _withdrawn(world: World, clock: Clock) -> str:
    preview = world.preview()
    world.press(ANN, preview, "Keep them")
    return request_id(preview)


@pytest.mark.parametrize(("end", "word"), [(_expired, "expired"), (_withdrawn, "was withdrawn")])
def test_show_says_of_each_order_why_it_was_not_sent(start_world: StartWorld, end: Ending, word: str) -> None:
    clock = Clock()
    world = start_world(clock=clock)
    shown = world.answer(BO, f"show {end(world, clock)}")

    assert f"{FIRST} — not sent: the request {word}" in shown.text
    assert "no outcome yet" not in shown.text


def test_show_says_of_each_declined_order_that_it_was_not_sent(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    shown = waiting(world)
    world.click(BO, shown, "Decline")
    form = world.slack.wait_for(lambda: world.slack.open_view(BO))
    assert form is not None
    world.slack.submit(form, {"words": "not these"})
    world.until(lambda: "declined" in world.kinds())

    assert "not sent: the request was declined" in world.answer(DI, f"show {request_id(shown)}").text


def test_many_rejected_orders_do_not_hide_an_unknown_one(world: World) -> None:
    ids = order_ids(61)
    world.fincart.add(*ids)
    public_id = request_id(world.preview(ANN, " ".join(ids)))
    with world.bot.context.database.write() as transaction:
        request = requests.find(transaction.session, public_id)
        assert request is not None
        for line in requests.orders(transaction.session, request, 0, 61):
            line.outcome = Outcome.REJECTED if line.position < 60 else Outcome.UNKNOWN
        request.rejected, request.unknown = 60, 1
        found = [line.order_id for line in shown_orders.first_ended(transaction.session, request, 20)]
        transaction.session.rollback()

    assert [ids[60], *ids[:20]] == found


def test_an_edit_that_would_change_nothing_is_not_sent(world: World) -> None:
    public_id = request_id(world.cancelled())
    world.until(lambda: world.rows("SELECT 1 FROM slack_message WHERE kind = 'live' AND due_at IS NULL"))
    edits = world.slack.count("chat.update")
    with world.bot.context.database.write() as transaction:
        request = requests.find(transaction.session, public_id)
        assert request is not None
        enqueue.live(transaction, request, urgent=True)
    world.until(lambda: world.rows("SELECT 1 FROM slack_message WHERE kind = 'live' AND wanted = shown"))

    assert edits == world.slack.count("chat.update")


def test_the_kept_verdict_says_where_nobody_was_looked_up(start_world: StartWorld) -> None:
    world = start_world(MAX_ORDERS_PER_REQUEST="2")
    world.answer(ANN, " ".join(order_ids(3)))
    kept = json.loads(world.rows("SELECT verdict FROM request")[0][0])

    assert "not_needed" == kept["facts"]["status"]
