"""The messages that Slack should show: one row each, rendered when it is sent, tried until Slack shows it right."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.db.columns import UtcDateTime
from storage.db.transactions import Transaction
from storage.deliveries import RESPONSE_URL_LIVES
from storage.live_messages import EDIT_PAUSE, want_anew
from storage.slack_models import SlackMessage

SENT_WITHIN = timedelta(seconds=8)
"""Whoever takes a message to send it and dies loses it to another after this long."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes: a channel (or a person, for a direct message), or back through a response URL."""

    channel: str | None = None
    person: str | None = None
    response_url: str | None = None
    replace_original: bool = False
    thread_ts: str | None = None


@dataclass(frozen=True, slots=True)
class MessageId:
    """Which message it is: of one kind and key there is one about each request."""

    kind: str
    request_seq: int | None = None
    key: str = ""


def enqueue(
    transaction: Transaction,
    message: MessageId,
    place: Place,
    *,
    facts: Mapping[str, Any] | None = None,
    urgent: bool = True,
) -> SlackMessage:
    """Have a message posted, or, where it is there already, have it shown anew.

    `urgent` is a first post or a last edit, which no pace of ours holds back.
    """
    now = transaction.now()
    row = _existing(transaction, message)
    if row is None:
        row = SlackMessage(
            request_seq=message.request_seq,
            kind=message.kind,
            key=message.key,
            person=place.person,
            channel=place.channel,
            thread_ts=place.thread_ts,
            response_url=place.response_url,
            replace_original=place.replace_original,
            erase_at=now + RESPONSE_URL_LIVES if place.response_url else None,
            facts=json.dumps(dict(facts or {}), ensure_ascii=False),
            due_at=now,
        )
        transaction.session.add(row)
        transaction.session.flush()
        transaction.wake("messages")
        return row
    if not urgent and facts is None and row.lease_owner is None and row.wanted > row.shown and row.due_at is not None:
        return row  # It will be shown anew as it is, and nobody has looked yet.
    if facts is not None:
        row.facts = json.dumps(dict(facts), ensure_ascii=False)
    want_anew(transaction, row, urgent=urgent)
    return row


def facts_of(transaction: Transaction, message: MessageId) -> dict[str, Any]:
    """What this message's builder needs besides the request, as it is kept; empty where there is no such message."""
    row = _existing(transaction, message)
    return json.loads(row.facts) if row is not None else {}


_IS_DUE = col(SlackMessage.due_at) <= bindparam("now", type_=UtcDateTime())
_DUE = select(SlackMessage).where(_IS_DUE).order_by(col(SlackMessage.due_at)).limit(1).with_for_update(skip_locked=True)
_ANY = select(col(SlackMessage.id)).where(_IS_DUE).limit(1)


def are_due(session: Session, now: datetime) -> bool:
    """Whether there is any to `take`. A read: it never takes the write lock."""
    return session.connection().execute(_ANY, {"now": now}).first() is not None


def take(transaction: Transaction, owner: str) -> SlackMessage | None:
    """The message that is longest due, for this owner for `SENT_WITHIN`; None when Slack shows all as it is."""
    now = transaction.now()
    row = transaction.session.scalars(_DUE, {"now": now}).first()
    if row is not None:
        row.lease_owner = owner
        row.tries += 1
        row.due_at = now + SENT_WITHIN
    return row


def still_ours(transaction: Transaction, taken: SlackMessage) -> SlackMessage | None:
    """The row, locked, unless somebody else has taken it since."""
    query = select(SlackMessage).where(
        col(SlackMessage.id) == taken.id,
        col(SlackMessage.lease_owner) == taken.lease_owner,
        col(SlackMessage.tries) == taken.tries,
    )
    return transaction.session.scalars(query.with_for_update().execution_options(populate_existing=True)).first()


def shown(
    transaction: Transaction, row: SlackMessage, revision: int, ts: str | None, channel: str | None, mark: str
) -> None:
    """Slack shows this revision; if more has happened since, the next edit is due after the pause. `mark` tells
    whether another revision would look the same."""
    now = transaction.now()
    row.shown = revision
    row.mark = mark
    row.shown_at = now
    row.ts = ts or row.ts
    row.channel = channel or row.channel
    row.lease_owner = None
    row.tries = 0
    row.trouble = None
    row.response_url = None
    row.erase_at = None
    row.due_at = None
    if row.wanted > revision and row.ts is not None:
        row.due_at = now if row.urgent else now + EDIT_PAUSE
        transaction.wake("messages")


def put_off(transaction: Transaction, row: SlackMessage, seconds: float) -> None:
    """It waits for a pace of ours, and nothing has been tried."""
    row.tries -= 1
    again(transaction, row, row.trouble or "", seconds)


