"""PURE: rebuilds one request from its events, without its rows."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from storage.audit.log import StoredEvent
from storage.audit.texts import StoredText, erased_on
from storage.audit.verify_texts import GONE, CheckedTexts
from storage.enums import MOVES, EventKind, HoldReason, RequestState, StopReason

Details = Mapping[str, Any]


class Disagreement(NamedTuple):
    """A row that differs from its events: the event's number, the row, and the difference."""

    seq: int
    row: str
    why: str


class Fact(NamedTuple):
    """A value that a column must have, and the event that says so."""

    value: Any
    seq: int


class ReplayedOutcome(NamedTuple):
    """The outcome of an order according to an event."""

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
"""The state that each event leaves its request in."""

DECIDED = frozenset(
    {
        RequestState.REFUSED,
        RequestState.APPROVED,
        RequestState.WITHDRAWN,
        RequestState.DECLINED,
        RequestState.EXPIRED,
    }
)
"""States in which a request waits for no decision any more."""


@dataclass(slots=True)
class ReplayedRequest:
    """A request as its events describe it."""

    columns: dict[str, Fact] = field(default_factory=dict)
    judged: Fact | None = None
    orders: Fact | None = None
    set_aside: frozenset[str] | None = frozenset()
    """None: erased."""
    outcomes: dict[str, ReplayedOutcome] = field(default_factory=dict)
    decisions: dict[str, Fact] = field(default_factory=dict)
    """Decisions by person, whichever id they used."""
    state: Fact | None = None
    last: int = 0
    texts: CheckedTexts = field(default_factory=CheckedTexts)

    def say(self, seq: int, **columns: Any) -> None:
        """Set columns of the request to the values in the event with this number."""
        for column, value in columns.items():
            self.columns[column] = Fact(value, seq)


def replay(
    public_id: str, events: Sequence[StoredEvent], texts: Mapping[str, StoredText] | None = None
) -> ReplayedRequest | Disagreement:
    """Rebuild one request from its events and texts. Returns a disagreement if they contradict each other."""
    replayed = ReplayedRequest(texts=CheckedTexts(texts or {}))
    for event in events:
        try:
            wrong = _take(replayed, event)
        except (KeyError, TypeError, ValueError) as error:
            wrong = f"its event is of a shape that the bot never wrote ({error!r})"
        if wrong is not None:
            return Disagreement(event.seq, f"request {public_id}", wrong)
        replayed.last = event.seq
    wrong_text = replayed.texts.wrong(replayed.last)
    return replayed if wrong_text is None else Disagreement(wrong_text.seq, f"request {public_id}", wrong_text.why)


def _take(replayed: ReplayedRequest, event: StoredEvent) -> str | None:
    """Apply one event. Returns why it cannot be so, if it cannot."""
    payload = json.loads(event.payload)
    kind, details = _KINDS[payload["kind"]], payload["details"]
    replayed.texts.read(event.seq, kind, details)
    if (replayed.state is None) is not (kind is EventKind.REQUEST_MADE):
        return "it is spoken of before it was made" if replayed.state is None else "it was made a second time"
    to = None if kind is EventKind.APPROVED and "valid_until" not in details else STATES.get(kind)
    if to is not None:
        if replayed.state is not None and to not in _REACHABLE[replayed.state.value]:
            return f"no request moves from {replayed.state.value.value} to {to.value}"
        replayed.state = Fact(to, event.seq)
    aside = replayed.set_aside
    if kind is EventKind.INCLUDED and aside is not None and not aside.issuperset(details["orders"]):
        return "it includes what was not set aside"
    at = datetime.fromisoformat(payload["at"])
    _apply(
        replayed,
        _EventFields(event.seq, kind, payload["who"], payload.get("person"), at, details),
        moved=to is not None,
    )
    return _too_few_approvals(replayed) if to is RequestState.APPROVED and kind is not EventKind.EMERGENCY else None


def _too_few_approvals(replayed: ReplayedRequest) -> str | None:
    needed = replayed.columns.get("approvals_needed", Fact(0, 0)).value
    asked = {
        replayed.columns[column].value for column in ("requester", "requester_person") if column in replayed.columns
    }
    approved = [
        person
        for person, decision in replayed.decisions.items()
        if decision.value["verdict"] == EventKind.APPROVED.value and not asked & {person, decision.value["person"]}
    ]
    return f"it was let run by {len(approved)} of {needed}" if len(approved) < needed else None


def _reachable(state: RequestState) -> frozenset[RequestState]:
    following = MOVES[state]
    return following.union(*map(_reachable, following))


_REACHABLE = {state: _reachable(state) for state in RequestState}
_KINDS = {kind.value: kind for kind in EventKind}
"""Quicker than the enum itself, which `verify` asks millions of times."""


class _EventFields(NamedTuple):
    """Fields of an event: who did it, the person that id stands for, when, and its details."""

    seq: int
    kind: EventKind
    who: str | None
    person: str | None
    at: datetime
    details: Details


