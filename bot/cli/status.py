"""`status`: the bot's status for the person on call; exit code 1 if a person is needed."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial

from bot.cli.database import with_database
from bot.messages.words import counted
from storage import slack_messages
from storage.db.readiness import Readiness
from storage.db.transactions import Database
from storage.enums import HoldKind
from storage.models import Hold
from storage.operation_models import ServingProcess
from storage.status import BotStatus, status

LATE = timedelta(seconds=60)
"""Work due for longer is reported."""

_REMEDIES = {
    HoldKind.PAUSE: "run resume once sending may go on",
    HoldKind.TOKEN: "renew FINCART_TOKEN, restart the bot unless it reads the token from a file, then run resume",
    HoldKind.SLACK: "install the app again, or correct SLACK_BOT_TOKEN",
}
"""What a person does about a hold; the other kinds end by themselves."""

_SERVE_THE_OTHER = "serve that database, and nothing here"

_MOST_LISTED = 20


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `status` and `redeliver` to the commands."""
    parser = commands.add_parser("status", help="how the bot stands; exit code 1 where a person is needed")
    parser.add_argument("--json", action="store_true", help="the same as one JSON object")
    parser.set_defaults(
        run=lambda args: (
            with_database(partial(_status, as_json=True), _unusable) if args.json else with_database(_status)
        )
    )
    again = commands.add_parser("redeliver", help="send the messages again that could not be delivered")
    again.set_defaults(run=lambda args: with_database(_redeliver))


def _redeliver(database: Database) -> int:
    with database.write(within_seconds=10.0, confirm_commit=True) as transaction:
        count = slack_messages.send_given_up_again(transaction)
    sys.stdout.write(f"{_messages(count, 'is', 'are')} sent again.\n" if count else "No message was given up.\n")
    return 0


def _unusable(why: str) -> None:
    """What `--json` prints where nothing can be read."""
    sys.stdout.write(json.dumps({"needs": [why]}, indent=2) + "\n")


def _status(database: Database, as_json: bool = False) -> int:
    with database.read() as session:
        found = status(session, database.now(session))
        trouble = Readiness(database).tried().trouble
        needed = [*([trouble] if trouble else []), *needs(found)]
        lines = [json.dumps(_as_json(found, needed), indent=2)] if as_json else list(_lines(found, needed))
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if needed else 0


def needs(found: BotStatus) -> Iterator[str]:
    """What a person must do, in words; nothing if the bot recovers by itself."""
    yield from _holds(found)
    for public_id in found.held_requests:
        yield f"{public_id} waits for somebody to press Go on"
    if found.unknown_orders:
        which = (
            "1 order is unknown: look at it"
            if found.unknown_orders == 1
            else (f"{found.unknown_orders:,} orders are unknown: look at them")
        )
        yield f"{which} in Fincart, or press Check again"
    if found.undelivered:
        yield f"{_messages(len(found.undelivered), 'cannot')} be delivered: see the list, then run redeliver"
    if found.verification is not None and found.verification.trouble is not None:
        yield f"the history does not verify: {found.verification.trouble}"
    ages = {lane: found.at - since for lane, since in found.due.items() if since}
    late = [f"{lane} for {_age(age)}" for lane, age in ages.items() if age > LATE and not _restored_at(found)]
    if late:
        yield f"work waits too long: {', '.join(late)}"
    # Of those listed none has ended of its own accord.
    if (late or found.processes) and not found.serving:
        yield "no process serves"
    yield from _second_installation(found.serving)


def _holds(found: BotStatus) -> Iterator[str]:
    restored_at = _restored_at(found)
    if restored_at and not found.is_moved:
        yield f"a restored copy is served since {_at(restored_at)}: run reconcile, then resume"
    remedies = {**_REMEDIES, HoldKind.PAUSE: _SERVE_THE_OTHER} if found.is_moved else _REMEDIES
    yield from (f"{_hold(hold)}: {remedies[hold.kind]}" for hold in found.holds if hold.kind in remedies)


def _restored_at(found: BotStatus) -> datetime | None:
    return found.place.restored_at if found.place else None


