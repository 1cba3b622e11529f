"""Enqueues Slack messages in the transaction they report on; `bot.outbox.poster` sends them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.domain.policy.decide import Verdict
from storage import send_gate, slack_messages
from storage.db.transactions import Transaction
from storage.models import Request
from storage.slack_messages import MessageId, Place
from storage.slack_models import Delivery


class MessageKind(StrEnum):
    """Every message the bot sends on its own account; docs/messages.md shows each."""

    LIVE = "live"
    PREVIEW = "preview"
    ANSWER = "answer"
    HISTORY = "history"
    SHOW = "show"
    SHARED_HISTORY = "shared_history"
    END_NOTICE = "end_notice"
    CORRECTION_NOTICE = "correction_notice"
    LOOK = "look"
    WAITING = "waiting"
    REMINDER = "reminder"
    EMERGENCY_NOTICE = "emergency_notice"
    MOVED = "moved"


class AnswerCode(StrEnum):
    """What became of a delivery, and what the private answer to it says."""

    PREVIEW = "preview"
    """A preview answers it."""
    SHOWN = "shown"
    """What was asked for is shown, or posted."""
    REPEATED = "repeated"
    """An earlier try had answered it."""
    REFUSED = "refused"
    WENT_AHEAD = "went_ahead"
    KEPT = "kept"
    EXPIRED = "expired"
    ALREADY_DECIDED = "already_decided"
    OLDER_REVISION = "older_revision"
    NO_SUCH_REQUEST = "no_such_request"
    PROBLEM = "problem"
    FILE_NOT_FETCHED = "file_not_fetched"
    NOT_UNDERSTOOD = "not_understood"
    BROKEN = "broken"
    ASKED_FOR_APPROVAL = "asked_for_approval"
    APPROVED = "approved"
    APPROVED_MORE_NEEDED = "approved_more_needed"
    ALREADY_APPROVED = "already_approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    NUMBER_NEEDED = "number_needed"
    REMINDED = "reminded"
    REMINDED_LATELY = "reminded_lately"
    NOT_POSTED_YET = "not_posted_yet"
    EXPORTED = "exported"
    NOT_EXPORTED = "not_exported"
    NOT_SHARED = "not_shared"
    STOPPED = "stopped"
    ALREADY_STOPPED = "already_stopped"
    PAUSED = "paused"
    ALREADY_PAUSED = "already_paused"
    GOING_ON = "going_on"
    NOT_HELD = "not_held"
    UNDONE = "undone"
    TOO_LATE_TO_UNDO = "too_late_to_undo"
    CHECKING = "checking"
    NOTHING_UNKNOWN = "nothing_unknown"
    NOT_RUNNING = "not_running"
    NOTHING_TO_RETRY = "nothing_to_retry"
    NOTHING_TO_LEAVE_OUT = "nothing_to_leave_out"
    NOTHING_TO_INCLUDE = "nothing_to_include"
    ALL_PAUSED = "all_paused"
    ALL_PAUSED_ALREADY = "all_paused_already"
    ALL_RESUMED = "all_resumed"
    NOTHING_PAUSED = "nothing_paused"


TO_ALL = frozenset(
    {
        MessageKind.LIVE,
        MessageKind.MOVED,
        MessageKind.SHARED_HISTORY,
        MessageKind.END_NOTICE,
        MessageKind.REMINDER,
        MessageKind.EMERGENCY_NOTICE,
        MessageKind.CORRECTION_NOTICE,
    }
)
"""Messages that are posted and stay; all others answer one person, and are given up when nobody can be told."""


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Who is to be answered, and how: through the delivery's response URL, in its channel, or directly."""

    person: str
    channel: str | None
    response_url: str | None
    replaces: bool = False
    """The answer takes the place of the message that was clicked."""

    @classmethod
    def of(cls, delivery: Delivery, person: str, channel: str | None, *, replaces: bool = False) -> "ReplyTo":
        """Whoever sent this delivery."""
        return cls(person, channel, delivery.response_url, replaces)

    def place(self) -> Place:
        """Where the answer goes."""
        return Place(self.channel, self.person, self.response_url, self.replaces)


