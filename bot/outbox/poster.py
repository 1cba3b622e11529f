"""The poster: brings Slack up to date with the database, one message at a time, and retries (`retry_rules`).

A message has one writer at a time, the owner of its row. It is rendered when it is sent, so an outage ends in one edit.
Slack's answer never changes an outcome.
"""

import hashlib
import json
import logging
from datetime import timedelta

from sqlalchemy.exc import DBAPIError, TimeoutError

from bot.context import Context
from bot.domain.slack_ids import is_direct
from bot.messages.message import Message
from bot.outbox import retry_rules
from bot.outbox.closed_channels import cannot_be_shown, goes_to_one_person
from bot.outbox.renderer import render
from bot.slack.client import PostedMessage
from bot.slack.results import NO_ACCESS, Answer, Ok, RateLimited, Refused, Unanswered
from storage import edit_pace, send_gate, slack_messages
from storage.db.transactions import StorageUnavailable, Transaction
from storage.enums import TO_ALL, HoldKind, MessageKind
from storage.log_events import LogEvent, about
from storage.slack_models import SlackMessage

log = logging.getLogger(__name__)


class Poster:
    """Sends due messages. Thread-safe: each message belongs to one thread at a time."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def step(self) -> bool:
        """Send one due message. Returns False when none is due."""
        with self._context.database.write() as transaction:
            row = slack_messages.take(transaction, self._context.owner)
            if row is None:
                return False
        # Before it is rendered: a message that waited between the two would be sent as it was.
        if row.ts is not None and not row.urgent and self._must_wait(row):
            return True
        message = self._rendered(row)
        if message is None:
            self._store_answer(row, "", Refused("not_rendered"))
            return True
        # After a send without an answer Slack may show anything, so an edit is skipped only after an answered one.
        if row.ts is not None and row.tries == 1 and row.mark == _mark(message):
            self._store_answer(row, _mark(message), Ok(None))
            return True
        answer = self._send(row, message)
        self._store_answer(row, _mark(message), answer)
        if (
            row.kind == MessageKind.LIVE
            and row.permalink is None
            and isinstance(answer, Ok)
            and answer.value is not None
        ):
            self._store_link(row, answer.value)
        return True

    def _must_wait(self, row: SlackMessage) -> bool:
        """Reserve a progress edit. Returns whether none is free: the message is then postponed until one is."""
        with self._context.database.write() as transaction:
            pause = edit_pace.reserve(transaction)
            ours = slack_messages.still_ours(transaction, row) if pause else None
            if ours is not None:
                slack_messages.put_off(transaction, ours, pause)
        return pause > 0

    def _store_answer(self, row: SlackMessage, mark: str, answer: Answer[PostedMessage | None]) -> None:
        """Store Slack's answer, retrying while the database is down: a lost answer would mean posting twice."""
        while True:
            try:
                with self._context.database.write() as transaction:
                    # The hold is locked before the message, as by what lifts it.
                    no_access = isinstance(answer, Refused) and answer.code in NO_ACCESS
                    is_held = no_access and send_gate.is_held(transaction, HoldKind.SLACK)
                    ours = slack_messages.still_ours(transaction, row)
                    if ours is not None and isinstance(answer, Refused) and is_held:
                        ours.tries = 1  # No try counts while Slack rejects the token.
                        slack_messages.again(transaction, ours, answer.code, retry_rules.PAUSE_WITHOUT_ACCESS)
                    elif ours is not None:
                        self._apply_answer(transaction, ours, row.wanted, answer, mark)
                return
            except StorageUnavailable as unavailable:
                words = "Slack's answer to a %s message is not yet recorded: %s"
                log.error(words, row.kind, unavailable, extra=about(LogEvent.DATABASE_AWAY))
                if self._context.wait(0.25):
                    return

    def _store_link(self, row: SlackMessage, posted: PostedMessage) -> None:
        """Store Slack's link to the live message, for the history. If this fails, the next edit tries again."""
        link = self._context.slack.permalink(posted.channel, posted.ts)
        if isinstance(link, Ok):
            with self._context.database.write() as transaction:
                slack_messages.keep_link(transaction, row, link.value)

    def _rendered(self, row: SlackMessage) -> Message | None:
        """The message as it must look now; None after a fault of ours, which must not be met again for ever."""
        own = self._context.people.known_identity()
        with self._context.database.read() as session:
            now = self._context.database.now(session)
            try:
                return render(session, row, self._context.settings, now, own.user_id if own else None)
            except (DBAPIError, TimeoutError):
                raise
            except Exception:
                words, extra = "the %s message %s could not be rendered (try %d)", about(LogEvent.FAULT)
                log.exception(words, row.kind, row.id, row.tries, extra=extra)
                return None

    def _send(self, row: SlackMessage, message: Message) -> Answer[PostedMessage | None]:
        answer = self._send_once(row, message)
        for blocks in (*message.plainer, ()):
            if isinstance(answer, Refused) and answer.code in retry_rules.UNFIT:
                # Slack refused the blocks. The text says all that they say; alone it has no buttons.
                words, extra = "Slack refused the blocks of a %s message: %s", about(LogEvent.MESSAGE_SIMPLIFIED)
                log.error(words, row.kind, answer.code, extra=extra)
                text = message.text if blocks else message.alone or message.text
                answer = self._send_once(row, Message(text, blocks))
        return answer

    def _send_once(self, row: SlackMessage, message: Message) -> Answer[PostedMessage | None]:
        slack = self._context.slack
        if row.response_url is not None:
            answer: Answer[PostedMessage | None] = slack.respond(
                row.response_url, message, replace_original=row.replace_original
            )
            if not isinstance(answer, Refused) or answer.code in retry_rules.UNFIT:
                return answer
            # The URL has expired, but the person still needs the message.
            return self._send_privately(row, message)
        if row.ts is not None and row.channel is not None:
            return slack.update_message(row.channel, row.ts, message)
        if _is_private(row):
            return self._send_privately(row, message)
        return slack.post_message(row.channel or row.person or "", message, row.thread_ts)

    def _send_privately(self, row: SlackMessage, message: Message) -> Answer[PostedMessage | None]:
        assert row.person is not None
        if row.channel is not None and not is_direct(row.channel):
            answer: Answer[PostedMessage | None] = self._context.slack.post_ephemeral(row.channel, row.person, message)
            if not isinstance(answer, Refused):
                return answer
        return self._context.slack.post_message(row.person, message)

    def _apply_answer(
        self,
        transaction: Transaction,
        row: SlackMessage,
        revision: int,
        answer: Answer[PostedMessage | None],
        mark: str,
    ) -> None:
        match answer:
            case Ok(posted):
                slack_messages.shown(
                    transaction,
                    row,
                    revision,
                    None if posted is None or _is_private(row) else posted.ts,
                    None if posted is None or _is_private(row) else posted.channel,
                    mark,
                )
            case RateLimited(seconds):
                slack_messages.again(transaction, row, retry_rules.RATE_LIMITED, seconds)
            case Refused(code):
                _apply_refusal(transaction, row, code)
            case Unanswered(why):
                _apply_no_answer(transaction, row, f"{retry_rules.NO_ANSWER}: {why}")


