"""Renders a message row as it must look now, from the database alone."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from bot.context import names_of
from bot.domain.commands.filters import History
from bot.domain.files.not_fetched import NotFetched
from bot.messages import answers, approval_answers, card, preview_ended
from bot.messages.actions import page_value
from bot.messages.archived import archived_request, not_counted
from bot.messages.file_answers import file_not_fetched
from bot.messages.history import ENTRIES_PER_PAGE, described, history_page
from bot.messages.live import Correction, correction_notice, end_notice, live
from bot.messages.message import Message
from bot.messages.moved import copied, moved, not_shared
from bot.messages.ops import ops_notice
from bot.messages.preview import dry_run, preview
from bot.messages.refusals import refused
from bot.messages.render import named
from bot.messages.report import digest_message, report_message
from bot.messages.run_control import PAUSE_ANSWERS, control_answer, pause_answer
from bot.messages.show import EVENTS_PER_PAGE, ORDERS_PER_PAGE, ShownPage, page_count, show_page
from bot.messages.view_models import RequestFacts
from bot.messages.waiting import MOST, waiting_message
from bot.outbox.archive_facts import archive_of, archives_reaching
from bot.outbox.contents import (
    AnswerContent,
    Content,
    Corrections,
    DigestContent,
    DryRun,
    Exported,
    FileNotFetched,
    HistoryPage,
    InputNotRead,
    MovedContent,
    NoSuchRequest,
    NotExported,
    NotShared,
    OpsLines,
    PreviewContent,
    Refusal,
    ReportContent,
    RequestPage,
    WaitingPage,
    read_content,
)
from bot.outbox.history_search import search_of, zone_name
from bot.outbox.read_model import (
    FIRST_ENDED,
    dry_run_facts,
    event_facts,
    holds_on_all,
    order_facts,
    request_facts,
    rules_facts,
)
from bot.outbox.report_figures import digest_of, figures_of
from bot.settings.model import Settings
from storage import history, requests, shown_orders
from storage.enums import AnswerCode, MessageKind, RequestState
from storage.history import Search
from storage.models import Request
from storage.slack_models import SlackMessage
from storage.spelling import reason_key


def render(session: Session, row: SlackMessage, settings: Settings, now: datetime, bot_user: str | None) -> Message:
    """Render the message of this row. Raises LookupError if what it is about is not in the database."""
    return named(_message(session, row, settings, now, bot_user), names_of(settings))


def _message(session: Session, row: SlackMessage, settings: Settings, now: datetime, bot_user: str | None) -> Message:
    match read_content(row):
        case HistoryPage() | ReportContent() | RequestPage() | WaitingPage() as shown:
            return _looking_back(session, row, shown, settings, now)
        case DigestContent() as week:
            return digest_message(digest_of(session, week), week.zone)
        case OpsLines(lines=lines):
            return ops_notice(lines, rules_facts(settings))
        case AnswerContent() as answer:
            return _answer(session, row, answer, settings)
        case DryRun() as content:
            return dry_run(dry_run_facts(content, row.person or "", row.channel or "", now))
        case PreviewContent(can_post=can_post):
            return _preview(_about(session, row, settings, now), can_post, bot_user)
        case Corrections() as content:
            about = _about(session, row, settings, now)
            return correction_notice(about, _corrections(session, row, content), len(content.orders))
        case content:
            return _posted(MessageKind(row.kind), content, _about(session, row, settings, now), settings, bot_user)


def _looking_back(
    session: Session,
    row: SlackMessage,
    shown: HistoryPage | ReportContent | RequestPage | WaitingPage,
    settings: Settings,
    now: datetime,
) -> Message:
    match shown:
        case HistoryPage():
            return _history(session, row, shown, settings, now)
        case ReportContent():
            return _report(session, row, shown, settings, now)
        case RequestPage():
            return _show(session, shown, settings, now, viewer=row.person)
        case WaitingPage():
            return _waiting(session, row, shown, settings, now)


def _preview(about: RequestFacts, can_post: bool, bot_user: str | None) -> Message:
    if about.state is not RequestState.CONFIRMING:
        # Slack took it late, and there is nothing left to decide.
        return preview_ended.already_decided(about)
    return preview(replace(about, in_direct_message=not can_post), bot_user)


def _corrections(session: Session, row: SlackMessage, content: Corrections) -> tuple[Correction, ...]:
    """The first orders whose outcome changed, and what people were told of them."""
    request = session.get(Request, row.request_seq)
    assert request is not None
    lines = shown_orders.at(session, request, content.orders[:FIRST_ENDED])
    reported = (content.were.get(line.position) for line in lines)
    return tuple(Correction(order, was) for order, was in zip(order_facts(lines), reported, strict=True))


def _posted(
    kind: MessageKind, content: Content, about: RequestFacts, settings: Settings, bot_user: str | None
) -> Message:
    match content:
        case MovedContent(is_copy=is_copy):
            return copied(about) if is_copy else moved(about)
    match kind:
        case MessageKind.END_NOTICE:
            return end_notice(about)
        case MessageKind.REMINDER:
            return card.reminder(about, rules_facts(settings))
        case MessageKind.EMERGENCY_NOTICE:
            return card.emergency_notice(about)
        case _:
            return live(about, bot_user, rules_facts(settings))


def _about(session: Session, row: SlackMessage, settings: Settings, now: datetime | None = None) -> RequestFacts:
    request = session.get(Request, row.request_seq)
    if request is None:
        raise LookupError(f"message {row.id} is about no request")
    return replace(request_facts(session, request, now), live_channel=settings.results_channel)


_ABOUT_A_REQUEST: Mapping[AnswerCode, Callable[[RequestFacts], Message]] = {
    AnswerCode.WENT_AHEAD: preview_ended.went_ahead,
    AnswerCode.KEPT: preview_ended.withdrawn,
    AnswerCode.EXPIRED: preview_ended.expired,
    AnswerCode.ALREADY_DECIDED: preview_ended.already_decided,
    AnswerCode.OLDER_REVISION: preview_ended.older_revision,
    AnswerCode.APPROVED: approval_answers.approved,
    AnswerCode.APPROVED_MORE_NEEDED: approval_answers.approved_more_needed,
    AnswerCode.ALREADY_APPROVED: approval_answers.already_approved,
    AnswerCode.DECLINED: approval_answers.declined,
    AnswerCode.WITHDRAWN: approval_answers.withdrawn,
    AnswerCode.NUMBER_NEEDED: approval_answers.number_needed,
    AnswerCode.REMINDED: approval_answers.reminded,
    AnswerCode.REMINDED_LATELY: approval_answers.reminded_lately,
    AnswerCode.NOT_POSTED_YET: approval_answers.not_posted_yet,
}


def _answer(session: Session, row: SlackMessage, answer: AnswerContent, settings: Settings) -> Message:
    about = _about(session, row, settings) if row.request_seq is not None else None
    match answer:
        case Refusal():
            return _refused(about, answer, settings)
        case NoSuchRequest(public_id=public_id):
            return _not_there(session, public_id, settings)
        case InputNotRead(words=words):
            return answers.problem(words)
        case FileNotFetched(trouble=trouble, detail=detail):
            return file_not_fetched(NotFetched(trouble, detail), settings.contact)
        case Exported(rows=rows, cut=cut, of_figures=of_figures, since=since, until=until):
            lacks = archives_reaching(session, since, until) if not of_figures else ()
            return approval_answers.exported(rows, cut, of_figures, lacks)
        case NotExported(why=why, scope=scope):
            return approval_answers.not_exported(why, settings.contact, scope)
        case NotShared(why=why):
            return not_shared(why, settings.contact)
    return _plain_answer(answer.what, about, settings)


def _not_there(session: Session, public_id: str, settings: Settings) -> Message:
    archive = archive_of(session, public_id)
    if archive is None:
        return answers.no_such_request(public_id)
    return archived_request(public_id, archive, settings.contact)


def _plain_answer(what: AnswerCode, about: RequestFacts | None, settings: Settings) -> Message:
    if what in PAUSE_ANSWERS:
        return pause_answer(what)
    if what is AnswerCode.NOT_UNDERSTOOD:
        return answers.button_not_known()
    if what is AnswerCode.TYPE_AGAIN:
        return answers.type_again()
    if about is None:
        return answers.broken(settings.contact)
    if what in _ABOUT_A_REQUEST:
        return _ABOUT_A_REQUEST[what](about)
    if what is AnswerCode.ASKED_FOR_APPROVAL:
        return approval_answers.asked_for_approval(about, rules_facts(settings))
    return control_answer(what, about)


def _refused(about: RequestFacts | None, refusal: Refusal, settings: Settings) -> Message:
    verdict = refusal.verdict
    if about is not None and refusal.orders:
        about = replace(about, order_count=refusal.orders)
    return refused(verdict.code, verdict.rule, verdict.ask, rules_facts(settings), about)


def _history(session: Session, row: SlackMessage, shown: HistoryPage, settings: Settings, now: datetime) -> Message:
    search = search_of(shown.filters, shown.zone, shown.of_ids, now)
    search = replace(search, person=history.same_person(session, search.person))
    page = history.page(session, search, ENTRIES_PER_PAGE, before=shown.before, after=shown.after)
    entries = tuple(request_facts(session, request) for request in page.requests)
    assert row.id is not None
    older = page_value(row.id, "before", page.requests[-1].seq) if page.requests and page.has_older else None
    newer = page_value(row.id, "after", page.requests[0].seq) if page.requests and page.has_newer else None
    share = page_value(row.id, "before", (page.requests[0].seq or 0) + 1) if page.requests else None
    reasons = None if page.requests else _others(session, shown.filters.reason, settings)
    filters = described(shown.filters, zone_name(shown.zone), reasons)
    lacks = archives_reaching(session, search.since, search.until) if older is None else ()
    filters += tuple(part for line in not_counted(lacks) for part in (". ", *line))
    return history_page(entries, filters, older, newer, share, shown.shared_by)


def _report(session: Session, row: SlackMessage, shown: ReportContent, settings: Settings, now: datetime) -> Message:
    besides = replace(shown.filters, since=None, until=None)
    figures = figures_of(session, shown, now)
    reasons = None if figures.total.requests else _others(session, besides.reason, settings)
    filters = described(besides, reasons=reasons) if besides != History() else ()
    return report_message(figures, filters, zone_name(shown.zone), str(row.id), shown.shared_by)


def _others(session: Session, reason: str | None, settings: Settings) -> tuple[str, ...] | None:
    """Reasons of the list and those used of it, each once, if the searched reason is none and no request has it."""
    if reason is None or history.page(session, Search(reason=reason), 1).requests:
        return None
    there_are = {reason_key(each): each for each in (*history.used_reasons(session), *settings.reasons)}
    return None if reason_key(reason) in there_are else tuple(sorted(there_are.values(), key=reason_key))


def _waiting(session: Session, row: SlackMessage, page: WaitingPage, settings: Settings, now: datetime) -> Message:
    ids = _viewer_ids(row.person, page.ids)
    found, total = requests.waiting(session, ids, MOST)
    entries = tuple(request_facts(session, request, now, ids) for request in found)
    held = holds_on_all(session)
    return waiting_message(entries, total, rules_facts(settings), row.person, page.approves, held)


def _viewer_ids(viewer: str | None, ids: Iterable[str]) -> frozenset[str]:
    """The reader's ids that Slack gave when they asked."""
    return frozenset({*ids, *((viewer,) if viewer else ())})


def _show(session: Session, content: RequestPage, settings: Settings, now: datetime, viewer: str | None) -> Message:
    request = requests.find(session, content.public_id)
    if request is None:
        return _not_there(session, content.public_id, settings)
    events = history.event_count(session, request.public_id)
    pages = page_count(request.order_count, events)
    page = min(max(1, content.page), pages)
    lines = shown_orders.page(session, request, (page - 1) * ORDERS_PER_PAGE, ORDERS_PER_PAGE)
    events_here = history.events(session, request.public_id, (page - 1) * EVENTS_PER_PAGE, EVENTS_PER_PAGE)
    about = request_facts(session, request, now, _viewer_ids(viewer, content.ids))
    shown = ShownPage(order_facts(lines), event_facts(session, events_here), page, pages, events)
    return show_page(about, shown, viewer, rules_facts(settings), approves=content.approves)