def answer(
    transaction: Transaction,
    reply_to: ReplyTo,
    what: AnswerCode,
    *,
    delivery: Delivery,
    request: Request | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Answer one person privately, once for each delivery."""
    message = MessageId(MessageKind.ANSWER, request.seq if request else None, delivery.id[:64])
    slack_messages.enqueue(transaction, message, reply_to.place(), facts={"what": what.value, **(facts or {})})


def refuse(
    transaction: Transaction,
    reply_to: ReplyTo,
    verdict: Verdict,
    *,
    delivery: Delivery,
    request: Request | None = None,
    orders: int = 0,
) -> None:
    """Tell one person why not, by which rule, and whom to ask."""
    facts = {"verdict": verdict.to_dict(), "orders": orders}
    answer(transaction, reply_to, AnswerCode.REFUSED, delivery=delivery, request=request, facts=facts)


def preview(transaction: Transaction, reply_to: ReplyTo, request: Request, *, can_post: bool) -> None:
    """Show the requester what would happen, with the buttons that decide it."""
    message = MessageId(MessageKind.PREVIEW, request.seq, str(request.revision))
    slack_messages.enqueue(transaction, message, reply_to.place(), facts={"can_post": can_post})


def live(transaction: Transaction, request: Request, channel: str | None = None, *, urgent: bool) -> None:
    """Have the request's one message in the channel show it as it is now; `channel` is for its first post."""
    place = Place(channel, request.requester)
    slack_messages.enqueue(transaction, MessageId(MessageKind.LIVE, request.seq), place, urgent=urgent)


def all_live(transaction: Transaction) -> None:
    """Have every running message say anew what keeps everything from being sent, or that nothing does any more."""
    for request in send_gate.running(transaction.session):
        live(transaction, request, urgent=True)


def correction_notice(
    transaction: Transaction, request: Request, audit_channel: str | None, positions: Collection[int]
) -> None:
    """Say that outcomes which had been told are others: in the audit channel where there is one, and to who asked.

    Logs are read a few at a time: the corrections of one hour are one notice, that grows.
    """
    for channel in dict.fromkeys((audit_channel or request.requester, request.requester)):
        message = MessageId(MessageKind.CORRECTION_NOTICE, request.seq, f"{channel}:{transaction.now():%y%m%d%H}")
        told = slack_messages.facts_of(transaction, message).get("orders", ())
        facts = {"orders": sorted({*told, *positions})}
        slack_messages.enqueue(transaction, message, Place(channel, request.requester), facts=facts, urgent=not told)


def reminder(transaction: Transaction, request: Request, key: str) -> bool:
    """Ask those who may approve again, in the card's thread; False while Slack does not show them the card."""
    assert request.seq is not None
    card = slack_messages.of_request(transaction.session, request.seq, MessageKind.LIVE)
    if card is None or card.ts is None or card.closed_channel is not None:
        return False
    place = Place(card.channel, thread_ts=card.ts)
    slack_messages.enqueue(transaction, MessageId(MessageKind.REMINDER, request.seq, key[:64]), place)
    return True


def emergency_notice(transaction: Transaction, request: Request, channel: str) -> None:
    """Tell the audit channel that somebody went ahead alone."""
    place = Place(channel, request.requester)
    slack_messages.enqueue(transaction, MessageId(MessageKind.EMERGENCY_NOTICE, request.seq), place)


def expired(transaction: Transaction, request: Request) -> None:
    """Tell the requester, where they asked and for nobody else's eyes, that nobody confirmed in time."""
    if slack_messages.is_owed(transaction.session, request.seq, MessageKind.PREVIEW):
        return  # Slack has not taken the preview yet: it says so itself when it does.
    place = Place(request.channel_id, request.requester)
    facts = {"what": AnswerCode.EXPIRED.value}
    slack_messages.enqueue(transaction, MessageId(MessageKind.ANSWER, request.seq, "expired"), place, facts=facts)


def end_is_owed(request: Request, notice_after: float) -> bool:
    """Whether its requester is told the end directly: somebody else's decision, or a long run, brought it about."""
    by = {request.decided_by_person or request.decided_by, request.stopped_by_person or request.stopped_by}
    others = by - request.requester_ids - {None}
    began, ended = request.decided_at, request.finished_at
    return bool(others) or bool(began and ended and (ended - began).total_seconds() > notice_after)


def end_notice(transaction: Transaction, request: Request) -> None:
    """Tell the requester the end directly."""
    place = Place(request.requester, request.requester)
    slack_messages.enqueue(transaction, MessageId(MessageKind.END_NOTICE, request.seq), place)
