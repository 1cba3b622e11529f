"""Messages that Slack should show: one row each, rendered when sent, retried until Slack shows it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.db.columns import UtcDateTime
from storage.db.transactions import Ago, Transaction
from storage.deliveries import RESPONSE_URL_LIVES
from storage.enums import HELD_BACK, MessageKind
from storage.live_messages import EDIT_PAUSE, request_edit
from storage.place import IS_RESTORED
from storage.slack_models import SlackMessage

SENT_WITHIN = timedelta(seconds=8)
"""How long a claim on a message lasts when its owner dies."""


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
    """Identifies a message: one for each kind, request and key."""

    kind: str
    request_seq: int | None = None
    key: str = ""


def enqueue(
    transaction: Transaction,
    message: MessageId,
    place: Place,
    *,
    facts: str | None = None,
    urgent: bool = True,
) -> SlackMessage:
    """Have a message posted or, if it exists, edited.

    `facts` is what its builder needs besides the request, as JSON. `urgent` is a first post or a last edit, which our
    own rate limit does not delay.
    """
    now = transaction.now()
    row = find(transaction, message)
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
            facts=facts or "{}",
            due_at=now,
        )
        transaction.session.add(row)
        transaction.session.flush()
        transaction.wake("messages")
        return row
    if not urgent and facts is None and row.lease_owner is None and row.wanted > row.shown and row.due_at is not None:
        return row  # An edit is already due and not yet taken.
    if facts is not None:
        row.facts = facts
    request_edit(transaction, row, urgent=urgent)
    return row


# A restored copy would show people an old state; it only answers them.
_IS_SHOWN = or_(~IS_RESTORED, col(SlackMessage.kind).not_in(HELD_BACK))
_IS_DUE = and_(col(SlackMessage.due_at) <= bindparam("now", type_=UtcDateTime()), _IS_SHOWN)
_DUE = select(SlackMessage).where(_IS_DUE).order_by(col(SlackMessage.due_at)).limit(1).with_for_update(skip_locked=True)


def any_due(ago: Ago) -> ColumnElement[bool]:
    """The condition that any message is due."""
    return exists().where(col(SlackMessage.due_at) <= ago(0), _IS_SHOWN)


def take(transaction: Transaction, owner: str) -> SlackMessage | None:
    """Claim the longest-due message for `SENT_WITHIN`. Returns None when none is due."""
    now = transaction.now()
    row = transaction.session.scalars(_DUE, {"now": now}).first()
    if row is not None:
        row.lease_owner = owner
        row.tries += 1
        row.due_at = now + SENT_WITHIN
    return row


def still_ours(transaction: Transaction, taken: SlackMessage) -> SlackMessage | None:
    """Lock and return the row, or None if somebody else has claimed it."""
    query = select(SlackMessage).where(
        col(SlackMessage.id) == taken.id,
        col(SlackMessage.lease_owner) == taken.lease_owner,
        col(SlackMessage.tries) == taken.tries,
    )
    return transaction.session.scalars(query.with_for_update().execution_options(populate_existing=True)).first()


def shown(
    transaction: Transaction, row: SlackMessage, revision: int, ts: str | None, channel: str | None, mark: str
) -> None:
    """Store that Slack shows this revision. A newer revision is due after the pause. `mark` identifies the content, to
    skip an edit that changes nothing.
    """
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
    """Postpone a message because of our own rate limit; this is not a try."""
    row.tries -= 1
    again(transaction, row, row.trouble or "", seconds)


def again(transaction: Transaction, row: SlackMessage, trouble: str, seconds: float) -> None:
    """Retry after so many seconds: Slack did not take it."""
    row.lease_owner = None
    row.trouble = trouble
    row.due_at = transaction.now() + timedelta(seconds=seconds)


def try_now(transaction: Transaction, troubles: Collection[str]) -> None:
    """Retry at once the messages that failed with one of these errors."""
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
    """Send it to its person as a direct message at once: the bot may not post in its channel."""
    row.closed_channel, row.closed_at = row.channel, transaction.now()
    row.closed_why, row.closed_ts = trouble, row.ts
    row.channel, row.ts, row.permalink, row.tries = row.person, None, None, 0
    again(transaction, row, trouble, 0)
    transaction.wake("messages")


def keep_editing(transaction: Transaction, row: SlackMessage, kind: str, seconds: float) -> None:
    """Keep trying to edit the message left in the closed channel, so that it says where the message is now."""
    channel = row.closed_channel or ""
    left = enqueue(transaction, MessageId(kind, row.request_seq, channel), Place(channel, row.person), urgent=False)
    left.ts, left.due_at = row.closed_ts, transaction.now() + timedelta(seconds=seconds)


def is_copy(session: Session, live: SlackMessage, channel: str, ts: str) -> bool:
    """Whether the message with this `ts` is a second copy of the live message, which no row knows."""
    if live.ts is None or live.channel != channel:
        return False
    named = or_(col(SlackMessage.ts) == ts, col(SlackMessage.closed_ts) == ts)
    query = select(col(SlackMessage.id)).where(col(SlackMessage.request_seq) == live.request_seq, named)
    return session.scalars(query.limit(1)).first() is None


def edit_copy(transaction: Transaction, live: SlackMessage, kind: str, ts: str, facts: str) -> None:
    """Edit a copy of the live message once, to mark it as a copy."""
    message = MessageId(kind, live.request_seq, ts)
    copy = enqueue(transaction, message, Place(live.channel, live.person), facts=facts)
    copy.ts = ts


def is_closed(session: Session, channel: str, since: datetime) -> bool:
    """Whether Slack has said since then that the bot may not post in this channel."""
    query = select(col(SlackMessage.id)).where(
        col(SlackMessage.closed_at) > since, col(SlackMessage.closed_channel) == channel
    )
    return session.scalars(query.limit(1)).first() is not None


def is_any_shown(transaction: Transaction, within: timedelta) -> bool:
    """Whether Slack has shown any message lately."""
    query = select(col(SlackMessage.id)).where(col(SlackMessage.shown_at) > transaction.now() - within)
    return transaction.session.scalars(query.limit(1)).first() is not None


def keep_link(transaction: Transaction, row: SlackMessage, permalink: str) -> None:
    """Store Slack's link to a posted message."""
    transaction.session.execute(
        update(SlackMessage)
        .where(col(SlackMessage.id) == row.id)
        .values(permalink=permalink)
        .execution_options(synchronize_session=False)
    )


