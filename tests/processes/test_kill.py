"""kill -9 where it hurts most: nothing lost, nothing told wrongly, nothing sent again on a guess."""

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from torture.kills import TAKEN_UP_WITHIN, TEN, Death, Told, tell

from bot.context import Timings
from storage.deliveries import HANDLED_WITHIN
from storage.log_reads import READ_WITHIN
from storage.slack_messages import SENT_WITHIN

pytestmark = [pytest.mark.long, pytest.mark.in_turn]


@pytest.fixture(scope="module")
def stories(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Told]]]:
    """All of them at once, each in a world of its own: most of their time is waiting for a dead owner's lease."""
    with ThreadPoolExecutor(len(TEN)) as pool:
        begun = {}
        for death in TEN:
            folder = tmp_path_factory.mktemp("kill")
            shutil.copy(sqlite_template, folder / "bot.db")
            begun[death.name] = pool.submit(tell, f"sqlite:///{folder}/bot.db", folder, death)
        yield begun


@pytest.mark.parametrize("death", TEN, ids=lambda death: death.name)
def test_a_process_killed(stories: Mapping[str, Future[Told]], death: Death) -> None:
    told = stories[death.name].result()

    assert 1 == told.deaths
    assert {"cancelled": 6} == told.ended
    assert told.taken_up_after is not None
    assert told.taken_up_after <= TAKEN_UP_WITHIN


def test_whatever_a_dead_process_had_taken_is_anybodys_again_in_time() -> None:
    timings = Timings()
    taken_for = [each.total_seconds() for each in (HANDLED_WITHIN, SENT_WITHIN, READ_WITHIN)]

    assert max(timings.lease, *taken_for) + timings.poll <= TAKEN_UP_WITHIN
