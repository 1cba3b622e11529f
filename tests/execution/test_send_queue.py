"""What is written ahead and not settled yet: nothing goes out behind an answer that may change what is planned."""

from bot.context import Timings
from bot.execution.send_queue import Answered, Planned, SendQueue
from bot.fincart.client import Answer
from storage.enums import AnswerKind
from storage.models import Attempt

QUICK = Timings().quick_call
OK = Answer(AnswerKind.OK, 200, "")
REFUSED = Answer(AnswerKind.REFUSED, 400, "no")


def planned(seq: int = 1) -> Planned:
    attempt = Attempt(request_seq=seq, positions="0", order_count=1)
    return Planned(seq, "R-000001", 1, attempt, ("6864fecda075914a1b1e353c",))


def on_the_wire(ahead: SendQueue) -> Planned:
    ahead.add([planned()])
    sent = ahead.next()
    assert sent is not None
    return sent


def test_what_is_added_behind_an_answer_other_than_ok_is_not_sent() -> None:
    ahead = SendQueue(2, QUICK)
    sent, late = on_the_wire(ahead), planned()
    ahead.answered(Answered(sent, REFUSED), seconds=0.1)
    ahead.add([late, planned(seq=2)])
    following = ahead.next()

    assert following is not None
    assert 2 == following.seq
    assert [sent, late] == [each.planned for each in ahead.answers()]


def test_what_is_being_settled_is_in_hand_for_all_but_whoever_settles_it() -> None:
    ahead = SendQueue(1, QUICK)
    ahead.answered(Answered(on_the_wire(ahead), OK), seconds=0.1)
    ahead.answers()

    assert 0 == ahead.room()
    assert 1 == ahead.room(settling=True)
    assert 1 == ahead.spares()


def test_nothing_is_spared_where_calls_take_long() -> None:
    ahead = SendQueue(1, QUICK)
    ahead.answered(Answered(on_the_wire(ahead), OK), seconds=QUICK)

    assert 0 == ahead.spares()


def test_no_more_calls_go_out_at_once_than_may() -> None:
    ahead = SendQueue(2, QUICK)
    ahead.add([planned(), planned(), planned()])
    sent = [ahead.next() for _ in range(3)]

    assert [True, True, False] == [each is not None for each in sent]


def test_what_waits_and_what_is_on_the_wire_takes_room() -> None:
    ahead = SendQueue(3, QUICK)
    ahead.add([planned(), planned()])
    ahead.next()

    assert 1 == ahead.room()


def test_what_waits_behind_an_answer_other_than_ok_is_planned_anew() -> None:
    ahead = SendQueue(1, QUICK)
    sent, waits, other = planned(), planned(), planned(seq=2)
    ahead.add([sent, waits, other])
    ahead.next()
    ahead.answered(Answered(sent, REFUSED), seconds=0.1)

    assert other == ahead.next()
    assert [sent, waits] == [each.planned for each in ahead.answers()]
