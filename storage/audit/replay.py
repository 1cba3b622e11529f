"""PURE: one request as its own events tell of it, whatever its rows say."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from storage.audit.log import EventKind, StoredEvent
from storage.enums import MOVES, HoldReason, RequestState, StopReason

Details = Mapping[str, Any]


class Disagreement(NamedTuple):
    """A row that is not as its events tell: the event's number, which row, and what is wrong."""

    seq: int
    row: str
    why: str


class Fact(NamedTuple):
    """A value that a column must have, and the event that says so."""

    value: Any
    seq: int


class ReplayedOutcome(NamedTuple):
    """What an event says became of an order."""

    outcome: str
    proof: str | None
    words: str
    settled_at: datetime
    seq: int


STATES: Mapping[EventKind, RequestState] = {
    EventKind.REQUEST_MADE: RequestState.PREPARING,
    EventKind.REQUEST_REFUSED: RequestState.REFUSED,
    EventKind.PREVIEW_SHOWN: RequestState.CONFIRMING,
    EventKind.ASKED_FOR_APPROVAL: RequestState.WAITING,
    EventKind.WENT_AHEAD: RequestState.APPROVED,
    EventKind.APPROVED: RequestState.APPROVED,
    EventKind.EMERGENCY: RequestState.APPROVED,
    EventKind.DECLINED: RequestState.DECLINED,
    EventKind.WITHDRAWN: RequestState.WITHDRAWN,
    EventKind.EXPIRED: RequestState.EXPIRED,
    EventKind.RUN_STARTED: RequestState.EXECUTING,
    EventKind.FINISHED: RequestState.FINISHED,
}
"""The state in which each event that moves a request leaves it."""

OUTCOMES = frozenset({EventKind.BATCH_SETTLED, EventKind.LOGS_READ, EventKind.REST_NOT_SENT, EventKind.CORRECTED})
"""Events that give orders their outcomes."""

DECISIONS = frozenset({EventKind.APPROVED, EventKind.DECLINED})
"""Events that are one person's decision."""

DECIDED = frozenset(
    {
        RequestState.REFUSED,
        RequestState.APPROVED,
        RequestState.WITHDRAWN,
        RequestState.DECLINED,
        RequestState.EXPIRED,
    }
)
"""States in which a request has left the hands of people."""


@dataclass(slots=True)
class ReplayedRequest:
    """A request as its events tell of it."""

    columns: dict[str, Fact] = field(default_factory=dict)
    judged: Fact | None = None
    orders: Fact | None = None
    set_aside: frozenset[str] = frozenset()
    outcomes: dict[str, ReplayedOutcome] = field(default_factory=dict)
    decisions: dict[str, Fact] = field(default_factory=dict)
    """By the person who decided, whichever id they did it with."""
    state: Fact | None = None
    last: int = 0

    def say(self, seq: int, **columns: Any) -> None:
        """The event of this number gives the request's columns these values."""
        self.columns |= {column: Fact(value, seq) for column, value in columns.items()}


def replay(public_id: str, events: Sequence[StoredEvent]) -> ReplayedRequest | Disagreement:
    """What the events of one request say of it; a disagreement where they contradict each other."""
    told = ReplayedRequest()
    for event in events:
        try:
            wrong = _take(told, event)
        except (KeyError, TypeError, ValueError) as error:
            wrong = f"its event is of a shape that the bot never wrote ({error!r})"
        if wrong is not None:
            return Disagreement(event.seq, f"request {public_id}", wrong)
        told.last = event.seq
    return told


def _take(told: ReplayedRequest, event: StoredEvent) -> str | None:
    """Add what one event says; why it cannot be so, where it cannot."""
    payload = json.loads(event.payload)
    kind, details = EventKind(payload["kind"]), payload["details"]
    if (told.state is None) is not (kind is EventKind.REQUEST_MADE):
        return "it is spoken of before it was made" if told.state is None else "it was made a second time"
    to = None if kind is EventKind.APPROVED and "valid_until" not in details else STATES.get(kind)
    if to is not None:
        if told.state is not None and to not in _REACHABLE[told.state.value]:
            return f"no request moves from {told.state.value.value} to {to.value}"
        told.state = Fact(to, event.seq)
    if kind is EventKind.INCLUDED and not told.set_aside.issuperset(details["orders"]):
        return "it includes what was not set aside"
    by = _By(payload["who"], payload.get("person"), datetime.fromisoformat(payload["at"]))
    _tell(told, kind, event.seq, by, details, moved=to is not None)
    return _let_run_by_too_few(told) if to is RequestState.APPROVED and kind is not EventKind.EMERGENCY else None


