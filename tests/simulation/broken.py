"""Copies of the bot with one rule broken on purpose: the simulation is worth no more than what it catches of these."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm.attributes import set_committed_value

import bot.domain.outcome.decide as truth
from bot.context import Context
from bot.domain.outcome.evidence import Evidence, with_log
from bot.domain.policy import rules as policy_rules
from bot.domain.policy.decide import Question
from bot.execution import log_reader, settlement
from bot.execution.dispatcher import Dispatcher
from bot.execution.send_queue import Planned
from bot.fincart.client import Answer, FincartClient, LogKind, LogReading
from bot.outbox import enqueue
from bot.requests import handle_action
from storage import attempts, in_flight, leases, order_lines, requests, send_gate
from storage.db.transactions import Transaction
from storage.enums import AnswerKind, Doubt, Outcome, RequestState
from storage.models import Request

from . import threads
from .plan import Plan
from .process import HaltingDatabase
from .seeds import plain_plan_of, plan_of
from .world import SimulationRules


def _read_later(evidence: Evidence, reading: LogReading, read_at: datetime) -> Evidence:
    """As a host would whose clock is ahead of the database's."""
    return with_log(evidence, reading, read_at + timedelta(seconds=70))


@dataclass(frozen=True)
class BrokenRule:
    """How the bot is put together with its broken rule, and what else stays broken while it runs."""

    rules: SimulationRules
    meanwhile: Callable[[], AbstractContextManager[None]] = nullcontext
    near: int = 0
    """The first seed to be tried: one that is known to show it, so that the tests do not take long."""
    plan: Callable[[int], Plan] = plain_plan_of
    """What a seed stands for; `plan_of` where the rule is about what was added later."""


@contextmanager
def _in_place_of(owner: Any, name: str, other: Any) -> Iterator[None]:
    was = getattr(owner, name)
    setattr(owner, name, other)
    try:
        yield
    finally:
        setattr(owner, name, was)


def _replaced(
    owner: Any, name: str, other: Any, near: int = 0, plan: Callable[[int], Plan] = plain_plan_of
) -> BrokenRule:
    return BrokenRule(SimulationRules(), lambda: _in_place_of(owner, name, other), near, plan)


class _Hasty:
    """A client that takes whatever was lost for a success."""

    def __init__(self, inner: FincartClient) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def cancel(self, *given: Any, **named: Any) -> Answer | None:
        answer = self._inner.cancel(*given, **named)
        if answer is not None and answer.kind is AnswerKind.INDETERMINATE:
            return replace(answer, kind=AnswerKind.OK)
        return answer


class _Unfenced(Dispatcher):
    """Sends although its lease may have run out."""

    def _lease_holds(self, *_: Any) -> bool:
        return True

    def _may_go(self, *_: Any) -> bool:
        return True


class _Rash(Dispatcher):
    """Sends a batch while the transaction that writes it ahead is open."""

    _early: dict[int | None, Answer | None]

    def _plan(self, *given: Any, **named: Any) -> list[Planned]:
        planned = super()._plan(*given, **named)
        self._early = {each.attempt.id: self._context.fincart.cancel(each.order_ids) for each in planned}
        return planned

    def _send(self, planned: Planned) -> Answer | None:
        return self._early.pop(planned.attempt.id, None)


@contextmanager
def _judged_before_the_lock() -> Iterator[None]:
    """Presses judge the state that the request had when the policy was asked, and move it whatever it has become."""
    seen: dict[tuple[Any, str], RequestState] = {}
    judged, locked = handle_action._authorize, requests.lock

    def authorize(context: Context, click: handle_action.RequestAction, *more: Any) -> Any:
        with context.database.read() as session:
            request = requests.find(session, click.public_id)
        if request is not None:
            seen[threads.current(), click.public_id] = request.state
        return judged(context, click, *more)

    def lock(transaction: Transaction, public_id: str) -> Request | None:
        request = locked(transaction, public_id)
        was = seen.pop((threads.current(), public_id), None)
        if request is not None and was is not None:
            set_committed_value(request, "state", was)
        return request

    def move(transaction: Transaction, request: Request, to: RequestState, *, before: Any = None, **more: Any) -> bool:
        for name, value in {"state": to, **more}.items():
            setattr(request, name, value)
        transaction.session.flush()
        return True

    stale = (_in_place_of(handle_action, "_authorize", authorize), _in_place_of(requests, "lock", lock))
    with stale[0], stale[1], _in_place_of(requests, "move", move):
        yield


_conclude = truth.conclude


