"""`audit list|show|export|verify`: reads the history from the database alone, or from archives.

Reads in pages, each in its own transaction: memory stays flat, and a slow consumer of the output never holds a read
transaction that keeps SQLite from checkpointing.
"""

import argparse
import csv
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from bot.cli import archives
from bot.cli.database import Cannot, with_database
from bot.domain.commands.typed_text import request_id, tidy
from bot.reports.csv_text import cell
from storage import place, processes, requests
from storage.audit.log import SHORT_HEAD, Broken, Head, StoredEvent, stored_events
from storage.audit.texts import hashes_in, readable
from storage.audit.verify import Verification, verify_all
from storage.db.migrate import is_current
from storage.db.transactions import Database, StorageUnavailable
from storage.enums import Outcome, RequestState
from storage.history import Search, page, same_person
from storage.models import OrderLine, Request

COLUMNS = ("seq", "at", "kind", "who", "request", "details", "prev_hash", "hash", "person", "text_hashes")
"""Of the export, one row per event."""

_PAGE = 1000
_HEAD = re.compile(rf"(?:\S+T\S+ )?([0-9]{{1,18}})(?: |\s*[:·]\s*)([0-9a-f]{{{SHORT_HEAD},64}})", re.IGNORECASE)


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add `list`, `show`, `export`, `verify` and `verify-archive` to the parser of `audit`."""
    commands = parser.add_subparsers(metavar="list|show|export|verify|verify-archive", required=True)
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
    show.add_argument("request", metavar="R-…", type=read_request_id, help="the request's id")
    show.set_defaults(run=lambda args: _run(_show, args))
    export = commands.add_parser("export", help="every event, to standard output")
    export.add_argument("--format", choices=["csv", "jsonl"], default="csv")
    export.set_defaults(run=lambda args: _run(_export, args))
    verifying = commands.add_parser("verify", help="check the whole chain; exit code 1 where it does not hold")
    verifying.add_argument("--head", type=_head, metavar="SEQ:HASH", help="a head kept elsewhere; HASH may be short")
    verifying.set_defaults(run=lambda args: with_database(lambda database: _verify(database, args)))
    for reader in (listing, show, export):
        archives.add_files(reader, "read these archives in place of the database")
    archives.add_files(verifying, "the files of all archives: verify from the first event on")
    alone = commands.add_parser("verify-archive", help="check archives alone, without database and settings")
    alone.add_argument("files", nargs="+", metavar="FILE", type=Path)
    alone.set_defaults(run=archives.verify_files)


def _run(act: Callable[[Database, argparse.Namespace], int], args: argparse.Namespace) -> int:
    if args.archive:
        return archives.within(args.archive, lambda database: act(database, args))
    return with_database(lambda database: act(database, args))


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
    if left and not args.archive and (lacks := archives.lacking(database, search.since, search.until)):
        _say(f"besides, {lacks}")
    return 0


def _show(database: Database, args: argparse.Namespace) -> int:
    with database.read() as session:
        request = requests.find(session, args.request)
    if request is None:
        raise Cannot(archives.of_request(database, args.request) or f"there is no request {args.request}.")
    _say(_request_line(request))
    for first in range(0, request.order_count, _PAGE):
        with database.read() as session:
            lines = requests.orders(session, request, first, _PAGE)
        for line in lines:
            _say(f"  {_order_line(line)}")
    for event, fields in _events(database, args.request):
        details = json.dumps(fields["details"], ensure_ascii=False) if fields["details"] else ""
        _say(f"  audit {event.seq}  {fields['at']}  {fields['kind']}  {_who(fields)}  {details}")
    return 0


def _export(database: Database, args: argparse.Namespace) -> int:
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", newline="")
    if not args.archive and (lacks := archives.lacking(database)):
        sys.stderr.write(f"the events of archived requests are left out: {lacks}\n")
    if args.format == "jsonl":
        for event, fields in _events(database):
            sys.stdout.write(json.dumps(_row(event, fields), ensure_ascii=False) + "\n")
        return 0
    rows = csv.writer(sys.stdout, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for event, fields in _events(database):
        row = _row(event, fields)
        for key in ("details", "text_hashes"):
            row[key] = json.dumps(row[key], ensure_ascii=False, sort_keys=True)
        rows.writerow([cell(row[column]) for column in COLUMNS])
    return 0


def in_words(found: Verification) -> str | None:
    """What does not hold, in words; None where everything does."""
    if isinstance(found.chain, Broken):
        return f"the history is broken at {found.chain.seq}: {found.chain.why}"
    if found.rows is not None:
        return f"{found.rows.row} disagrees with the history at {found.rows.seq}: {found.rows.why}"
    return None


def _lost(database: Database, witness: Head) -> str:
    """Which events are missing if the database was restored from a copy that lacks the head kept elsewhere."""
    with database.read() as session:
        first = place.restored_by(session, witness.seq)
    if first is None:
        return ""
    return f"; a copy was restored here at event {first}, so the original's events {first} to {witness.seq} are missing"


def _verify(database: Database, args: argparse.Namespace) -> int:
    with database.read() as session:
        if not is_current(session.connection()):
            raise Cannot(
                "the database is of a newer version, whose events this one may not know: verify with that one."
            )
    found = verify_all(database, args.head, archives.opened(args.archive) if args.archive else None)
    trouble = in_words(found)
    if trouble is not None and args.head is not None:
        trouble += _lost(database, args.head)
    with suppress(StorageUnavailable), database.write() as transaction:  # a copy may be read-only
        processes.verified(transaction, found.chain.seq if found.chain else 0, trouble)
    match found.chain:
        case Head() as end:
            _say(f"the history holds: {end.seq} events, audit {end.short()} ({found.chain_seconds:.1f} s)")
            if not args.archive and (lacks := archives.lacking(database)):
                _say(f"its beginning is archived, and not checked without --archive: {lacks}")
        case None:
            _say("the history is empty")
    if trouble is not None:
        _say(trouble)
        return 1
    _say(f"every request, order, decision, quota and hold is as it tells ({found.rows_seconds:.1f} s)")
    return 0


def _events(database: Database, request: str | None = None) -> Iterator[tuple[StoredEvent, dict[str, Any]]]:
    """Each event, and its fields with the texts that people typed."""
    after = 0
    while True:
        with database.read() as session:
            events = list(islice(stored_events(session.connection(), after, request), _PAGE))
            fields = readable(session, [_fields(event) for event in events])
        yield from zip(events, fields, strict=True)
        if len(events) < _PAGE:
            return
        after = events[-1].seq


def _row(event: StoredEvent, fields: dict[str, Any]) -> dict[str, Any]:
    row = {"seq": event.seq, **fields, "prev_hash": event.prev_hash, "hash": event.hash}
    return {**row, "text_hashes": hashes_in(_fields(event)["details"])}


def _fields(event: StoredEvent) -> dict[str, Any]:
    """Return an event's fields; for a corrupted event its stored text."""
    try:
        payload = json.loads(event.payload)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        payload = {"details": event.payload}
    return {key: payload.get(key) for key in ("at", "kind", "who", "person", "request", "details")}


