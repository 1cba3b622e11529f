"""PURE: the rows of one request held to what its events tell.

Only what events speak of is held to them; the rest of a row is working memory (docs/audit.md lists it).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from storage.audit.log import StoredEvent, digest
from storage.audit.replay import Disagreement, Fact, ReplayedRequest, replay

Row = Mapping[str, Any]

UNTOLD: Mapping[str, Any] = {
    "revision": 1,
    "approvals_needed": 0,
    "requester_person": None,
    "decided_by": None,
    "decided_by_person": None,
    "decided_at": None,
    "not_before": None,
    "valid_until": None,
    "finished_at": None,
    "stopped_at": None,
    "stopped_by": None,
    "stopped_by_person": None,
    "stop_why": None,
    "stop_reason": None,
    "held_at": None,
    "held_by": None,
    "held_why": None,
    "hold_reason": None,
    "emergency": False,
    "cancelled": 0,
    "rejected": 0,
    "not_sent": 0,
    "unknown": 0,
    "confirmed": 0,
}
"""What these columns of a request hold while no event says anything else."""


def disagreements(
    request: Row, orders: Sequence[Row], decisions: Sequence[Row], events: Sequence[StoredEvent], head: int
) -> Iterator[Disagreement]:
    """Every way in which the rows of one request are not as its events tell. `head` is the chain's last number."""
    name = f"request {request['public_id']}"
    if not events:
        yield Disagreement(head, name, f"no event up to {head} tells of it")
        return
    told = replay(request["public_id"], events)
    if isinstance(told, Disagreement):
        yield told
        return
    yield from _request_row(name, request, told)
    yield from _order_rows(request["public_id"], orders, told)
    yield from _decision_rows(request["public_id"], decisions, told)


def _request_row(name: str, request: Row, told: ReplayedRequest) -> Iterator[Disagreement]:
    expected = {column: Fact(value, told.last) for column, value in UNTOLD.items()} | told.columns | _figures(told)
    if told.state is not None:
        expected["state"] = Fact(told.state.value.value, told.state.seq)
    for column, fact in expected.items():
        if request[column] != fact.value:
            yield Disagreement(fact.seq, name, f"its {column} is {_said(request[column])}, not {_said(fact.value)}")
    judged = told.judged or Fact(None, told.last)
    if (digest(request["verdict"]) if request["verdict"] is not None else None) != judged.value:
        yield Disagreement(judged.seq, name, "its verdict is not the one that was told")


def _figures(told: ReplayedRequest) -> dict[str, Fact]:
    figures: dict[str, Fact] = {}
    for settled in told.outcomes.values():
        confirmed = ("confirmed",) if (settled.outcome, settled.proof) == ("cancelled", "log") else ()
        for column in (settled.outcome, *confirmed):
            before = figures.get(column, Fact(0, 0))
            figures[column] = Fact(before.value + 1, max(before.seq, settled.seq))
    return figures


def _order_rows(public_id: str, orders: Sequence[Row], told: ReplayedRequest) -> Iterator[Disagreement]:
    assert told.orders is not None
    asked: list[str] = told.orders.value
    found = {row["position"]: row for row in orders}
    for position in sorted(found.keys() | set(range(len(asked)))):
        name = f"order_line {position} of {public_id}"
        row = found.get(position)
        if row is None or position >= len(asked):
            yield Disagreement(told.orders.seq, name, "it is missing" if row is None else "nobody asked for it")
        elif row["order_id"] != asked[position]:
            yield Disagreement(told.orders.seq, name, f"it is {_said(row['order_id'])}, not {_said(asked[position])}")
        else:
            yield from _order_row(name, row, told)


def _order_row(name: str, row: Row, told: ReplayedRequest) -> Iterator[Disagreement]:
    settled = told.outcomes.get(row["order_id"])
    if settled is None:
        if any(row[column] is not None for column in ("outcome", "proof", "words", "settled_at")):
            yield Disagreement(told.last, name, f"it is {_said(row['outcome'])}, and no event says so")
        return
    for column in ("outcome", "proof", "words", "settled_at"):
        if row[column] != (value := getattr(settled, column)):
            yield Disagreement(settled.seq, name, f"its {column} is {_said(row[column])}, not {_said(value)}")


def _decision_rows(public_id: str, decisions: Sequence[Row], told: ReplayedRequest) -> Iterator[Disagreement]:
    # An earlier version wrote no person: there the id stands for itself.
    found = {row["stands_for"] or row["person"]: row for row in decisions}
    for person in sorted(found.keys() | told.decisions.keys()):
        name = f"decision of {person} on {public_id}"
        if person not in told.decisions:
            yield Disagreement(told.last, name, "no event tells of it")
            continue
        fact = told.decisions[person]
        row = found.get(person)
        if row is None:
            yield Disagreement(fact.seq, name, "it is missing")
            continue
        for column, value in fact.value.items():
            if row[column] != value:
                yield Disagreement(fact.seq, name, f"its {column} is {_said(row[column])}, not {_said(value)}")


def _said(value: object) -> str:
    """A value as a line of a report shows it: short, and on one line."""
    return repr(value.isoformat() if isinstance(value, datetime) else value)[:120]
