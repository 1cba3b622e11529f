"""A channel that Slack shows and lets the bot see, and in which it refuses every post of the bot's."""

from approvals import APPROVE, DI, asked, two_person_world
from world import ANN, FIRST, ORDERS, SECOND, Clock, StartWorld, World, go_ahead, request_id

from bot.sandbox.slack.state import Post


def dm(world: World, person: str, words: str) -> Post:
    """The bot's direct message to this person that says so, once it does."""
    found = world.slack.wait_for(lambda: [post for post in world.slack.dms(person) if words in post.text])
    return found[-1]


def closed(world: World, channel: str = ORDERS) -> None:
    """Let nobody but some post in the channel, the bot not among them."""
    world.slack.state.channels[channel].restricted = True


def let_one_be_refused(world: World) -> None:
    """A request whose live message had to be a direct message."""
    closed(world)
    preview = world.preview(ANN, FIRST)
    world.click(ANN, preview, go_ahead(preview))
    dm(world, ANN, " cancelled")


def test_the_preview_after_a_refused_post_says_so_and_how_to_invite(world: World) -> None:
    let_one_be_refused(world)

    assert "The bot cannot post in" in world.preview(ANN, SECOND).text


def test_a_refused_post_is_remembered_over_a_restart(world: World) -> None:
    let_one_be_refused(world)
    world.restart()
    preview = world.preview(ANN, SECOND)

    assert "/invite" in preview.text


def test_a_refused_post_is_forgotten_after_a_minute(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock)
    let_one_be_refused(world)
    world.slack.state.channels[ORDERS].restricted = False
    clock.advance(61)
    end = world.cancelled(ANN, SECOND)

    assert "1 cancelled" in end.text


def test_the_answer_to_a_go_ahead_names_the_direct_message_too(world: World) -> None:
    closed(world)
    preview = world.preview(ANN, FIRST)
    answer = world.press(ANN, preview, go_ahead(preview))

    assert "the bot's direct message to its requester" in answer.text


def waiting_unseen(world: World) -> Post:
    """A request that waits, where its card was refused."""
    closed(world)
    preview = asked(world)
    world.press(ANN, preview, "Ask for approval: cancel 2 orders")
    return dm(world, ANN, "Nobody else sees this yet")


def test_a_card_that_nobody_else_can_see_says_so_to_the_requester_and_has_no_approve(start_world: StartWorld) -> None:
    card = waiting_unseen(two_person_world(start_world))

    assert ["Withdraw"] == [button.text for button in card.buttons()]
    assert "/invite" in card.text
    assert f"/cancel-orders show {request_id(card)}" in card.text


def test_an_approver_can_approve_from_show_what_no_card_shows(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    public_id = request_id(waiting_unseen(world))
    world.press(DI, world.answer(DI, f"show {public_id}"), APPROVE)

    assert "2 cancelled" in dm(world, ANN, " cancelled").text


def test_nobody_is_reminded_where_nobody_sees_the_card(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    public_id = request_id(waiting_unseen(world))
    answer = world.press(ANN, world.answer(ANN, f"show {public_id}"), "Remind")

    assert "Nobody could be reminded" in answer.text


def test_after_a_refused_card_asking_again_is_refused_with_that_advice(start_world: StartWorld) -> None:
    world = two_person_world(start_world)
    waiting_unseen(world)
    answer = world.answer(ANN, FIRST)

    assert "a second person must approve, and the bot cannot post here" in answer.text
    assert "/invite" in answer.text
