"""`audit list|show|export|verify`: the history on the command line, from the database alone.

Everything is read in pages, each in a transaction of its own: memory stays flat and no long reader keeps SQLite from
tidying up, however long the history is or whoever reads our output waits.
"""

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import inspect

from bot.cli.database_file import sqlite_file
from bot.domain.commands.typed_text import request_id, tidy
from bot.reports.csv_text import cell
from bot.settings.logging import set_up_logging
from bot.settings.model import Need, load_settings
from storage import requests
from storage.audit.log import SHORT_HEAD, Broken, Head, StoredEvent, stored_events
from storage.audit.verify import verify_all
from storage.db.migrate import is_behind
from storage.db.transactions import Database, StorageUnavailable
from storage.enums import Outcome, RequestState
from storage.history import Search, page, same_person
from storage.models import OrderLine, Request

COLUMNS = ("seq", "at", "kind", "who", "request", "details", "prev_hash", "hash", "person")
"""Of the export, one row per event."""

_PAGE = 1000
_HEAD = re.compile(rf"([0-9]{{1,18}})\s*[:·]\s*([0-9a-f]{{{SHORT_HEAD},64}})", re.IGNORECASE)


class _Cannot(Exception):
    """Why it cannot be done, in plain words."""


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add `list`, `show`, `export` and `verify` to the parser of `audit`."""
    commands = parser.add_subparsers(metavar="list|show|export|verify", required=True)
    listing = commands.add_parser("list", help="requests, newest first")
    listing.add_argument("--limit", type=_count, default=20, metavar="N", help="at most so many (default 20)")
    listing.add_argument("--person", metavar="U…", help="asked or decided by this Slack user id")
    listing.add_argument("--order", metavar="ID", help="that hold this order")
    listing.add_argument("--status", choices=[state.value for state in RequestState], help="in this state")
    listing.add_argument("--outcome", choices=[outcome.value for outcome in Outcome], help="with such an order")
    listing.add_argument("--reason", help="that carry this reason of the list, in any case")
    listing.add_argument("--text", help="whose reason holds this")
    listing.add_argument("--since", type=_day, metavar="YYYY-MM-DD", help="asked on this day (UTC) or later")
    listing.add_argument("--until", type=_day, metavar="YYYY-MM-DD", help="asked on this day (UTC) or earlier")
    listing.set_defaults(run=lambda args: _run(_list, args))
    show = commands.add_parser("show", help="all about one request")
    show.add_argument("request", metavar="R-…", type=_request, help="the request's id")
    show.set_defaults(run=lambda args: _run(_show, args))
    export = commands.add_parser("export", help="every event, to standard output")
    export.add_argument("--format", choices=["csv", "jsonl"], default="csv")
    export.set_defaults(run=lambda args: _run(_export, args))
    verifying = commands.add_parser("verify", help="check the whole chain; exit code 1 where it does not hold")
    verifying.add_argument("--head", type=_head, metavar="SEQ:HASH", help="a head kept elsewhere; HASH may be short")
    verifying.set_defaults(run=lambda args: _run(_verify, args))


def _run(act: Any, args: argparse.Namespace) -> int:
    try:
        with _open() as database:
            code: int = act(database, args)
            return code
    except StorageUnavailable as unavailable:
        sys.stderr.write(f"the database cannot be read: {unavailable}. See DATABASE_URL.\n")
    except _Cannot as cannot:
        sys.stderr.write(f"{cannot}\n")
    return 1


@contextmanager
def _open() -> Iterator[Database]:
    """The database that the settings name; never a new one, which a mistyped path would otherwise make."""
    settings = load_settings(need=Need.AUDIT)
    set_up_logging(settings)
    file = sqlite_file(settings.database_url)
    if file is not None and not file.is_file():
        raise _Cannot(f"there is no database {file}. Correct DATABASE_URL, or go to the folder it is relative to.")
    database = Database(settings.database_url)
    try:
        with database.read() as session:
            if not inspect(session.connection()).has_table("audit_event"):
                raise _Cannot("the database holds no history of this bot. Correct DATABASE_URL.")
            if is_behind(session.connection()):
                raise _Cannot("the database is of an earlier version of the bot: start serve once, which brings it up.")
        yield database
    finally:
        database.close()


def _list(database: Database, args: argparse.Namespace) -> int:
    search = Search(
        person=frozenset({args.person} if args.person else ()),
        order_id=args.order,
        status=args.status and RequestState(args.status),
        outcome=args.outcome and Outcome(args.outcome),
        reason=args.reason,
        text=args.text,
        since=args.since,
        until=args.until and args.until + timedelta(days=1),
    )
    with database.read() as session:
        search = replace(search, person=same_person(session, search.person))
    before: int | None = None
    left: int = args.limit
    while left > 0:
        with database.read() as session:
            found = page(session, search, min(left, _PAGE), before=before).requests
        for request in found:
            _say(_request_line(request))
        if len(found) < min(left, _PAGE):
            break
        before = found[-1].seq
        left -= len(found)
    return 0


def _show(database: Database, args: argparse.Namespace) -> int:
    with database.read() as session:
        request = requests.find(session, args.request)
    if request is None:
        raise _Cannot(f"there is no request {args.request}.")
    _say(_request_line(request))
    for first in range(0, request.order_count, _PAGE):
        with database.read() as session:
            lines = requests.orders(session, request, first, _PAGE)
        for line in lines:
            _say(f"  {_order_line(line)}")
    for event in _events(database, args.request):
        told = _told(event)
        details = json.dumps(told["details"], ensure_ascii=False) if told["details"] else ""
        _say(f"  audit {event.seq}  {told['at']}  {told['kind']}  {_who(told)}  {details}")
    return 0


def _export(database: Database, args: argparse.Namespace) -> int:
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", newline="")
    if args.format == "jsonl":
        for event in _events(database):
            sys.stdout.write(json.dumps(_row(event), ensure_ascii=False) + "\n")
        return 0
    rows = csv.writer(sys.stdout, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for event in _events(database):
        row = _row(event)
        row["details"] = json.dumps(row["details"], ensure_ascii=False, sort_keys=True)
        rows.writerow([cell(row[column]) for column in COLUMNS])
    return 0


def _verify(database: Database, args: argparse.Namespace) -> int:
    found = verify_all(database, args.head)
    match found.chain:
        case Broken(seq, why):
            _say(f"the history is broken at {seq}: {why}")
            return 1
        case Head() as end:
            _say(f"the history holds: {end.seq} events, audit {end.short()} ({found.chain_seconds:.1f} s)")
        case None:
            _say("the history is empty")
    if found.rows is not None:
        _say(f"{found.rows.row} disagrees with the history at {found.rows.seq}: {found.rows.why}")
        return 1
    _say(f"every request, order, decision, quota and hold is as it tells ({found.rows_seconds:.1f} s)")
    return 0


def _events(database: Database, request: str | None = None) -> Iterator[StoredEvent]:
    after = 0
    while True:
        with database.read() as session:
            events = list(islice(stored_events(session.connection(), after, request), _PAGE))
        yield from events
        if len(events) < _PAGE:
            return
        after = events[-1].seq


def _row(event: StoredEvent) -> dict[str, Any]:
    return {"seq": event.seq, **_told(event), "prev_hash": event.prev_hash, "hash": event.hash}


def _told(event: StoredEvent) -> dict[str, Any]:
    """What an event says; of one that somebody has spoilt, its stored text."""
    try:
        said = json.loads(event.payload)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        said = {"details": event.payload}
    return {key: said.get(key) for key in ("at", "kind", "who", "person", "request", "details")}


def _who(told: dict[str, Any]) -> str:
    """The id that acted, and the person where that is another id."""
    who, person = told["who"] or "–", told["person"]
    return f"{who} ({person})" if person not in (None, who) else who


def _request_line(request: Request) -> str:
    figures = [f"{getattr(request, each.value)} {each.value.replace('_', ' ')}" for each in Outcome]
    told = " · ".join(figure for figure in figures if not figure.startswith("0 "))
    words = [
        request.public_id,
        request.created_at.strftime("%Y-%m-%d %H:%M UTC"),
        request.state.value,
        request.requester,
        f"{request.order_count} orders" + (f": {told}" if told else ""),
        f"decided by {request.decided_by}" if request.decided_by else "",
        "alone, in an emergency" if request.emergency else "",
        f"because {request.reason}" if request.reason else "",
    ]
    return "  ".join(word for word in words if word)


def _order_line(line: OrderLine) -> str:
    outcome = line.outcome.value.replace("_", " ") if line.outcome else "no outcome yet"
    proof = f"by its {line.proof.value}" if line.proof else ""
    return "  ".join(word for word in (line.order_id, outcome, proof, line.words or "") if word)


def _say(text: str) -> None:
    """Print a line; what a person typed cannot move the terminal's cursor."""
    sys.stdout.write(f"{_indent(text)}{tidy(text)}\n")


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip(" "))]


def _count(text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _day(text: str) -> datetime:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day like 2026-11-24") from None
    return min(day, datetime(9000, 1, 1, tzinfo=UTC))  # so that there is a day after it


def _request(text: str) -> str:
    if (found := request_id(text)) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a request id like R-7K3F9Q")
    return found


def _head(text: str) -> Head:
    """A head as Slack shows it (`1042 · 9f3c2a417be05d21`) or with a colon."""
    found = _HEAD.fullmatch(text.strip().removeprefix("audit "))
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a head like 1042:9f3c2a417be05d21")
    return Head(int(found[1]), found[2].lower())
