"""Tables of requests and their history, as docs/data.md explains; `slack_models.py` has the others.

Only the modules of this package build rows.
"""

from datetime import datetime

from sqlalchemy import Column, Computed, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.db.columns import BigInt, EnumText, PayloadField, UtcDateTime, index_of_set, index_where
from storage.enums import (
    AnswerKind,
    DecisionVerdict,
    Doubt,
    HoldKind,
    HoldReason,
    Origin,
    Outcome,
    Proof,
    RequestState,
    StopReason,
)

STATE, ORIGIN, OUTCOME, PROOF = EnumText(RequestState), EnumText(Origin), EnumText(Outcome), EnumText(Proof)
DOUBT, RESULT, VERDICT, KIND = EnumText(Doubt), EnumText(AnswerKind), EnumText(DecisionVerdict), EnumText(HoldKind)


def _instant(*, nullable: bool = True, index: bool = False) -> Column[datetime]:
    return Column(UtcDateTime(), nullable=nullable, index=index)


class Request(SQLModel, table=True):
    """One use of the command. The row is also its work queue."""

    __tablename__ = "request"
    __table_args__ = (
        STATE.check("state"),
        ORIGIN.check("origin"),
        Index("ix_request_due", "state", "due_at"),
        Index("ix_request_figures", "state", "cancelled", "rejected", "not_sent", "unknown"),
        Index("ix_request_requester", "requester", "seq"),
        Index("ix_request_requester_person", "requester_person", "seq"),
        Index("ix_request_ids", "requester", "requester_person"),
        Index("ix_request_persons", "requester_person", "requester"),
        Index("ix_request_state", "state", "seq"),
        index_of_set("ix_request_reason_listed", "reason_listed"),
        index_where("ix_request_unknown", "unknown", "unknown > 0"),
        *(index_where(f"ix_request_has_{few}", "seq", f"{few} > 0") for few in ("rejected", "not_sent", "unknown")),
    )

    seq: int | None = Field(default=None, sa_column=Column(BigInt, primary_key=True, autoincrement=True))
    public_id: str = Field(sa_column=Column(String(8), nullable=False, unique=True))
    delivery_id: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    team_id: str
    requester: str
    """The id that asked; messages to the requester go there."""
    requester_person: str | None = Field(default=None, sa_column=Column(String(32)))
    """The person Slack said the id stands for when the policy was first asked; null: the id itself."""
    channel_id: str
    origin: Origin = Field(sa_column=Column(ORIGIN, nullable=False))
    retry_of: str | None = Field(default=None, sa_column=Column(String(8)))
    reason: str | None = Field(default=None, sa_column=Column(Text))
    reason_listed: str | None = Field(default=None, sa_column=Column(Text))
    """The listed reason that it carries, as the list spelled it then; null: none."""
    order_count: int
    source: str | None = Field(default=None, sa_column=Column(Text))
    """What the ids were read from, as JSON: duplicates dropped, the file's name and column."""

    state: RequestState = Field(sa_column=Column(STATE, nullable=False))
    revision: int = 1
    """Grows with changes of the orders, the reason or the needed approvals only; buttons carry the one they showed."""
    verdict: str | None = Field(default=None, sa_column=Column(Text))
    """The policy's last full result and the rules it used, as JSON."""
    approvals_needed: int = 0
    emergency: bool = False

    created_at: datetime = Field(sa_column=_instant(nullable=False, index=True))
    expires_at: datetime | None = Field(default=None, sa_column=_instant())
    remind_at: datetime | None = Field(default=None, sa_column=_instant())
    not_before: datetime | None = Field(default=None, sa_column=_instant())
    valid_until: datetime | None = Field(default=None, sa_column=_instant())
    decided_at: datetime | None = Field(default=None, sa_column=_instant())
    """When the last decision was made: the final approval, or the one that ended it."""
    decided_by: str | None = None
    decided_by_person: str | None = Field(default=None, sa_column=Column(String(32)))
    finished_at: datetime | None = Field(default=None, sa_column=_instant())
    due_at: datetime | None = Field(default=None, sa_column=_instant())
    """When the worker polls it next; null: it waits for a person."""

    stopped_at: datetime | None = Field(default=None, sa_column=_instant())
    stopped_by: str | None = None
    stopped_by_person: str | None = Field(default=None, sa_column=Column(String(32)))
    stop_why: str | None = Field(default=None, sa_column=Column(Text))
    """Why sending stopped, in words."""
    stop_reason: StopReason | None = Field(default=None, sa_column=Column(EnumText(StopReason), nullable=True))
    held_at: datetime | None = Field(default=None, sa_column=_instant())
    held_by: str | None = None
    held_why: str | None = None
    """Why it is held, in words."""
    hold_reason: HoldReason | None = Field(default=None, sa_column=Column(EnumText(HoldReason), nullable=True))
    failed_since_go_on: int = 0

    next_position: int = 0
    """Position of the first order that no batch has carried yet."""
    batch_size: int | None = None
    """Smaller than the setting after Fincart refused a call for its size alone."""
    cancelled: int = 0
    rejected: int = 0
    not_sent: int = 0
    unknown: int = 0
    confirmed: int = 0
    """How many cancelled orders their own logs confirm."""

    lease_owner: str | None = None
    lease_token: int = 0
    lease_until: datetime | None = Field(default=None, sa_column=_instant())

    @property
    def person(self) -> str:
        """The person who asked, whichever id they used."""
        return self.requester_person or self.requester

    @property
    def requester_ids(self) -> frozenset[str]:
        """All known ids of the requester."""
        return frozenset({self.requester, self.person})