def give_up(row: SlackMessage, trouble: str) -> None:
    """Stop trying to show this message."""
    row.lease_owner = None
    row.trouble = trouble
    row.due_at = None
    row.response_url = None
    row.erase_at = None


def send_given_up_again(transaction: Transaction) -> int:
    """Send every message again that was given up; returns how many."""
    again = (
        update(SlackMessage)
        .where(was_given_up())
        .values(due_at=transaction.now(), tries=0, urgent=True)
        .returning(col(SlackMessage.id))
        .execution_options(synchronize_session=False)
    )
    transaction.wake("messages")
    return len(transaction.session.execute(again).all())


def was_given_up() -> ColumnElement[bool]:
    """The condition of a message that Slack refused until it was given up, and that nothing else has replaced."""
    return and_(
        col(SlackMessage.due_at).is_(None),
        col(SlackMessage.shown) < col(SlackMessage.wanted),
        col(SlackMessage.kind) != MessageKind.MOVED,
    )


def of_request(session: Session, request_seq: int, kind: str) -> SlackMessage | None:
    """The message of this kind about a request."""
    query = select(SlackMessage).where(col(SlackMessage.request_seq) == request_seq, col(SlackMessage.kind) == kind)
    return session.scalars(query).first()


def is_owed(session: Session, request_seq: int | None, kind: str) -> bool:
    """Whether a message of this kind about a request is still due."""
    query = select(col(SlackMessage.id)).where(
        col(SlackMessage.request_seq) == request_seq,
        col(SlackMessage.kind) == kind,
        col(SlackMessage.due_at).is_not(None),
    )
    return session.scalars(query.limit(1)).first() is not None


def erase_response_urls(transaction: Transaction, now: datetime) -> None:
    """Erase expired response URLs."""
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


def find(transaction: Transaction, message: MessageId) -> SlackMessage | None:
    """Lock and return this message's row about a request; None if there is none."""
    if message.request_seq is None:
        return None
    which = {"seq": message.request_seq, "its_kind": message.kind, "its_key": message.key}
    return transaction.session.scalars(_EXISTING, which).first()
