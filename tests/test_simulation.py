"""The whole bot in one thread, driven by seeds: nothing may be wrong while faults last, and all settles afterwards."""

import logging
from collections.abc import Iterator

import pytest
from simulation.broken import BROKEN
from simulation.plan import plan_of
from simulation.runs import Runs

SEEDS = 130
"""As many histories as fit in the time that a test run may take; `make simulate SEEDS=100000` runs more."""

SEEDS_UNTIL_CAUGHT = 150

MUST_BE_MET = (
    *(f"fincart {kind}" for kind in (
        "server_error", "hang", "drop", "garbage", "gateway_page", "redirect", "bad_id", "says_failure",
        "says_success", "rate_limited", "no_connection", "forbidden", "slow",
    )),
    *(f"slack {kind}" for kind in ("rate_limited", "server_error", "not_found", "hang", "drop", "error")),
    *(f"died at {boundary}" for boundary in ("committing", "committed", "sending", "sent")),
    *(f"halted at {boundary}" for boundary in ("begin", "committed", "sent", "read", "posted")),
    *(f"outcome {each}" for each in ("cancelled by log", "rejected by log", "rejected by answer", "not_sent by None")),
    "died while acknowledging", "storage unavailable", "pressed go_ahead", "pressed stop", "pressed approve", "Again",
    "Meddle", "Token", "Stop",
)  # fmt: skip
"""A run in which one of these never happened has shown nothing about it."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What goes wrong on purpose is not worth a line each."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def test_no_history_ends_wrong_and_every_fault_is_met() -> None:
    runs = Runs()
    failure = runs.first_failure(range(SEEDS))
    told = runs.smaller(failure, tries=60).told() if failure else ""
    runs.close()

    assert "" == told
    assert [] == [name for name in MUST_BE_MET if not runs.met[name]]


def test_a_seed_always_tells_the_same_history() -> None:
    first, second = Runs(), Runs()
    first.run(plan_of(11))
    second.run(plan_of(11))
    first.close()
    second.close()

    assert first.met == second.met


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_caught(rule: str) -> None:
    broken = BROKEN[rule]
    runs = Runs(broken.rules)
    with broken.meanwhile():
        failure = runs.first_failure(range(broken.near, broken.near + SEEDS_UNTIL_CAUGHT))
    runs.close()

    assert failure is not None
