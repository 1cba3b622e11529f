"""Histories that once ended wrong, played in virtual time: what is typed and pressed, and which process sleeps when."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from simulation.plan import (
    FOR_EVER,
    ORDERS,
    Break,
    BreakSlack,
    By,
    Crash,
    DatabaseGone,
    Gone,
    Meddle,
    Mend,
    Pass,
    Plan,
    PlannedAsk,
    PlannedResume,
    Press,
    Revoke,
    Send,
    Setup,
    Step,
    Work,
)
from simulation.runs import Runs

from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind, IdPolicy
from bot.sandbox.slack.faults import SlackFault as SlackFault
from bot.sandbox.slack.faults import SlackFaultKind as SlackFaultKind

ORDER = 3

UNTIL_IT_IS_ANSWERED = 4
"""Boundaries that a call passes until its answer is there, and not yet written down."""

SETUP = Setup(
    processes=2,
    settings=(("FINCART_BATCH_SIZE", "1"), ("FINCART_MAX_CONCURRENCY", "3"), ("HOLD_AFTER_FAILED", "0")),
    unknown_ids=IdPolicy.REFUSE_AFTER_REST,
    not_pending=IdPolicy.REFUSE_CALL,
    log_lag=0.0,
    clock_offset=0.0,
    clock_skews=(0.0, 0.0),
    max_ids=None,
    cancelled_title="canceled",
    titles=("Pending",) * ORDERS,
)


@dataclass(frozen=True)
class Played:
    """What was wrong with a history, and how often each kind of thing happened in it."""

    wrong: str
    met: Counter[str]

    def missing(self, *situation: str) -> list[str]:
        """Of the situation that the history is about, what never happened: an empty history shows nothing."""
        return [name for name in situation if not self.met[name]]


Play = Callable[..., Played]


@pytest.fixture
def play() -> Iterator[Play]:
    """Plays steps in a world of two processes."""
    runs = Runs()

    def run(*steps: Step, **setup: Any) -> Played:
        failure = runs.run(Plan(1, replace(SETUP, **setup), steps))
        return Played(failure.why if failure else "", runs.met)

    yield run
    runs.close()


def cancel(person: int, process: int) -> tuple[Step, ...]:
    """Somebody asks for the order through this process and goes ahead."""
    does = Work(process, 0, FOR_EVER)
    return (PlannedAsk(person, 0, (ORDER,), process), does, does, Press(person, "go_ahead", 0, process), does)


def all_due(process: int) -> tuple[Step, ...]:
    """Whatever is due is done."""
    return tuple(Work(process, lane, FOR_EVER) for lane in (2, 1, 0) * 3)


def test_an_order_stays_in_hand_while_the_call_of_a_sleeping_process_may_be_on_the_wire(play: Play) -> None:
    played = play(
        Break(Fault(FaultKind.HANG, applied=Applied.NONE)),
        *cancel(person=0, process=0),
        Send(0, FOR_EVER),
        Pass(7.0, asleep=True),
        Send(1, FOR_EVER),
        Meddle(ORDER, "Delivered"),
        *all_due(1),
        *cancel(person=1, process=1),
        Send(1, FOR_EVER),
    )

    assert "" == played.wrong
    assert [] == played.missing("fincart hang", "taken for dead", "answered late", "outcome not_sent by None")


def test_an_order_leaves_the_hand_of_a_process_that_sleeps_for_long(play: Play) -> None:
    played = play(
        Break(Fault(FaultKind.HANG, applied=Applied.NONE)),
        *cancel(person=0, process=0),
        Send(0, FOR_EVER),
        Pass(300.0, asleep=True),
        Send(1, FOR_EVER),
        Meddle(ORDER, "Delivered"),
        *all_due(1),
        Meddle(ORDER, "Pending"),
        *cancel(person=1, process=1),
        Send(1, FOR_EVER),
    )

    assert "" == played.wrong
    assert [] == played.missing("fincart hang", "taken for dead", "answered late", "outcome cancelled by log")


def test_a_success_that_was_a_lie_does_not_take_a_later_cancellation_from_the_request_that_made_it(play: Play) -> None:
    played = play(
        Break(Fault(FaultKind.SAYS_SUCCESS, applied=Applied.NONE)),
        *cancel(person=0, process=0),
        Send(0, FOR_EVER),
        Pass(31.0, asleep=False),
        *all_due(1),
        *cancel(person=1, process=1),
        Send(1, FOR_EVER),
        log_lag=20.0,
    )

    assert "" == played.wrong
    assert [] == played.missing("fincart says_success", "audit corrected", "outcome cancelled by log")


def test_what_the_log_shows_while_another_request_sends_the_order_is_not_taken_for_ones_own_doing(play: Play) -> None:
    played = play(
        Break(Fault(FaultKind.GARBAGE, applied=Applied.NONE)),
        Break(Fault(FaultKind.GARBAGE, Endpoint.LOGS, times=4)),
        *cancel(person=0, process=0),
        Send(0, FOR_EVER),
        *(Pass(3.5, asleep=False), *all_due(0)) * 4,
        Break(Fault(FaultKind.HANG, applied=Applied.ALL)),
        *cancel(person=1, process=1),
        Send(1, FOR_EVER),
        Press(0, "check_again", 0, 0),
        *all_due(0),
    )

    assert "" == played.wrong
    assert [] == played.missing("fincart garbage", "fincart hang", "pressed check_again", "outcome cancelled by log")


def test_what_its_sleeping_sender_never_handed_over_is_not_counted_as_its_doing(play: Play) -> None:
    played = play(
        *cancel(person=0, process=0),
        Send(0, 1),
        Pass(7.0, asleep=True),
        Meddle(ORDER, "Cancelled"),
        Send(1, FOR_EVER),
        *all_due(1),
    )

    assert "" == played.wrong
    assert [] == played.missing("halted at committed", "taken for dead", "never handed over")


def test_what_its_sleeping_sender_never_handed_over_is_sent_by_another(play: Play) -> None:
    played = play(*cancel(person=0, process=0), Send(0, 1), Pass(7.0, asleep=True), Send(1, FOR_EVER))

    assert "" == played.wrong
    assert [] == played.missing(
        "halted at committed", "taken for dead", "never handed over", "outcome cancelled by log"
    )


def test_a_request_goes_on_where_its_file_is_gone_when_it_is_taken_up_again(play: Play) -> None:
    until_the_request_is_made = Work(0, 0, 4)
    gone = SlackFault(SlackFaultKind.ERROR, error="file_not_found")

    played = play(
        PlannedAsk(0, 0, (ORDER,), 0, By.FILE),
        until_the_request_is_made,
        BreakSlack("download", gone, times=None),
        Pass(10.0, asleep=False),
        Work(1, 0),
    )

    assert "" == played.wrong
    assert [] == played.missing("halted at committed", "BreakSlack", "audit preview_shown")


def test_a_retry_goes_on_where_slack_fails_when_it_is_taken_up_again(play: Play) -> None:
    """Seed 728372: the press was refused, and the request that it had made expired with nobody told of it."""
    until_the_request_is_made = Work(0, 0, 4)

    played = play(
        *cancel(person=0, process=0),
        Meddle(ORDER, "Delivered"),
        Send(0, FOR_EVER),
        *all_due(0),
        Press(0, "retry", 0, 0),
        until_the_request_is_made,
        BreakSlack("*", SlackFault(SlackFaultKind.ERROR, error="fatal_error"), times=None),
        Pass(10.0, asleep=True),
        Work(1, 0),
    )

    assert "" == played.wrong
    assert [] == played.missing("audit request_made retry", "BreakSlack", "audit request_refused")


def test_a_log_is_not_taken_for_a_later_one_by_a_host_whose_clock_is_ahead(play: Play) -> None:
    played = play(
        Break(Fault(FaultKind.DROP, applied=Applied.ALL)),
        *cancel(person=0, process=0),
        Send(0, FOR_EVER),
        Pass(3.5, asleep=False),
        *all_due(0),
        Send(0, FOR_EVER),
        log_lag=20.0,
        clock_skews=(70.0, 0.0),
    )

    assert "" == played.wrong
    assert [] == played.missing("a host whose clock differs", "fincart drop", "outcome cancelled by log")


def test_an_answer_that_its_sleeping_process_read_late_does_not_mislead_it_about_the_clocks(play: Play) -> None:
    does = Work(0, 0, FOR_EVER)
    played = play(
        *(PlannedAsk(2, 0, (ORDER + 1,), 0), does, does, Press(2, "go_ahead", 0, 0), does),
        Send(0, 2),
        Pass(300.0, asleep=True),
        PlannedResume(0, FOR_EVER, asleep=False),
        *(does,) * 5,
        *cancel(person=0, process=1),
        Send(1, FOR_EVER),
        *(does,) * 5,
        Pass(20.0, asleep=True),
        *(does,) * 9,
        *cancel(person=1, process=0),
        Send(0, FOR_EVER),
        not_pending=IdPolicy.SKIP,
        log_lag=25.0,
    )

    assert "" == played.wrong
    assert [] == played.missing("halted at sent", "PlannedResume", "audit corrected")


def test_the_first_answer_that_tells_fincarts_clock_tells_whose_doing_an_earlier_cancellation_was(play: Play) -> None:
    played = play(
        Break(Fault(FaultKind.GATEWAY_PAGE, Endpoint.LOGS, times=100)),
        Break(Fault(FaultKind.DROP, applied=Applied.ALL)),
        *cancel(person=0, process=0),
        Send(0, FOR_EVER),
        *(Pass(3.5, asleep=False), *all_due(0)) * 4,
        *cancel(person=1, process=1),
        Crash(1, "sending", 0),
        Send(1, FOR_EVER),
        Mend(fincart=True),
        Pass(7.0, asleep=False),
        Send(0, FOR_EVER),
    )

    assert "" == played.wrong
    assert [] == played.missing("fincart drop", "died at sending", "taken for dead", "outcome cancelled by log")


def test_a_log_read_that_fails_while_a_call_probes_lets_no_other_call_go(play: Play) -> None:
    does = Work(0, 0, FOR_EVER)
    unread = (Pass(8.5, asleep=False), *all_due(0))
    played = play(
        Break(Fault(FaultKind.DROP, applied=Applied.ALL)),
        *cancel(person=0, process=0),
        *(PlannedAsk(1, 0, (ORDER + 1, ORDER + 2), 0), does, does),
        Break(Fault(FaultKind.DROP, Endpoint.LOGS, times=60)),
        Send(0, FOR_EVER),
        *unread * 3,
        *(Press(1, "go_ahead", 0, 0), does),
        Pass(3.0, asleep=False),
        Send(0, 2),
        Pass(8.5, asleep=False),
        Work(0, 1),
        Pass(8.5, asleep=False),
        Send(0, FOR_EVER),
    )

    assert "" == played.wrong
    assert [] == played.missing("audit held down", "probe", "halted at sent", "outcome cancelled by log")


def test_a_rejected_token_that_is_learned_of_after_the_end_is_told_with_what_to_do(play: Play) -> None:
    played = play(
        *cancel(person=0, process=0),
        Break(Fault(FaultKind.FORBIDDEN)),
        Break(Fault(FaultKind.FORBIDDEN, Endpoint.LOGS)),
        Send(0, UNTIL_IT_IS_ANSWERED),
        Pass(7.0, asleep=True),
        Send(1, FOR_EVER),
        *(Pass(20.0, asleep=False), *all_due(1), Send(1, FOR_EVER)) * 3,
        PlannedResume(0, FOR_EVER, asleep=False),
    )

    assert "" == played.wrong
    assert [] == played.missing("audit held token", "taken for dead", "outcome cancelled by log")


def test_a_run_that_ended_while_slack_refused_the_token_says_so_once_it_is_taken_again(play: Play) -> None:
    played = play(
        *cancel(person=0, process=0),
        Revoke("token_revoked"),
        *(Pass(20.0, asleep=False),) * 4,
        Send(0, FOR_EVER),
        Revoke(""),
        *all_due(0),
        Pass(11.0, asleep=False),
        *all_due(0),
        settings=(*SETUP.settings, ("UNDO_SECONDS", "10"), ("APPROVAL_VALID_SECONDS", "60")),
    )

    assert "" == played.wrong
    assert [] == played.missing(
        "audit held slack", "audit hold_ended slack", "audit stopped", "outcome not_sent by None"
    )


def test_a_late_answer_says_nothing_of_an_order_that_is_on_its_way_again(play: Play) -> None:
    played = play(
        *cancel(person=0, process=0),
        Send(0, 1),
        Pass(7.0, asleep=True),
        Send(1, FOR_EVER),
        Pass(40.0, asleep=False),
        *all_due(1),
        Pass(5.0, asleep=False),
        Send(1, 2),
        PlannedResume(0, FOR_EVER, asleep=False),
        Pass(3.0, asleep=False),
        Send(1, FOR_EVER),
    )

    assert "" == played.wrong
    assert [] == played.missing("taken for dead", "halted at sent", "never handed over", "outcome cancelled by log")
    assert 1 == played.met["boundary sending"]


def test_an_order_that_its_sleeping_sender_never_sent_counts_as_first_sent_by_whoever_sends_it(play: Play) -> None:
    """Fincart's clock is known, so that what was written ahead counts as sent until its sender says that it was not."""
    does = Work(1, 0, FOR_EVER)
    played = play(
        *(PlannedAsk(2, 0, (ORDER + 1,), 1), does, does, Press(2, "go_ahead", 0, 1), does),
        Send(1, FOR_EVER),
        *(does,) * 5,
        *cancel(person=0, process=0),
        Send(0, 1),
        Pass(7.0, asleep=True),
        Send(1, FOR_EVER),
        PlannedResume(0, FOR_EVER, asleep=False),
        Meddle(ORDER, "Cancelled"),
        Pass(8.0, asleep=False),
        Send(1, FOR_EVER),
        *all_due(1),
    )

    assert "" == played.wrong
    assert [] == played.missing("taken for dead", "never handed over", "outcome rejected by log")


