"""The gallery's messages about a request: previews, the live message in every state, history and show."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import partial

from bot.domain.commands.days import OnDay
from bot.domain.commands.filters import History
from bot.messages import history, live, preview, preview_ended, request_form, show
from bot.messages.view_models import RequestFacts
from bot.sandbox.gallery import facts
from bot.sandbox.gallery.facts import Made

CONDITIONS: Mapping[str, RequestFacts] = {
    "confirmed": facts.CONFIRMED,
    "running": facts.RUNNING,
    "mixed result": facts.MIXED,
    "all cancelled": facts.ALL_WELL,
    "all rejected": facts.NOTHING_DONE,
    "withdrawn": facts.WITHDRAWN,
    "declined": facts.DECLINED,
    "expired": facts.EXPIRED,
    "where the bot cannot post": facts.UNPOSTED,
    "gone on as a direct message": facts.MOVED,
}

PREVIEWS: Mapping[str, RequestFacts] = {
    "Preview": facts.ASKED,
    "Preview, some cannot be cancelled": facts.LOOKED_UP,
    "Preview, with a telephone number beside the ids": facts.WITH_ONE_ASIDE,
    "Preview, with words unlike the other ids": facts.WITH_WORDS_ASIDE,
    "Preview, with too many words unlike the other ids": facts.WITH_MANY_ASIDE,
    "Preview that needs approval": facts.FOR_APPROVAL,
    "Preview of a file, where the bot cannot post": facts.FROM_A_FILE,
}


def made() -> Iterator[Made]:
    """Every one of them."""
    yield "Form", partial(request_form.form_view, "draft", facts.ORDERS, facts.RULES)
    required = replace(facts.RULES, require_reason=True)
    yield (
        "Form, filled in beforehand, reason required",
        partial(request_form.form_view, "draft", facts.ORDERS, required, facts.TWO[0].order_id),
    )
    yield (
        "Form, with reasons to choose from",
        partial(request_form.form_view, "draft", facts.ORDERS, facts.WITH_REASONS),
    )
    for ids, found in (("", 0), (facts.TWO[0].order_id, 1), (facts.TWO[0].order_id, 200)):
        shortcut = partial(request_form.form_view, "draft", facts.ORDERS, facts.RULES, ids, found=found)
        yield f"Form, from a message with {found} ids", shortcut
    for name, condition in PREVIEWS.items():
        yield name, partial(preview.preview, condition, facts.BOT)
    yield "Dry run", partial(preview.dry_run, facts.FROM_A_FILE)
    yield "Dry run, with words unlike the other ids", partial(preview.dry_run, facts.WITH_WORDS_ASIDE)
    for name, condition in CONDITIONS.items():
        yield f"Live message: {name}", partial(live.live, condition, facts.BOT, facts.RULES)
    yield "Notice of the end", partial(live.end_notice, facts.MIXED)
    yield "Notice of the end, all cancelled", partial(live.end_notice, replace(facts.ALL_WELL, permalink=None))
    yield "Notice of the end, declined", partial(live.end_notice, facts.DECLINED)
    yield "Preview, confirmed", partial(preview_ended.went_ahead, facts.CONFIRMED)
    yield "Preview, kept", partial(preview_ended.withdrawn, facts.WITHDRAWN)
    yield "Preview, expired", partial(preview_ended.expired, facts.EXPIRED)
    for condition in (facts.CONFIRMED, facts.WITHDRAWN, facts.DECLINED, facts.REFUSED, facts.WAITING):
        yield f"Pressed too late: {condition.state.value}", partial(preview_ended.already_decided, condition)
    yield "Pressed on an older preview", partial(preview_ended.older_revision, facts.ASKED)
    yield from _looking_back()


def _looking_back() -> Iterator[Made]:
    wanted = History(person=facts.BEN, text=facts.SAID, since=OnDay(date(2026, 11, 1)))
    filters = history.described(wanted)
    entries = (facts.MIXED, facts.ALL_WELL, facts.RUNNING, facts.REFUSED, facts.WITHDRAWN)
    turning = ("17:before:40", "17:after:90", "17:before:91")
    yield "History", partial(history.history_page, entries, filters, *turning)
    yield "History, shared in the channel", partial(history.history_page, entries[:2], filters, shared_by=facts.BEN)
    yield "History, nothing found", partial(history.history_page, (), filters)
    for name, reasons in (("a reason nobody used", facts.LONG_LIST.reasons), ("a reason, and no list", ())):
        searched = history.described(History(reason=facts.TYPED), "UTC", reasons)
        yield f"History of {name}", partial(history.history_page, (), searched)
    events, shown = facts.EVENTS[: show.EVENTS_PER_PAGE], facts.SHOWN_ORDERS
    first = show.ShownPage(shown, events, 1, 5, len(facts.EVENTS))
    yield "Show, first page", partial(show.show_page, facts.MIXED, first, facts.ANN, facts.RULES)
    later = facts.EVENTS[show.EVENTS_PER_PAGE :][: show.EVENTS_PER_PAGE]
    second = show.ShownPage(facts.TROUBLES, later, 2, 5, len(facts.EVENTS))
    yield "Show, second page", partial(show.show_page, facts.MIXED, second, facts.BEN, facts.RULES)
    only = show.ShownPage(facts.TWO, events[:2], 1, 1, 2)
    yield "Show, to be confirmed", partial(show.show_page, facts.ASKED, only, facts.ANN, facts.RULES)
    yield "Show, with words left out", partial(show.show_page, facts.WITH_WORDS_ASIDE, only, facts.ANN, facts.RULES)
    yield "Show, to be approved", partial(show.show_page, facts.WAITING, only, facts.ANN, facts.RULES)
