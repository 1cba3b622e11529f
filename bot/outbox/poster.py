"""The poster: brings Slack to show what the database says, one message at a time, for as long as it takes.

One writer per message, the holder of its row. A message is rendered when it is sent, so that an outage collapses
into one edit. What Slack answers never changes an outcome.
"""

import hashlib
import json
import logging
import threading
from collections import deque

from bot.context import Context
from bot.messages.message import Message
from bot.outbox import retry_rules as rules
from bot.outbox.closed_channels import cannot_be_shown, is_direct
from bot.outbox.enqueue import TO_ALL, MessageKind
from bot.outbox.renderer import render
from bot.slack.client import PostedMessage
from bot.slack.results import NO_ACCESS, Answer, Ok, RateLimited, Refused, Unanswered
from storage import send_gate, slack_messages
from storage.db.transactions import StorageUnavailable, Transaction
from storage.enums import HoldKind
from storage.slack_models import SlackMessage

log = logging.getLogger(__name__)

EDITS_A_MINUTE = 40

_NOTICES = frozenset({MessageKind.EMERGENCY_NOTICE, MessageKind.CORRECTION_NOTICE})


class Pace:
    """Holds the progress edits of all messages together to `EDITS_A_MINUTE`. Thread-safe."""

    def __init__(self) -> None:
        self._edits: deque[float] = deque()
        self._lock = threading.Lock()

    def pause(self, now: float) -> float:
        """Seconds until a progress edit may go; 0: it goes now, and counts.

        Half of a minute's edits go as they come; the others are spread over what is left of it, so that no message
        stands still for long.
        """
        with self._lock:
            while self._edits and self._edits[0] <= now - 60:
                self._edits.popleft()
            left, free_at = EDITS_A_MINUTE - len(self._edits), now
            if left <= EDITS_A_MINUTE // 2:
                first, last = self._edits[0], self._edits[-1]
                free_at = last + (first + 60 - last) / max(1, left)
            if free_at <= now:
                self._edits.append(now)
            return max(0.0, free_at - now)


