"""The primary of two PostgreSQL servers goes in the middle of a run, and its standby is promoted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from torture.failover import tell_failover
from torture.outside import ANN, ORDERS, TortureStandIns, order_ids
from torture.servers import PostgresPair, template_of_a_pair, wait_until

pytestmark = [pytest.mark.long, pytest.mark.in_turn]

IDS = order_ids(2)
BACK_FOR_A_WHILE, DEMOTED = 0, 5
"""Seeds of such stories; `make torture PART=failover` tells hundreds."""


@pytest.fixture
def template(postgresql: str) -> Iterator[Path]:
    """Two servers to be copied. Where there is no PostgreSQL, there are none."""
    with template_of_a_pair() as template:
        yield template


def test_orders_are_cancelled_once_on_the_promoted_server_within_15_seconds(template: Path, tmp_path: Path) -> None:
    def told(seed: int) -> str:
        (tmp_path / str(seed)).mkdir()
        return tell_failover(template, tmp_path / str(seed), seed)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(told, (BACK_FOR_A_WHILE, DEMOTED))

    assert first.startswith("cut off, killed, back for a while, ")
    assert second.startswith("demoted, ")


def test_of_a_standby_that_lagged_nothing_is_sent_until_somebody_resumes(template: Path, tmp_path: Path) -> None:
    with (
        PostgresPair.copied(template, synchronous=False) as pair,
        TortureStandIns(pair.url, tmp_path, UNDO_SECONDS="10") as outside,
    ):
        outside.fincart.add(*IDS)
        life = outside.start()
        asked = outside.ask(" ".join(IDS))
        outside.press(ANN, asked, "go_ahead")
        outside.until(lambda: outside.rows("SELECT 1 FROM request WHERE state = 'approved'"))
        wait_until(pair.is_level, "the standby does not catch up")
        pair.cut()
        outside.insist(lambda: outside.slack.type_command(ANN, ORDERS, "/cancel-orders pause"))
        outside.until(lambda: outside.rows("SELECT 1 FROM hold"))
        pair.primary.kill()
        pair.promote()
        outside.until(lambda: outside.rows("SELECT 1 FROM database_place WHERE restored_at IS NOT NULL"))
        could_go = "SELECT 1 FROM request WHERE state = 'approved' AND not_before < now() - interval '2 seconds'"
        outside.until(lambda: outside.rows(could_go))
        holds = outside.rows("SELECT why FROM hold")

    assert 0 == len(outside.fincart.cancel_calls)
    assert "which had been recorded" in holds[0]["why"], life.log