def _sends_again_on_a_guess(evidence: Evidence, *more: Any) -> truth.Step:
    last = evidence.attempts[-1] if evidence.attempts else None
    if (
        last is not None
        and last.kind is AnswerKind.INDETERMINATE
        and evidence.sending_allowed
        and len(evidence.attempts) < 3
    ):
        return truth.SendAgain()
    return _conclude(evidence, *more)


def _guesses_not_sent(evidence: Evidence, *more: Any) -> truth.Step:
    step = _conclude(evidence, *more)
    if isinstance(step, truth.Settled) and step.outcome is Outcome.UNKNOWN:
        return replace(step, outcome=Outcome.NOT_SENT, read_at=None)
    return step


def _only_strong(evidence: Evidence) -> Doubt:
    lost = any(attempt.kind is AnswerKind.INDETERMINATE or attempt.answered_late for attempt in evidence.attempts)
    return Doubt.STRONG if lost else Doubt.NONE


def _hasty(context: Context) -> Context:
    client: Any = _Hasty(context.fincart)
    return replace(context, fincart=client)


def _not_to_be_undone(context: Context) -> Context:
    return replace(context, settings=context.settings.model_copy(update={"undo_seconds": 0}))


_lease = leases.lease


def _takes_it_for_unsent(transaction: Transaction, *more: Any) -> leases.Leased | None:
    leased = _lease(transaction, *more)
    for orphan in leased.orphans if leased is not None else ():
        attempts.unplan(transaction, orphan)
    return replace(leased, orphans=()) if leased is not None else None


def _takes_throttling_for_a_reading(evidence: Evidence, reading: LogReading, read_at: datetime) -> Evidence:
    if reading.kind is LogKind.UNAVAILABLE:
        reading = replace(reading, kind=LogKind.UNREADABLE)
    return with_log(evidence, reading, read_at)


def _forgets_the_preview(_: str | None, log: str | None) -> bool:
    return log is not None and bool(json.loads(log).get("log_was_read"))


def _compares_ids(question: Question, *_: Any) -> bool:
    return question.person == question.requester


@contextmanager
def _two_ids_are_two_people() -> Iterator[None]:
    """For the policy, and for the record, which would refuse to keep such a decision."""
    asked_with = property(lambda request: frozenset({request.requester}))
    with _in_place_of(policy_rules, "own", _compares_ids), _in_place_of(Request, "requester_ids", asked_with):
        yield


def _claims_nothing(*_: Any) -> dict[Any, str]:
    return {}


NO_HOLD = send_gate.GateState(blocks=False, until=None, probes=False)

BROKEN: Mapping[str, BrokenRule] = {
    "a time-out is taken for success": BrokenRule(SimulationRules(change_context=_hasty), near=3),
    "sent again without reading the log": _replaced(settlement, "conclude", _sends_again_on_a_guess, near=3),
    "unknown is told as not sent": _replaced(settlement, "conclude", _guesses_not_sent, near=45),
    "weak doubt is ignored": _replaced(Evidence, "doubt", property(_only_strong), near=418),
    "the lease is not checked before a send": BrokenRule(SimulationRules(make_dispatcher=_Unfenced), near=102),
    "orders are not taken in hand": _replaced(in_flight, "claim", _claims_nothing),
    "holds are not looked at": _replaced(send_gate, "state", lambda *_: NO_HOLD, near=14),
    "what waits is sent although it has been settled": _replaced(attempts, "withdraw", lambda *_: None, near=149),
    "a settled batch is not told": _replaced(enqueue, "live", lambda *_, **__: None),
    "what the dead have sent is taken for unsent": _replaced(leases, "lease", _takes_it_for_unsent, near=2),
    "the undo window is ignored": BrokenRule(SimulationRules(change_context=_not_to_be_undone)),
    "the state is tested before the lock only": BrokenRule(SimulationRules(), _judged_before_the_lock, near=19),
    "a commit that nobody answered is taken for undone": _replaced(HaltingDatabase, "asks_after", False, near=450),
    "a log counts as read by a clock that is ahead": _replaced(log_reader, "with_log", _read_later),
    "that the preview has read a log is forgotten": _replaced(
        order_lines, "was_read", _forgets_the_preview, near=727_000, plan=plan_of
    ),
    "a throttled read is taken for a reading": _replaced(
        log_reader, "with_log", _takes_throttling_for_a_reading, near=4, plan=plan_of
    ),
    "two ids of one person are two people": BrokenRule(
        SimulationRules(), _two_ids_are_two_people, near=10, plan=plan_of
    ),
    "sent before the attempt is committed": BrokenRule(SimulationRules(make_dispatcher=_Rash)),
}
"""By what is wrong with each."""
