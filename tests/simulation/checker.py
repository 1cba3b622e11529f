"""The independent checker: what Fincart received, what Slack shows and what the audit tells, held to one another."""

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from bot.outbox.renderer import render
from bot.sandbox.slack.core import direct_id
from bot.slack.results import Ok
from storage.audit.log import Broken
from storage.audit.verify import verify_all
from storage.db.transactions import Database
from storage.enums import OPEN_STATES
from storage.ranges import bounds
from storage.slack_models import SlackMessage

from .decisions import check_decisions
from .people_told import check_people_told
from .plan import ODD
from .recount import mismatches
from .stores import compile_once
from .witness import WrongEnding, is_cancelled

if TYPE_CHECKING:
    from .world import SimulatedWorld

FIGURES = re.compile(r"([0-9,]+) (cancelled|rejected|not sent|unknown)\b")
WAITS = timedelta(minutes=5)
UNANSWERED = ("429", "500", "hang", "drop", "no_connection")
OUTCOMES = ("cancelled", "rejected", "not_sent", "unknown")


def check(world: "SimulatedWorld") -> None:
    """Everything has settled: Raise `WrongEnding` where anything is not as it must be."""
    events = _events(world)
    told = _told(events)
    _count_changes(world, events)
    _count_attempts(world)
    _nothing_left(world)
    check_decisions(world, events)
    _chain(world)
    for request in world.rows.all("SELECT * FROM request"):
        _outcomes(world, request, told.get(request["public_id"], {}), events)
        _shown(world, request, told.get(request["public_id"], {}))
    _words_were_given(world, events)
    _unknown_in_time(world, events)
    _fresh(world)
    _answered(world, events)
    check_people_told(world, events)
    _reported(world)
    _no_secret(world)


def _events(world: "SimulatedWorld") -> list[dict[str, Any]]:
    return [json.loads(row["payload"]) for row in world.rows.all("SELECT payload FROM audit_event ORDER BY seq")]


def _told(events: list[dict[str, Any]]) -> dict[str, dict[str, list[Any]]]:
    """The last word of the audit on each order of each request."""
    told: dict[str, dict[str, list[Any]]] = {}
    for event in events:
        entries = event["details"].get("orders")
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, list):
                told.setdefault(event["request"], {})[entry[0]] = entry
    return told


def _count_attempts(world: "SimulatedWorld") -> None:
    """How often a sender was taken for dead that could have been asleep, and how often it answered after all."""
    world.met["taken for dead"] += len(world.rows.all("SELECT 1 FROM attempt WHERE open_until IS NOT NULL"))
    world.met["moved"] += len(world.rows.all("SELECT 1 FROM slack_message WHERE kind = 'moved'"))
    world.met["logs rested"] += sum(
        call.method == "GET" and call.answer in ("429", "500") for call in world.fincart.calls
    )
    world.met["answered late"] += len(world.rows.all("SELECT 1 FROM attempt WHERE was_lost"))
    world.met["never handed over"] += len(
        world.rows.all("SELECT 1 FROM attempt WHERE result = 'unacted' AND words = 'nothing was handed over'")
    )


def _count_changes(world: "SimulatedWorld", events: list[dict[str, Any]]) -> None:
    """How often an order was told as unknown, and an outcome as another later."""
    last: dict[tuple[str, str], str] = {}
    for event in events:
        entries = event["details"].get("orders")
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, list):
                was = last.get((event["request"], entry[0]))
                last[event["request"], entry[0]] = entry[1]
                world.met["told as unknown"] += entry[1] == "unknown"
                if was not in (None, entry[1]):
                    world.met[f"changed from {was}"] += 1


def _nothing_left(world: "SimulatedWorld") -> None:
    states = ", ".join(f"'{state.value}'" for state in OPEN_STATES)
    for what, query in {
        "a request in an open state": f"SELECT public_id, state, due_at FROM request WHERE state IN ({states})",
        "a lease": "SELECT public_id, lease_until FROM request WHERE lease_until IS NOT NULL",
        "an order in flight": "SELECT * FROM in_flight",
        "an attempt without an end": "SELECT * FROM attempt WHERE ended_at IS NULL",
        "a delivery unhandled": "SELECT id, kind FROM delivery WHERE due_at IS NOT NULL",
        "a delivery's response URL": "SELECT id FROM delivery WHERE response_url IS NOT NULL",
        "a message's response URL": "SELECT id FROM slack_message WHERE response_url IS NOT NULL",
        "a message not shown": "SELECT id, kind, trouble FROM slack_message WHERE wanted <> shown AND trouble IS NULL",
    }.items():
        left = world.rows.all(query)
        if left:
            raise WrongEnding(f"{what} is left at the end: {left[:3]}")


def _chain(world: "SimulatedWorld") -> None:
    database = Database(world.database_url)
    compile_once(database)
    found = verify_all(database)
    database.close()
    if isinstance(found.chain, Broken) or found.rows is not None:
        raise WrongEnding(f"the audit does not hold: {found.chain} {found.rows}")


