"""Export: the result of a `history` search, one row for each order, as a CSV file for the person who asked."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from bot.context import Context
from bot.deliveries.handling import AlreadyHandled, give_up, handling, readable, say
from bot.deliveries.payloads import FILES, ExportAsked, ReportFileAsked, read_sender
from bot.domain.commands.filters import History
from bot.domain.commands.report import ends_before_it_begins
from bot.domain.policy.decide import Act, Question
from bot.messages.parse_errors import explain
from bot.outbox.contents import AnswerContent, Exported, InputNotRead, NotExported, ReportContent
from bot.outbox.enqueue import ReplyTo
from bot.outbox.history_search import search_of, today, zone_of
from bot.outbox.report_figures import figures_of
from bot.reports import report_file
from bot.reports.csv_text import lines
from bot.reports.history import ids_of, shown_to
from bot.requests.authorize import authorize
from bot.slack.results import Ok, RateLimited, Refused
from storage import decisions, deliveries, history, requests
from storage.enums import AnswerCode
from storage.history import Search
from storage.log_events import log_context
from storage.models import OrderLine, Request
from storage.slack_models import Delivery

MOST_ROWS = 100_000
"""Rows of one file: some 20 MB, held in memory until Slack has them."""

SENT_WITHIN = timedelta(minutes=3)
"""How long a claim on an export lasts when its owner dies; it may then be sent twice."""

TRIES = 2

_SCOPES = "files:write, im:write"
"""The scope for files, where Slack does not name the one that the app lacks."""

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
    """Sends the requested exports, one at a time, in a lane of their own."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def step(self) -> bool:
        """Send one export, or say why not. Returns False when none is asked for."""
        with self._context.database.write() as transaction:
            delivery = deliveries.take(transaction, self._context.owner, FILES, SENT_WITHIN)
        if delivery is None:
            return False
        with log_context(delivery=delivery.id), suppress(AlreadyHandled):
            self._export(delivery)
        return True

    def _export(self, delivery: Delivery) -> None:
        if delivery.tries > TRIES:
            give_up(self._context.database, delivery)
            return
        sender = read_sender(delivery)
        reply_to = ReplyTo.of(delivery, sender.user, sender.channel)
        verdict = authorize(self._context, Question(Act.READ, reply_to.person), fresh=True).verdict
        if not verdict.allowed:
            with handling(self._context.database, delivery) as handled:
                handled.refuse(reply_to, verdict)
            return
        match readable(self._context.database, delivery):
            case ExportAsked(command=asked):
                self._orders(delivery, reply_to, asked.wanted)
            case ReportFileAsked(message_id=message_id):
                self._figures(delivery, reply_to, message_id)

    def _orders(self, delivery: Delivery, reply_to: ReplyTo, filters: History) -> None:
        zone, now = zone_of(self._context.people.person(reply_to.person)), self._context.now()
        if wrong := ends_before_it_begins(filters, today(zone, now)):
            self._say(delivery, reply_to, InputNotRead(words=explain(wrong, self._context.settings.command_name)))
            return
        search = search_of(filters, zone, ids_of(self._context, filters.person), now)
        with self._context.database.read() as session:
            search = replace(search, person=history.same_person(session, search.person))
            content, rows, cut = _file(HEADER, _rows(session, search))
        self._send(delivery, reply_to, content, Exported(rows=rows, cut=cut, since=search.since, until=search.until))

    def _figures(self, delivery: Delivery, reply_to: ReplyTo, message_id: int) -> None:
        shown = shown_to(self._context, reply_to, message_id, ReportContent)
        if shown is None:
            self._say(delivery, reply_to, AnswerContent(what=AnswerCode.NOT_UNDERSTOOD))
            return
        with self._context.database.read() as session:
            figures = figures_of(session, shown, self._context.now())
        content, rows, cut = _file(report_file.HEADER, report_file.rows(figures))
        self._send(delivery, reply_to, content, Exported(rows=rows, cut=cut, of_figures=True))

    def _send(self, delivery: Delivery, reply_to: ReplyTo, content: bytes, exported: Exported) -> None:
        of = "report-" if exported.of_figures else ""
        settings = self._context.settings
        command, installation = settings.command_name.removeprefix("/"), settings.installation_name
        name = f"{command}-{of}{self._context.now().astimezone(UTC):%Y-%m-%d-%H%M}.csv"
        title = f"{name} ({installation})" if installation else name
        sent = self._context.slack.upload_file(reply_to.person, name, content, title)
        match sent:
            case Ok():
                self._say(delivery, reply_to, exported)
            case Refused(code, detail):
                scope = (detail or _SCOPES) if code == "missing_scope" else ""
                self._say(delivery, reply_to, NotExported(why=code, scope=scope))
            case RateLimited():
                self._say(delivery, reply_to, NotExported(why="ratelimited"))
            case _:
                # The file may have arrived, so it is not sent again on a guess.
                self._say(delivery, reply_to, NotExported(why="no answer"))

    def _say(self, delivery: Delivery, reply_to: ReplyTo, answer: AnswerContent) -> None:
        say(self._context.database, delivery, reply_to, answer)


def _file(header: Sequence[str], rows: Iterator[Sequence[object]]) -> tuple[bytes, int, bool]:
    """The file's bytes, its row count, and whether more rows would follow."""
    content = bytearray("\ufeff".encode())
    count = -1
    for line in lines(header, rows):
        if count == MOST_ROWS:
            return bytes(content), count, True
        content += line.encode()
        count += 1
    return bytes(content), count, False


def _rows(session: Session, search: Search) -> Iterator[tuple[object, ...]]:
    """A row for each order, newest request first; one row for a request that has no orders stored."""
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
            if _matches(order, search):
                found = True
                yield (*about, order.order_id, order.label, order.outcome, order.proof, order.words, listed)
        position = orders[-1].position + 1
    if not found:
        yield (*about, "", "", "", "", "", listed)


def _matches(order: OrderLine, search: Search) -> bool:
    """Whether the order matches a search for an order or an outcome; others of its request are left out."""
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
