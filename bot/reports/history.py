"""Look back: `history`, `show` and sharing, for whoever may read."""

import json
from collections.abc import Mapping
from typing import Any

from bot.context import Parts
from bot.domain.commands.filters import History
from bot.domain.policy.decide import Act, Question
from bot.outbox import enqueue
from bot.outbox.enqueue import Answer, Asker, Kind
from bot.outbox.history_search import filters_to_json, zone_of
from bot.requests.authorize import judge
from storage import deliveries, requests, slack_messages
from storage.slack_messages import Place
from storage.slack_models import Delivery, SlackMessage


def show_history(parts: Parts, delivery: Delivery, asker: Asker, wanted: History) -> None:
    """Show the newest page of what is searched for, to somebody who may read it."""
    zone = zone_of(parts.people.person(asker.person))
    facts = {"filters": filters_to_json(wanted), "zone": zone, "of_ids": ids_of(parts, wanted.person)}
    _read(parts, delivery, asker, Kind.HISTORY, facts)


def show_request(parts: Parts, delivery: Delivery, asker: Asker, public_id: str, page: int = 1) -> None:
    """Show all about one request, page `page`, to somebody who may read it."""
    with parts.database.read() as session:
        known = requests.find(session, public_id) is not None
    if not known:
        _say(parts, delivery, asker, Answer.NO_SUCH_REQUEST, {"public_id": public_id})
        return
    facts = {"public_id": public_id, "page": page, "approves": may_approve(parts, asker.person)}
    _read(parts, delivery, asker, Kind.SHOW, facts)


def show_waiting(parts: Parts, delivery: Delivery, asker: Asker) -> None:
    """Show what waits, with the buttons that are for this person."""
    _read(parts, delivery, asker, Kind.WAITING, {"approves": may_approve(parts, asker.person)})


def may_approve(parts: Parts, person: str) -> bool:
    """Whether to show somebody the buttons of those who may approve. What a press does is judged anew."""
    return judge(parts, Question(Act.DECLINE, person, requester="")).verdict.allowed


def turn_page(parts: Parts, delivery: Delivery, asker: Asker, message_id: int, cursor: Mapping[str, int]) -> None:
    """Show another page of the same search in the place of the one that was clicked."""
    with parts.database.read() as session:
        row = session.get(SlackMessage, message_id)
    if row is None or row.kind != Kind.HISTORY or not _is_its_reader(parts, row, asker):
        _say(parts, delivery, asker, Answer.NOT_UNDERSTOOD, {})
        return
    facts = {key: value for key, value in json.loads(row.facts).items() if key not in ("before", "after")}
    _read(parts, delivery, asker, Kind.HISTORY, {**facts, **cursor})


def share(parts: Parts, delivery: Delivery, asker: Asker, message_id: int, cursor: Mapping[str, int]) -> None:
    """Post the page that was clicked in the channel, if its reader may share it there."""
    with parts.database.read() as session:
        row = session.get(SlackMessage, message_id)
    if row is None or row.kind != Kind.HISTORY or not _is_its_reader(parts, row, asker) or asker.channel is None:
        _say(parts, delivery, asker, Answer.NOT_UNDERSTOOD, {})
        return
    verdict = judge(parts, Question(Act.SHARE, asker.person, channel=asker.channel), fresh=True).verdict
    facts = {**json.loads(row.facts), **cursor, "shared_by": asker.person}
    with parts.database.write() as transaction:
        ours = deliveries.still_ours(transaction, delivery)
        if ours is None:
            return
        if verdict.allowed:
            slack_messages.want(transaction, Kind.SHARED_HISTORY, Place(asker.channel, asker.person), facts=facts)
        else:
            enqueue.refuse(transaction, asker, verdict, delivery=ours)
        deliveries.done(ours, verdict.code.value)


def ids_of(parts: Parts, person: str | None) -> list[str]:
    """The ids of somebody who is searched for, as far as Slack says; those of the record are added later."""
    return sorted({person, *parts.people.person(person).ids}) if person else []


def _is_its_reader(parts: Parts, row: SlackMessage, asker: Asker) -> bool:
    """Whether this message was shown to whoever pressed, under whichever id of theirs."""
    its_readers = {row.person, *json.loads(row.facts).get("ids", ())}
    return asker.person in its_readers or bool(parts.people.person(asker.person).ids & its_readers)


def _read(parts: Parts, delivery: Delivery, asker: Asker, kind: Kind, facts: Mapping[str, Any]) -> None:
    judgement = judge(parts, Question(Act.READ, asker.person))
    verdict = judgement.verdict
    with parts.database.write() as transaction:
        row = deliveries.still_ours(transaction, delivery)
        if row is None:
            return
        if verdict.allowed:
            ids = sorted(judgement.ids)
            slack_messages.want(transaction, kind, asker.place(), facts={**facts, "ids": ids})
        else:
            enqueue.refuse(transaction, asker, verdict, delivery=row)
        deliveries.done(row, verdict.code.value)


def _say(parts: Parts, delivery: Delivery, asker: Asker, what: Answer, facts: Mapping[str, Any]) -> None:
    with parts.database.write() as transaction:
        row = deliveries.still_ours(transaction, delivery)
        if row is not None:
            enqueue.answer(transaction, asker, what, delivery=row, facts=facts)
            deliveries.done(row, what)