def _second_installation(serving: Iterable[ServingProcess]) -> Iterator[str]:
    if others := max((each.other_connections or 0 for each in serving), default=0):
        whose = "1 connection to Slack is" if others == 1 else f"{others:,} connections to Slack are"
        yield (
            f"{whose} of another installation with the same SLACK_APP_TOKEN, which takes a share of all commands: "
            "end it, or give it an app of its own"
        )


def _lines(found: BotStatus, needed: list[str]) -> Iterator[str]:
    yield f"holds      {'; '.join(_hold(hold) for hold in found.holds) or 'none'}"
    yield f"requests   {', '.join(f'{count:,} {state.value}' for state, count in found.requests.items()) or 'none'}"
    if found.archives:
        count = sum(each.requests for each in found.archives)
        yield f"archived   {counted(count, 'request')} besides, the last in {found.archives[-1]}"
    due = [f"{lane} {_age(found.at - since)}" for lane, since in found.due.items() if since]
    yield f"due since  {', '.join(due) or 'nothing is due'}"
    yield f"unknown    {found.unknown_orders:,} orders"
    tried = "".join(f"{count:,} tried again ({trouble}), " for trouble, count in found.tried_again.items())
    yield f"messages   {tried}{len(found.undelivered) or 'none'} that cannot be delivered"
    for each in found.undelivered[:_MOST_LISTED]:
        yield f"           {each.kind} of {each.public_id or 'no request'} in {each.channel}: {each.trouble}"
    verified = found.verification
    when = f"verified {_at(verified.at)} up to {verified.events:,}" if verified else "never verified"
    yield f"history    {found.events:,} events, {when}"
    yield f"size       {found.database_bytes / 1e6:,.1f} MB"
    for process in found.processes:
        host, _, _ = process.owner.rpartition(":")
        alive = f"seen {_age(found.at - process.seen_at)} ago"
        others = f", {process.other_connections} connections of others" if process.other_connections else ""
        about = f"{process.pid}, version {process.version}, since {_at(process.started_at)}, {alive}"
        yield f"process    {host} {about}{others}"
    yield "needs      nobody" if not needed else f"needs      {needed[0]}"
    yield from (f"           {each}" for each in needed[1:])


def _as_json(found: BotStatus, needed: list[str]) -> dict[str, object]:
    verified, restored_at = found.verification, _restored_at(found)
    return {
        "at": found.at.isoformat(),
        "needs": needed,
        "holds": [
            {"kind": hold.kind.value, "since": hold.since.isoformat(), "who": hold.who, "why": hold.why}
            for hold in found.holds
        ],
        "requests": {state.value: count for state, count in found.requests.items()},
        "restored_at": restored_at.isoformat() if restored_at else None,
        "held_requests": list(found.held_requests),
        "due_since": {lane: since.isoformat() if since else None for lane, since in found.due.items()},
        "unknown_orders": found.unknown_orders,
        "undelivered": [
            {"kind": each.kind, "request": each.public_id, "channel": each.channel, "trouble": each.trouble}
            for each in found.undelivered
        ],
        "tried_again": found.tried_again,
        "events": found.events,
        "archives": [each.details() for each in found.archives],
        "verification": verified
        and {"at": verified.at.isoformat(), "events": verified.events, "trouble": verified.trouble},
        "processes": [
            {
                "owner": each.owner,
                "pid": each.pid,
                "version": each.version,
                "started_at": each.started_at.isoformat(),
                "seen_at": each.seen_at.isoformat(),
                "other_connections": each.other_connections,
            }
            for each in found.processes
        ],
        "database_bytes": found.database_bytes,
    }


def _hold(hold: Hold) -> str:
    why = f" ({hold.why})" if hold.why else ""
    return f"{hold.kind.value}{f' by {hold.who}' if hold.who else ''} since {_at(hold.since)}{why}"


def _messages(count: int, verb: str, plural: str = "") -> str:
    return f"1 message {verb}" if count == 1 else f"{count:,} messages {plural or verb}"


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
