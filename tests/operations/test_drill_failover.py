"""failover.md, played on two servers of PostgreSQL."""

import os

import pytest
from drill import Play
from torture.outside import ANN, order_ids, request_id
from torture.servers import PostgresPair, programs, template_of_a_pair, wait_until

pytestmark = [pytest.mark.long, pytest.mark.in_turn]

IDS = order_ids(6)


def test_failing_over(play: Play, postgresql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    with (
        template_of_a_pair() as template,
        PostgresPair.copied(template, synchronous=False) as pair,
        play("failover.md", DATABASE_URL=pair.url, FINCART_BATCH_SIZE="1") as drill,
    ):
        for name, node in (("db-a", pair.primary), ("db-b", pair.standby)):
            drill.call(f"{name}:5432", f"127.0.0.1:{node.port}")
            drill.call(f"PGHOST={name}", f"PGHOST=127.0.0.1 PGPORT={node.port} PGUSER=postgres")
        drill.run_until()
        drill.fincart.settings.latency = 0.5
        asked = drill.ask(" ".join(IDS))
        drill.press(ANN, asked, "go_ahead")
        drill.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 2)
        pair.primary.kill()
        drill.run_until()
        drill.run()
        wait_until(lambda: drill.ended(request_id(asked)), "the run does not end")
        drill.run_until()

        assert [1] * 6 == [drill.fincart.times_cancelled(order) for order in IDS]