class Poster:
    """Sends what is due. Thread-safe: every message is one thread's at a time."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pace = Pace()

    def step(self) -> bool:
        """Send one message that is due; False when Slack shows all as it is."""
        with self._context.database.write() as transaction:
            row = slack_messages.take(transaction, self._context.owner)
            if row is None:
                return False
        message = self._rendered(row)
        # A send without an answer may have left Slack showing anything: only after an answered one is nothing sent.
        if row.ts is not None and row.tries == 1 and row.mark == _mark(message):
            self._write_down(row, message, Ok(None))
            return True
        if row.ts is not None and not row.urgent and (pause := self._pace.pause(self._context.uptime())):
            self._put_off(row, pause)
            return True
        answer = self._send(row, message)
        self._write_down(row, message, answer)
        if (
            row.kind == MessageKind.LIVE
            and row.permalink is None
            and isinstance(answer, Ok)
            and answer.value is not None
        ):
            self._keep_link(row, answer.value)
        return True

    def _put_off(self, row: SlackMessage, pause: float) -> None:
        with self._context.database.write() as transaction:
            ours = slack_messages.still_ours(transaction, row)
            if ours is not None:
                slack_messages.put_off(transaction, ours, pause)

    def _write_down(self, row: SlackMessage, message: Message, answer: Answer[PostedMessage | None]) -> None:
        """Keep what Slack answered, however long the database takes: forgotten, it would be posted twice."""
        while True:
            try:
                with self._context.database.write() as transaction:
                    ours = slack_messages.still_ours(transaction, row)
                    if ours is not None:
                        self._keep(transaction, ours, row.wanted, answer, _mark(message))
                return
            except StorageUnavailable as unavailable:
                log.error("what Slack answered to a %s message is not yet recorded: %s", row.kind, unavailable)
                if self._context.wait(0.25):
                    return

    def _keep_link(self, row: SlackMessage, posted: PostedMessage) -> None:
        """Slack's own link to the live message, for history; without it this time, the next edit asks again."""
        link = self._context.slack.permalink(posted.channel, posted.ts)
        if isinstance(link, Ok):
            with self._context.database.write() as transaction:
                slack_messages.keep_link(transaction, row, link.value)

    def _rendered(self, row: SlackMessage) -> Message:
        own = self._context.people.known_identity()
        with self._context.database.read() as session:
            now = self._context.database.now(session)
            return render(session, row, self._context.settings, now, own.user_id if own else None)

    def _send(self, row: SlackMessage, message: Message) -> Answer[PostedMessage | None]:
        answer = self._send_once(row, message)
        if isinstance(answer, Refused) and answer.code in rules.UNFIT:
            # Whatever Slack dislikes is in the blocks: the text says all that they say.
            log.error("Slack refused the blocks of a %s message: %s %s", row.kind, answer.code, answer.detail)
            answer = self._send_once(row, Message(message.text))
        return answer

    def _send_once(self, row: SlackMessage, message: Message) -> Answer[PostedMessage | None]:
        slack = self._context.slack
        if row.response_url is not None:
            answer: Answer[PostedMessage | None] = slack.respond(
                row.response_url, message, replace_original=row.replace_original
            )
            if not isinstance(answer, Refused) or answer.code in rules.UNFIT:
                return answer
            # The URL works no more: what it was for is still owed to the person.
            return self._send_privately(row, message)
        if row.ts is not None and row.channel is not None:
            return slack.update_message(row.channel, row.ts, message)
        if _is_private(row):
            return self._send_privately(row, message)
        return slack.post_message(row.channel or row.person or "", message, row.thread_ts)

    def _send_privately(self, row: SlackMessage, message: Message) -> Answer[PostedMessage | None]:
        assert row.person is not None
        if row.channel is not None and row.channel[0] in "CG":
            answer: Answer[PostedMessage | None] = self._context.slack.post_ephemeral(row.channel, row.person, message)
            if not isinstance(answer, Refused):
                return answer
        return self._context.slack.post_message(row.person, message)

    def _keep(
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
                slack_messages.again(transaction, row, "ratelimited", seconds)
            case Refused(code):
                _keep_refused(transaction, row, code)
            case Unanswered(why) if _is_private(row) and row.tries >= rules.TRIES_WHEN_REFUSED:
                cannot_be_shown(transaction, row, why)
            case Unanswered(why):
                _try_again(transaction, row, why)


def _keep_refused(transaction: Transaction, row: SlackMessage, code: str) -> None:
    if row.ts is not None and code in rules.GONE and row.kind != MessageKind.MOVED:
        # Somebody deleted it, or Slack lets nobody edit it any more: the news is still owed to the channel.
        row.ts = None
        slack_messages.again(transaction, row, code, 0)
        return
    if (
        code in NO_ACCESS
        and not _is_private(row)
        and send_gate.held_since(transaction.session, HoldKind.SLACK) is not None
    ):
        row.tries = min(row.tries, rules.TRIES_WHEN_CLOSED)  # For as long as Slack refuses the token, no try counts.
    if row.trouble is not None and rules.is_closed(code) != rules.is_closed(row.trouble):
        row.tries = 1  # Those before were about something else.
    if row.tries >= _tries(row, code):
        cannot_be_shown(transaction, row, code)
    else:
        _try_again(transaction, row, code)


def _tries(row: SlackMessage, code: str) -> int:
    """How often it is tried in all, where Slack refuses it so."""
    if row.kind == MessageKind.MOVED:
        return 1 if code in rules.GONE else rules.TRIES_WHERE_IT_WAS
    if _waits_for_its_channel(row, code):
        return rules.TRIES_WHERE_IT_WAS
    if row.kind == MessageKind.LIVE and row.ts is None and not is_direct(row) and rules.is_closed(code):
        return 1  # A first post goes at once to where it can be.
    return rules.tries(code)


def _try_again(transaction: Transaction, row: SlackMessage, trouble: str) -> None:
    is_patient = row.kind == MessageKind.MOVED or _waits_for_its_channel(row, trouble)
    pause = rules.pause_where_it_was if is_patient else rules.pause
    slack_messages.again(transaction, row, trouble, pause(row.tries))


def _waits_for_its_channel(row: SlackMessage, trouble: str) -> bool:
    """Whether it is a notice to an AUDIT_CHANNEL that is closed: it is for the eyes there, and goes nowhere else."""
    return row.kind in _NOTICES and not is_direct(row) and rules.is_closed(trouble)


def _mark(message: Message) -> str:
    shown = json.dumps([message.text, message.blocks], sort_keys=True)
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


def _is_private(row: SlackMessage) -> bool:
    return row.kind not in TO_ALL
