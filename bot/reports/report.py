"""Reports: the figures of a period, for people who may read the history."""

from dataclasses import replace

from bot.context import Context
from bot.deliveries.handling import say
from bot.domain.commands.days import OnDay
from bot.domain.commands.filters import SinceAfterUntil
from bot.domain.commands.report import Report, period_of
from bot.messages.parse_errors import explain
from bot.outbox.contents import InputNotRead, ReportContent
from bot.outbox.enqueue import ReplyTo
from bot.outbox.history_search import today, zone_of
from bot.reports.history import ids_of, post, show, shown_to
from storage.slack_models import Delivery


def show_report(context: Context, delivery: Delivery, reply_to: ReplyTo, asked: Report) -> None:
    """Shows the figures of a period. The period is fixed now, so a report that is shared later has the same one."""
    zone = zone_of(context.people.person(reply_to.person))
    period = period_of(asked.wanted, today(zone, context.now()))
    if isinstance(period, SinceAfterUntil):
        say(context.database, delivery, reply_to, InputNotRead(words=explain(period, context.settings.command_name)))
        return
    filters = replace(asked.wanted, since=OnDay(period.first), until=OnDay(period.last))
    of_ids = ids_of(context, filters.person)
    show(context, delivery, reply_to, ReportContent(filters=filters, zone=zone, of_ids=of_ids, by=asked.by))


def share_report(context: Context, delivery: Delivery, reply_to: ReplyTo, message_id: int | None) -> None:
    """Posts the report in the channel, if its reader may share it there."""
    shown = None if message_id is None else shown_to(context, reply_to, message_id, ReportContent)
    post(context, delivery, reply_to, shown)
