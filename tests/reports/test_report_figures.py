"""Every figure of a report is what the events of the audit tell, after any history."""

import logging
from collections.abc import Iterator

import pytest
from simulation.runs import Runs

SEEDS = (3, 4, 7, 12, 22, 35, 51, 58, 93)
"""Histories in which all of `MUST_BE_MET` is met; `make test-long` plays hundreds."""

MUST_BE_MET = (
    "audit asked_for_approval", "audit approved", "audit corrected", "audit declined", "audit withdrawn",
    "audit expired", "audit request_refused", "audit emergency", "audit left_out", "people with two ids",
    "acted under the other id", "outcome unknown by None", "outcome not_sent by None",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What goes wrong on purpose is not worth a line each."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def test_every_figure_is_what_the_events_tell_after_any_history() -> None:
    runs = Runs()
    failure = runs.first_failure(SEEDS)
    runs.close()

    assert failure is None or failure.told() == ""
    assert [] == [name for name in MUST_BE_MET if not runs.met[name]]
