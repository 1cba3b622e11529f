"""Look back: `history`, `show` and sharing, for whoever may read."""

import json
from collections.abc import Mapping
from typing import Any

from bot.context import Context
from bot.deliveries.handling import handling, say
from bot.domain.commands.filters import History
from bot.domain.policy.decide import Act, Question
from bot.outbox.enqueue import AnswerCode, MessageKind, ReplyTo
from bot.outbox.history_search import filters_to_json, zone_of
from bot.requests.authorize import authorize
from storage import requests, slack_messages
from storage.slack_messages import MessageId, Place
from storage.slack_models import Delivery, SlackMessage


def show_history(context: Context, delivery: Delivery, reply_to: ReplyTo, wanted: History) -> None:
    """Show the newest page of what is searched for, to somebody who may read it."""
    zone = zone_of(context.people.person(reply_to.person))
    facts = {"filters": filters_to_json(wanted), "zone": zone, "of_ids": ids_of(context, wanted.person)}
    _read(context, delivery, reply_to, MessageKind.HISTORY, facts)


def show_request(context: Context, delivery: Delivery, reply_to: ReplyTo, public_id: str, page: int = 1) -> None:
    """Show all about one request, page `page`, to somebody who may read it."""
    with context.database.read() as session:
        known = requests.find(session, public_id) is not None
    if not known:
        say(context.database, delivery, reply_to, AnswerCode.NO_SUCH_REQUEST, public_id=public_id)
        return
    facts = {"public_id": public_id, "page": page, "approves": may_approve(context, reply_to.person)}
    _read(context, delivery, reply_to, MessageKind.SHOW, facts)


def show_waiting(context: Context, delivery: Delivery, reply_to: ReplyTo) -> None:
    """Show what waits, with the buttons that are for this person."""
    _read(context, delivery, reply_to, MessageKind.WAITING, {"approves": may_approve(context, reply_to.person)})


def may_approve(context: Context, person: str) -> bool:
    """Whether to show somebody the buttons of those who may approve. What a press does is judged anew."""
    return authorize(context, Question(Act.DECLINE, person, requester="")).verdict.allowed


def turn_page(
    context: Context, delivery: Delivery, reply_to: ReplyTo, message_id: int, cursor: Mapping[str, int]
) -> None:
    """Show another page of the same search in the place of the one that was clicked."""
    with context.database.read() as session:
        row = session.get(SlackMessage, message_id)
    if row is None or row.kind != MessageKind.HISTORY or not _is_its_reader(context, row, reply_to):
        say(context.database, delivery, reply_to, AnswerCode.NOT_UNDERSTOOD)
        return
    facts = {key: value for key, value in json.loads(row.facts).items() if key not in ("before", "after")}
    _read(context, delivery, reply_to, MessageKind.HISTORY, {**facts, **cursor})


def share(context: Context, delivery: Delivery, reply_to: ReplyTo, message_id: int, cursor: Mapping[str, int]) -> None:
    """Post the page that was clicked in the channel, if its reader may share it there."""
    with context.database.read() as session:
        row = session.get(SlackMessage, message_id)
    if (
        row is None
        or row.kind != MessageKind.HISTORY
        or not _is_its_reader(context, row, reply_to)
        or reply_to.channel is None
    ):
        say(context.database, delivery, reply_to, AnswerCode.NOT_UNDERSTOOD)
        return
    verdict = authorize(context, Question(Act.SHARE, reply_to.person, channel=reply_to.channel), fresh=True).verdict
    facts = {**json.loads(row.facts), **cursor, "shared_by": reply_to.person}
    with handling(context.database, delivery) as handled:
        if not verdict.allowed:
            handled.refuse(reply_to, verdict)
            return
        place = Place(reply_to.channel, reply_to.person)
        slack_messages.enqueue(handled.transaction, MessageId(MessageKind.SHARED_HISTORY), place, facts=facts)
        handled.done(AnswerCode.SHOWN)


def ids_of(context: Context, person: str | None) -> list[str]:
    """The ids of somebody who is searched for, as far as Slack says; those of the record are added later."""
    return sorted({person, *context.people.person(person).ids}) if person else []


def _is_its_reader(context: Context, row: SlackMessage, reply_to: ReplyTo) -> bool:
    """Whether this message was shown to whoever pressed, under whichever id of theirs."""
    its_readers = {row.person, *json.loads(row.facts).get("ids", ())}
    return reply_to.person in its_readers or bool(context.people.person(reply_to.person).ids & its_readers)


def _read(context: Context, delivery: Delivery, reply_to: ReplyTo, kind: MessageKind, facts: Mapping[str, Any]) -> None:
    authorization = authorize(context, Question(Act.READ, reply_to.person))
    verdict = authorization.verdict
    with handling(context.database, delivery) as handled:
        if not verdict.allowed:
            handled.refuse(reply_to, verdict)
            return
        ids = sorted(authorization.ids)
        slack_messages.enqueue(handled.transaction, MessageId(kind), reply_to.place(), facts={**facts, "ids": ids})
        handled.done(AnswerCode.SHOWN)