def test_what_others_cancel_after_a_call_that_was_not_acted_on_is_not_told_as_ones_own_doing(play: Play) -> None:
    played = play(
        Break(Fault(FaultKind.RATE_LIMITED, retry_after="10")),
        *cancel(person=0, process=0),
        Send(0, FOR_EVER),
        Meddle(ORDER, "Cancelled"),
        Pass(11.0, asleep=False),
        Send(0, FOR_EVER),
        *all_due(0),
    )

    assert "" == played.wrong
    assert [] == played.missing("fincart rate_limited", "outcome rejected by log")


def test_a_call_that_was_not_acted_on_does_not_change_when_a_later_one_was_answered(play: Play) -> None:
    played = play(
        Break(Fault(FaultKind.RATE_LIMITED, retry_after="50")),
        Break(Fault(FaultKind.SAYS_SUCCESS, applied=Applied.NONE)),
        *cancel(person=0, process=0),
        Send(0, FOR_EVER),
        Pass(51.0, asleep=False),
        Send(0, FOR_EVER),
        Pass(31.0, asleep=False),
        *all_due(1),
        *cancel(person=1, process=1),
        Send(1, FOR_EVER),
        log_lag=20.0,
    )

    assert "" == played.wrong
    assert [] == played.missing(
        "fincart rate_limited", "fincart says_success", "audit corrected", "outcome cancelled by log"
    )


