"""The weekly report: posted once, by the first process to find it due, and late if none ran in time."""

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.context import Context
from bot.domain.policy.inputs import Sharing
from bot.outbox.audience import Audience
from bot.outbox.contents import DigestContent
from bot.settings.weekly import WEEK
from storage import digests, place
from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)

MAY_BE_LATE = timedelta(days=1)
"""The first digest ever is the next that falls due, or one that fell due so lately."""

_WITHIN = timedelta(days=6)
"""A digest due so lately stands for this one: DIGEST_AT or TIMEZONE has changed, or two processes differ in them."""

REMEMBERED_WEEKS = 52
"""After one of these weeks' digests the latest is posted however late it is: the bot was down in between."""


class Digest:
    """Posts the weekly report in DIGEST_CHANNEL, if that is set."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._audience = Audience(context)
        self._zone = ZoneInfo(context.settings.timezone)
        self._settled: datetime | None = None
        """The week whose report is posted, or that needs none."""

    def step(self) -> bool:
        """Post this week's report if it is due and nobody has; False when there is nothing to do."""
        channel = self._context.settings.digest_channel
        if channel is None:
            return False
        with self._context.database.read() as session:
            now = self._context.database.now(session)
            at = self._context.settings.digest_at.last(now, self._zone)
            if at == self._settled or place.is_restored(session):
                return False
            earlier = [at - week * WEEK for week in range(1, REMEMBERED_WEEKS)]
            is_there = digests.is_any(session, at - _WITHIN, at)
            is_missed = now - at < MAY_BE_LATE or digests.are_there(session, earlier)
        if not is_there and is_missed:
            match self._audience.of(channel):
                case Sharing.COULD_NOT_BE_CHECKED:
                    return False
                case Sharing.SHARED:
                    words = "no weekly report: DIGEST_CHANNEL is shared with another organisation"
                    log.error(words, extra=about(LogEvent.DIGEST_NOT_SENT))
                    self._settled = at
                    return False
            week = DigestContent(since=at - WEEK, until=at, zone=self._context.settings.timezone)
            with self._context.database.write() as transaction:
                digests.enqueue(transaction, at, week.kind, channel, week.to_json())
        self._settled = at
        return not is_there and is_missed
