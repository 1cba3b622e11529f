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
        text="if not isinstance(answer, Refused) or answer.code in retry_rules.UNFIT:",
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
        text="if row.kind == MessageKind.LIVE and not goes_to_one_person(row):",
        to="if False:",
        caught="tests/stories/test_story_closed_channel.py::"
        "test_the_preview_after_a_refused_post_says_so_and_how_to_invite[sqlite]",
    ),
    Mutant(
        rule="A result that somebody deleted is posted anew",
        hurts="Nobody ever learns what became of the orders",
        where="_apply_refusal",
        text="if row.ts is not None and code in retry_rules.GONE and row.kind != MessageKind.MOVED:",
        to="if False:",
        caught="tests/stories/test_story_slack_troubles.py::"
        "test_a_live_message_that_somebody_deleted_is_posted_anew[sqlite]",
    ),
    Mutant(
        rule="Blocks that Slack does not take give way to the text that says the same",
        hurts="Nobody ever reads a result that Slack finds fault with",
        where="Poster._send",
        text="if isinstance(answer, Refused) and answer.code in retry_rules.UNFIT:",
        to="if False:",
        caught="tests/stories/test_story_private.py::"
        "test_a_message_whose_blocks_slack_does_not_take_is_read_as_text[sqlite]",
    ),
    Mutant(
        rule="The text that takes the place of refused blocks shares none with them",
        hurts="Nobody ever reads a result that Slack finds fault with",
        where="Poster._send",
        text="answer = self._send_once(row, Message(text, blocks))",
        to="answer = self._send_once(row, message)",
        caught="tests/stories/test_story_private.py::"
        "test_a_message_whose_blocks_slack_does_not_take_is_read_as_text[sqlite]",
    ),
    Mutant(
        rule="What Slack refuses ends after a few tries, whatever its word",
        hurts="A message is tried for ever, and nobody is told that it cannot be delivered",
        where="_tries",
        text="return retry_rules.TRIES_WHEN_REFUSED",
        to="return 10**9",
        caught="tests/stories/test_story_given_up.py::"
        "test_an_answer_that_slack_takes_nowhere_ends_after_a_few_tries[sqlite-word_of_next_year]",
    ),
    Mutant(
        rule="Whoever runs the bot is told of every hold, whichever process begins it",
        hurts="Sending stands still over night, and nobody knows",
        where="Transaction.flush",
        text="ops_notices.add_holds(self)",
        to="pass",
        caught="tests/stories/test_ops_channel.py::test_a_pause_from_the_shell_is_told[sqlite]",
    ),
    Mutant(
        rule="OPS_CHANNEL tells nothing to another organisation",
        hurts="Strangers read who paused what and why",
        where="OpsChannel.step",
        text="case Sharing.SHARED:",
        to="case Sharing.SHARED if False:",
        caught="tests/stories/test_ops_channel.py::"
        "test_nothing_is_told_in_a_channel_shared_with_another_organisation[sqlite]",
    ),
    Mutant(
        rule="What a message says to type is the installation's own command",
        hurts="Whoever copies it from staging's message asks production",
        where="_words",
        text='return tidy(f"{room.command} {words}")',
        to='return tidy(f"{DEFAULT.command} {words}")',
        caught="tests/stories/test_story_names.py::"
        "test_all_that_is_shown_names_the_installation_and_its_own_command_alone[sqlite]",
    ),
    Mutant(
        rule="A result ends with its audit head, whatever the installation is called",
        hurts="Whoever compares the head of a message with the chain reads a name",
        where="_signed",
        text="at = len(part.clauses) - str(part.clauses[-1][0]).startswith(AUDIT_HEAD)",
        to="at = len(part.clauses)",
        caught="tests/stories/test_story_names.py::test_a_result_still_ends_with_its_audit_head[sqlite]",
    ),
    Mutant(
        rule="Of two connections of an app, one of another database is another installation's",
        hurts="A forgotten copy of the bot takes half of all commands, and nobody is told",
        where="OtherConnections._judge",
        text="self._record(max(0, hello.connections - most))",
        to="self._record(0)",
        caught="tests/slack/test_other_connections.py::"
        "test_a_second_installation_is_told_once_and_status_needs_somebody[sqlite]",
    ),
    Mutant(
        rule="Slack's rate limit is waited out",
        hurts="Slack limits the bot for longer each time, and messages stop for everybody",
        where="Poster._apply_answer",
        text="slack_messages.again(transaction, row, retry_rules.RATE_LIMITED, seconds)",
        to="slack_messages.again(transaction, row, retry_rules.RATE_LIMITED, 0.1)",
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
        where="TRIES_WHEN_UNANSWERED",
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
        where="seconds_until_free",
        text="if left > EDITS_A_MINUTE // 2:",
        to="if left > -EDITS_A_MINUTE:",
        caught="tests/database/test_edit_pace.py::test_of_edits_that_come_ten_a_second_forty_a_minute_go",
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
        where="_apply_refusal",
        text="and code in retry_rules.GONE and row.kind != MessageKind.MOVED",
        to="and code in retry_rules.GONE",
        caught="tests/stories/test_story_gone_channel.py::"
        "test_what_somebody_has_deleted_there_meanwhile_is_not_posted_again[sqlite]",
    ),
    Mutant(
        rule="Whoever asked is told directly when somebody else takes their request back",
        hurts="They wait for orders that nobody will cancel",
        where="undo.act",
        text="if not authorization.ids & request.requester_ids:",
        to="if False:",
        caught="tests/stories/test_story_control.py::"
        "test_whoever_asked_is_told_that_somebody_else_took_it_back[sqlite]",
    ),
    Mutant(
        rule="Where Slack refuses a chart, the table is sent without it before the text alone is",
        hurts="Nobody sees a report's table or its buttons where charts are not drawn yet",
        where="Poster._send",
        text="for blocks in (*message.plainer, ()):",
        to="for blocks in ((),):",
        caught="tests/stories/test_report.py::"
        "test_where_slack_refuses_a_chart_or_a_table_the_next_plainer_form_is_shown[sqlite-charts]",
    ),
    Mutant(
        rule="A report is shared, and sent as a file, only to whom it was shown",
        hurts="Anybody with a well-signed press reads and posts what they may not search for",
        where="shown_to",
        text="if is_theirs else None",
        to="if True else None",
        caught="tests/stories/test_report.py::test_nobody_shares_or_takes_the_report_of_somebody_else[sqlite]",
    ),
    Mutant(
        rule="A reason of the list counts as itself, whatever was added to it",
        hurts="Whoever reads the figures takes one reason for many",
        where="_REASON",
        text="func.coalesce(col(Request.reason_listed), col(Request.reason))",
        to="col(Request.reason)",
        caught="tests/stories/test_report.py::"
        "test_a_reason_of_the_list_counts_however_it_was_spelled_and_added_to[sqlite]",
    ),
    Mutant(
        rule="Only the approval that let a request run ends the wait for it",
        hurts="The figures say that approvals come sooner than they do",
        where="approval_waits",
        text='PayloadField("details.valid_until").is_not(None)',
        to='PayloadField("kind").is_not(None)',
        caught="tests/stories/test_report.py::test_an_approval_that_let_nothing_run_is_none[sqlite]",
    ),
    Mutant(
        rule="A digest is one a week, over any number of processes",
        hurts="The channel is told the same figures by every process",
        where="_number",
        text="-(int(due.timestamp()) // 60)",
        to="-id(object())",
        caught="tests/stories/test_digest.py::test_any_number_of_processes_post_it_once[sqlite]",
    ),
    Mutant(
        rule="A bot that is set up anew posts no digest of long ago",
        hurts="The channel gets figures out of turn whenever the settings change",
        where="Digest.step",
        text="if not is_there and is_missed:",
        to="if not is_there:",
        caught="tests/stories/test_digest.py::test_the_first_one_is_not_of_long_ago[sqlite-days ago]",
    ),
)