def _who(fields: dict[str, Any]) -> str:
    """Return the id that acted and, where it differs, the person's id."""
    who, person = fields["who"] or "–", fields["person"]
    return f"{who} ({person})" if person not in (None, who) else who


def _request_line(request: Request) -> str:
    figures = [f"{getattr(request, each.value)} {each.value.replace('_', ' ')}" for each in Outcome]
    figures_text = " · ".join(figure for figure in figures if not figure.startswith("0 "))
    words = [
        request.public_id,
        request.created_at.strftime("%Y-%m-%d %H:%M UTC"),
        request.state.value,
        request.requester,
        f"{request.order_count} orders" + (f": {figures_text}" if figures_text else ""),
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
    """Print a line without control characters: text that people typed cannot move the terminal's cursor."""
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


def read_time(text: str) -> datetime:
    """Return the time of an argument, in UTC unless it says otherwise. Raises an argument error for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 2026-11-28T14:00") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def read_request_id(text: str) -> str:
    """Return the request id of an argument as history spells it. Raises an argument error for anything else."""
    if (found := request_id(text)) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a request id like R-7K3F9Q")
    return found


def _head(text: str) -> Head:
    """Parse a head as Slack shows it (`1042 · 9f3c2a417be05d21`), with a colon, or as a line of AUDIT_HEAD_FILE."""
    found = _HEAD.fullmatch(text.strip().removeprefix("audit "))
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a head like 1042:9f3c2a417be05d21")
    return Head(int(found[1]), found[2].lower())