def test_after_a_late_answer_the_log_is_read_anew_before_an_order_is_told_as_unknown(play: Play) -> None:
    played = play(
        Break(Fault(FaultKind.SERVER_ERROR, applied=Applied.ALL)),
        Break(Fault(FaultKind.GARBAGE, Endpoint.LOGS, times=4)),
        *cancel(person=0, process=0),
        Send(0, 2),
        Pass(7.0, asleep=True),
        Send(1, FOR_EVER),
        *(Pass(3.5, asleep=False), *all_due(1)) * 3,
        PlannedResume(0, FOR_EVER, asleep=False),
    )

    assert "" == played.wrong
    assert [] == played.missing("taken for dead", "answered late", "fincart garbage", "outcome cancelled by log")
    assert 0 == played.met["told as unknown"]


def test_a_log_that_was_read_before_an_order_was_sent_again_says_nothing_of_it(play: Play) -> None:
    played = play(
        *cancel(person=0, process=0),
        Send(0, 1),
        Pass(7.0, asleep=True),
        Send(1, FOR_EVER),
        *(Work(1, 0, 2),) * 4,
        PlannedResume(0, FOR_EVER, asleep=False),
        Pass(2.0, asleep=False),
        Send(1, 2),
        *(PlannedResume(number, FOR_EVER, asleep=False) for number in (0, 0, 0)),
        Pass(3.0, asleep=False),
        Send(1, FOR_EVER),
    )

    assert "" == played.wrong
    assert [] == played.missing("halted at read", "never handed over", "halted at sent")
    assert 1 == played.met["boundary sending"]


