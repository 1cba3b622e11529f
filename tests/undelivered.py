"""A message that can be shown to nobody."""

from world import ANN, FIRST, ORDERS, RETURNS, SECOND, World, request_id

from bot.sandbox.slack.faults import SlackFault, SlackFaultKind


def nobody_can_be_told(world: World) -> None:
    """A run ends while its channel is archived and its requester cannot be written to."""
    world.answer(ANN, "pause")
    shown = world.confirmed(ANN, f"{FIRST} {SECOND}")
    world.until(lambda: world.rows("SELECT 1 FROM slack_message WHERE kind = 'live' AND wanted = shown"))
    world.slack.archive(ORDERS)
    world.slack.fail("chat.postMessage", SlackFault(SlackFaultKind.ERROR, error="user_not_found"), None)
    world.type(ANN, "resume", RETURNS)

    given_up = "SELECT 1 FROM slack_message WHERE kind = 'live' AND due_at IS NULL AND shown < wanted"
    world.pass_time_until(lambda: world.rows(given_up) and "finished" in world.kinds(request_id(shown)))
