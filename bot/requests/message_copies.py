"""Finds a live message that was posted twice, because the bot was killed before it stored the first one's `ts`.

Slack's `chat.postMessage` has no idempotency key, and a bot that may not read channels cannot find the first copy. A
click on it names it: it then becomes a link to the message that is kept up to date.
"""

from bot.context import Context
from bot.domain.slack_ids import is_direct
from bot.outbox.contents import MovedContent
from storage import requests, slack_messages
from storage.enums import MessageKind


def note_copy(context: Context, public_id: str, channel: str | None, ts: str | None) -> None:
    """Mark the clicked message as a copy if it is a second live message."""
    # In a direct message it may be a private answer, whose `ts` is not stored.
    if channel is None or ts is None or is_direct(channel):
        return
    with context.database.read() as session:
        request = requests.find(session, public_id)
        live = slack_messages.of_request(session, request.seq, MessageKind.LIVE) if request and request.seq else None
        if live is None or not slack_messages.is_copy(session, live, channel, ts):
            return
    with context.database.write() as transaction:
        slack_messages.edit_copy(transaction, live, MessageKind.MOVED, ts, MovedContent(is_copy=True).to_json())
