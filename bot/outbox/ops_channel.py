"""Tells whoever runs the bot, in `OPS_CHANNEL`, what `storage.ops_notices` holds: throttled, once over any number of
processes.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.context import Context
from bot.domain.policy.inputs import Sharing
from bot.messages.ops import OpsFacts
from bot.outbox.audience import Audience
from bot.outbox.contents import OpsLines
from storage import ops_notices, send_gate, slack_messages
from storage.enums import HoldKind, OpsEvent
from storage.log_events import LogEvent, about
from storage.operation_models import OpsNotice
from storage.ops_notices import PostedLately
from storage.slack_messages import MessageId, Place

log = logging.getLogger(__name__)

AT_ONCE = 4
"""So many lines about one subject are told at once in `COUNTED_WITHIN`; then pauses grow."""
COUNTED_WITHIN = timedelta(hours=1)
_FIRST_PAUSE, _LONGEST_PAUSE = 60.0, 600.0

_MOST_LINES = 10
"""Lines of one message; further ones go in the next."""


class OpsChannel:
    """Puts lines into messages to `OPS_CHANNEL`, if that is set."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._audience = Audience(context)

    def step(self) -> None:
        """Tell what is to be told now. Nothing can be told while Slack refuses the token."""
        channel = self._context.settings.ops_channel
        if channel is None:
            return
        with self._context.database.read() as session:
            if not (waiting := ops_notices.waiting(session)):
                return
            now = self._context.database.now(session)
            posted = ops_notices.posted_lately(session, now - COUNTED_WITHIN)
            if not lines_now(waiting, posted, now) or send_gate.held_since(session, HoldKind.SLACK) is not None:
                return
        match self._audience.of(channel):
            case Sharing.COULD_NOT_BE_CHECKED:
                return
            case Sharing.SHARED:
                log.error(
                    "nothing is told in OPS_CHANNEL: it is shared with another organisation",
                    extra=about(LogEvent.MESSAGE_GIVEN_UP),
                )
                self._drop()
            case _:
                self._tell(channel)

    def _tell(self, channel: str) -> None:
        with self._context.database.write() as transaction:
            waiting = ops_notices.lock_waiting(transaction)
            now = transaction.now()
            lines = lines_now(waiting, ops_notices.posted_lately(transaction.session, now - COUNTED_WITHIN), now)
            if not lines:
                return
            shown = [(notice, before) for notice, before in lines[:_MOST_LINES] if notice.id is not None]
            content = OpsLines(lines=tuple(_facts(notice, len(before)) for notice, before in shown))
            slack_messages.enqueue(transaction, MessageId(content.kind), Place(channel), facts=content.to_json())
            left_out = [each.id for _, before in shown for each in before if each.id is not None]
            ops_notices.record_posted(
                transaction, [notice.id for notice, _ in shown if notice.id is not None], left_out
            )

    def _drop(self) -> None:
        with self._context.database.write() as transaction:
            ids = [each.id for each in ops_notices.lock_waiting(transaction) if each.id is not None]
            ops_notices.record_posted(transaction, (), ids)


def lines_now(
    waiting: Sequence[OpsNotice], posted: Mapping[str, PostedLately], now: datetime
) -> list[tuple[OpsNotice, list[OpsNotice]]]:
    """Which lines go now, each with those before it that are left out: the newest of each subject always goes."""
    lines: list[tuple[OpsNotice, list[OpsNotice]]] = []
    for subject in dict.fromkeys(each.subject for each in waiting):
        about_it = [each for each in waiting if each.subject == subject]
        lately = posted.get(subject, PostedLately(0, now))
        if now < lately.last + timedelta(seconds=pause_after(lately.lines)):
            continue
        each_alone = max(1, AT_ONCE - lately.lines) - 1
        if len(about_it) > each_alone + 1:
            lines += [(each, []) for each in about_it[:each_alone]]
            lines.append((about_it[-1], about_it[each_alone:-1]))
        else:
            lines += [(each, []) for each in about_it]
    return sorted(lines, key=lambda line: line[0].id or 0)


def pause_after(lines: int) -> float:
    """Seconds without a line about a subject, after so many."""
    return 0.0 if lines < AT_ONCE else min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(lines - AT_ONCE, 10))


def _facts(notice: OpsNotice, left_out: int) -> OpsFacts:
    return OpsFacts(what=OpsEvent(notice.what), at=notice.at, left_out=left_out, **json.loads(notice.about))
