"""What becomes of a message that Slack will not show where it belongs: it goes elsewhere, or is given up. Never lost
unsaid: the live message goes on as a direct message, whoever shared a page is told, and the log has a line."""

import logging

from bot.outbox.enqueue import AnswerCode, MessageKind
from bot.outbox.retry_rules import is_closed, pause_where_it_was
from storage import slack_messages
from storage.db.transactions import Transaction
from storage.models import Request
from storage.slack_messages import MessageId, Place
from storage.slack_models import SlackMessage

log = logging.getLogger(__name__)


def cannot_be_shown(transaction: Transaction, row: SlackMessage, trouble: str) -> None:
    """Slack has refused a message so often that trying on is in vain."""
    if row.kind == MessageKind.LIVE and not is_direct(row):
        move(transaction, row, trouble)
        return
    slack_messages.give_up(row, trouble)
    if row.kind == MessageKind.MOVED:
        return  # Whatever stands there cannot be edited any more; the live message is elsewhere.
    place = row.channel or row.person
    log.error(
        "the %s message of %s is given up: Slack refuses it in %s: %s", row.kind, _of(transaction, row), place, trouble
    )
    if row.kind == MessageKind.SHARED_HISTORY:
        facts = {"what": AnswerCode.NOT_SHARED.value, "why": trouble}
        slack_messages.enqueue(transaction, MessageId(MessageKind.ANSWER), Place(row.channel, row.person), facts=facts)
    if row.kind == MessageKind.REMINDER and row.request_seq is not None and is_closed(trouble):
        # Nobody sees the card that it was to be a reminder of.
        card = slack_messages.of_request(transaction.session, row.request_seq, MessageKind.LIVE)
        if card is not None and card.channel == row.channel and card.ts is not None:
            move(transaction, card, trouble)


def move(transaction: Transaction, row: SlackMessage, trouble: str) -> None:
    """Have a live message go on as a direct message to its requester. What it left behind is told to be no live message
    any more as soon as Slack lets the bot edit it."""
    log.warning(
        "the live message of %s goes on as a direct message: %s: %s", _of(transaction, row), row.channel, trouble
    )
    slack_messages.closed(transaction, row, trouble)
    if row.closed_ts is not None:
        slack_messages.keep_editing(transaction, row, MessageKind.MOVED, pause_where_it_was(0))


def is_direct(row: SlackMessage) -> bool:
    """Whether it is in, or goes to, a direct message."""
    return (row.channel or row.person or "U")[0] in "UWD"


def _of(transaction: Transaction, row: SlackMessage) -> str:
    request = transaction.session.get(Request, row.request_seq) if row.request_seq is not None else None
    return request.public_id if request is not None else f"{row.person}"
