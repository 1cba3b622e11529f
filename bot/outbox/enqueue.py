"""Enqueues Slack messages in the transaction they report on; `bot.outbox.poster` sends them."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.outbox.contents import AnswerContent, Content, Corrections, PreviewContent, read_content
from storage import send_gate, slack_messages
from storage.db.transactions import Transaction
from storage.enums import AnswerCode, MessageKind, Outcome
from storage.models import Request
from storage.slack_messages import MessageId, Place
from storage.slack_models import Delivery, SlackMessage


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Whom to answer and how: through the delivery's response URL, in its channel, or directly."""

    person: str
    channel: str | None
    response_url: str | None
    replaces: bool = False
    """The answer replaces the clicked message."""

    @classmethod
    def of(cls, delivery: Delivery, person: str, channel: str | None, *, replaces: bool = False) -> "ReplyTo":
        """The sender of this delivery."""
        return cls(person, channel, delivery.response_url, replaces)

    def place(self) -> Place:
        """Where the answer goes."""
        return Place(self.channel, self.person, self.response_url, self.replaces)


def answer(
    transaction: Transaction,
    reply_to: ReplyTo,
    content: AnswerContent,
    *,
    delivery: Delivery,
    request: Request | None = None,
) -> None:
    """Answer one person privately, once for each delivery."""
    message = MessageId(MessageKind.ANSWER, request.seq if request else None, delivery.id[:64])
    slack_messages.enqueue(transaction, message, reply_to.place(), facts=content.to_json())


def shown(transaction: Transaction, reply_to: ReplyTo, content: Content) -> None:
    """Show one person what they asked to see. A repeat shows it again."""
    slack_messages.enqueue(transaction, MessageId(content.kind), reply_to.place(), facts=content.to_json())


def preview(transaction: Transaction, reply_to: ReplyTo, request: Request, *, can_post: bool) -> None:
    """Show the requester the preview, with its buttons."""
    message = MessageId(MessageKind.PREVIEW, request.seq, str(request.revision))
    slack_messages.enqueue(transaction, message, reply_to.place(), facts=PreviewContent(can_post=can_post).to_json())


def live(transaction: Transaction, request: Request, channel: str | None = None, *, urgent: bool) -> None:
    """Refresh the request's live message; `channel` is for its first post."""
    place = Place(channel, request.requester)
    slack_messages.enqueue(transaction, MessageId(MessageKind.LIVE, request.seq), place, urgent=urgent)


def all_live(transaction: Transaction) -> None:
    """Refresh every running request's live message after a hold on everything began or ended."""
    for request in send_gate.running(transaction.session):
        live(transaction, request, urgent=True)


def correction_notice(
    transaction: Transaction, request: Request, audit_channel: str | None, reported: Mapping[int, Outcome | None]
) -> None:
    """Announce corrected outcomes: in the audit channel, if there is one, and to the requester.

    `reported` has the outcomes that people were told of the orders at these positions. Logs are read a few at a time,
    so one hour's corrections share a notice that grows.
    """
    for channel in dict.fromkeys((audit_channel or request.requester, request.requester)):
        message = MessageId(MessageKind.CORRECTION_NOTICE, request.seq, f"{channel}:{transaction.now():%y%m%d%H}")
        earlier = _corrections(slack_messages.find(transaction, message))
        facts = earlier.and_also(reported).to_json()
        urgent = not earlier.orders
        slack_messages.enqueue(transaction, message, Place(channel, request.requester), facts=facts, urgent=urgent)


def _corrections(row: SlackMessage | None) -> Corrections:
    content = read_content(row) if row is not None else None
    return content if isinstance(content, Corrections) else Corrections()


def reminder(transaction: Transaction, request: Request, key: str) -> bool:
    """Remind the approvers in the card's thread. Returns False while Slack does not show the card."""
    assert request.seq is not None
    card = slack_messages.of_request(transaction.session, request.seq, MessageKind.LIVE)
    if card is None or card.ts is None or card.closed_channel is not None:
        return False
    place = Place(card.channel, thread_ts=card.ts)
    slack_messages.enqueue(transaction, MessageId(MessageKind.REMINDER, request.seq, key[:64]), place)
    return True


def emergency_notice(transaction: Transaction, request: Request, channel: str) -> None:
    """Tell the audit channel that a person used the emergency go-ahead."""
    place = Place(channel, request.requester)
    slack_messages.enqueue(transaction, MessageId(MessageKind.EMERGENCY_NOTICE, request.seq), place)


def expired(transaction: Transaction, request: Request) -> None:
    """Tell the requester privately, where they asked, that nobody confirmed in time."""
    if slack_messages.is_owed(transaction.session, request.seq, MessageKind.PREVIEW):
        return  # Slack has not taken the preview yet. It will say so itself.
    place = Place(request.channel_id, request.requester)
    facts = AnswerContent(what=AnswerCode.EXPIRED).to_json()
    slack_messages.enqueue(transaction, MessageId(MessageKind.ANSWER, request.seq, "expired"), place, facts=facts)


def end_is_owed(request: Request, notice_after: float) -> bool:
    """Whether the requester gets the end directly: another person's decision or a long run brought it about."""
    by = {request.decided_by_person or request.decided_by, request.stopped_by_person or request.stopped_by}
    others = by - request.requester_ids - {None}
    began, ended = request.decided_at, request.finished_at
    return bool(others) or bool(began and ended and (ended - began).total_seconds() > notice_after)


def end_notice(transaction: Transaction, request: Request) -> None:
    """Tell the requester the end directly."""
    place = Place(request.requester, request.requester)
    slack_messages.enqueue(transaction, MessageId(MessageKind.END_NOTICE, request.seq), place)
