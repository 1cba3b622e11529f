"""The whole bot in one thread, driven by seeds: nothing may be wrong while faults last, and all settles afterwards."""

import logging
from collections.abc import Iterator

import pytest
from simulation.broken import BROKEN
from simulation.runs import Runs
from simulation.seeds import plan_of
from simulation.stores import Server

SEEDS = (
    *range(30), 64, 139, 146, 152, 166, 199, 212, 227, 237, 257, 313, 385, 399, 403, 407, 412, 417,
    535, 541, 544, 561, 594,
)  # fmt: skip
"""As many histories as fit in the time that a test run may take, and then those in which much happens that seldom does;
`make simulate SEEDS=100000` runs more."""

ON_POSTGRESQL = range(3000, 3007)

SEEDS_UNTIL_CAUGHT = 150

MUST_BE_MET = (
    *(f"fincart {kind}" for kind in (
        "server_error", "hang", "drop", "garbage", "gateway_page", "redirect", "bad_id", "says_failure",
        "says_success", "rate_limited", "no_connection", "forbidden", "slow",
    )),
    *(f"slack {kind}" for kind in ("rate_limited", "server_error", "not_found", "hang", "drop", "error")),
    *(f"died at {boundary}" for boundary in ("committing", "committed", "sending", "sent")),
    *(f"halted at {boundary}" for boundary in ("begin", "committed", "sent", "read", "posted")),
    *(f"outcome {each}" for each in (
        "cancelled by log", "rejected by log", "rejected by answer", "not_sent by None", "unknown by None",
    )),
    *(f"pressed {button}" for button in (
        "go_ahead", "keep", "ask_approval", "approve", "decline", "withdraw", "emergency", "stop", "pause", "go_on",
        "undo", "leave_out", "check_again", "retry",
    )),
    *(f"audit {event}" for event in (
        "withdrawn", "withdrawn undo", "declined", "approved", "emergency", "left_out", "check_asked", "held pause",
        "hold_ended pause", "held request", "hold_ended request", "held down", "request_made form",
        "request_made retry",
    )),
    *(f"was asked to confirm {button}" for button in ("go_ahead", "approve", "emergency")),
    "boundary fetched", "a form was closed unread", "died while acknowledging", "storage unavailable", "Again",
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
    failure = runs.first_failure(SEEDS)
    told = runs.smaller(failure, tries=60).told() if failure else ""
    runs.close()

    assert "" == told
    assert [] == [name for name in MUST_BE_MET if not runs.met[name]]


def test_no_history_on_postgresql_ends_wrong(postgresql: str) -> None:
    runs = Runs(store=Server(postgresql))
    failure = runs.first_failure(ON_POSTGRESQL)
    runs.close()

    assert failure is None, failure.told()
    assert runs.met["outcome cancelled by log"]


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
    runs, whole = Runs(broken.rules), Runs()
    with broken.meanwhile():
        failure = runs.first_failure(range(broken.near, broken.near + SEEDS_UNTIL_CAUGHT))

    assert failure is not None
    assert whole.run(failure.plan) is None, "the bot as it is fails by the same history, so that it shows nothing"
    runs.close()
    whole.close()