class OrderLine(SQLModel, table=True):
    """One order of one request, and what became of it."""

    __tablename__ = "order_line"
    __table_args__ = (
        OUTCOME.check("outcome"),
        PROOF.check("proof"),
        DOUBT.check("doubt"),
        Index("ix_order_line_order", "order_id", "request_seq"),
        index_of_set("ix_order_line_due", "due_at"),
        index_of_set("ix_order_line_label", "label", text("lower(label)")),
    )

    request_seq: int = Field(sa_column=Column(BigInt, ForeignKey("request.seq"), primary_key=True))
    position: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    order_id: str = Field(sa_column=Column(String(64), nullable=False))
    label: str | None = Field(default=None, sa_column=Column(Text))
    unlike_fincart: bool = False
    """Not 24 hexadecimal characters: sent exactly as typed, and flagged as unlike a Fincart order id."""
    seen_status: str | None = None
    seen_sub_status: str | None = Field(default=None, sa_column=Column(Text))
    seen_at: datetime | None = Field(default=None, sa_column=_instant())
    first_sent_at: datetime | None = Field(default=None, sa_column=_instant())
    doubt: Doubt = Field(default=Doubt.NONE, sa_column=Column(DOUBT, nullable=False))
    outcome: Outcome | None = Field(default=None, sa_column=Column(OUTCOME))
    proof: Proof | None = Field(default=None, sa_column=Column(PROOF))
    words: str | None = Field(default=None, sa_column=Column(Text))
    """Fincart's words, or ours where Fincart said nothing."""
    settled_at: datetime | None = Field(default=None, sa_column=_instant())
    due_at: datetime | None = Field(default=None, sa_column=_instant())
    """When this order's log is due to be read; null: never by itself."""
    log: str | None = Field(default=None, sa_column=Column(Text))
    """What its log last said, and how often a read has failed since, as JSON."""
    waits_since: datetime | None = Field(default=None, sa_column=_instant())
    """Since when its log read has waited for Fincart; null: it does not wait."""


class Attempt(SQLModel, table=True):
    """One batch as sent once, committed before the bytes leave. Without `ended_at` there is no answer.

    Without `planned_at` it is queued: a half of a refused batch, or orders to be sent again.
    """

    __tablename__ = "attempt"
    __table_args__ = (RESULT.check("result"), Index("ix_attempt_request", "request_seq", "ended_at"))

    id: int | None = Field(default=None, sa_column=Column(BigInt, primary_key=True, autoincrement=True))
    request_seq: int = Field(sa_column=Column(BigInt, ForeignKey("request.seq"), nullable=False))
    parent_id: int | None = Field(default=None, sa_column=Column(BigInt))
    """The refused batch of which this one is a half."""
    positions: str = Field(sa_column=Column(Text, nullable=False))
    """Positions of its orders, as ranges: `0-99` or `4,7-9`."""
    order_count: int
    sends: int = 0
    """How often its orders were sent in vain, for the next backoff."""
    due_at: datetime | None = Field(default=None, sa_column=_instant())
    """When a queued batch may be sent."""
    lease_token: int | None = None
    planned_at: datetime | None = Field(default=None, sa_column=_instant())
    ended_at: datetime | None = Field(default=None, sa_column=_instant())
    open_until: datetime | None = Field(default=None, sa_column=_instant())
    """Until when the call may still be in flight: its sender counts as dead but may only be suspended."""
    result: AnswerKind | None = Field(default=None, sa_column=Column(RESULT))
    was_lost: bool = False
    """Its answer came after it was counted as lost."""
    http_status: int | None = None
    words: str | None = Field(default=None, sa_column=Column(Text))


