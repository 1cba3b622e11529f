"""PURE: checks the rows of one request against its events.

Only columns that events describe are checked. The rest is working memory (docs/audit.md lists it).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from storage.audit.log import StoredEvent, digest
from storage.audit.replay import Disagreement, Fact, ReplayedOutcome, ReplayedRequest, replay
from storage.audit.texts import StoredText

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
"""Values of these columns until an event sets them."""


def disagreements(
    request: Row,
    orders: Sequence[Row],
    decisions: Sequence[Row],
    events: Sequence[StoredEvent],
    texts: Mapping[str, StoredText],
    head: int,
) -> Iterator[Disagreement]:
    """Every difference between the rows of one request and its events. `head` is the chain's last number."""
    name = f"request {request['public_id']}"
    if not events:
        yield Disagreement(head, name, f"no event up to {head} tells of it")
        return
    replayed = replay(request["public_id"], events, texts)
    if isinstance(replayed, Disagreement):
        yield replayed
        return
    yield from _request_row(name, request, replayed)
    yield from _order_rows(request["public_id"], orders, replayed)
    yield from _decision_rows(request["public_id"], decisions, replayed)


def _request_row(name: str, request: Row, replayed: ReplayedRequest) -> Iterator[Disagreement]:
    expected = {**UNTOLD, **{column: fact.value for column, fact in replayed.columns.items()}, **_figures(replayed)}
    if replayed.state is not None:
        expected["state"] = replayed.state.value.value
    if not expected.items() <= request.items():
        for column, value in expected.items():
            if request[column] != value:
                yield Disagreement(_event_of(column, replayed), name, _difference(column, request[column], value))
    judged = replayed.judged or Fact(None, replayed.last)
    if (digest(request["verdict"]) if request["verdict"] is not None else None) != judged.value:
        yield Disagreement(judged.seq, name, "its verdict is not the one that was told")


def _figures(replayed: ReplayedRequest) -> Mapping[str, int]:
    return Counter(figure for settled in replayed.outcomes.values() for figure in _counts_to(settled))


def _counts_to(settled: ReplayedOutcome) -> tuple[str, ...]:
    """The figures of the request in which an order with this outcome counts."""
    return (settled.outcome, "confirmed") if settled[:2] == ("cancelled", "log") else (settled.outcome,)


def _event_of(column: str, replayed: ReplayedRequest) -> int:
    """The last event that says what this column of the request is."""
    if column == "state" and replayed.state is not None:
        return replayed.state.seq
    counted = (settled.seq for settled in replayed.outcomes.values() if column in _counts_to(settled))
    return max(counted, default=replayed.columns.get(column, Fact(None, replayed.last)).seq)


def _order_rows(public_id: str, orders: Sequence[Row], replayed: ReplayedRequest) -> Iterator[Disagreement]:
    assert replayed.orders is not None
    asked, seq = replayed.orders
    stored = {row["position"]: row for row in orders}
    for position in sorted(stored.keys() | set(range(len(asked)))):
        row = stored.get(position)
        if row is not None and position < len(asked) and _order_agrees(row, asked[position], replayed):
            continue
        name = f"order_line {position} of {public_id}"
        if row is None or position >= len(asked):
            yield Disagreement(seq, name, "it is missing" if row is None else "nobody asked for it")
        elif row["order_id"] != asked[position]:
            yield Disagreement(seq, name, f"it is {_shown(row['order_id'])}, not {_shown(asked[position])}")
        else:
            yield from _order_row(name, row, replayed)


def _order_agrees(row: Row, asked: str, replayed: ReplayedRequest) -> bool:
    expected = replayed.outcomes.get(asked, _UNSETTLED)[:4]
    return row["order_id"] == asked and (row["outcome"], row["proof"], row["words"], row["settled_at"]) == expected


_UNSETTLED = (None, None, None, None)


def _order_row(name: str, row: Row, replayed: ReplayedRequest) -> Iterator[Disagreement]:
    settled = replayed.outcomes.get(row["order_id"])
    if settled is None:
        if any(row[column] is not None for column in ("outcome", "proof", "words", "settled_at")):
            yield Disagreement(replayed.last, name, f"it is {_shown(row['outcome'])}, and no event says so")
        return
    for column in ("outcome", "proof", "words", "settled_at"):
        if row[column] != (value := getattr(settled, column)):
            yield Disagreement(settled.seq, name, f"its {column} is {_shown(row[column])}, not {_shown(value)}")


def _decision_rows(public_id: str, decisions: Sequence[Row], replayed: ReplayedRequest) -> Iterator[Disagreement]:
    # An earlier version stored no person: there the id stands for itself.
    stored = {row["stands_for"] or row["person"]: row for row in decisions}
    for person in sorted(stored.keys() | replayed.decisions.keys()):
        name = f"decision of {person} on {public_id}"
        if person not in replayed.decisions:
            yield Disagreement(replayed.last, name, "no event tells of it")
            continue
        fact = replayed.decisions[person]
        row = stored.get(person)
        if row is None:
            yield Disagreement(fact.seq, name, "it is missing")
            continue
        for column, value in fact.value.items():
            if row[column] != value:
                yield Disagreement(fact.seq, name, _difference(column, row[column], value))


def _difference(column: str, has: object, value: object) -> str:
    """What is wrong, in words that are kept: without what people typed."""
    if column in ("reason", "comment"):
        return f"its {column} is not the one that was told"
    return f"its {column} is {_shown(has)}, not {_shown(value)}"


def _shown(value: object) -> str:
    """A value for a report: short, and on one line."""
    return repr(value.isoformat() if isinstance(value, datetime) else value)[:120]
