"""What is said of each order, on what evidence, and to whom."""

from .entry import Mutant

OUTCOMES = (
    Mutant(
        rule="**Retry** never takes an order whose outcome is unknown",
        hurts="An order that may be cancelled is sent again on a guess",
        where="_to_retry",
        text="(Outcome.REJECTED, Outcome.NOT_SENT)",
        to="(Outcome.REJECTED, Outcome.NOT_SENT, Outcome.UNKNOWN)",
        caught="tests/stories/test_story_evidence.py::"
        "test_retry_takes_what_was_refused_or_not_sent_and_nothing_unknown[sqlite]",
    ),
    Mutant(
        rule="**Retry** takes the orders that were rejected",
        hurts="Whoever asks again for what was refused gets only a part of it",
        where="_to_retry",
        text="(Outcome.REJECTED, Outcome.NOT_SENT)",
        to="(Outcome.NOT_SENT,)",
        caught="tests/stories/test_story_evidence.py::"
        "test_retry_takes_what_was_refused_or_not_sent_and_nothing_unknown[sqlite]",
    ),
    Mutant(
        rule="**Retry** is for requests that have ended",
        hurts="Orders that a run is about to send are asked for a second time",
        where="_to_retry",
        text="if request is None or request.state is not RequestState.FINISHED:",
        to="if request is None:",
        caught="tests/stories/test_story_evidence.py::test_nothing_is_retried_while_the_run_is_under_way[sqlite]",
    ),
    Mutant(
        rule="**Retry** of somebody else's request is for whoever may control it",
        hurts="Somebody without a say asks anew for what others stopped",
        where="retry",
        text="if request is not None and not was_made and _refuse_control(context, delivery, action, request):",
        to="if False:",
        caught="tests/stories/test_story_evidence.py::"
        "test_whoever_may_ask_and_not_approve_cannot_retry_what_is_somebody_elses[sqlite]",
    ),
    Mutant(
        rule="A press of **Retry** that is taken up again goes on with the request that it has made",
        hurts="The press is refused, and what it asked for expires with nobody told of it",
        where="retry",
        text="not was_made and _refuse_control",
        to="_refuse_control",
        caught="tests/processes/test_histories.py::test_a_retry_goes_on_where_slack_fails_when_it_is_taken_up_again",
    ),
    Mutant(
        rule="When sending ends, nothing is told of orders that a call is carrying",
        hurts="Orders are told as not sent that Fincart is just about to cancel",
        where="close",
        text="for attempt in attempts.under_way(transaction, request)",
        to="for attempt in ()",
        caught="tests/stories/test_story_control.py::"
        "test_what_is_on_the_wire_when_sending_ends_is_told_by_its_answer_alone[sqlite]",
    ),
    Mutant(
        rule="A correction is told to its requester too, where there is an AUDIT_CHANNEL",
        hurts="Its requester goes on believing the wrong outcome",
        where="correction_notice",
        text="dict.fromkeys((audit_channel or request.requester, request.requester))",
        to="dict.fromkeys((audit_channel or request.requester,))",
        caught="tests/stories/test_story_evidence.py::"
        "test_a_correction_is_told_in_the_audit_channel_and_to_its_requester[sqlite]",
    ),
    Mutant(
        rule="A correction is told in AUDIT_CHANNEL",
        hurts="Whoever watches over the bot never learns that it told something wrong",
        where="correction_notice",
        text="dict.fromkeys((audit_channel or request.requester, request.requester))",
        to="(request.requester,)",
        caught="tests/stories/test_story_evidence.py::"
        "test_a_correction_is_told_in_the_audit_channel_and_to_its_requester[sqlite]",
    ),
    Mutant(
        rule="A notice of corrections names all of its hour",
        hurts="Of forty corrected orders the notice names the last two",
        where="Corrections.and_also",
        text="{*self.orders, *reported}",
        to="{*reported}",
        caught="tests/stories/test_story_truth.py::"
        "test_many_corrections_of_one_request_are_one_notice_that_grows[sqlite]",
    ),
    Mutant(
        rule="An outcome that changes is told as a correction in history",
        hurts="A year later nobody can tell what people had been told first",
        where="settle",
        text="EventKind.CORRECTED if corrected else kind",
        to="kind",
        caught="tests/stories/test_story_truth.py::"
        "test_a_success_that_the_log_contradicts_is_corrected_with_a_notice[sqlite]",
    ),
    Mutant(
        rule="The figures of a result follow a correction",
        hurts="A result says `10 cancelled` where one of them was not",
        where="_count",
        text="figures[line.outcome.value] -= 1",
        to="pass",
        caught="tests/stories/test_story_truth.py::"
        "test_a_success_that_the_log_contradicts_is_corrected_with_a_notice[sqlite]",
    ),
    Mutant(
        rule="The end of a long run is told to its requester directly",
        hurts="Whoever asked and went away never learns how it ended",
        where="end_is_owed",
        text="return bool(others) or bool(began and ended and (ended - began).total_seconds() > notice_after)",
        to="return bool(others)",
        caught="tests/stories/test_story_evidence.py::"
        "test_the_end_of_a_long_run_is_told_to_its_requester_directly[sqlite]",
    ),
    Mutant(
        rule="Whoever asked is told when somebody else's word brought the end about",
        hurts="Whoever asked never learns that somebody else stopped it",
        where="end_is_owed",
        text="by = {request.decided_by_person or request.decided_by, request.stopped_by_person or request.stopped_by}",
        to="by = {request.decided_by_person or request.decided_by}",
        caught="tests/stories/test_control.py::test_who_asked_is_told_when_somebody_else_stopped_it[sqlite]",
    ),
    Mutant(
        rule="With VERIFY_RESULTS=false an unknown order is read again all the same",
        hurts="Unknown orders stay unknown for ever where results are not verified",
        where="settled",
        text="step.read_at if context.settings.verify_results or not by_word else None",
        to="step.read_at if context.settings.verify_results else None",
        caught="tests/stories/test_story_evidence.py::"
        "test_an_unknown_order_settles_by_itself_where_results_are_not_verified[sqlite]",
    ),
    Mutant(
        rule="With VERIFY_RESULTS=false what Fincart says it cancelled is not looked up",
        hurts="Whoever switched the readings off pays for ten thousand of them",
        where="settled",
        text="step.read_at if context.settings.verify_results or not by_word else None",
        to="step.read_at",
        caught="tests/stories/test_story_evidence.py::"
        "test_where_results_are_not_verified_no_log_of_what_is_cancelled_is_read[sqlite]",
    ),
    Mutant(
        rule="What Fincart says it cancelled is looked up in its log",
        hurts="A success that was none is never corrected",
        where="settled",
        text="step.read_at if context.settings.verify_results or not by_word else None",
        to="None if by_word else step.read_at",
        caught="tests/stories/test_story_truth.py::test_a_cancelled_order_is_confirmed_by_its_log[sqlite]",
    ),
    Mutant(
        rule="An order that the preview saw as cancelled is not told as cancelled by us",
        hurts="Somebody else's cancellation is counted as this request's",
        where="EvidenceBuilder._evidence",
        text='cancelled_at_preview=is_cancelled(line.seen_status or ""),',
        to="cancelled_at_preview=False,",
        caught="tests/stories/test_story_evidence.py::"
        "test_what_somebody_else_cancelled_just_before_the_preview_is_not_told_as_ones_own_doing[sqlite]",
    ),
    Mutant(
        rule="Orders that the preview saw differently are concluded about apart",
        hurts="An order is told as cancelled by us because its neighbour in the call was",
        where="EvidenceBuilder.of",
        text="logged = (line.seen_status, line.log, line.waits_since)",
        to="logged = (line.log, line.waits_since)",
        caught="tests/stories/test_story_evidence.py::"
        "test_what_somebody_else_cancelled_just_before_the_preview_is_not_told_as_ones_own_doing[sqlite]",
    ),
    Mutant(
        rule="A call that was counted as lost leaves its doubt when its answer comes late",
        hurts="An order that a second call refused is told as rejected though the first had cancelled it",
        where="end",
        text="row.was_lost, row.result, row.http_status, row.words = True, result, http_status, words",
        to="row.result, row.http_status, row.words = result, http_status, words",
        caught="tests/database/test_leases.py::"
        "test_an_answer_to_a_call_that_was_counted_as_lost_is_kept_with_that_said[sqlite]",
    ),
    Mutant(
        rule="Both halves of a refused call were taken: the run keeps their size",
        hurts="Every call of a long run is refused once before it is sent in halves",
        where="_learn_size",
        text="request.batch_size = min(request.batch_size or size, size)",
        to="pass",
        caught="tests/stories/test_story_evidence.py::test_a_run_keeps_the_size_that_fincart_takes[sqlite]",
    ),
    Mutant(
        rule="A cancellation that another request may just be making is not taken for one's own",
        hurts="Two requests tell that they cancelled the same order",
        where="_without_conflicts",
        text="in_flight.of_others(transaction, request, cancelled) if cancelled else ()",
        to="()",
        caught="tests/stories/test_story_evidence.py::"
        "test_what_another_request_is_just_sending_is_not_told_as_ones_own_doing[sqlite]",
    ),
    Mutant(
        rule="Of two requests that sent an order, the one that cancelled it says so",
        hurts="An order that one request cancelled is told as the other's",
        where="is_theirs",
        text="return was_earlier == others_first",
        to="return others_first",
        caught="tests/processes/test_histories.py::"
        "test_a_success_that_was_a_lie_does_not_take_a_later_cancellation_from_the_request_that_made_it",
    ),
    Mutant(
        rule="An order that another request has cancelled is not told as cancelled by this one",
        hurts="Two requests tell that they cancelled the same order",
        where="with_attribution",
        text="if not others and not archived:",
        to="if others or not others:",
        caught="tests/stories/test_story_evidence.py::"
        "test_what_another_request_has_cancelled_is_told_as_that_ones_doing[sqlite]",
    ),
    Mutant(
        rule="Orders in doubt are read before the checks of what is cancelled",
        hurts="Somebody waits for one order while thousands of certain ones are checked",
        where="_most_awaited",
        text="return waited_for or _take(transaction, now, most, outcome == Outcome.CANCELLED)",
        to="return _take(transaction, now, most, outcome == Outcome.CANCELLED) or waited_for",
        caught="tests/stories/test_story_truth.py::"
        "test_a_lost_answer_does_not_wait_for_the_checks_of_what_is_cancelled[sqlite]",
    ),
    Mutant(
        rule="Orders that a process took to read are read by another once it is dead",
        hurts="An order in doubt stays in doubt for ever",
        where="take",
        text="line.due_at = now + READ_WITHIN",
        to="line.due_at = None",
        caught="tests/database/test_taken.py::test_it_is_taken_again_once_its_taker_counts_as_dead[sqlite-a log]",
    ),
    Mutant(
        rule="**Check again** reads unknown orders now",
        hurts="Whoever presses it waits for hours, and is told nothing",
        where="check_again",
        text="line.due_at = now",
        to="pass",
        caught="tests/stories/test_story_evidence.py::test_check_again_reads_what_would_not_be_read_for_long[sqlite]",
    ),
    Mutant(
        rule="A lost call is not sent again before its log was read",
        hurts="An order is sent a second time on a guess",
        where="_by_the_table",
        text="if evidence.doubt is not Doubt.NONE:",
        to="if evidence.doubt is Doubt.WEAK:",
        caught="tests/domain/test_truth.py::test_while_sending_is_allowed",
    ),
    Mutant(
        rule="After three lost sends an order is not sent again",
        hurts="An order is sent without end to a Fincart that loses every answer",
        where="_may_send_again",
        text="and lost < timings.lost_sends",
        to="",
        caught="tests/domain/test_truth.py::test_while_sending_is_allowed",
    ),
    Mutant(
        rule="A refused call of several leaves weak doubt",
        hurts="An order that a refused call had cancelled is told as not sent",
        where="Evidence.doubt",
        text="return Doubt.WEAK",
        to="return Doubt.NONE",
        caught="tests/domain/test_truth.py::test_while_sending_is_allowed",
    ),
    Mutant(
        rule="A pending log says nothing until 3 seconds after the call",
        hurts="An order that Fincart is just cancelling is told as refused",
        where="classify_log",
        text="read_after(evidence, log, timings.pending_after)",
        to="read_after(evidence, log, 0.0)",
        caught="tests/domain/test_truth.py::test_a_pending_log_says_nothing_until_three_seconds_after_the_attempt",
    ),
    Mutant(
        rule="A cancellation from before our first send is not ours",
        hurts="Somebody else's cancellation is counted as this request's",
        where="_since_or_before",
        text="cancelled_at >= since",
        to="cancelled_at <= since or cancelled_at >= since",
        caught="tests/domain/test_truth.py::test_while_sending_is_allowed",
    ),
    Mutant(
        rule="A success that a late log contradicts is corrected",
        hurts="An order is told as cancelled for ever though it is not",
        where="_after_ok",
        text="case LogClass.BEFORE | LogClass.OTHER | LogClass.ABSENT:",
        to="case LogClass.BEFORE | LogClass.ABSENT:",
        caught="tests/domain/test_truth.py::test_while_sending_is_allowed",
    ),
    Mutant(
        rule="What cannot be known is unknown, not rejected",
        hurts="An order that may be cancelled is told as refused",
        where="_after_refusal",
        text="case LogClass.UNREADABLE if doubt is Doubt.NONE:",
        to="case LogClass.UNREADABLE:",
        caught="tests/domain/test_truth.py::test_while_sending_is_allowed",
    ),
    Mutant(
        rule="A call may be on the wire: nothing is concluded before its time is over",
        hurts="An order is told as not cancelled while a sleeping process is about to cancel it",
        where="conclude",
        text="if now < open_until:",
        to="if now > open_until:",
        caught="tests/domain/test_truth.py::"
        "test_while_a_call_may_be_on_the_wire_nothing_but_its_cancellation_settles_an_order",
    ),
    Mutant(
        rule="What is unknown is read again for a day",
        hurts="An order that Fincart could tell of an hour later stays unknown",
        where="_next_read",
        text="if gone >= timings.keep_reading:",
        to="if gone >= timings.late_after:",
        caught="tests/domain/test_truth.py::test_what_is_not_settled_for_good_names_when_its_log_is_read_next",
    ),
    Mutant(
        rule="What Fincart did not know is not remembered as known when it is left out",
        hurts="An order that does not exist stays unknown, and is looked for in vain",
        where="leave_out",
        text="for each in out if was_read(each.seen_status, each.log)",
        to="for each in out",
        caught="tests/stories/test_story_truth.py::"
        "test_an_order_that_fincart_did_not_know_and_that_was_left_out_is_told_as_no_such_order_later[sqlite]",
    ),
    Mutant(
        rule="Whether a 403 is the token's is not asked of an order that Fincart never knew",
        hurts="One id of somebody else's beside a wrong one, and everybody's run stops for a token that is good",
        where="read_before",
        text="and_(col(OrderLine.seen_status).is_not(None), col(OrderLine.seen_status) != ABSENT)",
        to="col(OrderLine.seen_status).is_not(None)",
        caught="tests/stories/test_story_forbidden.py::"
        "test_one_order_of_somebody_elses_between_some_that_do_not_exist_stops_nobody[sqlite]",
    ),
    Mutant(
        rule="A main status that Fincart does not document decides nothing",
        hurts="An order with a new word of Fincart's is said to be beyond cancelling, and left out",
        where="OrderStatus",
        text="return False if self.status == ABSENT or is_past_pending(self.status) else None",
        to="return False",
        caught="tests/stories/test_preview_statuses.py::"
        "test_an_unknown_main_status_is_shown_as_it_is_and_decides_nothing[sqlite]",
    ),
    Mutant(
        rule="What has gone further is left out of a preview",
        hurts="Whoever leaves out what cannot be cancelled leaves out what can",
        where="StatusFacts",
        text="(each.order_id for each in self.which(False))",
        to="(each.order_id for each in self.which(True))",
        caught="tests/stories/test_control.py::"
        "test_the_preview_tells_what_cannot_be_cancelled_and_leaves_it_out[sqlite]",
    ),
)
