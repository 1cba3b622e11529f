"""Handles messages that Slack refuses in their channel: moves them or gives them up.

Nothing is lost silently. A live message becomes a direct message, a person who shared a page is told, and the log gets
a line.
"""

import logging
from typing import Any

from bot.domain.slack_ids import is_direct
from bot.outbox.contents import NotShared
from bot.outbox.retry_rules import is_closed, pause_where_it_was
from storage import ops_notices, slack_messages
from storage.db.transactions import Transaction
from storage.enums import MessageKind, OpsEvent
from storage.log_events import LogEvent, about
from storage.models import Request
from storage.slack_messages import MessageId, Place
from storage.slack_models import SlackMessage

log = logging.getLogger(__name__)


def cannot_be_shown(transaction: Transaction, row: SlackMessage, trouble: str) -> None:
    """Stop retrying a message that Slack refuses: move a live one, give up any other."""
    if row.kind == MessageKind.LIVE and not goes_to_one_person(row):
        move(transaction, row, trouble)
        return
    slack_messages.give_up(row, trouble)
    if row.kind == MessageKind.MOVED:
        return  # What stands there cannot be edited any more; the live message is elsewhere.
    place = row.channel or row.person
    words = "the %s message of %s is given up: Slack refuses it in %s: %s"
    kind, of, extra = row.kind, _of(transaction, row), _about(LogEvent.MESSAGE_GIVEN_UP, transaction, row)
    transaction.after_commit(lambda: log.error(words, kind, of, place, trouble, extra=extra))
    if row.kind != MessageKind.OPS_NOTICE:
        _note(transaction, OpsEvent.GIVEN_UP, row, trouble)
    if row.kind in (MessageKind.SHARED_HISTORY, MessageKind.SHARED_REPORT):
        facts = NotShared(why=trouble).to_json()
        slack_messages.enqueue(transaction, MessageId(MessageKind.ANSWER), Place(row.channel, row.person), facts=facts)
    if row.kind == MessageKind.REMINDER and row.request_seq is not None and is_closed(trouble):
        # Nobody sees the card that the reminder was for.
        card = slack_messages.of_request(transaction.session, row.request_seq, MessageKind.LIVE)
        if card is not None and card.channel == row.channel and card.ts is not None:
            move(transaction, card, trouble)


def move(transaction: Transaction, row: SlackMessage, trouble: str) -> None:
    """Turn a live message into a direct message to its requester. The one left behind is marked as no longer live once
    Slack lets the bot edit it.
    """
    words = "the live message of %s goes on as a direct message: %s: %s"
    of, channel, extra = _of(transaction, row), row.channel, _about(LogEvent.MESSAGE_MOVED, transaction, row)
    transaction.after_commit(lambda: log.warning(words, of, channel, trouble, extra=extra))
    _note(transaction, OpsEvent.MOVED, row, trouble)
    slack_messages.closed(transaction, row, trouble)
    if row.closed_ts is not None:
        slack_messages.keep_editing(transaction, row, MessageKind.MOVED, pause_where_it_was(0))


def goes_to_one_person(row: SlackMessage) -> bool:
    """Whether it is, or will be, a direct message."""
    return is_direct(row.channel or row.person or "U")


def _note(transaction: Transaction, what: OpsEvent, row: SlackMessage, trouble: str) -> None:
    request, channel = _request(transaction, row), row.channel or row.person
    ops_notices.add(transaction, what, request=request, message=row.kind, channel=channel, why=trouble)


def _of(transaction: Transaction, row: SlackMessage) -> str:
    return _request(transaction, row) or row.person or "everybody"


def _request(transaction: Transaction, row: SlackMessage) -> str | None:
    request = transaction.session.get(Request, row.request_seq) if row.request_seq is not None else None
    return request.public_id if request is not None else None


def _about(event: LogEvent, transaction: Transaction, row: SlackMessage) -> dict[str, Any]:
    return about(event, request=_request(transaction, row), message=row.kind, channel=row.channel, code=row.trouble)
