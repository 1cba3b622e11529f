"""Handles a delivery in one transaction: whoever has taken it acts, and marks it done with its answer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bot.domain.policy.decide import Verdict
from bot.outbox import enqueue
from bot.outbox.enqueue import AnswerCode, ReplyTo
from storage import deliveries
from storage.db.transactions import Database, Transaction
from storage.models import Request
from storage.slack_models import Delivery

NOTHING: Mapping[str, Any] = {}


class HandledElsewhere(Exception):
    """Somebody else has taken the delivery since, or it has been handled: nothing of it is to be done here."""


@dataclass(frozen=True, slots=True)
class Handling:
    """A delivery that is ours, and the transaction in which that stays so."""

    transaction: Transaction
    delivery: Delivery

    def answer(
        self,
        reply_to: ReplyTo,
        code: AnswerCode,
        request: Request | None = None,
        facts: Mapping[str, Any] = NOTHING,
    ) -> None:
        """Answer whoever sent it, and be done with it."""
        enqueue.answer(self.transaction, reply_to, code, delivery=self.delivery, request=request, facts=facts)
        self.done(code)

    def refuse(self, reply_to: ReplyTo, verdict: Verdict, request: Request | None = None, orders: int = 0) -> None:
        """Tell them why not, and be done with it."""
        enqueue.refuse(self.transaction, reply_to, verdict, delivery=self.delivery, request=request, orders=orders)
        self.done(AnswerCode.REFUSED)

    def done(self, code: AnswerCode) -> None:
        """It has been handled, and whoever sent it is told by something else than an answer to it."""
        deliveries.done(self.delivery, code)


@contextmanager
def handling(database: Database, delivery: Delivery) -> Iterator[Handling]:
    """Handle it within one transaction. Raises `HandledElsewhere` before anything is done, for the inbox to catch."""
    with database.write() as transaction:
        ours = deliveries.still_ours(transaction, delivery)
        if ours is None:
            raise HandledElsewhere
        yield Handling(transaction, ours)


def say(database: Database, delivery: Delivery, reply_to: ReplyTo, code: AnswerCode, **facts: object) -> None:
    """Answer whoever sent it, once, and be done with it. Raises `HandledElsewhere`."""
    with handling(database, delivery) as handled:
        handled.answer(reply_to, code, facts=facts)
