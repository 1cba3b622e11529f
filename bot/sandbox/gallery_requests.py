"""The gallery's messages about a request: previews, the live message in every condition, history and show."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from bot.history_filter import History, OnDay
from bot.messages import form, history, live, preview, preview_ended, show
from bot.messages.facts import RequestFacts
from bot.messages.message import Message
from bot.sandbox import gallery_facts as facts

Made = tuple[str, Callable[..., Any], Message | dict[str, Any]]

CONDITIONS: dict[str, RequestFacts] = {
    "confirmed": facts.CONFIRMED,
    "running": facts.RUNNING,
    "mixed result": facts.MIXED,
    "all cancelled": facts.ALL_WELL,
    "all rejected": facts.NOTHING_DONE,
    "withdrawn": facts.WITHDRAWN,
    "declined": facts.DECLINED,
    "expired": facts.EXPIRED,
}


def made() -> Iterator[Made]:
    """Every one of them: its name, its builder, and what that builds."""
    yield "Form", form.form_view, form.form_view("draft", facts.ORDERS, 1000, False)
    filled = form.form_view("draft", facts.ORDERS, 1000, True, "6864fecda075914a1b1e353c", "duplicate", False)
    yield "Form, filled in beforehand, reason required", form.form_view, filled
    yield "Preview", preview.preview, preview.preview(facts.ASKED, facts.BOT)
    yield "Preview of a file, where the bot cannot post", preview.preview, preview.preview(facts.FROM_A_FILE, facts.BOT)
    yield "Look without a request", preview.look, preview.look(facts.FROM_A_FILE)
    for name, condition in CONDITIONS.items():
        yield f"Live message: {name}", live.live, live.live(condition, facts.BOT)
    yield "Notice of the end", live.end_notice, live.end_notice(facts.MIXED)
    yield "Preview, confirmed", preview_ended.went_ahead, preview_ended.went_ahead(facts.CONFIRMED)
    yield "Preview, kept", preview_ended.kept, preview_ended.kept(facts.WITHDRAWN)
    yield "Preview, expired", preview_ended.expired, preview_ended.expired(facts.EXPIRED)
    yield "Pressed too late", preview_ended.already_decided, preview_ended.already_decided(facts.CONFIRMED)
    yield "Pressed on an older preview", preview_ended.older_revision, preview_ended.older_revision(facts.ASKED)
    yield from _looking_back()


def _looking_back() -> Iterator[Made]:
    wanted = History(person=facts.ANN, text="duplicate", since=OnDay(date(2026, 11, 1)))
    filters = history.described(wanted)
    entries = (facts.MIXED, facts.ALL_WELL, facts.RUNNING, facts.REFUSED, facts.WITHDRAWN)
    page = history.history_page(entries, filters, "17:before:40", "17:after:90", "17:before:91")
    yield "History", history.history_page, page
    shared = history.history_page(entries[:2], filters, shared_by=facts.BEN)
    yield "History, shared in the channel", history.history_page, shared
    yield "History, nothing found", history.history_page, history.history_page((), filters)
    events, shown = facts.EVENTS[: show.EVENTS_PER_PAGE], facts.SHOWN_ORDERS
    page = show.show_page(facts.MIXED, shown, events, 1, 3, len(facts.EVENTS), facts.ANN)
    yield "Show, first page", show.show_page, page
    page = show.show_page(facts.ASKED, facts.TWO, events[:2], 1, 1, 2, facts.ANN)
    yield "Show, to be confirmed", show.show_page, page
