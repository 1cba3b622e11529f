"""Checks what people decided, by the audit alone: one winner for each request, and nobody past the rules in force."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .plan import person_of
from .witness import GO_AHEADS, WrongEnding

if TYPE_CHECKING:
    from bot.settings.model import Settings

    from .world import SimulatedWorld


Event = dict[str, Any]

ENDS = ("withdrawn", "declined", "expired", "request_refused")


def check_decisions(world: "SimulatedWorld", events: list[Event]) -> None:
    """Raise `WrongEnding` where anybody decided what was decided already, or what was not theirs to decide."""
    by_request: dict[str, list[Event]] = {}
    for event in events:
        world.met[f"audit {_name(event)}"] += 1
        if event["kind"] == "click_refused":
            world.met[f"audit click_refused {event['details']['act']}"] += 1
        if event["request"] is not None:
            by_request.setdefault(event["request"], []).append(event)
    _retries(events)
    _quotas(world, events)
    for name, its_events in by_request.items():
        _one_winner(name, its_events)
        _enough_people(world, name, its_events)
        for event in its_events:
            if event["kind"] in GO_AHEADS or event["kind"] == "asked_for_approval":
                _number_typed(world, name, event)
            if event["kind"] == "emergency":
                _emergency_told(world, name, event)


def _name(event: Event) -> str:
    """Its kind, with what tells apart events of one kind that stand for different acts."""
    details = event["details"]
    more = details.get("act") if event["kind"] == "withdrawn" else details.get("hold") or details.get("origin")
    return f"{event['kind']} {more}" if more else str(event["kind"])


def _one_winner(name: str, events: list[Event]) -> None:
    decided = ["let go" if _lets_run(event) else event["kind"] for event in events]
    decided = [each for each in decided if each == "let go" or each in ENDS]
    undone = any(event["kind"] == "withdrawn" and event["details"].get("act") == "undo" for event in events)
    if len(decided) > 1 and not (decided == ["let go", "withdrawn"] and undone):
        raise WrongEnding(f"{name} was decided more than once: {', '.join(decided)}")
    often = Counter(event["kind"] for event in events)
    for kind in ("run_started", "stopped", "finished"):
        if often[kind] > 1:
            raise WrongEnding(f"{name} has {often[kind]} events of the kind {kind}")


def _lets_run(event: Event) -> bool:
    return event["kind"] in GO_AHEADS and event["details"].get("runs", True)


def _enough_people(world: "SimulatedWorld", name: str, events: list[Event]) -> None:
    """Whatever the settings became meanwhile: what the card has promised, and the mildest that was ever in force."""
    requester, promised = person_of(events[0]["who"]), 0
    for event in events:
        if not _lets_run(event):
            promised = event["details"].get("approvals_needed", promised)
            continue
        if event["kind"] == "emergency":
            named = {person_of(each) for each in world.settings.emergency_users}
            if person_of(event["who"]) not in named or person_of(event["who"]) != requester:
                raise WrongEnding(f"{event['who']} went ahead alone with {name}")
            continue
        count = event["details"]["order_count"]
        needed = max(promised, min(_needed(settings, count) for settings in (world.settings, world.later)))
        approvers = {person_of(each["who"]) for each in events if each["kind"] == "approved"} - {requester}
        if len(approvers) < needed:
            raise WrongEnding(
                f"{name} was let run by {event['kind']} with the approval of {len(approvers)}, not {needed}"
            )


def _needed(settings: "Settings", orders: int) -> int:
    above = settings.second_approval_above
    return 0 if above is None or orders <= above else settings.approvals_needed


def _retries(events: list[Event]) -> None:
    """A retry takes what was refused or not sent, and nothing of which nobody knows what became of it."""
    outcomes: dict[tuple[str, str], str] = {}
    for event in events:
        retried = event["details"].get("retry_of") if event["kind"] == "request_made" else None
        for entry in event["details"].get("orders") or () if isinstance(event["details"].get("orders"), list) else ():
            if isinstance(entry, list):
                outcomes[event["request"], entry[0]] = entry[1]
            elif retried and (was := outcomes.get((retried, entry))) not in ("rejected", "not_sent"):
                raise WrongEnding(f"{event['request']} retries {entry} of {retried}, which is {was}")


def _quotas(world: "SimulatedWorld", events: list[Event]) -> None:
    """Nobody lets more of their orders run on one UTC day than they may."""
    limit = world.settings.max_orders_per_person_per_day
    used: Counter[tuple[str, str]] = Counter()
    for event in events:
        if _lets_run(event):
            day = datetime.fromisoformat(event["at"]).astimezone(UTC).date().isoformat()
            used[person_of(event["details"]["counted_to"]), day] += event["details"]["order_count"]
    for (person, day), orders in used.items():
        if limit is not None and orders > limit:
            raise WrongEnding(f"{orders} orders of {person} ran on {day}, where {limit} may")


def _number_typed(world: "SimulatedWorld", name: str, event: Event) -> None:
    """Whoever let so many orders go ahead had typed how many they are."""
    count = event["details"]["order_count"]
    above = world.settings.type_to_confirm_above
    if event["kind"] != "emergency" and (above is None or count <= above):
        return
    for row in world.rows.all("SELECT payload FROM delivery WHERE kind = 'click'"):
        said = json.loads(row["payload"])
        if said["value"].startswith(name) and said["user"] == event["who"] and said.get("typed_number") == count:
            return
    raise WrongEnding(f"{event['who']} let {count} orders of {name} go ahead without typing their number")


def _emergency_told(world: "SimulatedWorld", name: str, event: Event) -> None:
    channel = world.settings.audit_channel
    posts = [post for post in world.slack.messages(channel or "") if name in post.text and "mergency" in post.text]
    query = """SELECT 1 FROM slack_message m JOIN request r ON r.seq = m.request_seq
               WHERE r.public_id = ? AND m.kind = 'emergency_notice' AND m.trouble IS NOT NULL"""
    if not posts and not world.rows.one(query, name):
        raise WrongEnding(f"{event['who']} went ahead alone with {name}, and the audit channel was not told")
