"""What people are shown: messages, notices, private answers, and what becomes of them when Slack fails."""

from .entry import Mutant

TELLING = (
    Mutant(
        rule="A private answer that Slack refuses is not posted in the channel",
        hurts="A whole channel reads what one person was to be told",
        where="Poster._send_privately",
        text="return self._context.slack.post_message(row.person, message)",
        to="return self._context.slack.post_message(row.channel or row.person, message)",
        caught="tests/stories/test_story_private.py::"
        "test_a_private_answer_that_slack_refuses_is_a_direct_message[sqlite]",
    ),
    Mutant(
        rule="An answer whose response URL works no more is sent another way",
        hurts="Whoever asked is never answered",
        where="Poster._send_once",
        text="if not isinstance(answer, Refused) or answer.code in rules.UNFIT:",
        to="if True:",
        caught="tests/stories/test_story_private.py::"
        "test_an_answer_whose_response_url_works_no_more_is_for_one_person_alone[sqlite]",
    ),
    Mutant(
        rule="A private message is sent to one person",
        hurts="A whole channel reads what one person was to be told",
        where="Poster._send_once",
        text="if _is_private(row):",
        to="if False:",
        caught="tests/stories/test_story_told_plainly.py::"
        "test_who_let_a_preview_expire_is_told_where_they_asked[sqlite]",
    ),
    Mutant(
        rule="An answer through a response URL is private",
        hurts="A whole channel reads what one person was to be told",
        where="SlackClient.respond",
        text='"in_channel" if in_channel else "ephemeral"',
        to='"in_channel"',
        caught="tests/slack/test_slack_client.py::test_an_answer_to_a_response_url_is_private_unless_said",
    ),
    Mutant(
        rule="A channel that the bot may not post in makes a direct message of the result",
        hurts="Nobody ever learns what became of the orders",
        where="cannot_be_shown",
        text="if row.kind == MessageKind.LIVE and not is_direct(row):",
        to="if False:",
        caught="tests/stories/test_story_closed_channel.py::"
        "test_the_preview_after_a_refused_post_says_so_and_how_to_invite[sqlite]",
    ),
    Mutant(
        rule="A result that somebody deleted is posted anew",
        hurts="Nobody ever learns what became of the orders",
        where="_keep_refused",
        text="if row.ts is not None and code in rules.GONE and row.kind != MessageKind.MOVED:",
        to="if False:",
        caught="tests/stories/test_story_slack_troubles.py::"
        "test_a_live_message_that_somebody_deleted_is_posted_anew[sqlite]",
    ),
    Mutant(
        rule="Blocks that Slack does not take give way to the text that says the same",
        hurts="Nobody ever reads a result that Slack finds fault with",
        where="Poster._send",
        text="if isinstance(answer, Refused) and answer.code in rules.UNFIT:",
        to="if False:",
        caught="tests/stories/test_story_private.py::"
        "test_a_message_whose_blocks_slack_does_not_take_is_read_as_text[sqlite]",
    ),
    Mutant(
        rule="The text that takes the place of refused blocks shares none with them",
        hurts="Nobody ever reads a result that Slack finds fault with",
        where="Poster._send",
        text="answer = self._send_once(row, Message(message.text))",
        to="answer = self._send_once(row, message)",
        caught="tests/stories/test_story_private.py::"
        "test_a_message_whose_blocks_slack_does_not_take_is_read_as_text[sqlite]",
    ),
    Mutant(
        rule="Slack's rate limit is waited out",
        hurts="Slack limits the bot for longer each time, and messages stop for everybody",
        where="Poster._keep",
        text='slack_messages.again(transaction, row, "ratelimited", seconds)',
        to='slack_messages.again(transaction, row, "ratelimited", 0.1)',
        caught="tests/stories/test_story_slack_troubles.py::test_a_rate_limit_is_waited_out[sqlite]",
    ),
    Mutant(
        rule="After a send without an answer the message is sent again, though it would look the same",
        hurts="A message stays wrong where Slack took an edit and did not say so",
        where="Poster.step",
        text="if row.ts is not None and row.tries == 1 and row.mark == _mark(message):",
        to="if row.ts is not None and row.mark == _mark(message):",
        caught="tests/stories/test_story_private.py::"
        "test_an_edit_whose_answer_was_lost_is_sent_again_though_the_message_would_look_as_before[sqlite]",
    ),
    Mutant(
        rule="An edit that would change nothing is not sent",
        hurts="Slack limits the bot, and messages that count wait behind those that do not",
        where="Poster.step",
        text="if row.ts is not None and row.tries == 1 and row.mark == _mark(message):",
        to="if False:",
        caught="tests/stories/test_story_told_plainly.py::test_an_edit_that_would_change_nothing_is_not_sent[sqlite]",
    ),
    Mutant(
        rule="A message that a process was sending is sent by another once it is dead",
        hurts="A result is never shown where the process died beside it",
        where="take",
        text="row.due_at = now + SENT_WITHIN",
        to="row.due_at = None",
        caught="tests/database/test_taken.py::test_it_is_taken_again_once_its_taker_counts_as_dead[sqlite-a message]",
    ),
    Mutant(
        rule="Private answers are tried for as long as Slack may be down",
        hurts="Whoever asked while Slack was down is never answered",
        where="TRIES_WHEN_REFUSED",
        text="1000",
        to="1",
        caught="tests/stories/test_story_slack_troubles.py::"
        "test_the_preview_comes_soon_after_slack_recovers[sqlite-server_error]",
    ),
    Mutant(
        rule="A message is right within ten seconds of Slack's recovery",
        hurts="A result stays wrong for minutes after Slack is back",
        where="LONGEST_PAUSE",
        text="8.0",
        to="80.0",
        caught="tests/stories/test_story_slack_troubles.py::"
        "test_the_pause_before_the_next_try_is_shorter_than_ten_seconds",
    ),
    Mutant(
        rule="Progress is held to forty edits a minute",
        hurts="Slack limits the bot, and messages stop for everybody",
        where="Pace.pause",
        text="if left <= EDITS_A_MINUTE // 2:",
        to="if left <= -EDITS_A_MINUTE:",
        caught="tests/stories/test_story_slack_troubles.py::test_of_edits_that_come_ten_a_second_forty_a_minute_go",
    ),
    Mutant(
        rule="Who let a preview expire is told",
        hurts="Somebody believes that their orders are being cancelled",
        where="meet_one",
        text="enqueue.expired(transaction, request)",
        to="pass",
        caught="tests/stories/test_story_told_plainly.py::"
        "test_who_let_a_preview_expire_is_told_where_they_asked[sqlite]",
    ),
    Mutant(
        rule="Nobody is reminded where nobody sees the card",
        hurts="People are asked to approve what they cannot read",
        where="reminder",
        text="card is None or card.ts is None or card.closed_channel is not None",
        to="card is None or card.ts is None",
        caught="tests/stories/test_story_closed_channel.py::test_nobody_is_reminded_where_nobody_sees_the_card[sqlite]",
    ),
    Mutant(
        rule="A channel that refused a post counts as closed for a minute only",
        hurts="A channel to which the bot was invited is refused for ever",
        where="is_closed",
        text="col(SlackMessage.closed_at) > since,",
        to="",
        caught="tests/stories/test_story_closed_channel.py::test_a_refused_post_is_forgotten_after_a_minute[sqlite]",
    ),
    Mutant(
        rule="A card never names its requester among those who may approve, under any id",
        hurts="They wait for an approval that can never count",
        where="may_approve",
        text="if user not in besides",
        to="if True",
        caught="tests/stories/test_grid.py::test_a_card_names_its_requester_under_no_id_among_those_who_may_approve",
    ),
    Mutant(
        rule="What says where a live message has gone is never posted anew",
        hurts="Whoever deletes it in the channel gets it again, beside the message that it stands for",
        where="_keep_refused",
        text="and code in rules.GONE and row.kind != MessageKind.MOVED",
        to="and code in rules.GONE",
        caught="tests/stories/test_story_gone_channel.py::"
        "test_what_somebody_has_deleted_there_meanwhile_is_not_posted_again[sqlite]",
    ),
    Mutant(
        rule="Whoever asked is told directly when somebody else takes their request back",
        hurts="They wait for orders that nobody will cancel",
        where="undo.act",
        text="if not authorization.ids & request.requester_ids:",
        to="if False:",
        caught="tests/stories/test_story_steering.py::"
        "test_whoever_asked_is_told_that_somebody_else_took_it_back[sqlite]",
    ),
)