def _let_run_by_too_few(told: ReplayedRequest) -> str | None:
    needed = told.columns.get("approvals_needed", Fact(0, 0)).value
    asked = {told.columns[column].value for column in ("requester", "requester_person") if column in told.columns}
    approved = [
        person
        for person, said in told.decisions.items()
        if said.value["verdict"] == EventKind.APPROVED.value and not asked & {person, said.value["person"]}
    ]
    return f"it was let run by {len(approved)} of {needed}" if len(approved) < needed else None


def _reachable(state: RequestState) -> frozenset[RequestState]:
    following = MOVES[state]
    return following.union(*map(_reachable, following))


_REACHABLE = {state: _reachable(state) for state in RequestState}


class _By(NamedTuple):
    """Who did what an event tells, whom that id stands for, and when."""

    who: str | None
    person: str | None
    at: datetime


def _tell(told: ReplayedRequest, kind: EventKind, seq: int, by: _By, details: Details, *, moved: bool) -> None:
    who, person, at = by
    if kind is EventKind.REQUEST_MADE:
        _made(told, seq, at, who, details)
    if "requester_person" in details:
        told.say(seq, requester_person=details["requester_person"])
    if moved and told.state is not None and told.state.value in DECIDED:
        told.say(seq, decided_at=at, decided_by=who, decided_by_person=person)
    if kind is EventKind.FINISHED:
        told.say(seq, finished_at=at)
    if kind is EventKind.STOPPED:
        told.say(seq, stopped_at=at, stopped_by=who, stopped_by_person=person, stop_why=details["why"])
        told.say(seq, stop_reason=_stop_reason(details))
    if kind is EventKind.HELD:
        told.say(seq, held_at=at, held_by=who, held_why=details["why"], hold_reason=_hold_reason(details))
    if kind is EventKind.HOLD_ENDED:
        told.say(seq, held_at=None, held_by=None, held_why=None, hold_reason=None)
    if kind is EventKind.LEFT_OUT and told.orders is not None:
        told.orders = Fact([order for order in told.orders.value if order not in set(details["orders"])], seq)
    if kind is EventKind.INCLUDED and told.orders is not None:
        told.orders = Fact([*told.orders.value, *details["orders"]], seq)
        told.set_aside -= set(details["orders"])
    if kind is EventKind.EMERGENCY:
        told.say(seq, emergency=True, reason=details["reason"])
    for column in ("revision", "order_count", "approvals_needed"):
        if column in details:
            told.columns[column] = Fact(details[column], seq)
    for column in ("expires_at", "not_before", "valid_until"):
        if details.get(column) is not None:
            told.columns[column] = Fact(datetime.fromisoformat(details[column]), seq)
    if moved and "judged" in details:
        told.judged = Fact(details["judged"], seq)
    if kind in DECISIONS and who is not None:
        said = {"verdict": kind.value, "rule": details["rule"], "comment": details.get("comment"), "at": at}
        said |= {"person": who} | ({} if person is None else {"stands_for": person})
        # Of an id there is one decision, though Slack may have said since whom else it stands for.
        told.decisions = {key: fact for key, fact in told.decisions.items() if fact.value["person"] != who}
        told.decisions[person or who] = Fact(said, seq)
    if kind in OUTCOMES:
        for order_id, outcome, proof, words in details["orders"]:
            told.outcomes[order_id] = ReplayedOutcome(outcome, proof, words, at, seq)


def _made(told: ReplayedRequest, seq: int, at: datetime, who: str | None, details: Details) -> None:
    said = {"requester": who, "team_id": details["team"], "channel_id": details["channel"]}
    said |= {column: details[column] for column in ("origin", "retry_of", "reason")}
    told.say(seq, created_at=at, **said)
    told.orders = Fact(details["orders"], seq)
    # Earlier versions set nothing aside.
    told.set_aside = frozenset(details.get("set_aside", ()))


def _stop_reason(details: Details) -> StopReason:
    if "reason" in details:
        return StopReason(details["reason"])
    # As events of versions up to migration 0010 tell it.
    if str(details["why"]).startswith("Fincart rejected the bot's token"):
        return StopReason.TOKEN_REJECTED
    return StopReason.APPROVAL_EXPIRED if details["why"] == "the approval ran out" else StopReason.STOPPED


def _hold_reason(details: Details) -> HoldReason:
    if "reason" in details:
        return HoldReason(details["reason"])
    return HoldReason.PAUSED if details["why"] == "paused" else HoldReason.FAILURES