def _apply_no_answer(transaction: Transaction, row: SlackMessage, trouble: str) -> None:
    if row.tries >= retry_rules.TRIES_WHEN_UNANSWERED and (
        _is_private(row) or slack_messages.is_any_shown(transaction, timedelta(minutes=10))
    ):
        cannot_be_shown(transaction, row, trouble)
        return
    pause = retry_rules.pause_where_it_was if row.kind == MessageKind.MOVED else retry_rules.pause
    slack_messages.again(transaction, row, trouble, pause(row.tries))


def _apply_refusal(transaction: Transaction, row: SlackMessage, code: str) -> None:
    if row.ts is not None and code in retry_rules.GONE and row.kind != MessageKind.MOVED:
        # Somebody deleted it, or it can no longer be edited: post it again.
        row.ts = None
        slack_messages.again(transaction, row, code, 0)
        return
    if row.trouble is not None and not retry_rules.was_refused(row.trouble):
        row.tries = 1  # Slack did not answer the earlier tries.
    if row.tries >= _tries(row, code):
        cannot_be_shown(transaction, row, code)
        return
    is_left_behind = row.kind == MessageKind.MOVED
    pause = retry_rules.pause_where_it_was if is_left_behind else retry_rules.pause_when_refused
    slack_messages.again(transaction, row, code, pause(row.tries))


def _tries(row: SlackMessage, code: str) -> int:
    """How many tries in all, for a message that Slack refuses with this code."""
    if row.kind == MessageKind.MOVED:
        return 1 if code in retry_rules.GONE else retry_rules.TRIES_WHERE_IT_WAS
    if row.kind == MessageKind.LIVE and row.ts is None and not goes_to_one_person(row) and retry_rules.is_closed(code):
        return 1  # A first post moves at once to where it can be.
    return retry_rules.TRIES_WHEN_REFUSED


def _mark(message: Message) -> str:
    shown = json.dumps([message.text, message.blocks], sort_keys=True)
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


def _is_private(row: SlackMessage) -> bool:
    return row.kind not in TO_ALL