def _outcomes(world: "SimulatedWorld", request: Any, told: dict[str, list[Any]], events: list[dict[str, Any]]) -> None:
    name = request["public_id"]
    lines = world.rows.all("SELECT * FROM order_line WHERE request_seq = ? ORDER BY position", request["seq"])
    sent = [each for each in world.witness.sent if each.request == name]
    if request["state"] != "finished":
        if sent or told:
            raise WrongEnding(f"{name} is {request['state']}, and yet something of it was sent or settled")
        return
    if {line["order_id"] for line in lines} != set(told):
        raise WrongEnding(f"the audit of {name} tells of other orders than were asked for")
    for line in lines:
        order, outcome, proof, words = told[line["order_id"]]
        world.met[f"outcome {outcome} by {proof}"] += 1
        if (line["outcome"], line["proof"], line["words"]) != (outcome, proof, words):
            raise WrongEnding(f"{order} of {name}: the audit says {outcome}, its row {line['outcome']}")
        ours = any(order in each.applied(world.fincart) for each in sent)
        cancelled = is_cancelled(world.fincart, order)
        where = f"{order} of {name} is {outcome} ({proof}, {words!r})"
        has_no_log = order == ODD or order in world.fincart.settings.foreign
        on_its_word = proof == "answer" and _said_ok(world, name, order)
        unverified = on_its_word and (has_no_log or not world.settings.verify_results)
        if outcome == "cancelled" and not cancelled and not unverified:
            raise WrongEnding(f"{where}, and is not cancelled at Fincart: {_log(world, order)}")
        never_sent = not any(order in each.ids for each in sent)
        if outcome == "cancelled" and never_sent and not _nobody_knows(world, line):
            raise WrongEnding(f"{where}, and was never sent")
        denied = outcome in ("rejected", "not_sent") and ours
        if denied and not (_was_lied_to(world, order, words) or _was_never_read(world, order)):
            raise WrongEnding(f"{where}, and a call of it cancelled it: {_log(world, order)}")
        if outcome == "unknown" and cancelled and not has_no_log:
            raise WrongEnding(f"{where}, and its log shows it cancelled: {_log(world, order)}")
        if outcome == "unknown" and not has_no_log and not _said_ok(world, name, order):
            raise WrongEnding(f"{where}, and its log can be read: {_log(world, order)}")
        if outcome == "not_sent" and proof is None and any(order in each.ids and each.lost for each in sent):
            raise WrongEnding(f"{where} without any proof, though a call that carried it was lost")


def _words_were_given(world: "SimulatedWorld", events: list[dict[str, Any]]) -> None:
    """Whenever the audit took Fincart's word for a cancellation, Fincart had given it."""
    for event in events:
        entries = event["details"].get("orders")
        for entry in entries if isinstance(entries, list) else ():
            by_word = isinstance(entry, list) and entry[1:3] == ["cancelled", "answer"]
            if by_word and not _said_ok(world, event["request"], entry[0]):
                raise WrongEnding(f"{entry[0]} of {event['request']} was told as cancelled on a word never given")


def _said_ok(world: "SimulatedWorld", request: str, order: str) -> bool:
    carried = (sent for sent in world.witness.sent if sent.request == request and order in sent.ids)
    calls = world.fincart.calls
    return any(sent.reached and not sent.lost and calls[sent.number - 1].answer == "200" for sent in carried)


def _nobody_knows(world: "SimulatedWorld", line: Any) -> bool:
    """Whether a call for the order was written ahead, and its sender died before it sent it or said that it did not."""
    query = "SELECT positions FROM attempt WHERE request_seq = ? AND result = 'lost' AND http_status IS NULL"
    for row in world.rows.all(query, line["request_seq"]):
        if any(first <= line["position"] <= last for first, last in bounds(row["positions"])):
            world.met["exception: nobody knows whether it was sent"] += 1
            return True
    return False


def _was_lied_to(world: "SimulatedWorld", order: str, words: str) -> bool:
    """Whether Fincart told another request that it had cancelled the order, seconds before this one did: nobody who
    reads its answers and logs could know whose doing it was."""
    found = re.search("already cancelled by (R-[0-9A-Z]{6})", words)
    cancelled = [line.created_at for line in world.fincart.lines(order) if line.title.casefold().startswith("cancel")]
    for sent in world.witness.sent:
        if found and sent.request == found[1] and order in sent.ids and cancelled:
            offset = timedelta(seconds=world.plan.setup.clock_offset)
            if abs(cancelled[0] - sent.at - offset) <= timedelta(seconds=12):
                world.met["exception: lied to just before"] += 1
                return True
    return False


def _was_never_read(world: "SimulatedWorld", order: str) -> bool:
    """Whether Fincart said of the order that there is none before it ever showed its log to anybody who could
    keep that: a process may have died with what it had just read."""
    reads = (call for call in world.fincart.calls if call.method == "GET" and call.ids == (order,))
    heard = (call.answer for call in reads if world.witness.could_be_kept(call.number))
    is_so = next((answer for answer in heard if answer in ("200", "404")), "") == "404"
    world.met["exception: there is no such order, by Fincart's word"] += is_so
    return is_so


