"""Renders a message's row as it is to be shown now, from the database alone."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.domain.files.not_fetched import NotFetched, Trouble
from bot.domain.policy.decide import Verdict
from bot.messages import answers, approval_answers, card, preview_ended
from bot.messages.actions import page_value
from bot.messages.file_answers import file_not_fetched
from bot.messages.history import ENTRIES_PER_PAGE, described, history_page
from bot.messages.live import correction_notice, end_notice, live
from bot.messages.message import Message
from bot.messages.moved import copied, moved, not_shared
from bot.messages.preview import look, preview
from bot.messages.refusals import refused
from bot.messages.show import EVENTS_PER_PAGE, ORDERS_PER_PAGE, ShownPage, page_count, show_page
from bot.messages.steering import ALL_STEERED, STEERED, all_steered, steered
from bot.messages.view_models import RequestFacts
from bot.messages.waiting import MOST, waiting_message
from bot.outbox.enqueue import AnswerCode, MessageKind
from bot.outbox.history_search import search_of, zone_name
from bot.outbox.read_model import event_facts, holds_on_all, look_facts, order_facts, request_facts, rules_facts
from bot.settings.model import Settings
from storage import history, requests
from storage.enums import RequestState
from storage.models import Request
from storage.slack_models import SlackMessage
from storage.spelling import folded

Facts = Mapping[str, Any]


def render(session: Session, row: SlackMessage, settings: Settings, now: datetime, bot_user: str | None) -> Message:
    """The message of this row. Raises LookupError where what it speaks of is not in the database."""
    facts = json.loads(row.facts)
    kind = MessageKind(row.kind)
    if kind in (MessageKind.HISTORY, MessageKind.SHARED_HISTORY):
        return _history(session, row, facts, settings, now)
    if kind is MessageKind.SHOW:
        return _show(session, facts, settings, now, viewer=row.person)
    if kind is MessageKind.WAITING:
        return _waiting(session, row, facts, settings, now)
    if kind is MessageKind.ANSWER:
        return _answer(session, row, facts, settings)
    if kind is MessageKind.LOOK:
        return look(look_facts(facts, row.person or "", row.channel or "", now))
    about = _about(session, row, settings, now)
    if kind is MessageKind.PREVIEW and about.state is not RequestState.CONFIRMING:
        # Slack was long in taking it: there is nothing to decide any more.
        return preview_ended.already_decided(about)
    if kind is MessageKind.PREVIEW:
        return preview(replace(about, in_direct_message=not facts["can_post"]), bot_user)
    return _posted(kind, about, facts, settings, bot_user)


def _posted(kind: MessageKind, about: RequestFacts, facts: Facts, settings: Settings, bot_user: str | None) -> Message:
    match kind:
        case MessageKind.CORRECTION_NOTICE:
            return correction_notice(about, len(facts["orders"]))
        case MessageKind.END_NOTICE:
            return end_notice(about, rules_facts(settings))
        case MessageKind.REMINDER:
            return card.reminder(about, rules_facts(settings))
        case MessageKind.MOVED:
            return copied(about) if facts.get("is_copy") else moved(about)
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
    AnswerCode.KEPT: preview_ended.kept,
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


_FROM_FACTS: Mapping[AnswerCode, Callable[[Facts, Settings], Message]] = {
    AnswerCode.NO_SUCH_REQUEST: lambda facts, _: answers.no_such_request(facts.get("public_id", "")),
    AnswerCode.PROBLEM: lambda facts, _: answers.problem(facts["words"]),
    AnswerCode.FILE_NOT_FETCHED: lambda facts, settings: file_not_fetched(_not_fetched(facts), settings.contact),
    AnswerCode.EXPORTED: lambda facts, _: approval_answers.exported(facts["rows"], facts["cut"]),
    AnswerCode.NOT_EXPORTED: lambda facts, settings: approval_answers.not_exported(
        facts["why"], settings.contact, facts.get("scope", "")
    ),
    AnswerCode.NOT_SHARED: lambda facts, settings: not_shared(facts["why"], settings.contact),
    AnswerCode.BROKEN: lambda _, settings: answers.broken(settings.contact),
}


def _answer(session: Session, row: SlackMessage, facts: Facts, settings: Settings) -> Message:
    what = AnswerCode(facts["what"])
    about = _about(session, row, settings) if row.request_seq is not None else None
    if about is not None and what in _ABOUT_A_REQUEST:
        return _ABOUT_A_REQUEST[what](about)
    if about is not None and what is AnswerCode.ASKED_FOR_APPROVAL:
        return approval_answers.asked_for_approval(about, rules_facts(settings))
    if about is not None and what.value in STEERED:
        return steered(what.value, about)
    if what.value in ALL_STEERED:
        return all_steered(what.value)
    if what is AnswerCode.REFUSED:
        return _refused(about, facts, settings)
    return _FROM_FACTS[what](facts, settings) if what in _FROM_FACTS else answers.button_not_known()


def _refused(about: RequestFacts | None, facts: Facts, settings: Settings) -> Message:
    verdict = Verdict.from_dict(facts["verdict"])
    if about is not None and facts.get("orders"):
        about = replace(about, order_count=facts["orders"])
    return refused(verdict.code, verdict.rule, verdict.ask, rules_facts(settings), about)


def _not_fetched(facts: Facts) -> NotFetched:
    # An earlier version stored no reason.
    return NotFetched(Trouble(facts.get("trouble", Trouble.NO_ANSWER)), facts.get("detail", ""))


def _history(session: Session, row: SlackMessage, facts: Facts, settings: Settings, now: datetime) -> Message:
    wanted, search = search_of(facts, now)
    before, after = facts.get("before"), facts.get("after")
    search = replace(search, person=history.same_person(session, search.person))
    page = history.page(session, search, ENTRIES_PER_PAGE, before=before, after=after)
    entries = tuple(request_facts(session, request) for request in page.requests)
    assert row.id is not None
    older = page_value(row.id, "before", page.requests[-1].seq) if page.requests and page.has_older else None
    newer = page_value(row.id, "after", page.requests[0].seq) if page.requests and page.has_newer else None
    share = page_value(row.id, "before", (page.requests[0].seq or 0) + 1) if page.requests else None
    filters = described(wanted, zone_name(facts), _others(session, wanted.reason, settings))
    return history_page(entries, filters, older, newer, share, facts.get("shared_by"))


def _others(session: Session, reason: str | None, settings: Settings) -> tuple[str, ...] | None:
    """The reasons there are, each once, where the one searched for is none of them."""
    if reason is None:
        return None
    there_are = {folded(each): each for each in (*history.used_reasons(session), *settings.reasons)}
    return None if folded(reason) in there_are else tuple(sorted(there_are.values(), key=folded))


def _waiting(session: Session, row: SlackMessage, facts: Facts, settings: Settings, now: datetime) -> Message:
    ids = _viewer_ids(row.person, facts)
    found, total = requests.waiting(session, ids, MOST)
    entries = tuple(request_facts(session, request, now, ids) for request in found)
    held = holds_on_all(session)
    return waiting_message(entries, total, rules_facts(settings), row.person, facts["approves"], held)


def _viewer_ids(viewer: str | None, facts: Facts) -> frozenset[str]:
    """What Slack said of the ids of whoever reads this, when they asked for it."""
    return frozenset({*facts.get("ids", ()), *((viewer,) if viewer else ())})


def _show(session: Session, facts: Facts, settings: Settings, now: datetime, viewer: str | None) -> Message:
    request = requests.find(session, facts["public_id"])
    if request is None:
        return answers.no_such_request(facts["public_id"])
    events = history.event_count(session, request.public_id)
    pages = page_count(request.order_count, events)
    page = min(max(1, int(facts.get("page", 1))), pages)
    lines = requests.orders(session, request, (page - 1) * ORDERS_PER_PAGE, ORDERS_PER_PAGE)
    told = history.events(session, request.public_id, (page - 1) * EVENTS_PER_PAGE, EVENTS_PER_PAGE)
    about = request_facts(session, request, now, _viewer_ids(viewer, facts))
    shown = ShownPage(order_facts(lines), event_facts(told), page, pages, events)
    return show_page(about, shown, viewer, rules_facts(settings), approves=facts.get("approves", False))
