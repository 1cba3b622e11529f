"""A live message that stands in the channel twice: the bot was killed between posting it and keeping its name.

Slack's `chat.postMessage` has no key against that, and a bot that may not read channels cannot find the first one. A
press on it names it: it then becomes a link to the message that is kept up to date.
"""

from bot.context import Context
from bot.outbox.enqueue import MessageKind
from storage import requests, slack_messages


def note_copy(context: Context, public_id: str, channel: str | None, ts: str | None) -> None:
    """Somebody pressed a button of this request on that message: have it say so where it is a copy of the live one."""
    # In a direct message it may as well be a private answer, of which nobody keeps the name.
    if channel is None or ts is None or channel[0] not in "CG":
        return
    with context.database.read() as session:
        request = requests.find(session, public_id)
        live = slack_messages.of_request(session, request.seq, MessageKind.LIVE) if request and request.seq else None
        if live is None or not slack_messages.is_copy(session, live, channel, ts):
            return
    with context.database.write() as transaction:
        slack_messages.edit_copy(transaction, live, MessageKind.MOVED, ts)