def test_what_waits_to_be_sent_again_is_not_sent_once_a_late_answer_has_told_its_outcome(play: Play) -> None:
    played = play(
        *cancel(person=0, process=0),
        Send(0, 2),
        Pass(7.0, asleep=True),
        Send(1, FOR_EVER),
        Pass(40.0, asleep=False),
        *all_due(1),
        PlannedResume(0, FOR_EVER, asleep=False),
        Pass(3.0, asleep=False),
        Send(1, FOR_EVER),
        log_lag=60.0,
    )

    assert "" == played.wrong
    assert [] == played.missing("taken for dead", "answered late")
    assert 1 == played.met["boundary sending"]


def test_what_happens_while_a_message_is_on_its_way_is_shown_after_it(play: Play) -> None:
    played = play(
        *cancel(person=0, process=0),
        *(Work(0, 2, 2),) * 2,
        Send(0, FOR_EVER),
        *(PlannedResume(0, FOR_EVER, asleep=False),) * 2,
        settings=(*SETUP.settings, ("VERIFY_RESULTS", "false")),
    )

    assert "" == played.wrong
    assert [] == played.missing("halted at posted", "outcome cancelled by answer")


def test_a_message_is_posted_once_though_the_database_goes_away_before_that_is_written_down(play: Play) -> None:
    played = play(
        PlannedAsk(0, 0, (ORDER,), 0),
        Work(0, 0, FOR_EVER),
        Work(0, 0, 2),
        DatabaseGone(0, 1, Gone.AT_BEGIN),
        PlannedResume(0, FOR_EVER, asleep=False),
        PlannedResume(0, FOR_EVER, asleep=False),
        Pass(9.0, asleep=False),
        *all_due(0),
    )

    assert "" == played.wrong
    assert [] == played.missing("halted at posted", "database gone before it begins", "audit expired")
    # The preview, and that it has expired.
    assert 2 == played.met["boundary posting"]
