"""What is known late, and whose it is by then: late answers, lost commits, things taken twice, long histories."""

from .entry import Mutant

LATE = (
    Mutant(
        rule="A late answer concludes nothing about an order that is on its way again",
        hurts="An order that a call is carrying is sent once more beside it, or told by the answer to another call",
        where="settle_answer",
        text="not_under_way(carried, attempts.under_way(transaction, request))",
        to="carried",
        caught="tests/processes/test_histories.py::"
        "test_a_late_answer_says_nothing_of_an_order_that_is_on_its_way_again",
    ),
    Mutant(
        rule="What its sender says late that it never sent counts as sent by the call that sends it",
        hurts="Orders that somebody else cancelled meanwhile are told as cancelled by the bot",
        where="settle_answer",
        text="order_lines.first_sent(transaction, request, ended.positions, None)",
        to="pass",
        caught="tests/processes/test_histories.py::"
        "test_an_order_that_its_sleeping_sender_never_sent_counts_as_first_sent_by_whoever_sends_it",
    ),
    Mutant(
        rule="A call that was not acted on is no first send",
        hurts="Orders that somebody else cancelled meanwhile are told as cancelled by the bot",
        where="with_first_sent",
        text="for each in maybe_applied(calls) if each.planned_at",
        to="for each in attempts if each.planned_at",
        caught="tests/processes/test_histories.py::"
        "test_what_others_cancel_after_a_call_that_was_not_acted_on_is_not_told_as_ones_own_doing",
    ),
    Mutant(
        rule="Of two requests that sent an order, calls that were not acted on do not decide whose doing it was",
        hurts="The request that cancelled an order says that another did, which did nothing",
        where="_sending",
        text="for attempt in maybe_applied(calls)",
        to="for attempt in attempts",
        caught="tests/processes/test_histories.py::"
        "test_a_call_that_was_not_acted_on_does_not_change_when_a_later_one_was_answered",
    ),
    Mutant(
        rule="After an answer that comes late, reading the log begins anew",
        hurts="Orders are told as unknown that one more reading of their log would have told",
        where="settle_answer",
        text="without_failed_reads(evidences.of(line))",
        to="evidences.of(line)",
        caught="tests/processes/test_histories.py::"
        "test_after_a_late_answer_the_log_is_read_anew_before_an_order_is_told_as_unknown",
    ),
    Mutant(
        rule="Where PostgreSQL does not answer the commit that writes batches ahead, it is asked after",
        hurts="Orders that are written ahead are never sent, and their run never ends",
        where="Dispatcher._lease_next",
        text="self._context.database.write(confirm_commit=True)",
        to="self._context.database.write()",
        caught="tests/database/test_commit_unanswered.py::"
        "test_what_was_written_ahead_and_not_heard_is_sent[postgresql]",
    ),
    Mutant(
        rule="What was written ahead and not sent waits again when the process is told to stop",
        hurts="After every restart orders that nobody sent are in doubt, and their logs are read first",
        where="Dispatcher.park",
        text="attempts.unplan(transaction, planned.attempt)",
        to="pass",
        caught="tests/execution/test_parked.py::"
        "test_what_was_not_sent_when_a_process_was_told_to_stop_is_in_no_doubt[sqlite]",
    ),
    Mutant(
        rule="A message that waits for our own pace has not been tried",
        hurts="After some waiting a message counts as one that Slack refuses",
        where="put_off",
        text="row.tries -= 1",
        to="pass",
        caught="tests/database/test_taken.py::"
        "test_a_message_that_was_put_off_for_our_own_pace_has_not_been_tried[sqlite]",
    ),
    Mutant(
        rule="A message that another thread has taken since is no longer one's own",
        hurts="What an earlier send was answered is written down over a later one: Slack shows what is long over",
        where="still_ours",
        text="col(SlackMessage.tries) == taken.tries,",
        to="",
        caught="tests/database/test_taken.py::"
        "test_a_message_that_another_thread_of_the_process_has_taken_since_is_not_ours[sqlite]",
    ),
    Mutant(
        rule="A delivery that another thread has taken since is no longer one's own",
        hurts="One command is handled twice, and two requests are made of it",
        where="still_ours",
        text="col(Delivery.tries) == delivery.tries,",
        to="",
        caught="tests/database/test_taken.py::"
        "test_a_delivery_that_another_thread_of_the_process_has_taken_since_is_not_ours[sqlite]",
    ),
    Mutant(
        rule="`verify` reads the chain to its end, not its first few thousand events",
        hurts="An edit in a large history is never found",
        where="_chain_after",
        text="if len(page) < EVENTS_AT_A_TIME:",
        to="if True:",
        caught="tests/database/test_verification.py::test_an_edit_behind_the_first_page_of_events_is_found[sqlite]",
    ),
    Mutant(
        rule="History is read to its end, not its first few thousand events",
        hurts="An export of a large history ends in the middle and does not say so",
        where="stored_events",
        text="if len(events) < EVENTS_AT_A_TIME:",
        to="if True:",
        caught="tests/database/test_verification.py::test_an_edit_behind_the_first_page_of_events_is_found[sqlite]",
    ),
    Mutant(
        rule="A log that was read before an order was sent again concludes nothing about it",
        hurts="An order that a call is carrying is sent once more beside it, or told by what was true before it",
        where="LogReader._settle",
        text="if not any(contain(each, line.position) for each in flying)",
        to="",
        caught="tests/processes/test_histories.py::"
        "test_a_log_that_was_read_before_an_order_was_sent_again_says_nothing_of_it",
    ),
    Mutant(
        rule="What waits to be sent again is not sent once a late answer has told its outcome",
        hurts="Orders that Fincart has cancelled are sent to it once more",
        where="apply",
        text="if cause.attempt is None or not attempts.is_first(cause.attempt):",
        to="if False:",
        caught="tests/processes/test_histories.py::"
        "test_what_waits_to_be_sent_again_is_not_sent_once_a_late_answer_has_told_its_outcome",
    ),
    Mutant(
        rule="What happens while a message is on its way is shown after it",
        hurts="A message stands for ever at what was true a moment before the end",
        where="shown",
        text="if row.wanted > revision and row.ts is not None:",
        to="if False:",
        caught="tests/processes/test_histories.py::test_what_happens_while_a_message_is_on_its_way_is_shown_after_it",
    ),
    Mutant(
        rule="What Slack answered is kept for as long as the database takes to be there again",
        hurts="Each time that the database stumbles, people see a message twice",
        where="Poster._store_answer",
        text="if self._context.wait(0.25):",
        to="if True:",
        caught="tests/processes/test_histories.py::"
        "test_a_message_is_posted_once_though_the_database_goes_away_before_that_is_written_down",
    ),
    Mutant(
        rule="What has been handled is not handled again, whatever fails after it",
        hurts="One command is handled twice, and two requests are made of it",
        where="still_ours",
        text="col(Delivery.due_at).is_not(None),",
        to="",
        caught="tests/database/test_taken.py::"
        "test_what_has_been_handled_is_not_handled_again_though_something_failed_after_it[sqlite]",
    ),
    Mutant(
        rule="What keeps failing by a fault of ours is told to whoever waits for it",
        hurts="Somebody who asked reads nothing, ever, and does not know whether to ask again",
        where="Inbox._retry_or_apologize",
        text="if delivery.tries >= TRIES:",
        to="if False:",
        caught="tests/stories/test_bad_input.py::test_what_keeps_failing_by_a_fault_of_ours_is_said_plainly[sqlite]",
    ),
    Mutant(
        rule="A log that the token has opened and is refused now makes a 403 the token's",
        hurts="A token that has lost its rights goes on being used, order by order",
        where="classify_403",
        text="if reading.http_status in (401, 403):",
        to="if False:",
        caught="tests/stories/test_story_forbidden.py::"
        "test_a_403_is_the_tokens_where_a_log_that_it_has_opened_is_closed_to_it[sqlite]",
    ),
)
