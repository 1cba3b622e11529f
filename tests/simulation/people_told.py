"""Checks that people were told what concerns them: corrections, and the end of what was long or in other hands."""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.sandbox.slack.core import direct_id

from .plan import person_of
from .witness import GO_AHEADS, WrongEnding

if TYPE_CHECKING:
    from .world import SimulatedWorld

Event = dict[str, Any]

LONG = 60.0
"""Seconds; the end of a run that took longer is told to who asked."""


def check_people_told(world: "SimulatedWorld", events: list[Event]) -> None:
    """Raise `WrongEnding` where somebody keeps an outcome for true that is another, or waits for an end long come."""
    asked = {event["request"]: event["who"] for event in events if event["kind"] == "request_made"}
    let_run = {event["request"]: event for event in events if event["kind"] in GO_AHEADS}
    for event in events:
        name = event["request"]
        if event["kind"] == "corrected":
            _told(world, asked[name], name, "correction", re.compile("Corrected: "))
        if event["kind"] == "finished" and _is_owed(let_run[name], event, asked[name]):
            _told(world, asked[name], name, "end", _END)


def _is_owed(let_run: Event, finished: Event, requester: str) -> bool:
    took = datetime.fromisoformat(finished["at"]) - datetime.fromisoformat(let_run["at"])
    return person_of(let_run["who"]) != person_of(requester) or took.total_seconds() > LONG


_END = re.compile(r"[0-9,]+ (cancelled|rejected|not sent|unknown)[^\n]*\n[^\n]*")
"""The notice of the end: the figures and who asked why, then what to look at."""


def _told(world: "SimulatedWorld", person: str, name: str, what: str, told: re.Pattern[str]) -> None:
    """Their own direct message says so, unless Slack took it from nobody for longer than it is tried."""
    read = told.fullmatch if told is _END else told.match
    posts = [post for post in world.slack.messages(direct_id(person)) if name in post.text and read(post.text)]
    query = """SELECT 1 FROM slack_message m JOIN request r ON r.seq = m.request_seq
               WHERE r.public_id = ? AND m.kind = ? AND m.trouble IS NOT NULL AND m.wanted <> m.shown"""
    if not posts and world.rows.one(query, name, f"{what}_notice") is None:
        raise WrongEnding(f"{person} was never told the {what} of {name}")
    world.met[f"{what} told"] += 1