def again(transaction: Transaction, row: SlackMessage, trouble: str, seconds: float) -> None:
    """Slack did not take it: try again after so many seconds."""
    row.lease_owner = None
    row.trouble = trouble
    row.due_at = transaction.now() + timedelta(seconds=seconds)


def try_now(transaction: Transaction, troubles: Collection[str]) -> None:
    """Send at once what waits to be tried again after one of these answers."""
    now = transaction.now()
    transaction.session.execute(
        update(SlackMessage)
        .where(col(SlackMessage.due_at) > now, col(SlackMessage.lease_owner).is_(None))
        .where(col(SlackMessage.trouble).in_(troubles))
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )
    transaction.wake("messages")


def closed(transaction: Transaction, row: SlackMessage, trouble: str) -> None:
    """The bot may not post in its channel: it becomes a direct message to its person, at once."""
    row.closed_channel, row.closed_at = row.channel, transaction.now()
    row.closed_why, row.closed_ts = trouble, row.ts
    row.channel, row.ts, row.permalink, row.tries = row.person, None, None, 0
    again(transaction, row, trouble, 0)
    transaction.wake("messages")


def keep_editing(transaction: Transaction, row: SlackMessage, kind: str, seconds: float) -> None:
    """Keep trying to edit what stands in the closed channel, so that it says where the message is now."""
    channel = row.closed_channel or ""
    left = enqueue(transaction, MessageId(kind, row.request_seq, channel), Place(channel, row.person), urgent=False)
    left.ts, left.due_at = row.closed_ts, transaction.now() + timedelta(seconds=seconds)


def is_copy(session: Session, live: SlackMessage, channel: str, ts: str) -> bool:
    """Whether the message of that name is the live message as well, posted twice: no row knows it."""
    if live.ts is None or live.channel != channel:
        return False
    named = or_(col(SlackMessage.ts) == ts, col(SlackMessage.closed_ts) == ts)
    query = select(col(SlackMessage.id)).where(col(SlackMessage.request_seq) == live.request_seq, named)
    return session.scalars(query.limit(1)).first() is None


def edit_copy(transaction: Transaction, live: SlackMessage, kind: str, ts: str) -> None:
    """Have a copy of the live message shown as such, once."""
    message = MessageId(kind, live.request_seq, ts)
    copy = enqueue(transaction, message, Place(live.channel, live.person), facts={"is_copy": True})
    copy.ts = ts


def is_closed(session: Session, channel: str, since: datetime) -> bool:
    """Whether Slack has said since then that the bot may not post in this channel."""
    query = select(col(SlackMessage.id)).where(
        col(SlackMessage.closed_at) > since, col(SlackMessage.closed_channel) == channel
    )
    return session.scalars(query.limit(1)).first() is not None


def keep_link(transaction: Transaction, row: SlackMessage, permalink: str) -> None:
    """Keep Slack's link to a posted message."""
    transaction.session.execute(
        update(SlackMessage)
        .where(col(SlackMessage.id) == row.id)
        .values(permalink=permalink)
        .execution_options(synchronize_session=False)
    )


def give_up(row: SlackMessage, trouble: str) -> None:
    """Nobody can be shown this any more."""
    row.lease_owner = None
    row.trouble = trouble
    row.due_at = None
    row.response_url = None
    row.erase_at = None


def of_request(session: Session, request_seq: int, kind: str) -> SlackMessage | None:
    """The message of this kind about a request."""
    query = select(SlackMessage).where(col(SlackMessage.request_seq) == request_seq, col(SlackMessage.kind) == kind)
    return session.scalars(query).first()


def is_owed(session: Session, request_seq: int | None, kind: str) -> bool:
    """Whether Slack still has to take a message of this kind about a request."""
    query = select(col(SlackMessage.id)).where(
        col(SlackMessage.request_seq) == request_seq,
        col(SlackMessage.kind) == kind,
        col(SlackMessage.due_at).is_not(None),
    )
    return session.scalars(query.limit(1)).first() is not None


def erase_response_urls(transaction: Transaction, now: datetime) -> None:
    """Forget the URLs that have stopped working."""
    transaction.session.execute(
        update(SlackMessage)
        .where(col(SlackMessage.erase_at) <= now)
        .values(response_url=None, erase_at=None)
        .execution_options(synchronize_session=False)
    )


_EXISTING = (
    select(SlackMessage)
    .where(
        col(SlackMessage.request_seq) == bindparam("seq"),
        col(SlackMessage.kind) == bindparam("its_kind"),
        col(SlackMessage.key) == bindparam("its_key"),
    )
    .with_for_update()
    .execution_options(autoflush=False)
)


def _existing(transaction: Transaction, message: MessageId) -> SlackMessage | None:
    if message.request_seq is None:
        return None
    which = {"seq": message.request_seq, "its_kind": message.kind, "its_key": message.key}
    return transaction.session.scalars(_EXISTING, which).first()
