"""Global pause and resume: stops all sending of every request, and starts it again."""

import logging
from collections.abc import Callable
from contextlib import suppress

from bot.context import Context
from bot.deliveries.handling import handling
from bot.domain.policy.decide import Act, Question
from bot.outbox import enqueue
from bot.outbox.contents import AnswerContent
from bot.outbox.enqueue import ReplyTo
from bot.requests.authorize import authorize
from storage import place, send_gate
from storage.audit.texts import typed
from storage.audit.witness import HeadWitness
from storage.db.transactions import Database, HistoryLost, StorageUnavailable, Transaction
from storage.enums import AnswerCode, EventKind, HoldKind
from storage.log_events import LogEvent, about
from storage.slack_models import Delivery

log = logging.getLogger(__name__)


def pause(context: Context, delivery: Delivery, reply_to: ReplyTo, why: str | None) -> None:
    """Pause all sending until somebody types `resume`; calls in flight finish."""

    def act(transaction: Transaction, person: str | None) -> AnswerCode:
        done = pause_all(transaction, reply_to.person, typed(why), person)
        return AnswerCode.ALL_PAUSED if done else AnswerCode.ALL_PAUSED_ALREADY

    _if_allowed(context, delivery, reply_to, act)


def resume(context: Context, delivery: Delivery, reply_to: ReplyTo) -> None:
    """Lift a pause and the hold for a rejected token; other holds end by themselves."""

    def act(transaction: Transaction, person: str | None) -> AnswerCode:
        if place.is_moved(transaction.session):
            return AnswerCode.MOVED_AWAY
        lifted = resume_all(transaction, reply_to.person, person)
        return AnswerCode.ALL_RESUMED if lifted else AnswerCode.NOTHING_PAUSED

    _if_allowed(context, delivery, reply_to, act)


def pause_all(transaction: Transaction, who: str | None, why: str | None, person: str | None = None) -> bool:
    """Pause all sending. Returns False if it was paused already. `person` is whom `who` stands for."""
    done = send_gate.hold(transaction, HoldKind.PAUSE, None, who=who, person=person, why=why)
    if done:
        enqueue.all_live(transaction)
    return done


def resume_all(transaction: Transaction, who: str, person: str | None = None) -> list[HoldKind]:
    """Lift a pause and the hold for a rejected token, and return those that were in force. Others end by themselves."""
    was_restored = place.resumed(transaction)
    kinds = (HoldKind.PAUSE, HoldKind.TOKEN)
    lifted = [kind for kind in kinds if send_gate.lift(transaction, kind, who=who, person=person)]
    if lifted or was_restored:
        enqueue.all_live(transaction)
    return lifted


def pause_a_restored_copy(
    database: Database, who: str | None, witness: HeadWitness, stale: str | None = None
) -> str | None:
    """Record that the database is served here, and pause before any work begins if it is a restored copy.

    `stale` says why it is one, if that is known. Returns what is known of a restored copy that nobody has resumed, in
    words; None if it is none. Raises `StorageUnavailable` if the pause could not be recorded.
    """
    stale = stale or witness.contradiction()
    with database.read() as session:
        is_new = place.find(session) is None
        is_known = place.is_known(session, database.now(session))
        found = "a restored copy that nobody has resumed" if place.is_restored(session) else None
        if place.is_moved(session):
            found = "the record goes on in another database, to which it was moved"
    if is_new and not stale:
        # No copy, as `backup` leaves its mark. A write lock that somebody holds keeps no process from starting: then
        # housekeeping records the place.
        with suppress(StorageUnavailable), database.write(within_seconds=1.0) as transaction:
            place.arrive(transaction, None)
    elif stale or not is_known:
        with database.write(within_seconds=10.0, confirm_commit=True) as transaction:
            copy = place.arrive(transaction, stale)
            if copy is not None:
                found = str(copy)
                pause_all(transaction, who, found)
    if found:
        log.warning("%s: it does nothing by itself until somebody runs resume", found, extra=about(LogEvent.HELD))
    witness.step()
    return found


def pause_to_move(transaction: Transaction, who: str, there: str, why: str) -> None:
    """Pause for the record to go on at that place, unless that is done; an earlier pause ends."""
    if place.move_to(transaction, there):
        send_gate.lift(transaction, HoldKind.PAUSE, who=who)
        pause_all(transaction, who, why)


def pause_where_history_is_lost(context: Context, lost: HistoryLost) -> None:
    """Pause a database that lacks what this process has recorded, as the restored copy that it is."""
    database = Database(context.settings.database_url)
    try:
        pause_a_restored_copy(database, None, HeadWitness(database, context.settings.audit_head_file), str(lost))
    finally:
        database.close()
    context.database.last_head = None


def pause_at_start(database: Database, who: str) -> str | None:
    """Pause before any work begins. An earlier pause stays, and is returned in words.

    Raises `StorageUnavailable` if the pause could not be recorded.
    """
    with database.write(within_seconds=10.0, confirm_commit=True) as transaction:
        if pause_all(transaction, who, "started with --paused"):
            return None
        there = next(row for row in send_gate.in_force(transaction.session) if row.kind is HoldKind.PAUSE)
        return f"paused already by {there.who or 'nobody known'} since {there.since:%Y-%m-%d %H:%M} UTC"


def _if_allowed(
    context: Context, delivery: Delivery, reply_to: ReplyTo, act: Callable[[Transaction, str | None], AnswerCode]
) -> None:
    authorization = authorize(context, Question(Act.PAUSE_ALL, reply_to.person), fresh=True)
    verdict, person = authorization.verdict, authorization.person
    with handling(context.database, delivery) as handled:
        if verdict.allowed:
            handled.answer(reply_to, AnswerContent(what=act(handled.transaction, person)))
        else:
            details = {"act": Act.PAUSE_ALL.value, "code": verdict.code.value, "rule": verdict.rule, "state": None}
            handled.transaction.record(
                EventKind.CLICK_REFUSED, who=reply_to.person, person=person, request=None, details=details
            )
            handled.refuse(reply_to, verdict)
