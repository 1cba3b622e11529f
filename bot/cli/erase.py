"""`erase`: removes what people typed in requests that are over. Who, what and when stay in the history."""

import argparse
import sys
from collections.abc import Sequence

from bot.cli import archives
from bot.cli.audit import read_request_id
from bot.cli.database import Cannot, with_database
from bot.cli.operator import operator
from bot.messages.words import counted
from storage import erasure, requests
from storage.audit.texts import erased_on
from storage.db.reclaim import remove_deleted_bytes
from storage.db.servers import NOT_PERMITTED
from storage.db.transactions import Database, StorageUnavailable
from storage.enums import OPEN_STATES
from storage.history import same_person

_WITHIN_SECONDS = 10.0
"""How long to wait for another writer."""

_COPIES = (
    "Copies elsewhere are not erased: backups, archives, exports and what Slack keeps of messages that it has shown. "
    "In Slack the bot, once served, edits its own messages about each request; it cannot edit private answers and "
    "pages of history and reports that somebody shared."
)


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `erase` to the commands."""
    parser = commands.add_parser("erase", help="remove what people typed in a request that is over: reasons, labels, …")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("request", metavar="R-…", nargs="?", type=read_request_id, help="the request's id")
    which.add_argument("--person", metavar="U…", help="every request of this Slack user id, under any of their ids")
    parser.set_defaults(run=lambda args: with_database(lambda database: _run(database, args)))


def _run(database: Database, args: argparse.Namespace) -> int:
    try:
        open_requests = _erase_person(database, args.person) if args.person else _erase_one(database, args.request)
    except StorageUnavailable as unavailable:
        if unavailable.sqlstate != NOT_PERMITTED:
            raise
        raise Cannot("Nothing is erased: only the owner of the tables may. Give that role's DATABASE_URL.") from None
    if trouble := remove_deleted_bytes(database):
        raise Cannot(
            f"The texts are erased, and their bytes may still be in the database's files: {trouble}. Try again."
        )
    if not database.is_sqlite:
        _say(
            "PostgreSQL has vacuumed its tables; its log and its standbys still have the texts until they are recycled."
        )
    _say(_COPIES)
    if open_requests:
        raise Cannot(f"Not erased, as they still go on: {', '.join(open_requests)}. Erase them when they are over.")
    return 0


def _erase_one(database: Database, public_id: str) -> Sequence[str]:
    _erase(database, public_id)
    return ()


def _erase_person(database: Database, user_id: str) -> Sequence[str]:
    """Erase all of a person, and return their requests that still go on."""
    with database.read() as session:
        ids = same_person(session, {user_id})
        found = erasure.of_person(session, ids)
    still_open = [public_id for public_id in found if not _erase(database, public_id, or_leave=True)]
    with database.write(within_seconds=_WITHIN_SECONDS, confirm_commit=True) as transaction:
        pauses = erasure.erase_pauses(transaction, ids, operator())
        erasure.forget_person(transaction, ids)
        others = [each for each in erasure.commented(transaction.session, ids) if each not in still_open]
    names = " and ".join(sorted(ids))
    number = counted(len(found) - len(still_open), "request")
    _say(f"{names}: {number} and {counted(pauses, 'reason')} of pauses are erased.")
    if others:
        _say(f"What they typed in requests of others stays until those are erased: {', '.join(others)}.")
    return still_open


def _erase(database: Database, public_id: str, *, or_leave: bool = False) -> bool:
    """Erase one request. Returns False if it still goes on; without `or_leave` that fails."""
    with database.write(within_seconds=_WITHIN_SECONDS, confirm_commit=True) as transaction:
        request = requests.lock(transaction, public_id)
        if request is None:
            raise Cannot(archives.of_request(database, public_id) or f"there is no request {public_id}.")
        if request.state in OPEN_STATES:
            if or_leave:
                return False
            state = request.state.value
            raise Cannot(f"{public_id} still goes on, it is {state}: erase it when it is over. stop ends it at once.")
        if (at := erasure.erased_at(transaction.session, public_id)) is not None:
            _say(f"{public_id} was {erased_on(at)}.")
            return True
        erased = erasure.erase(transaction, request, operator())
        retried = erasure.retries(transaction.session, public_id)
    _say(f"{public_id}: {counted(erased.texts, 'text')} of people erased. Who, what and when stay.")
    if erased.in_old_events:
        seqs = ", ".join(map(str, erased.in_old_events))
        events = counted(len(erased.in_old_events), "event")
        _say(f"{events} of an earlier version still hold text, which cannot be taken out of the chain: {seqs}.")
    if retried:
        _say(f"Retried by {', '.join(retried)}, with the same reason: erase that too.")
    return True


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
