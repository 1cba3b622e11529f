"""Shows `history` and `show`, and shares them, for people who may read."""

from typing import TypeVar

from bot.context import Context
from bot.deliveries.handling import handling, say
from bot.domain.commands.filters import History
from bot.domain.commands.report import ends_before_it_begins
from bot.domain.policy.decide import Act, Question
from bot.messages.actions import Turned
from bot.messages.parse_errors import explain
from bot.outbox.contents import (
    AnswerContent,
    HistoryPage,
    InputNotRead,
    NoSuchRequest,
    ReportContent,
    RequestPage,
    WaitingPage,
)
from bot.outbox.enqueue import ReplyTo
from bot.outbox.history_search import today, zone_of
from bot.requests.authorize import authorize
from storage import requests, slack_messages
from storage.enums import AnswerCode
from storage.slack_messages import MessageId, Place
from storage.slack_models import Delivery, SlackMessage

Shown = TypeVar("Shown", HistoryPage, ReportContent)


def show_history(context: Context, delivery: Delivery, reply_to: ReplyTo, filters: History) -> None:
    """Show the newest page of a search, if the person may read it."""
    zone = zone_of(context.people.person(reply_to.person))
    if wrong := ends_before_it_begins(filters, today(zone, context.now())):
        say(context.database, delivery, reply_to, InputNotRead(words=explain(wrong, context.settings.command_name)))
        return
    show(context, delivery, reply_to, HistoryPage(filters=filters, zone=zone, of_ids=ids_of(context, filters.person)))


def show_request(context: Context, delivery: Delivery, reply_to: ReplyTo, public_id: str, page: int = 1) -> None:
    """Show one request, page `page`, if the person may read it."""
    with context.database.read() as session:
        known = requests.find(session, public_id) is not None
    if not known:
        say(context.database, delivery, reply_to, NoSuchRequest(public_id=public_id))
        return
    approves = may_approve(context, reply_to.person)
    show(context, delivery, reply_to, RequestPage(public_id=public_id, page=page, approves=approves))


def show_waiting(context: Context, delivery: Delivery, reply_to: ReplyTo) -> None:
    """Show what waits, with this person's buttons."""
    show(context, delivery, reply_to, WaitingPage(approves=may_approve(context, reply_to.person)))


def may_approve(context: Context, person: str) -> bool:
    """Whether to show the approvers' buttons. The click itself is checked again."""
    return authorize(context, Question(Act.DECLINE, person, requester="")).verdict.allowed


def turn_page(context: Context, delivery: Delivery, reply_to: ReplyTo, turned: Turned) -> None:
    """Show another page of the same search in place of the clicked one."""
    page = _page(context, reply_to, turned)
    if page is None:
        say(context.database, delivery, reply_to, AnswerContent(what=AnswerCode.NOT_UNDERSTOOD))
        return
    show(context, delivery, reply_to, page)


def share(context: Context, delivery: Delivery, reply_to: ReplyTo, turned: Turned) -> None:
    """Post the clicked page in the channel, if its reader may share it there."""
    page = shown_to(context, reply_to, turned.message_id, HistoryPage)
    post(context, delivery, reply_to, page and page.model_copy(update={"before": turned.before}))


def post(context: Context, delivery: Delivery, reply_to: ReplyTo, shown: HistoryPage | ReportContent | None) -> None:
    """Post what the person saw in the channel, if they may share it there. None: it was not shown to them."""
    if shown is None or reply_to.channel is None:
        say(context.database, delivery, reply_to, AnswerContent(what=AnswerCode.NOT_UNDERSTOOD))
        return
    verdict = authorize(context, Question(Act.SHARE, reply_to.person, channel=reply_to.channel), fresh=True).verdict
    with handling(context.database, delivery) as handled:
        if not verdict.allowed:
            handled.refuse(reply_to, verdict)
            return
        place = Place(reply_to.channel, reply_to.person)
        shared = shown.shared(reply_to.person)
        slack_messages.enqueue(handled.transaction, MessageId(shared.kind), place, facts=shared.to_json())
        handled.done(AnswerCode.SHOWN)


def ids_of(context: Context, person: str | None) -> tuple[str, ...]:
    """The ids of the person searched for, as Slack gives them; the record's are added later."""
    return tuple(sorted({person, *context.people.person(person).ids})) if person else ()


def shown_to(context: Context, reply_to: ReplyTo, message_id: int, kind: type[Shown]) -> Shown | None:
    """The content of a message. None if it was not shown to this person, under any of their ids."""
    with context.database.read() as session:
        row = session.get(SlackMessage, message_id)
    if row is None or row.kind != kind.kind:
        return None
    content: Shown = kind.model_validate_json(row.facts)
    readers = {row.person, *content.ids}
    is_theirs = reply_to.person in readers or bool(context.people.person(reply_to.person).ids & readers)
    return content if is_theirs else None


def show(
    context: Context,
    delivery: Delivery,
    reply_to: ReplyTo,
    content: HistoryPage | ReportContent | RequestPage | WaitingPage,
) -> None:
    """Show it to the asking person, if they may read it."""
    authorization = authorize(context, Question(Act.READ, reply_to.person))
    verdict = authorization.verdict
    with handling(context.database, delivery) as handled:
        if not verdict.allowed:
            handled.refuse(reply_to, verdict)
            return
        handled.show(reply_to, content.model_copy(update={"ids": tuple(sorted(authorization.ids))}))


def _page(context: Context, reply_to: ReplyTo, turned: Turned) -> HistoryPage | None:
    page = shown_to(context, reply_to, turned.message_id, HistoryPage)
    return None if page is None else page.turned(turned.before, turned.after)
