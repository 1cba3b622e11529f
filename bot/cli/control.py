"""`pause`, `resume`, `stop`: control sending from the command line while Slack is unreachable."""

import argparse
import sys
from typing import TYPE_CHECKING

from bot.cli import archives
from bot.cli.audit import read_request_id
from bot.cli.database import Cannot, with_database
from bot.cli.operator import operator
from bot.domain.commands.reasons import read_reason
from bot.messages.parse_errors import explain_reason
from storage import place, requests, send_gate
from storage.audit.texts import typed
from storage.db.transactions import Database
from storage.enums import HoldKind
from storage.models import Request

if TYPE_CHECKING:
    from bot.requests.control import Stopped

_WITHIN_SECONDS = 10.0
"""How long to wait for another writer."""

_MOVED = (
    "the record was moved from this database to another (see status): set DATABASE_URL to that one, and resume there. "
    "Only if nobody will ever serve that one, go on here: resume --here."
)


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `pause`, `resume` and `stop` to the commands."""
    pausing = commands.add_parser("pause", help="send nothing of any request until somebody resumes")
    pausing.add_argument("--because", metavar="WHY", type=_why, help="the reason, for history and for messages")
    pausing.set_defaults(run=lambda args: with_database(lambda database: _pause(database, args.because)))
    resuming = commands.add_parser("resume", help="send again after a pause, or after Fincart refused the token")
    here = "although copy has moved the record to another database, which must then never be served"
    resuming.add_argument("--here", action="store_true", help=here)
    resuming.set_defaults(run=lambda args: with_database(lambda database: _resume(database, here=args.here)))
    stopping = commands.add_parser("stop", help="send nothing more of one request")
    stopping.add_argument("request", metavar="R-…", type=read_request_id, help="the request's id")
    stopping.set_defaults(run=lambda args: with_database(lambda database: _stop(database, args.request)))


# What acts on requests is imported by the command that needs it: `status` starts fast.


def _pause(database: Database, why: str | None) -> int:
    from bot.requests.global_pause import pause_all

    with database.write(within_seconds=_WITHIN_SECONDS, confirm_commit=True) as transaction:
        done = pause_all(transaction, operator(), typed(why))
        there = next(row for row in send_gate.in_force(transaction.session) if row.kind is HoldKind.PAUSE)
        by, since = there.who or "nobody known", f"{there.since:%Y-%m-%d %H:%M} UTC"
    paused = "Paused: nothing is sent until somebody resumes. What is in flight is waited for."
    _say(paused if done else f"It was paused already, by {by}, since {since}.")
    return 0


def _resume(database: Database, *, here: bool) -> int:
    from bot.requests.global_pause import resume_all

    with database.write(within_seconds=_WITHIN_SECONDS, confirm_commit=True) as transaction:
        if place.is_moved(transaction.session) and not here:
            raise Cannot(_MOVED)
        lifted = resume_all(transaction, operator())
        left = [f"{row.kind.value} since {row.since:%H:%M} UTC" for row in send_gate.in_force(transaction.session)]
    _say(f"Ended: {', '.join(kind.value for kind in lifted)}." if lifted else "Nothing was paused.")
    _say(f"Nothing is sent yet; still in force: {', '.join(left)}. See status." if left else "Sending goes on.")
    return 0


def _stop(database: Database, public_id: str) -> int:
    from bot.requests.control import Stopped, stop_by_operator

    with database.write(within_seconds=_WITHIN_SECONDS, confirm_commit=True) as transaction:
        request = requests.lock(transaction, public_id)
        if request is None:
            raise Cannot(archives.of_request(database, public_id) or f"there is no request {public_id}.")
        stopped = stop_by_operator(transaction, request, operator())
        words = _words(stopped, request)
    if stopped in (Stopped.IN_PREPARATION, Stopped.OVER):
        raise Cannot(words)
    _say(words)
    return 0


def _words(stopped: "Stopped", request: Request) -> str:
    from bot.requests.control import Stopped

    public_id, state = request.public_id, request.state.value
    match stopped:
        case Stopped.NOTHING_MORE_IS_SENT:
            return f"{public_id} is stopped: nothing more of it is sent. What is in flight is waited for."
        case Stopped.NOTHING_IS_SENT:
            return f"{public_id} is withdrawn: nothing of it was sent, and nothing will be."
        case Stopped.ALREADY:
            return f"{public_id} was stopped already, by {request.stopped_by or 'the bot'}: {request.stop_why}."
        case Stopped.IN_PREPARATION:
            return f"{public_id} is being prepared: nothing is sent until somebody confirms it. Try again in a minute."
        case Stopped.OVER:
            return f"{public_id} is {state}: there is nothing to stop."


def _why(text: str) -> str:
    words = read_reason(text)
    if isinstance(words, str):
        return words
    raise argparse.ArgumentTypeError(explain_reason(words) if words else "say why, or leave --because out")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
