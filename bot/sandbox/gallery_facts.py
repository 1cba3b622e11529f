"""Sample facts for the gallery: one request in many conditions, and the rules of a small company."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.messages.facts import (
    DecisionFacts,
    EventFacts,
    Figures,
    HoldFacts,
    OrderFacts,
    RequestFacts,
    RulesFacts,
    SourceFacts,
)
from storage.audit import EventKind
from storage.states import DecisionVerdict, Origin, Outcome, Proof, RequestState

NOW = datetime(2026, 11, 24, 17, 40, tzinfo=UTC)
ANN, BEN, BOT = "U0ANN0001", "U0BEN0002", "U0BOT"
ORDERS = "C0ORDERS1"
HEAD = "1042 · 9f3c2a417be05d21"
LINK = "https://sandbox.slack.com/archives/C0ORDERS1/p1795542000000100"

NAMES = {
    "people": {ANN: "ann", BEN: "ben", BOT: "cancel-orders", "U0AUDIT01": "audrey"},
    "groups": {"S0OPS0001": "operations"},
    "channels": {ORDERS: "orders"},
}
"""What Slack would show in the place of the samples' ids."""

RULES = RulesFacts(
    allowed_users=(ANN, BEN),
    allowed_usergroups=("S0OPS0001",),
    allowed_channels=(ORDERS,),
    everyone=False,
    guests=False,
    external=False,
    max_orders=1000,
    require_reason=False,
    preview_seconds=900,
    approval_valid_seconds=3600,
    auditors=("U0AUDIT01",),
    contact="Ann Okafor",
    approver_users=(ANN, BEN),
    approver_usergroups=("S0OPS0001",),
    second_approval_above=10,
    approvals_needed=2,
    emergency_users=(ANN,),
    type_to_confirm_above=50,
    max_per_day=5000,
)

TWO = (OrderFacts(0, "6864fecda075914a1b1e353c"), OrderFacts(1, "6877b613a665f49134ef0001"))

ASKED = RequestFacts(
    public_id="R-7K3F9Q",
    revision=3,
    state=RequestState.CONFIRMING,
    requester=ANN,
    channel_id=ORDERS,
    origin=Origin.COMMAND,
    reason="duplicate <!channel> *of* an order & more",
    order_count=2,
    figures=Figures(),
    created_at=NOW,
    expires_at=NOW + timedelta(minutes=15),
    orders=TWO,
)
"""Its reason holds what would ping and format if it were not shown as it was typed."""

FROM_A_FILE = replace(
    ASKED,
    origin=Origin.FORM,
    order_count=300,
    unlike_count=1,
    orders=tuple(
        OrderFacts(
            place, f"6864fecda075914a1b1e{place:04x}", label=f"Linen shirt no. {place}", unlike_fincart=place == 3
        )
        for place in range(40)
    ),
    source=SourceFacts(("6864fecda075914a1b1e353c",), "orders.csv", "order_id", 2),
    in_direct_message=True,
)

CONFIRMED = replace(
    ASKED, state=RequestState.APPROVED, decided_by=ANN, decided_at=NOW, rule="ALLOWED_USERS", expires_at=None
)
RUNNING = replace(CONFIRMED, state=RequestState.EXECUTING, order_count=103, figures=Figures(40, 1, 0, 0))

TROUBLES = (
    OrderFacts(5, "6877b613a665f49134ef0005", outcome=Outcome.UNKNOWN, words="the answer was lost"),
    OrderFacts(6, "6877b613a665f49134ef0006", outcome=Outcome.REJECTED, proof=Proof.LOG, words="Order is delivered"),
    OrderFacts(7, "6877b613a665f49134ef0007", outcome=Outcome.NOT_SENT, words="the approval ran out"),
    OrderFacts(8, "6877b613a665f49134ef0008", outcome=Outcome.NOT_SENT, words="the approval ran out"),
)
MIXED = replace(
    CONFIRMED,
    state=RequestState.FINISHED,
    order_count=103,
    figures=Figures(99, 1, 2, 1),
    finished_at=NOW,
    audit_head=HEAD,
    permalink=LINK,
    troubles=TROUBLES,
)
ALL_WELL = replace(MIXED, order_count=2, figures=Figures(2), troubles=())
NOTHING_DONE = replace(MIXED, order_count=2, figures=Figures(0, 2), troubles=TROUBLES[1:2])
REFUSED = replace(ASKED, state=RequestState.REFUSED, refusal="not_on_the_list", rule="ALLOWED_USERS")
WITHDRAWN = replace(ASKED, state=RequestState.WITHDRAWN, decided_by=ANN, decided_at=NOW)
EXPIRED = replace(ASKED, state=RequestState.EXPIRED)
DECLINED = replace(ASKED, state=RequestState.DECLINED, decided_by=BEN, decided_at=NOW)
WAITING = replace(ASKED, state=RequestState.WAITING, order_count=40, approvals_needed=2, emergency_possible=True)
HALF_APPROVED = replace(
    WAITING,
    decisions=(DecisionFacts(BEN, DecisionVerdict.APPROVED, "looks right", "APPROVER_USERS", NOW),),
    reminded_at=NOW,
)
EMERGENCY = replace(MIXED, emergency=True, approvals_needed=2)
HELD = replace(RUNNING, holds=(HoldFacts("request", "25 refused or unknown orders"), HoldFacts("pause", "audit", BEN)))
SLOWED = replace(RUNNING, holds=(HoldFacts("rate_limit", None, None, NOW + timedelta(seconds=30)),), seconds_left=40)
STOPPED = replace(RUNNING, stopped_by=BEN, stop_why="stopped")
UNDOABLE = replace(CONFIRMED, can_undo=True, not_before=NOW + timedelta(seconds=30))

SHOWN_ORDERS = (
    OrderFacts(0, "6864fecda075914a1b1e353c", outcome=Outcome.CANCELLED, proof=Proof.LOG),
    OrderFacts(1, "6877b613a665f49134ef0001", label="Desk lamp", outcome=Outcome.CANCELLED, proof=Proof.ANSWER),
    *TROUBLES,
)
EVENTS = tuple(
    EventFacts(number + 1, NOW + timedelta(seconds=number), kind.value, ANN, {"rule": "ALLOWED_USERS"})
    for number, kind in enumerate(EventKind)
)
