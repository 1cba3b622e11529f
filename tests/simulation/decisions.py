"""Checks what people decided, by the audit alone: one winner for each request, and nobody past the rules in force."""

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from .witness import GO_AHEADS, Wrong

if TYPE_CHECKING:
    from .world import World

Event = dict[str, Any]

ENDS = ("withdrawn", "declined", "expired", "request_refused")


def check_decisions(world: "World", events: list[Event]) -> None:
    """Raise `Wrong` where anybody decided what was decided already, or what was not theirs to decide."""
    by_request: dict[str, list[Event]] = {}
    for event in events:
        world.met[f"audit {_name(event)}"] += 1
        if event["request"] is not None:
            by_request.setdefault(event["request"], []).append(event)
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
        raise Wrong(f"{name} was decided more than once: {', '.join(decided)}")
    often = Counter(event["kind"] for event in events)
    for kind in ("run_started", "stopped", "finished"):
        if often[kind] > 1:
            raise Wrong(f"{name} has {often[kind]} events of the kind {kind}")


def _lets_run(event: Event) -> bool:
    return event["kind"] in GO_AHEADS and event["details"].get("runs", True)


def _enough_people(world: "World", name: str, events: list[Event]) -> None:
    settings, requester = world.settings, events[0]["who"]
    for event in events:
        if not _lets_run(event):
            continue
        above = settings.second_approval_above
        if above is None or event["details"]["order_count"] <= above:
            continue
        if event["kind"] == "emergency":
            if event["who"] not in settings.emergency_users or event["who"] != requester:
                raise Wrong(f"{event['who']} went ahead alone with {name}")
            continue
        approvers = {each["who"] for each in events if each["kind"] == "approved"} - {requester}
        if len(approvers) < settings.approvals_needed:
            raise Wrong(f"{name} was let run by {event['kind']} with the approval of {len(approvers)}")


def _number_typed(world: "World", name: str, event: Event) -> None:
    """Whoever let so many orders go ahead had typed how many they are."""
    above, count = world.settings.type_to_confirm_above, event["details"]["order_count"]
    if event["kind"] != "emergency" and (above is None or count <= above):
        return
    for row in world.rows.all("SELECT payload FROM delivery WHERE kind = 'click'"):
        said = json.loads(row["payload"])
        if said["value"].startswith(name) and said["user"] == event["who"] and said.get("typed_number") == count:
            return
    raise Wrong(f"{event['who']} let {count} orders of {name} go ahead without typing their number")


def _emergency_told(world: "World", name: str, event: Event) -> None:
    channel = world.settings.audit_channel
    posts = [post for post in world.slack.messages(channel or "") if name in post.text and "mergency" in post.text]
    query = """SELECT 1 FROM slack_message m JOIN request r ON r.seq = m.request_seq
               WHERE r.public_id = ? AND m.kind = 'emergency_notice' AND m.trouble IS NOT NULL"""
    if not posts and not world.rows.one(query, name):
        raise Wrong(f"{event['who']} went ahead alone with {name}, and the audit channel was not told")
