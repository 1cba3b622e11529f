"""What one person is told stays between them and the bot, and what Slack finds fault with is read all the same."""

from world import ANN, BO, FIRST, ORDERS, SECOND, World, go_ahead, request_id

from bot.sandbox.fincart.faults import Applied, Fault, FaultKind
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.state import Post

REFUSED = SlackFault(SlackFaultKind.ERROR, error="user_not_in_channel")
UNFIT = SlackFault(SlackFaultKind.ERROR, error="msg_blocks_too_long")


def test_a_private_answer_that_slack_refuses_is_a_direct_message(world: World) -> None:
    world.slack.fail("response_url", SlackFault(SlackFaultKind.NOT_FOUND), None)
    world.slack.fail("chat.postEphemeral", REFUSED, None)
    world.type(ANN, FIRST)
    told = world.slack.wait_for(lambda: world.slack.dms(ANN))

    assert "Cancel 1 order?" in told[0].text
    assert [] == world.slack.messages(ORDERS)


def test_an_answer_whose_response_url_works_no_more_is_for_one_person_alone(world: World) -> None:
    world.slack.fail("response_url", SlackFault(SlackFaultKind.NOT_FOUND), None)
    world.type(ANN, FIRST)
    world.slack.wait_for(lambda: world.slack.ephemerals(ANN))

    assert [] == world.slack.messages(ORDERS)
    assert [] == world.slack.ephemerals(BO)


def test_a_message_whose_blocks_slack_does_not_take_is_read_as_text(world: World) -> None:
    preview = world.preview()
    world.slack.fail("chat.postMessage", UNFIT, 1)
    world.slack.fail("chat.update", UNFIT, 1)
    world.click(ANN, preview, go_ahead(preview))
    world.ended(request_id(preview))
    sent = [call for method in ("chat.postMessage", "chat.update") for call in world.slack.calls(method)]
    refused, after = sent[0], sent[1]

    assert "msg_blocks_too_long" == refused.outcome
    assert "ok" == after.outcome
    assert [line for line in refused.params["text"].splitlines() if line[:1] != "["] == after.params[
        "text"
    ].splitlines()
    assert not after.params["blocks"]


def test_an_edit_whose_answer_was_lost_is_sent_again_though_the_message_would_look_as_before(world: World) -> None:
    world.fincart.inject(Fault(FaultKind.HANG, applied=Applied.ALL))
    preview = world.preview(ANN, f"{FIRST} {SECOND}")
    world.click(ANN, preview, go_ahead(preview))
    live = _becomes(world, request_id(preview), "0 of 2")
    world.until(lambda: world.rows("SELECT 1 FROM slack_message WHERE kind = 'live' AND wanted = shown"))
    world.slack.fail("chat.update", SlackFault(SlackFaultKind.DROP, applied=True), None)
    world.press(ANN, live, "Pause")
    held = _becomes(world, request_id(preview), "On hold")
    world.press(ANN, held, "Go on")
    goes_on = world.slack.wait_for(lambda: "On hold" not in getattr(world.live(request_id(preview)), "text", "On hold"))
    world.slack.heal()
    world.fincart.release()

    assert goes_on
    assert "2 cancelled" in world.ended(request_id(preview)).text


def _becomes(world: World, public_id: str, words: str) -> Post:
    return world.slack.wait_for(lambda: [post for post in [world.live(public_id)] if post and words in post.text])[0]
