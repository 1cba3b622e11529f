"""Progress is held to forty edits a minute, by all processes together."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from world import Clock

from storage import edit_pace
from storage.db.transactions import Database
from storage.edit_pace import seconds_until_free


def edits_of(nows: list[float]) -> list[float]:
    """When edits went that were tried at these times."""
    gone: list[float] = []
    for now in nows:
        if not seconds_until_free([at for at in gone if at > now - 60], now):
            gone.append(now)
    return gone


@given(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=400))
def test_progress_edits_are_held_to_forty_a_minute(pauses: list[float]) -> None:
    gone = edits_of([1000.0 + sum(pauses[:number]) for number in range(len(pauses))])

    assert all(len([at for at in gone if end - 60 < at <= end]) <= 40 for end in gone)


def test_of_edits_that_come_ten_a_second_forty_a_minute_go() -> None:
    assert 35 < len(edits_of([1000.0 + tenth / 10 for tenth in range(600)])) <= 40


def test_a_long_run_keeps_its_message_moving() -> None:
    now, gone = 1000.0, list[float]()
    while now < 1300.0:
        waited = seconds_until_free([at for at in gone if at > now - 60], now)
        if not waited:
            gone.append(now)
        now += waited or 1.0  # as `EDIT_PAUSE` has it

    assert max(after - before for before, after in pairwise(gone)) < 3.0


def test_two_processes_share_the_forty(database_url: str) -> None:
    clock = Clock()
    processes, gone = [Database(database_url, clock), Database(database_url, clock)], 0
    for number in range(100):
        clock.advance(0.3)
        with processes[number % 2].write() as transaction:
            gone += edit_pace.reserve(transaction) == 0
    for process in processes:
        process.close()

    assert 25 < gone <= 40
