"""Export: what `history` would list, one row for each order, as a CSV file that only whoever asked gets."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from bot.context import Context
from bot.deliveries.handling import HandledElsewhere, handling, say
from bot.deliveries.payloads import DeliveryKind, ExportAsked, read_as, read_sender
from bot.domain.commands.filters import History
from bot.domain.policy.decide import Act, Question
from bot.outbox.enqueue import AnswerCode, ReplyTo
from bot.outbox.history_search import filters_to_json, search_of, zone_of
from bot.reports.csv_text import lines
from bot.reports.history import ids_of
from bot.requests.authorize import authorize
from bot.slack.results import Ok, RateLimited, Refused
from storage import decisions, deliveries, history, requests
from storage.history import Search
from storage.models import OrderLine, Request
from storage.slack_models import Delivery

MOST_ROWS = 100_000
"""Rows of one file: some 20 MB, which are held in memory until Slack has them."""

SENT_WITHIN = timedelta(minutes=3)
"""Whoever takes an export and dies loses it to another after this long; it may then be sent twice."""

TRIES = 2

_SCOPES = "files:write, im:write"
"""What sending a file takes, where Slack does not name the scope that the app lacks."""

_REQUESTS_AT_A_TIME = 100
_ORDERS_AT_A_TIME = 1_000

HEADER = (
    "request",
    "asked_at",
    "requester",
    "channel",
    "origin",
    "reason",
    "state",
    "emergency",
    "decided_at",
    "decided_by",
    "approved_by",
    "rule",
    "finished_at",
    "order_id",
    "label",
    "outcome",
    "proof",
    "words",
    "reason_listed",
)


class Exporter:
    """Sends the exports that people asked for, one at a time, behind no other work and before none."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def step(self) -> bool:
        """Send one export, or say why not; False when none is asked for."""
        with self._context.database.write() as transaction:
            delivery = deliveries.take(transaction, self._context.owner, (DeliveryKind.EXPORT,), SENT_WITHIN)
        if delivery is None:
            return False
        with suppress(HandledElsewhere):
            self._export(delivery)
        return True

    def _export(self, delivery: Delivery) -> None:
        sender = read_sender(delivery)
        reply_to = ReplyTo.of(delivery, sender.user, sender.channel)
        if delivery.tries > TRIES:
            self._say(delivery, reply_to, AnswerCode.BROKEN)
            return
        asked = read_as(ExportAsked, delivery)
        verdict = authorize(self._context, Question(Act.READ, reply_to.person), fresh=True).verdict
        if verdict.allowed:
            self._send(delivery, reply_to, asked.command.wanted)
            return
        with handling(self._context.database, delivery) as handled:
            handled.refuse(reply_to, verdict)

    def _send(self, delivery: Delivery, reply_to: ReplyTo, wanted: History) -> None:
        zone = zone_of(self._context.people.person(reply_to.person))
        now = self._context.now()
        ids = ids_of(self._context, wanted.person)
        _, search = search_of({"filters": filters_to_json(wanted), "zone": zone, "of_ids": ids}, now)
        content, rows, cut = self._file(search)
        name = f"cancel-orders-{now.astimezone(UTC):%Y-%m-%d-%H%M}.csv"
        sent = self._context.slack.upload_file(reply_to.person, name, content, name)
        match sent:
            case Ok():
                self._say(delivery, reply_to, AnswerCode.EXPORTED, rows=rows, cut=cut)
            case Refused(code, detail):
                scope = (detail or _SCOPES) if code == "missing_scope" else ""
                self._say(delivery, reply_to, AnswerCode.NOT_EXPORTED, why=code, scope=scope)
            case RateLimited():
                self._say(delivery, reply_to, AnswerCode.NOT_EXPORTED, why="ratelimited")
            case _:
                # It may have arrived all the same: nothing is sent again on a guess.
                self._say(delivery, reply_to, AnswerCode.NOT_EXPORTED, why="no answer")

    def _file(self, search: Search) -> tuple[bytes, int, bool]:
        """The file's bytes, its rows, and whether there would be more."""
        content = bytearray("\ufeff".encode())
        count = -1
        with self._context.database.read() as session:
            search = replace(search, person=history.same_person(session, search.person))
            for line in lines(HEADER, _rows(session, search)):
                if count == MOST_ROWS:
                    return bytes(content), count, True
                content += line.encode()
                count += 1
        return bytes(content), count, False

    def _say(self, delivery: Delivery, reply_to: ReplyTo, code: AnswerCode, **facts: object) -> None:
        say(self._context.database, delivery, reply_to, code, **facts)


def _rows(session: Session, search: Search) -> Iterator[tuple[object, ...]]:
    """A row for each order found, newest request first; one row for a request that kept no orders."""
    before: int | None = None
    while True:
        page = history.page(session, search, _REQUESTS_AT_A_TIME, before=before)
        for request in page.requests:
            yield from _of_request(session, request, search)
        if not page.has_older:
            return
        before = page.requests[-1].seq
        session.expunge_all()


def _of_request(session: Session, request: Request, search: Search) -> Iterator[tuple[object, ...]]:
    about, listed = _about(session, request), request.reason_listed
    position, found = 0, False
    while orders := requests.orders(session, request, position, _ORDERS_AT_A_TIME):
        for order in orders:
            if _is_wanted(order, search):
                found = True
                yield (*about, order.order_id, order.label, order.outcome, order.proof, order.words, listed)
        position = orders[-1].position + 1
    if not found:
        yield (*about, "", "", "", "", "", listed)


def _is_wanted(order: OrderLine, search: Search) -> bool:
    """Where an order or an outcome is searched for, the others of its request are not in the file."""
    return _is_named(order, search) and search.outcome in (None, order.outcome)


def _is_named(order: OrderLine, search: Search) -> bool:
    if search.order_id is None and search.label is None:
        return True
    label = None if order.label is None else order.label.lower().removeprefix("#")
    return order.order_id == search.order_id or (label is not None and label == (search.label or "").lower())


def _about(session: Session, request: Request) -> tuple[object, ...]:
    verdict = json.loads(request.verdict)["verdict"] if request.verdict else {}
    return (
        request.public_id,
        _instant(request.created_at),
        request.requester,
        request.channel_id,
        request.origin,
        request.reason,
        request.state,
        "yes" if request.emergency else "",
        _instant(request.decided_at),
        request.decided_by,
        " ".join(sorted(decisions.approvers(session, request))),
        verdict.get("rule", ""),
        _instant(request.finished_at),
    )


def _instant(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="seconds")
