"""Handles a delivery in one transaction: the claim's owner acts, and marks it done with its answer."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from bot.deliveries.payloads import DeliveryKind, Payload, read_payload, read_sender
from bot.domain.policy.decide import Verdict
from bot.outbox import enqueue
from bot.outbox.contents import AnswerContent, Content, Refusal
from bot.outbox.enqueue import ReplyTo
from storage import deliveries, ops_notices
from storage.db.transactions import Database, Transaction
from storage.enums import AnswerCode, OpsEvent
from storage.log_events import LogEvent, about
from storage.models import Request
from storage.slack_models import Delivery

log = logging.getLogger(__name__)

_UNREADABLE: Mapping[str, AnswerCode] = {
    DeliveryKind.COMMAND: AnswerCode.TYPE_AGAIN,
    DeliveryKind.EXPORT: AnswerCode.TYPE_AGAIN,
    DeliveryKind.FORM: AnswerCode.TYPE_AGAIN,
    DeliveryKind.CLICK: AnswerCode.NOT_UNDERSTOOD,
    DeliveryKind.REPORT_FILE: AnswerCode.NOT_UNDERSTOOD,
}
"""What the sender of a delivery that cannot be read is told."""


class AlreadyHandled(Exception):
    """Somebody else has claimed the delivery since, or it is handled: do nothing."""


@dataclass(frozen=True, slots=True)
class Handling:
    """A claimed delivery, and the transaction that keeps the claim."""

    transaction: Transaction
    delivery: Delivery

    def answer(self, reply_to: ReplyTo, answer: AnswerContent, request: Request | None = None) -> None:
        """Answer the sender, and mark the delivery done."""
        enqueue.answer(self.transaction, reply_to, answer, delivery=self.delivery, request=request)
        self.done(answer.what)

    def refuse(self, reply_to: ReplyTo, verdict: Verdict, request: Request | None = None, orders: int = 0) -> None:
        """Tell the sender why not, and mark the delivery done."""
        self.answer(reply_to, Refusal(verdict=verdict, orders=orders), request)

    def show(self, reply_to: ReplyTo, content: Content) -> None:
        """Show the sender what they asked to see, and mark the delivery done."""
        enqueue.shown(self.transaction, reply_to, content)
        self.done(AnswerCode.SHOWN)

    def done(self, code: AnswerCode) -> None:
        """Mark the delivery done when something other than a direct answer tells its sender."""
        deliveries.done(self.delivery, code)


@contextmanager
def handling(database: Database, delivery: Delivery) -> Iterator[Handling]:
    """Handle the delivery in one transaction. Raises `AlreadyHandled`, for the inbox to catch, before doing
    anything.
    """
    with database.write() as transaction:
        ours = deliveries.still_ours(transaction, delivery)
        if ours is None:
            raise AlreadyHandled
        yield Handling(transaction, ours)


def readable(database: Database, delivery: Delivery) -> Payload | None:
    """The delivery's payload. None if another version of the bot stored it and this one cannot read it: then no other
    try helps, and its sender has been told what to do. Raises `AlreadyHandled`.
    """
    try:
        return read_payload(delivery)
    except ValueError:
        log.exception("a %s cannot be read", delivery.kind, extra=about(LogEvent.FAULT))
        give_up(database, delivery, _UNREADABLE.get(delivery.kind, AnswerCode.BROKEN))
        return None


def give_up(database: Database, delivery: Delivery, what: AnswerCode = AnswerCode.BROKEN) -> None:
    """End a delivery that could not be handled: say so to its sender, and tell whoever runs the bot. Raises
    `AlreadyHandled`.
    """
    sender = None
    with suppress(ValueError):
        sender = read_sender(delivery)
    with handling(database, delivery) as handled:
        who = sender.user if sender else None
        ops_notices.add(handled.transaction, OpsEvent.UNHANDLED, message=delivery.kind, who=who)
        if sender is None:
            handled.done(what)
        else:
            reply_to = ReplyTo.of(delivery, sender.user, sender.channel)
            handled.answer(reply_to, AnswerContent(what=what))


def say(database: Database, delivery: Delivery, reply_to: ReplyTo, answer: AnswerContent) -> None:
    """Answer the sender once, and mark the delivery done. Raises `AlreadyHandled`."""
    with handling(database, delivery) as handled:
        handled.answer(reply_to, answer)
