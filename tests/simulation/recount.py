"""The figures of a report, counted anew from the events of the audit alone."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from functools import partial
from statistics import median
from typing import Any

from sqlalchemy.orm import Session

from bot.domain.commands.report import Grouping
from bot.messages.report_facts import ReportFacts, Tally
from bot.outbox.report_figures import report_facts
from storage.audit import log as audit
from storage.audit.texts import readable
from storage.enums import Outcome, RequestState
from storage.history import Search
from storage.spelling import folded

Json = dict[str, Any]

OUTCOMES = ("cancelled", "rejected", "not_sent", "unknown")
DECIDED = ("approved", "declined", "went_ahead", "emergency", "withdrawn")
ENDED_UNSENT = {"request_refused": "refused", "expired": "expired", "declined": "declined", "withdrawn": "withdrawn"}


@dataclass
class RetoldRequest:
    """One request as its events tell of it."""

    at: datetime
    who: str
    channel: str
    orders: int
    reason: str | None
    listed: str | None
    person: str | None = None
    outcomes: dict[str, str] = field(default_factory=dict)
    ended: str = ""
    asked_at: datetime | None = None
    waited: timedelta | None = None
    corrections: int = 0
    finished: bool = False
    people: set[str] = field(default_factory=set)
    """Who asked and who decided."""


def mismatches(session: Session, zones: Iterable[tzinfo]) -> Iterator[str]:
    """Every figure of a report that is not what the events tell: of all that ever was, in each half of the time, and
    for one value at least of each filter."""
    events = readable(session, [json.loads(event.payload) for event in audit.stored_events(session.connection())])
    told = list(_requests(events))
    if not told:
        return
    ids_of = _people(events)
    groupings = (None, *Grouping)
    for number, (search, fits) in enumerate(_searches(told, ids_of)):
        within = [each for each in told if fits(each)]
        for zone in zones:
            # Every grouping of all there is; of what the filters find, one after the other.
            for by in groupings if number < 3 else (groupings[number % len(groupings)],):
                for wrong in _differences(report_facts(session, search, zone, by), within, ids_of, zone):
                    yield f"{search}: {wrong}"


def _searches(
    told: list[RetoldRequest], ids_of: Callable[[str], frozenset[str]]
) -> Iterator[tuple[Search, Callable[[RetoldRequest], bool]]]:
    """Searches, each with the requests that it must find."""
    starts = sorted(each.at for each in told)
    first, middle, end = starts[0], starts[len(starts) // 2], starts[-1] + timedelta(days=1)
    yield Search(since=first, until=end), lambda _: True
    yield Search(since=middle, until=end), lambda each: each.at >= middle
    yield Search(since=first, until=middle), lambda each: each.at < middle
    for each in dict.fromkeys(filter(None, map(_reason, told))):
        yield Search(since=first, until=end, reason=f" {each.upper()}."), partial(_has, _reason, each)
    for each in OUTCOMES:
        yield Search(since=first, until=end, outcome=Outcome(each)), partial(_holds, each)
    for each in ("finished", *ENDED_UNSENT.values()):
        yield Search(since=first, until=end, status=RequestState(each)), partial(_has, _state, each)
    for ids in {ids_of(one) for request in told for one in request.people}:
        yield Search(since=middle, until=end, person=ids), partial(_is_about, ids, middle)


def _has(value: Callable[[RetoldRequest], str], expected: str, told: RetoldRequest) -> bool:
    return value(told) == expected


def _state(told: RetoldRequest) -> str:
    return told.ended or ("finished" if told.finished else "")


def _holds(outcome: str, told: RetoldRequest) -> bool:
    return outcome in told.outcomes.values()


def _is_about(ids: frozenset[str], since: datetime, told: RetoldRequest) -> bool:
    return told.at >= since and bool(ids & told.people)


def _requests(events: list[Json]) -> Iterator[RetoldRequest]:
    told: dict[str, RetoldRequest] = {}
    for event in events:
        name, kind, details, at = event["request"], event["kind"], event["details"], _at(event)
        if kind == "request_made":
            orders, listed = details["order_count"], details.get("reason_listed")
            told[name] = RetoldRequest(at, event["who"], details["channel"], orders, details["reason"], listed)
            told[name].people.add(event["who"])
        elif name in told:
            _add(told[name], kind, details, at)
            if kind in DECIDED:
                told[name].people |= {event["who"], event.get("person") or event["who"]}
    yield from told.values()


def _add(told: RetoldRequest, kind: str, details: Json, at: datetime) -> None:
    told.person = details.get("requester_person", told.person)
    told.orders = details.get("order_count", told.orders)
    told.ended = ENDED_UNSENT.get(kind, told.ended)
    told.finished |= kind == "finished"
    for entry in details.get("orders", ()) if isinstance(details.get("orders"), list) else ():
        if isinstance(entry, list):
            told.outcomes[entry[0]] = entry[1]
            told.corrections += kind == "corrected"
    match kind:
        case "emergency":
            told.reason, told.listed = details["reason"], details.get("reason_listed", told.listed)
        case "asked_for_approval":
            told.asked_at = at
        case "approved" if "valid_until" in details and told.asked_at is not None:
            told.waited = at - told.asked_at


def _at(event: Json) -> datetime:
    return datetime.fromisoformat(event["at"])


def _people(events: list[Json]) -> Callable[[str], frozenset[str]]:
    """All the ids of the person of an id: two that stood for one another once always do."""
    known: list[set[str]] = []
    asked: dict[str, str] = {}
    for event in events:
        pairs = []
        if event["kind"] == "request_made":
            asked[event["request"]] = event["who"]
        elif event["details"].get("requester_person"):
            pairs.append({asked[event["request"]], event["details"]["requester_person"]})
        if event["kind"] in ("approved", "declined") and event.get("person"):
            pairs.append({event["who"], event["person"]})
        for pair in pairs:
            others = [each for each in known if not each & pair]
            known = [*others, pair.union(*(each for each in known if each & pair))]
    return lambda one: frozenset(next((each for each in known if one in each), {one}))


def _differences(
    found: ReportFacts, told: list[RetoldRequest], ids_of: Callable[[str], frozenset[str]], zone: tzinfo
) -> Iterator[str]:
    waits = [each.waited for each in told if each.waited is not None]
    yield from _unequal("the total", _tally(told), _numbers(found.total))
    yield from _unequal("approvals", len(waits), found.approvals)
    middle = timedelta(seconds=median(each.total_seconds() for each in waits)) if waits else None
    yield from _unequal("the median wait", middle, found.median_wait)
    yield from _unequal("the longest wait", max(waits, default=None), found.longest_wait)
    yield from _unequal("corrections", sum(each.corrections for each in told), found.corrections)
    reasons = _grouped(told, _reason)
    there_are = {key: numbers for key, numbers in reasons.items() if key}
    yield from _unequal("the reasons", there_are, {_folded(each.name): _numbers(each.tally) for each in found.reasons})
    people = _grouped(told, lambda each: ids_of(each.who))
    yield from _unequal("the people", people, {ids_of(each.name): _numbers(each.tally) for each in found.people})
    counted = [each.tally.requests for each in found.reasons]
    yield from _unequal("the order of the reasons", sorted(counted, reverse=True), counted)
    expected: dict[Grouping | None, Callable[[], object]] = {
        None: dict,
        Grouping.REASON: lambda: reasons,
        Grouping.PERSON: lambda: people,
        Grouping.CHANNEL: lambda: _grouped(told, lambda each: each.channel),
        Grouping.DAY: lambda: _grouped(told, lambda each: each.at.astimezone(zone).date()),
        Grouping.OUTCOME: lambda: _by_outcome(told),
    }
    groups = dict(_groups(found, ids_of))
    yield from _unequal(f"the groups by {found.by}", expected[found.by](), groups)


def _groups(found: ReportFacts, ids_of: Callable[[str], frozenset[str]]) -> Iterator[tuple[object, object]]:
    keys: dict[Grouping, Callable[[str], object]] = {
        Grouping.REASON: _folded,
        Grouping.PERSON: ids_of,
        Grouping.CHANNEL: str,
        Grouping.DAY: date.fromisoformat,
        Grouping.OUTCOME: str,
    }
    for group in found.groups:
        assert found.by is not None
        if found.by is Grouping.OUTCOME:
            yield group.name, (group.tally.requests, group.tally.orders)
        elif found.by is not Grouping.DAY or group.tally.requests:
            yield keys[found.by](group.name), _numbers(group.tally)


def _by_outcome(told: list[RetoldRequest]) -> dict[str, tuple[int, int]]:
    every = [Counter(each.outcomes.values()) for each in told]
    return {
        outcome: (sum(outcome in each for each in every), sum(each[outcome] for each in every)) for outcome in OUTCOMES
    }


def _grouped(told: list[RetoldRequest], key: Callable[[RetoldRequest], Any]) -> dict[Any, Any]:
    groups = defaultdict(list)
    for each in told:
        groups[key(each)].append(each)
    return {name: _tally(of_it) for name, of_it in groups.items()}


def _reason(told: RetoldRequest) -> str:
    return _folded(told.listed or told.reason or "")


def _folded(reason: str) -> str:
    """Told apart here by rules of its own: letter case, white space, and punctuation at the end."""
    alike = folded(reason)
    return alike.rstrip(" .,;:!?…") or alike


def _tally(told: list[RetoldRequest]) -> tuple[int, ...]:
    ended = Counter(outcome for each in told for outcome in each.outcomes.values())
    unsent = sum(each.orders for each in told if each.ended)
    states = Counter(each.ended for each in told)
    outcomes = [ended[outcome] for outcome in OUTCOMES]
    orders = sum(each.orders for each in told)
    without = orders - sum(outcomes) - unsent
    return (len(told), orders, *outcomes, without, unsent, *(states[each] for each in ENDED_UNSENT.values()))


def _numbers(tally: Tally) -> tuple[int, ...]:
    ended = tally.figures
    outcomes = (ended.cancelled, ended.rejected, ended.not_sent, ended.unknown)
    states = (tally.refused, tally.expired, tally.declined, tally.withdrawn)
    return (tally.requests, tally.orders, *outcomes, tally.without_outcome, tally.nothing_sent, *states)


def _unequal(what: str, expected: object, found: object) -> Iterator[str]:
    if expected != found:
        yield f"{what}: the events tell {expected}, the report says {found}"
