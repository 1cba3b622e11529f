"""Histories that once ended wrong, played in virtual time: what is typed and pressed, and which process sleeps when."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from simulation.plan import FOR_EVER, Ask, Break, Meddle, Pass, Plan, Press, Send, Step, Work, plan_of
from simulation.runs import Runs

from bot.sandbox.fincart_faults import Applied, Fault, FaultKind

ORDER = 3

Play = Callable[..., str]


@pytest.fixture
def play() -> Iterator[Play]:
    """Plays steps in a world of two processes, and says what was wrong."""
    runs = Runs()
    first = plan_of(1)
    settings = dict(first.setup.settings) | {"APPROVAL_VALID_SECONDS": "3600", "HOLD_AFTER_FAILED": "0"}
    setup = replace(
        first.setup, processes=2, settings=tuple(settings.items()), clock_offset=0.0,
        titles=("Pending",) * len(first.setup.titles),
    )  # fmt: skip

    def run(*steps: Step, log_lag: float = 0.0) -> str:
        failure = runs.run(Plan(first.seed, replace(setup, log_lag=log_lag), steps))
        return failure.why if failure else ""

    yield run
    runs.close()


def cancel(person: int, process: int) -> tuple[Step, ...]:
    """Somebody asks for the order through this process and goes ahead."""
    does = Work(process, 0, FOR_EVER)
    return (Ask(person, 0, (ORDER,), process), does, does, Press(person, 0, process), does)


def all_due(process: int) -> tuple[Step, ...]:
    """Whatever is due is done."""
    return tuple(Work(process, lane, FOR_EVER) for lane in (2, 1, 0) * 3)


def test_an_order_stays_in_hand_while_the_call_of_a_sleeping_process_may_be_on_the_wire(play: Play) -> None:
    wrong = play(
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

    assert "" == wrong


def test_an_order_leaves_the_hand_of_a_process_that_sleeps_for_long(play: Play) -> None:
    wrong = play(
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

    assert "" == wrong


def test_a_success_that_was_a_lie_does_not_take_a_later_cancellation_from_the_request_that_made_it(play: Play) -> None:
    wrong = play(
        Break(Fault(FaultKind.SAYS_SUCCESS, applied=Applied.NONE)),
        *cancel(person=0, process=0),
        Send(0, FOR_EVER),
        Pass(31.0, asleep=False),
        *all_due(1),
        *cancel(person=1, process=1),
        Send(1, FOR_EVER),
        log_lag=20.0,
    )

    assert "" == wrong


def test_what_its_sleeping_sender_never_handed_over_is_not_counted_as_its_doing(play: Play) -> None:
    wrong = play(
        *cancel(person=0, process=0),
        Send(0, 1),
        Pass(7.0, asleep=True),
        Meddle(ORDER, "Cancelled"),
        Send(1, FOR_EVER),
        *all_due(1),
    )

    assert "" == wrong


def test_what_its_sleeping_sender_never_handed_over_is_sent_by_another(play: Play) -> None:
    wrong = play(*cancel(person=0, process=0), Send(0, 1), Pass(7.0, asleep=True), Send(1, FOR_EVER))

    assert "" == wrong