def _apply(replayed: ReplayedRequest, event: _EventFields, *, moved: bool) -> None:
    if event.kind in _TELLS:
        _TELLS[event.kind](replayed, event)
    details = event.details
    for column in _VALUES:
        if column in details:
            replayed.columns[column] = Fact(details[column], event.seq)
    for column in _TIMES:
        if details.get(column) is not None:
            replayed.columns[column] = Fact(datetime.fromisoformat(details[column]), event.seq)
    if moved and replayed.state is not None and replayed.state.value in DECIDED:
        replayed.say(event.seq, decided_at=event.at, decided_by=event.who, decided_by_person=event.person)
    if moved and "judged" in details:
        replayed.judged = Fact(details["judged"], event.seq)


_VALUES = ("requester_person", "revision", "order_count", "approvals_needed")
_TIMES = ("expires_at", "not_before", "valid_until")


def _made(replayed: ReplayedRequest, event: _EventFields) -> None:
    details = event.details
    columns = {"requester": event.who, "team_id": details["team"], "channel_id": details["channel"]}
    columns |= {column: details[column] for column in ("origin", "retry_of", "reason")}
    # Earlier versions had no list of reasons.
    replayed.say(event.seq, created_at=event.at, reason_listed=details.get("reason_listed"), **columns)
    replayed.orders = Fact(details["orders"], event.seq)
    # Earlier versions set no words aside.
    aside = details.get("set_aside", ())
    replayed.set_aside = None if aside == GONE else frozenset(aside)


def _finished(replayed: ReplayedRequest, event: _EventFields) -> None:
    replayed.say(event.seq, finished_at=event.at)


def _stopped(replayed: ReplayedRequest, event: _EventFields) -> None:
    replayed.say(event.seq, stopped_at=event.at, stopped_by=event.who, stopped_by_person=event.person)
    replayed.say(event.seq, stop_why=event.details["why"], stop_reason=_stop_reason(event.details))


def _held(replayed: ReplayedRequest, event: _EventFields) -> None:
    why, reason = event.details["why"], _hold_reason(event.details)
    replayed.say(event.seq, held_at=event.at, held_by=event.who, held_why=why, hold_reason=reason)


def _hold_ended(replayed: ReplayedRequest, event: _EventFields) -> None:
    replayed.say(event.seq, held_at=None, held_by=None, held_why=None, hold_reason=None)


def _left_out(replayed: ReplayedRequest, event: _EventFields) -> None:
    if replayed.orders is not None:
        gone = set(event.details["orders"])
        replayed.orders = Fact([order for order in replayed.orders.value if order not in gone], event.seq)


def _included(replayed: ReplayedRequest, event: _EventFields) -> None:
    if replayed.orders is not None:
        replayed.orders = Fact([*replayed.orders.value, *event.details["orders"]], event.seq)
        if replayed.set_aside is not None:
            replayed.set_aside -= set(event.details["orders"])


def _emergency(replayed: ReplayedRequest, event: _EventFields) -> None:
    replayed.say(event.seq, emergency=True, reason=event.details["reason"])
    if "reason_listed" in event.details:
        replayed.say(event.seq, reason_listed=event.details["reason_listed"])


def _decided(replayed: ReplayedRequest, event: _EventFields) -> None:
    if event.who is None:
        return
    details = event.details
    decision = {"verdict": event.kind.value, "rule": details["rule"], "comment": details.get("comment"), "at": event.at}
    decision |= {"person": event.who} | ({} if event.person is None else {"stands_for": event.person})
    # An id decides once, but Slack may since have said which person it stands for.
    replayed.decisions = {key: fact for key, fact in replayed.decisions.items() if fact.value["person"] != event.who}
    replayed.decisions[event.person or event.who] = Fact(decision, event.seq)


def _erased(replayed: ReplayedRequest, event: _EventFields) -> None:
    if replayed.columns["reason"].value is not None:
        replayed.say(event.seq, reason=erased_on(event.at))
    for person, decision in replayed.decisions.items():
        if decision.value["comment"] is not None:
            changed = {**decision.value, "comment": erased_on(event.at)}
            replayed.decisions[person] = Fact(changed, event.seq)


def _outcomes(replayed: ReplayedRequest, event: _EventFields) -> None:
    for order_id, outcome, proof, words in event.details["orders"]:
        replayed.outcomes[order_id] = ReplayedOutcome(outcome, proof, words, event.at, event.seq)


_TELLS: Mapping[EventKind, Callable[[ReplayedRequest, _EventFields], None]] = {
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
    EventKind.ERASED: _erased,
}


def _stop_reason(details: Details) -> StopReason:
    if "reason" in details:
        return StopReason(details["reason"])
    # Events of versions up to migration 0010 store it this way.
    if str(details["why"]).startswith("Fincart rejected the bot's token"):
        return StopReason.TOKEN_REJECTED
    return StopReason.APPROVAL_EXPIRED if details["why"] == "the approval ran out" else StopReason.STOPPED


def _hold_reason(details: Details) -> HoldReason:
    if "reason" in details:
        return HoldReason(details["reason"])
    return HoldReason.PAUSED if details["why"] == "paused" else HoldReason.FAILURES