def _unknown_in_time(world: "SimulatedWorld", events: list[dict[str, Any]]) -> None:
    """An order whose log Fincart does not answer waits five minutes: till then nobody says that it is unknown."""
    for event in events:
        at, entries = datetime.fromisoformat(event["at"]), event["details"].get("orders")
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, list) or entry[1] != "unknown":
                continue
            sent = [each.at for each in world.witness.sent if each.request == event["request"] and entry[0] in each.ids]
            if sent and at - sent[-1] < WAITS and not _was_answered(world, entry[0], sent[-1], at):
                raise WrongEnding(
                    f"{entry[0]} of {event['request']} was told as unknown while its log was not answered"
                )


def _was_answered(world: "SimulatedWorld", order: str, since: datetime, until: datetime) -> bool:
    offset = timedelta(seconds=world.plan.setup.clock_offset)
    reads = (call for call in world.fincart.calls if call.method == "GET" and call.ids == (order,))
    answered = (datetime.fromisoformat(call.at) - offset for call in reads if call.answer not in UNANSWERED)
    return any(since <= at <= until for at in answered)


def _log(world: "SimulatedWorld", order: str) -> str:
    if order not in world.fincart.order_ids():
        return "no such order"
    return ", ".join(f"{line.title} {line.created_at:%H:%M:%S} {line.by}" for line in world.fincart.lines(order))


def _shown(world: "SimulatedWorld", request: Any, told: dict[str, list[Any]]) -> None:
    """The live message in Slack: its figures add up, and are those of the audit."""
    if request["state"] != "finished":
        return
    row = world.rows.one("SELECT * FROM slack_message WHERE request_seq = ? AND kind = 'live'", request["seq"])
    if row is None or row["ts"] is None:
        raise WrongEnding(f"{request['public_id']} is finished, and nothing in Slack says so")
    post = world.slack.state.posts[row["ts"]]
    opening = post.text.partition("\n")[0]
    shown = {word.replace(" ", "_"): int(number.replace(",", "")) for number, word in FIGURES.findall(opening)}
    counted = {outcome: sum(entry[1] == outcome for entry in told.values()) for outcome in OUTCOMES}
    if shown != {outcome: number for outcome, number in counted.items() if number}:
        raise WrongEnding(f"Slack shows {opening!r} of {request['public_id']}, and the audit tells {counted}")
    if sum(shown.values()) != request["order_count"]:
        raise WrongEnding(f"the figures of {request['public_id']} do not add up: {opening!r}")


def _fresh(world: "SimulatedWorld") -> None:
    """Every message that stays reads as it would if it were made now, by one of the versions that are at work."""
    before = world.rules.before
    process = world.scheduler.process((world.plan.seed + 1) % 2 if before else 0)
    writers = [(render, process.context.settings)]
    if before is not None:
        writers.append((before.render, world.scheduler.process(world.plan.seed % 2).context.settings))
    answer = process.context.slack.auth_test()
    own = answer.value if isinstance(answer, Ok) else None
    with process.context.database.read() as session:
        for row in session.scalars(select(SlackMessage).where(col(SlackMessage.kind) == "live")):
            if row.ts is None:
                continue
            # Whether the bot knew its own name when it wrote that, it may have been told later.
            names = (own.user_id if own else None, None)
            fresh = [
                write(session, row, settings, world.clock(), name).text for write, settings in writers for name in names
            ]
            post = world.slack.state.posts[row.ts]
            if post.text not in fresh and row.trouble is None:
                raise WrongEnding(f"Slack shows\n{post.text}\nwhere it would now be\n{fresh[0]}")


def _answered(world: "SimulatedWorld", events: list[dict[str, Any]]) -> None:
    """Whoever asked for something was told of it, and every delivery that was acknowledged is remembered as handled."""
    given_up = {
        row["person"]
        for row in world.rows.all("SELECT person FROM slack_message WHERE wanted <> shown AND trouble IS NOT NULL")
    }
    for event in events:
        if event["kind"] != "request_made" or event["who"] in given_up:
            continue
        mine = [
            post
            for post in world.slack.state.posts.values()
            if post.only_for == event["who"] or post.channel == direct_id(event["who"])
        ]
        if not any(event["request"] in post.text or event["request"] in str(post.blocks) for post in mine):
            raise WrongEnding(f"{event['who']} asked for {event['request']} and was never told of it")


def _reported(world: "SimulatedWorld") -> None:
    """Every figure of a report is what the events tell."""
    with world.scheduler.process(0).context.database.read() as session:
        for wrong in mismatches(session, (ZoneInfo("Africa/Cairo"),)):
            raise WrongEnding(wrong)


def _no_secret(world: "SimulatedWorld") -> None:
    state = world.slack.state
    shown = "\n".join(f"{post.text}{post.blocks}" for post in state.posts.values())
    kept = world.rows.everything()
    for secret in (world.fincart.settings.token, state.bot_token, state.signing_secret):
        if secret in shown or secret in kept:
            raise WrongEnding("a secret is shown or kept")
