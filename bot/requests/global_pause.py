"""Pause and resume: stop all sending of every request, and start it again."""

from collections.abc import Callable

from bot.context import Context
from bot.deliveries.handling import handling
from bot.domain.policy.decide import Act, Question
from bot.outbox import enqueue
from bot.outbox.enqueue import AnswerCode, ReplyTo
from bot.requests.authorize import authorize
from storage import send_gate
from storage.audit.log import EventKind
from storage.db.transactions import Database, Transaction
from storage.enums import HoldKind
from storage.slack_models import Delivery


def pause(context: Context, delivery: Delivery, reply_to: ReplyTo, why: str | None) -> None:
    """Send nothing until somebody types `resume`; what is in flight is waited for."""

    def act(transaction: Transaction, person: str | None) -> AnswerCode:
        if not send_gate.hold(transaction, HoldKind.PAUSE, None, who=reply_to.person, person=person, why=why):
            return AnswerCode.ALL_PAUSED_ALREADY
        enqueue.all_live(transaction)
        return AnswerCode.ALL_PAUSED

    _if_allowed(context, delivery, reply_to, act)


def resume(context: Context, delivery: Delivery, reply_to: ReplyTo) -> None:
    """Lift a pause, and the hold after Fincart rejected the token; the other holds end by themselves."""

    def act(transaction: Transaction, person: str | None) -> AnswerCode:
        kinds = (HoldKind.PAUSE, HoldKind.TOKEN)
        lifted = [send_gate.lift(transaction, kind, who=reply_to.person, person=person) for kind in kinds]
        if not any(lifted):
            return AnswerCode.NOTHING_PAUSED
        enqueue.all_live(transaction)
        return AnswerCode.ALL_RESUMED

    _if_allowed(context, delivery, reply_to, act)


def pause_at_start(database: Database, who: str) -> str:
    """Pause before any work begins, and say in words what is in force then: a pause that was there already stays.

    Raises `StorageUnavailable` where it could not be recorded.
    """
    with database.write(within_seconds=10.0, confirm_commit=True) as transaction:
        if send_gate.hold(transaction, HoldKind.PAUSE, None, who=who, why="started with --paused"):
            enqueue.all_live(transaction)
            return f"paused by {who}"
        there = next(row for row in send_gate.in_force(transaction.session) if row.kind is HoldKind.PAUSE)
        return f"paused already by {there.who or 'nobody known'} since {there.since:%Y-%m-%d %H:%M} UTC"


def _if_allowed(
    context: Context, delivery: Delivery, reply_to: ReplyTo, act: Callable[[Transaction, str | None], AnswerCode]
) -> None:
    authorization = authorize(context, Question(Act.PAUSE_ALL, reply_to.person), fresh=True)
    verdict, person = authorization.verdict, authorization.person
    with handling(context.database, delivery) as handled:
        if verdict.allowed:
            handled.answer(reply_to, act(handled.transaction, person))
        else:
            details = {"act": Act.PAUSE_ALL.value, "code": verdict.code.value, "rule": verdict.rule, "state": None}
            handled.transaction.record(
                EventKind.CLICK_REFUSED, who=reply_to.person, person=person, request=None, details=details
            )
            handled.refuse(reply_to, verdict)
