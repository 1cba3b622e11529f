"""PURE: one request as its own events tell of it, whatever its rows say."""

import json
from collections.abc import Callable, Mapping, Sequence
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
    at = datetime.fromisoformat(payload["at"])
    _tell(told, _Said(event.seq, kind, payload["who"], payload.get("person"), at, details), moved=to is not None)
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


class _Said(NamedTuple):
    """What an event says: who did it, whom that id stands for, when, and its details."""

    seq: int
    kind: EventKind
    who: str | None
    person: str | None
    at: datetime
    details: Details


def _tell(told: ReplayedRequest, said: _Said, *, moved: bool) -> None:
    if said.kind in _TELLS:
        _TELLS[said.kind](told, said)
    details = said.details
    told.say(said.seq, **{column: details[column] for column in _VALUES if column in details})
    times = {column: details[column] for column in _TIMES if details.get(column) is not None}
    told.say(said.seq, **{column: datetime.fromisoformat(time) for column, time in times.items()})
    if moved and told.state is not None and told.state.value in DECIDED:
        told.say(said.seq, decided_at=said.at, decided_by=said.who, decided_by_person=said.person)
    if moved and "judged" in details:
        told.judged = Fact(details["judged"], said.seq)


_VALUES = ("requester_person", "revision", "order_count", "approvals_needed")
_TIMES = ("expires_at", "not_before", "valid_until")


def _made(told: ReplayedRequest, said: _Said) -> None:
    details = said.details
    columns = {"requester": said.who, "team_id": details["team"], "channel_id": details["channel"]}
    columns |= {column: details[column] for column in ("origin", "retry_of", "reason")}
    # Earlier versions knew no list.
    told.say(said.seq, created_at=said.at, reason_listed=details.get("reason_listed"), **columns)
    told.orders = Fact(details["orders"], said.seq)
    # Earlier versions set nothing aside.
    told.set_aside = frozenset(details.get("set_aside", ()))


def _finished(told: ReplayedRequest, said: _Said) -> None:
    told.say(said.seq, finished_at=said.at)


def _stopped(told: ReplayedRequest, said: _Said) -> None:
    told.say(said.seq, stopped_at=said.at, stopped_by=said.who, stopped_by_person=said.person)
    told.say(said.seq, stop_why=said.details["why"], stop_reason=_stop_reason(said.details))


def _held(told: ReplayedRequest, said: _Said) -> None:
    why, reason = said.details["why"], _hold_reason(said.details)
    told.say(said.seq, held_at=said.at, held_by=said.who, held_why=why, hold_reason=reason)


def _hold_ended(told: ReplayedRequest, said: _Said) -> None:
    told.say(said.seq, held_at=None, held_by=None, held_why=None, hold_reason=None)


def _left_out(told: ReplayedRequest, said: _Said) -> None:
    if told.orders is not None:
        gone = set(said.details["orders"])
        told.orders = Fact([order for order in told.orders.value if order not in gone], said.seq)


def _included(told: ReplayedRequest, said: _Said) -> None:
    if told.orders is not None:
        told.orders = Fact([*told.orders.value, *said.details["orders"]], said.seq)
        told.set_aside -= set(said.details["orders"])


def _emergency(told: ReplayedRequest, said: _Said) -> None:
    told.say(said.seq, emergency=True, reason=said.details["reason"])
    if "reason_listed" in said.details:
        told.say(said.seq, reason_listed=said.details["reason_listed"])


def _decided(told: ReplayedRequest, said: _Said) -> None:
    if said.who is None:
        return
    details = said.details
    decision = {"verdict": said.kind.value, "rule": details["rule"], "comment": details.get("comment"), "at": said.at}
    decision |= {"person": said.who} | ({} if said.person is None else {"stands_for": said.person})
    # Of an id there is one decision, though Slack may have said since whom else it stands for.
    told.decisions = {key: fact for key, fact in told.decisions.items() if fact.value["person"] != said.who}
    told.decisions[said.person or said.who] = Fact(decision, said.seq)


def _outcomes(told: ReplayedRequest, said: _Said) -> None:
    for order_id, outcome, proof, words in said.details["orders"]:
        told.outcomes[order_id] = ReplayedOutcome(outcome, proof, words, said.at, said.seq)


_TELLS: Mapping[EventKind, Callable[[ReplayedRequest, _Said], None]] = {
    EventKind.REQUEST_MADE: _made,
    EventKind.FINISHED: _finished,
    EventKind.STOPPED: _stopped,
    EventKind.HELD: _held,
    EventKind.HOLD_ENDED: _hold_ended,
    EventKind.LEFT_OUT: _left_out,
    EventKind.INCLUDED: _included,
    EventKind.EMERGENCY: _emergency,
    EventKind.APPROVED: _decided,
    EventKind.DECLINED: _decided,
    EventKind.BATCH_SETTLED: _outcomes,
    EventKind.LOGS_READ: _outcomes,
    EventKind.REST_NOT_SENT: _outcomes,
    EventKind.CORRECTED: _outcomes,
}


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
