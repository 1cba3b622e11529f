"""One winner (promise 2): two real processes on one database, raced against each other and against deadlines."""

from pathlib import Path

import pytest
from torture.outside import TortureStandIns
from torture.races import HURRIED, RACES, STEADY, run

pytestmark = [pytest.mark.long, pytest.mark.in_turn]

ROUNDS = 20
"""Of each race, on each database; `make torture` runs thousands."""


@pytest.mark.parametrize("settings", [STEADY, HURRIED], ids=["presses", "deadlines"])
def test_exactly_one_wins_and_every_loser_is_told(database_url: str, tmp_path: Path, settings: dict[str, str]) -> None:
    races = [race for race in RACES if race.settings is settings]
    with TortureStandIns(database_url, tmp_path, **settings) as outside:
        met = run(outside, races, ROUNDS, seed=1)

    assert {race.name: ROUNDS for race in races} == {name: told["request_made"] for name, told in met.items()}
