"""Sample facts for the gallery and the tests of messages: one request in many conditions, and the rules of a small
company."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bot.domain.outcome.order_statuses import OrderStatus
from bot.messages.live import Correction
from bot.messages.message import Message
from bot.messages.view_models import (
    ClosedFacts,
    DecisionFacts,
    EventFacts,
    Figures,
    HoldFacts,
    OrderFacts,
    RequestFacts,
    RulesFacts,
    SlackGap,
    SourceFacts,
    StatusFacts,
)
from storage.enums import DecisionVerdict, EventKind, HoldKind, Origin, Outcome, Proof, RequestState, StopReason

Made = tuple[str, partial[Message] | partial[dict[str, Any]]]
"""A sample: its name, and the call of its builder with what it is made of."""

TYPED = "duplicate <!channel> *of* an order & more"
"""What people typed in the samples: it would ping and format if it were not shown as it was typed."""

SAID = "look at <!channel> these & those first"
"""What else people typed in them: comments, labels, words searched for."""

NOW = datetime(2026, 11, 24, 17, 40, tzinfo=UTC)
ANN, BEN, BOT = "U0ANN0001", "U0BEN0002", "U0BOT"
ORDERS = "C0ORDERS1"
HEAD = "1042 · 9f3c2a417be05d21"
LINK = "https://sandbox.slack.com/archives/C0ORDERS1/p1795542000000100?thread_ts=1&cid=C0ORDERS1"

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
    approvers=((ANN, BEN), ("S0OPS0001",)),
    second_approval_above=10,
    approvals_needed=2,
    emergency_users=(ANN,),
    type_to_confirm_above=50,
    max_per_day=5000,
)

WITH_REASONS = replace(
    RULES, require_reason=True, reasons=("duplicate", "out of stock", "customer asked", "address & area", "fraud")
)
LONG_LIST = replace(RULES, reasons=tuple(f"<!channel> reason {number:02} " + "w" * 54 for number in range(100)))

TWO = (OrderFacts(0, "6864fecda075914a1b1e353c"), OrderFacts(1, "6877b613a665f49134ef0001"))

ASKED = RequestFacts(
    public_id="R-7K3F9Q",
    revision=3,
    state=RequestState.CONFIRMING,
    requester=ANN,
    channel_id=ORDERS,
    origin=Origin.COMMAND,
    reason=TYPED,
    order_count=2,
    figures=Figures(),
    created_at=NOW,
    expires_at=NOW + timedelta(minutes=15),
    orders=TWO,
)

LOOKED_UP = replace(
    ASKED,
    status=StatusFacts((OrderStatus(TWO[1].order_id, "Processing", "Picked Up"),), ((TWO[0].order_id, "R-2B2B2B"),)),
)
MANY = tuple(f"6864fecda075914a1b1e4{number:03x}" for number in range(40))
WAITS = ("Duplicate",) * 20 + ("Missing Area",) * 4 + ("New",)
STATUSES = (
    *(OrderStatus(order_id, "Pending", waits) for order_id, waits in zip(MANY, WAITS, strict=False)),
    *(OrderStatus(order_id, "Processing", "Picked Up", TYPED) for order_id in MANY[25:37]),
    OrderStatus(MANY[37], "Cancelled", "Cancelled"),
    OrderStatus(MANY[38], "<!channel> frozen", "*by* customs"),
)
FOR_APPROVAL = replace(
    ASKED,
    order_count=40,
    approvals_needed=2,
    emergency_possible=True,
    orders=tuple(OrderFacts(place, order_id) for place, order_id in enumerate(MANY)),
    status=StatusFacts(STATUSES),
)
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

WITH_WORDS_ASIDE = replace(
    LOOKED_UP, source=SourceFacts(set_aside=(OrderFacts(0, "01001234567"), OrderFacts(0, "DMA-EX-00001234", SAID)))
)
WITH_MANY_ASIDE = replace(
    ASKED, source=SourceFacts(set_aside=tuple(OrderFacts(0, f"{number:0>64}") for number in range(300)))
)
WITH_ONE_ASIDE = replace(ASKED, source=SourceFacts(set_aside=(OrderFacts(0, "01001234567"),)))

CONFIRMED = replace(
    ASKED, state=RequestState.APPROVED, decided_by=ANN, decided_at=NOW, rule="ALLOWED_USERS", expires_at=None
)
TROUBLES = (
    OrderFacts(5, "6877b613a665f49134ef0005", outcome=Outcome.UNKNOWN, words="the answer was lost"),
    OrderFacts(6, "6877b613a665f49134ef0006", outcome=Outcome.REJECTED, proof=Proof.LOG, words="Order is delivered"),
    OrderFacts(7, "6877b613a665f49134ef0007", outcome=Outcome.NOT_SENT, words="the approval ran out"),
    OrderFacts(8, "6877b613a665f49134ef0008", outcome=Outcome.NOT_SENT, words="the approval ran out"),
)
CORRECTIONS = (
    Correction(TROUBLES[1], Outcome.CANCELLED),
    Correction(replace(TROUBLES[0], label="#1802"), Outcome.CANCELLED),
)
CANCELLED_OF_MANY = tuple(
    OrderFacts(
        9 + number,
        f"6877b613a665f49134ef1{number:03}",
        label="#1801" if number == 1 else None,
        outcome=Outcome.CANCELLED,
    )
    for number in range(20)
)
RUNNING = replace(
    CONFIRMED,
    public_id="R-3N7B4E",
    state=RequestState.EXECUTING,
    order_count=103,
    figures=Figures(40, 1, 0, 0),
    ended=TROUBLES[1:2],
    valid_until=NOW + timedelta(hours=1),
    seconds_left=40,
)
CHECKING = replace(RUNNING, figures=Figures(93, 0, 0, 0), seconds_left=None, checking=10, logs_rest="Too Many Requests")
MIXED = replace(
    CONFIRMED,
    state=RequestState.FINISHED,
    order_count=103,
    figures=Figures(99, 1, 2, 1),
    finished_at=NOW,
    audit_head=HEAD,
    permalink=LINK,
    ended=(*TROUBLES, *CANCELLED_OF_MANY),
)
ALL_WELL = replace(MIXED, public_id="R-8H5D2C", order_count=2, figures=Figures(2), ended=CANCELLED_OF_MANY[:2])
NOTHING_DONE = replace(MIXED, order_count=2, figures=Figures(0, 2), ended=TROUBLES[1:2])
REFUSED = replace(ASKED, public_id="R-6P1X8M", state=RequestState.REFUSED, rule="ALLOWED_USERS")
WITHDRAWN = replace(ASKED, public_id="R-9C4S5T", state=RequestState.WITHDRAWN, decided_by=ANN, decided_at=NOW)
EXPIRED = replace(ASKED, public_id="R-1E8Q3Z", state=RequestState.EXPIRED)
DECLINED = replace(ASKED, public_id="R-5D2K7V", state=RequestState.DECLINED, decided_by=BEN, decided_at=NOW)
WAITING = replace(
    ASKED, public_id="R-4W2T9A", state=RequestState.WAITING, order_count=40, approvals_needed=2, emergency_possible=True
)
HALF_APPROVED = replace(
    WAITING,
    decisions=(DecisionFacts(BEN, DecisionVerdict.APPROVED, SAID, "APPROVER_USERS", NOW),),
    reminded_at=NOW,
)
UNSEEN = replace(WAITING, in_direct_message=True)
APPROVED = replace(
    CONFIRMED,
    order_count=40,
    approvals_needed=1,
    decided_by=BEN,
    decisions=(DecisionFacts(BEN, DecisionVerdict.APPROVED, SAID, "APPROVER_USERS", NOW),),
)
EMERGENCY = replace(MIXED, emergency=True, approvals_needed=2)
EMERGENCY_BEGUN = replace(CONFIRMED, order_count=103, emergency=True, approvals_needed=2)
UNPOSTED = replace(MIXED, in_direct_message=True)
MOVED = replace(MIXED, in_direct_message=True, closed=ClosedFacts(ORDERS, "is_archived", NOW, was_there=True))
HELD = replace(
    RUNNING, holds=(HoldFacts(None, "25 orders were rejected or are unknown"), HoldFacts(HoldKind.PAUSE, "audit", BEN))
)
PAUSED = replace(RUNNING, holds=(HoldFacts(None, "paused", BEN),))
SLOWED = replace(RUNNING, holds=(HoldFacts(HoldKind.RATE_LIMIT, None, None, NOW + timedelta(seconds=30)),))
DOWN = replace(RUNNING, holds=(HoldFacts(HoldKind.DOWN, "three calls in a row", None, NOW + timedelta(seconds=60)),))
TOKEN_REJECTED = replace(RUNNING, holds=(HoldFacts(HoldKind.TOKEN, "403: User is not authorized"),))
SLACK_REFUSED = replace(RUNNING, holds=(HoldFacts(HoldKind.SLACK, "token_revoked"),))
SLACK_GAP = replace(MIXED, slack_gap=SlackGap(NOW, NOW + timedelta(minutes=7), "token_revoked"))
TOKEN_ENDED = replace(MIXED, stop_why="Fincart rejected the bot's token", stop_reason=StopReason.TOKEN_REJECTED)
STOPPED = replace(RUNNING, stopped_by=BEN, stop_why="stopped", stop_reason=StopReason.STOPPED)
UNDOABLE = replace(CONFIRMED, can_undo=True, not_before=NOW + timedelta(seconds=30))

SHOWN_ORDERS = (
    *TROUBLES,
    OrderFacts(0, "6864fecda075914a1b1e353c", outcome=Outcome.CANCELLED, proof=Proof.LOG),
    OrderFacts(1, "6877b613a665f49134ef0001", label="Desk lamp", outcome=Outcome.CANCELLED, proof=Proof.ANSWER),
)
BY_THE_BOT = frozenset(
    {EventKind.PREVIEW_SHOWN, EventKind.EXPIRED, EventKind.RUN_STARTED, EventKind.BATCH_SETTLED, EventKind.LOGS_READ}
    | {EventKind.REST_NOT_SENT, EventKind.CORRECTED, EventKind.FINISHED, EventKind.CHANGED}
)
"""Events that nobody in particular brought about."""

EVENTS = tuple(
    EventFacts(
        number + 1,
        NOW + timedelta(seconds=number),
        kind.value,
        None if kind in BY_THE_BOT else ANN,
        {"words": "the answer <!channel>"},
    )
    for number, kind in enumerate(EventKind)
)