class InFlight(SQLModel, table=True):
    """A claim on an order: a row from the plan of the call that carries it until it is settled."""

    __tablename__ = "in_flight"
    __table_args__ = (Index("ix_in_flight_request", "request_seq"),)

    order_id: str = Field(sa_column=Column(String(64), primary_key=True))
    request_seq: int = Field(sa_column=Column(BigInt, ForeignKey("request.seq"), nullable=False))


class CommitMark(SQLModel, table=True):
    """The marker of a thread's last transaction whose commit must be known; on PostgreSQL only."""

    __tablename__ = "commit_mark"

    writer: str = Field(sa_column=Column(String(64), primary_key=True))
    mark: str = Field(sa_column=Column(String(32), nullable=False))
    left_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class Decision(SQLModel, table=True):
    """One person's verdict on one request."""

    __tablename__ = "decision"
    __table_args__ = (
        VERDICT.check("verdict"),
        Index("uq_decision_stands_for", "request_seq", "stands_for", unique=True),
        Index("ix_decision_ids", "person", "stands_for"),
        Index("ix_decision_persons", "stands_for", "person"),
    )

    request_seq: int = Field(sa_column=Column(BigInt, ForeignKey("request.seq"), primary_key=True))
    person: str = Field(sa_column=Column(String(32), primary_key=True))
    """The id that decided."""
    stands_for: str | None = Field(default=None, sa_column=Column(String(32)))
    """The person whom the id stands for, who has one decision at most; null: the id itself."""
    verdict: DecisionVerdict = Field(sa_column=Column(VERDICT, nullable=False))
    comment: str | None = Field(default=None, sa_column=Column(Text))
    rule: str
    at: datetime = Field(sa_column=_instant(nullable=False))


class Quota(SQLModel, table=True):
    """How many orders a person let run on a UTC day, under any of their ids."""

    __tablename__ = "quota"

    person: str = Field(sa_column=Column(String(32), primary_key=True))
    day: str = Field(sa_column=Column(String(10), primary_key=True))
    orders: int


class Hold(SQLModel, table=True):
    """A reason to send nothing at all, one row per kind."""

    __tablename__ = "hold"
    __table_args__ = (KIND.check("kind"),)

    kind: HoldKind = Field(sa_column=Column(KIND, primary_key=True))
    since: datetime = Field(sa_column=_instant(nullable=False))
    until: datetime | None = Field(default=None, sa_column=_instant())
    """When it ends by itself, or when Fincart may be probed; null: only `resume` ends it."""
    who: str | None = None
    why: str | None = Field(default=None, sa_column=Column(Text))
    failures: int = 0


class LogRest(SQLModel, table=True):
    """A pause of log reads because Fincart did not answer one. One row at most."""

    __tablename__ = "log_rest"

    id: int = Field(default=1, sa_column=Column(Integer, primary_key=True, autoincrement=False))
    since: datetime = Field(sa_column=_instant(nullable=False))
    until: datetime = Field(sa_column=_instant(nullable=False))
    """After this time one read probes whether Fincart answers again."""
    failures: int = 0
    """Failures in a row, for the next backoff."""
    why: str | None = Field(default=None, sa_column=Column(Text))


class AuditEvent(SQLModel, table=True):
    """One immutable audit event. Every column but the first four is generated from the payload."""

    __tablename__ = "audit_event"
    __table_args__ = (
        UniqueConstraint("prev_hash"),
        Index("ix_audit_event_request", "request", "seq"),
        Index("ix_audit_event_kind", "kind", "seq"),
    )

    seq: int = Field(sa_column=Column(BigInt, primary_key=True, autoincrement=False))
    payload: str = Field(sa_column=Column(Text, nullable=False))
    prev_hash: str = Field(sa_column=Column(String(64), nullable=False))
    hash: str = Field(sa_column=Column(String(64), nullable=False))
    at: str | None = Field(default=None, sa_column=Column(Text, Computed(PayloadField("at"), persisted=True)))
    kind: str | None = Field(default=None, sa_column=Column(Text, Computed(PayloadField("kind"), persisted=True)))
    who: str | None = Field(default=None, sa_column=Column(Text, Computed(PayloadField("who"), persisted=True)))
    request: str | None = Field(default=None, sa_column=Column(Text, Computed(PayloadField("request"), persisted=True)))
