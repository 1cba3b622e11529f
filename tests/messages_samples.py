"""Every message builder with facts of any size, for the tests of wording, limits and safety."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.commands import NotUnderstood
from bot.history_filter import History
from bot.messages import answers, help, history, live, preview, preview_ended, refusals, show
from bot.messages.facts import EventFacts, Figures, OrderFacts, RequestFacts, RulesFacts, SourceFacts
from bot.messages.message import Message
from bot.policy import Asked, Code
from storage.audit import EventKind
from storage.states import Origin, Outcome, Proof, RequestState

NOW = datetime(2026, 11, 24, 17, 40, tzinfo=UTC)
ALICE, BOB, BOT = "U0ALICE", "U0BOB", "U0BOT"
SHOP = "C0SHOP"
HEAD = "1042 · 9f3c2a417be05d21"
PERMALINK = "https://shop.slack.com/archives/C0SHOP/p1795542000000100?thread_ts=1&cid=C0SHOP"

RULES = RulesFacts(
    allowed_users=(ALICE, BOB),
    allowed_usergroups=("S0OPS",),
    allowed_channels=(SHOP,),
    everyone=False,
    guests=False,
    external=False,
    max_orders=1000,
    require_reason=False,
    preview_seconds=900,
    approval_valid_seconds=3600,
    auditors=("U0AUDIT",),
    contact="Dana in operations",
)

TWO = (
    OrderFacts(0, "6864fecda075914a1b1e353c"),
    OrderFacts(1, "6877b613a665f49134ef0001"),
)

ASKED = RequestFacts(
    public_id="R-7K3F9Q",
    revision=3,
    state=RequestState.CONFIRMING,
    requester=ALICE,
    channel_id=SHOP,
    origin=Origin.COMMAND,
    reason="duplicate",
    order_count=2,
    figures=Figures(),
    created_at=NOW,
    expires_at=NOW + timedelta(minutes=15),
    orders=TWO,
)

CONFIRMED = replace(ASKED, decided_by=ALICE, decided_at=NOW, rule="ALLOWED_USERS", expires_at=None)

FINISHED = replace(
    CONFIRMED,
    state=RequestState.FINISHED,
    order_count=103,
    figures=Figures(99, 1, 2, 1),
    finished_at=NOW,
    audit_head=HEAD,
    permalink=PERMALINK,
    troubles=(
        OrderFacts(5, "6877b613a665f49134ef0005", outcome=Outcome.UNKNOWN),
        OrderFacts(6, "6877b613a665f49134ef0006", outcome=Outcome.REJECTED, words="Order is delivered"),
        OrderFacts(7, "6877b613a665f49134ef0007", outcome=Outcome.NOT_SENT, words="the approval ran out"),
        OrderFacts(8, "6877b613a665f49134ef0008", outcome=Outcome.NOT_SENT, words="the approval ran out"),
    ),
)


def laden(typed: str, orders: int = 5000) -> RequestFacts:
    """A finished request with as much as there can be of everything, and `typed` wherever somebody types."""
    listed = tuple(
        OrderFacts(
            number,
            f"ORDER-{number:0>58}",
            label=typed,
            unlike_fincart=True,
            outcome=list(Outcome)[number % 4],
            proof=Proof.ANSWER,
            words=f"{number} {typed}",
        )
        for number in range(40)
    )
    rest = orders - 3 * (orders // 4)
    return replace(
        FINISHED,
        reason=typed[:1000],
        order_count=orders,
        figures=Figures(orders // 4, orders // 4, orders // 4, rest),
        orders=listed,
        troubles=tuple(order for order in listed if order.outcome is not Outcome.CANCELLED),
        unlike_count=orders,
        source=SourceFacts(tuple(order.order_id for order in listed), typed, typed, orders),
        rule=typed,
        ask_whom=typed,
        retry_of="R-2B2B2B",
        valid_until=NOW,
        expires_at=NOW,
        in_direct_message=True,
    )


def events(typed: str) -> tuple[EventFacts, ...]:
    """One of each kind, each with what was typed in its details."""
    details: dict[str, object] = {"why": typed, "rule": typed, "words": typed, "orders": [typed]}
    return tuple(EventFacts(seq, NOW, kind.value, ALICE, details) for seq, kind in enumerate(EventKind))


def every_message(facts: RequestFacts, typed: str) -> dict[str, Message]:
    """Each kind of message there is, of this request in each state, by name."""
    made: dict[str, Message] = {}
    for state in RequestState:
        request = replace(facts, state=state)
        for builder in _ABOUT_ONE:
            made[f"{builder.__name__} {state.value}"] = builder(request)
        entries = (request,) * history.ENTRIES_PER_PAGE
        filters = history.described(History(person=ALICE, text=typed))
        made[f"history {state.value}"] = history.history_page(
            entries, filters, *(kind * history.LONGEST_VALUE for kind in "ons")
        )
        made[f"history shared {state.value}"] = history.history_page(entries, filters, "o", "n", "s", shared_by=BOB)
        page = facts.orders[: show.ORDERS_PER_PAGE]
        told = events(typed)[: show.EVENTS_PER_PAGE]
        for number in (1, 2):
            made[f"show {number} {state.value}"] = show.show_page(request, page, told, number, 500, 3000, ALICE)
    rules = replace(RULES, contact=typed, allowed_users=(ALICE,) * 500, allowed_channels=(SHOP,) * 500)
    for code in Code:
        made[f"refused {code.value}"] = refusals.refused(code, typed, Asked((BOB,) * 50, (), typed), rules, facts)
        made[f"refused, no request, {code.value}"] = refusals.refused(code, typed, Asked(contact=typed), rules)
    made |= {
        "nothing found": history.history_page((), history.described(History(text=typed))),
        "help": help.help_message(rules),
        "not read": answers.not_read(NotUnderstood(typed, None), typed),
        "file not fetched": answers.file_not_fetched(typed),
        "could not record": answers.could_not_record(typed),
        "button not known": answers.button_not_known(),
        "no such request": answers.no_such_request("R-7K3F9Q"),
        "problem": answers.problem(typed),
        "form not opened": answers.form_not_opened(),
        "broken": answers.broken(typed),
        "form gone": answers.form_gone(),
    }
    return made


def _preview(facts: RequestFacts) -> Message:
    return preview.preview(facts, BOT)


_ABOUT_ONE: tuple[Callable[[RequestFacts], Message], ...] = (
    _preview,
    live.live,
    live.end_notice,
    preview_ended.went_ahead,
    preview_ended.kept,
    preview_ended.expired,
    preview_ended.already_decided,
    preview_ended.older_revision,
)
