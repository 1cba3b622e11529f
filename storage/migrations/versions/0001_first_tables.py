"""Creates the first tables, and the triggers that make audit events immutable."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BigInt = sa.BigInteger().with_variant(sa.Integer, "sqlite")

SQLITE_TRIGGERS = (
    """CREATE TRIGGER audit_event_is_never_changed BEFORE UPDATE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'an audit event cannot be changed'); END""",
    """CREATE TRIGGER audit_event_is_never_deleted BEFORE DELETE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'an audit event cannot be deleted'); END""",
    # INSERT OR REPLACE deletes without firing the DELETE trigger; this trigger fires before the insert.
    """CREATE TRIGGER audit_event_is_never_replaced BEFORE INSERT ON audit_event
    WHEN EXISTS (SELECT 1 FROM audit_event WHERE seq = NEW.seq OR prev_hash = NEW.prev_hash)
    BEGIN SELECT RAISE(ABORT, 'an audit event cannot be replaced'); END""",
)

POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION audit_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'an audit event cannot be changed or deleted'; END $$""",
    """CREATE TRIGGER audit_event_is_never_changed BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_stays()""",
    """CREATE TRIGGER audit_event_is_never_truncated BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_stays()""",
)


def upgrade() -> None:
    """Make the tables, then the triggers."""
    _make_tables()
    triggers = POSTGRESQL_TRIGGERS if op.get_bind().dialect.name == "postgresql" else SQLITE_TRIGGERS
    for trigger in triggers:
        op.execute(trigger)


def _of_payload(field: str) -> sa.Computed:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    return sa.Computed(
        f"(payload::jsonb ->> '{field}')" if on_postgresql else f"json_extract(payload, '$.{field}')", persisted=True
    )


def _make_tables() -> None:
    op.create_table(
        "audit_event",
        sa.Column("seq", BigInt, autoincrement=False, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Text(), _of_payload("at"), nullable=True),
        sa.Column("kind", sa.Text(), _of_payload("kind"), nullable=True),
        sa.Column("who", sa.Text(), _of_payload("who"), nullable=True),
        sa.Column("request", sa.Text(), _of_payload("request"), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("prev_hash"),
    )
    op.create_index("ix_audit_event_kind", "audit_event", ["kind", "seq"], unique=False)
    op.create_index("ix_audit_event_request", "audit_event", ["request", "seq"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("response_url", sa.Text(), nullable=True),
        sa.Column("erase_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_url",
        "delivery",
        ["erase_at"],
        unique=False,
        sqlite_where=sa.text("erase_at IS NOT NULL"),
        postgresql_where=sa.text("erase_at IS NOT NULL"),
    )
    op.create_table(
        "hold",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("who", sa.String(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('pause', 'rate_limit', 'down', 'token')", name="kind_is_a_known_word"),
        sa.PrimaryKeyConstraint("kind"),
    )
    op.create_table(
        "quota",
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person", "day"),
    )
    op.create_table(
        "request",
        sa.Column("seq", BigInt, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=8), nullable=False),
        sa.Column("delivery_id", sa.String(length=64), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("requester", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("retry_of", sa.String(length=8), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("order_count", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("approvals_needed", sa.Integer(), nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_by", sa.String(), nullable=True),
        sa.Column("stop_why", sa.Text(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_by", sa.String(), nullable=True),
        sa.Column("held_why", sa.String(), nullable=True),
        sa.Column("failed_since_go_on", sa.Integer(), nullable=False),
        sa.Column("next_position", sa.Integer(), nullable=False),
        sa.Column("batch_size", sa.Integer(), nullable=True),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("not_sent", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_token", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("origin IN ('command', 'form', 'shortcut', 'retry')", name="origin_is_a_known_word"),
        sa.CheckConstraint(
            "state IN ('preparing', 'confirming', 'waiting', 'approved', 'executing', 'finished', 'refused', 'withdrawn', 'declined', 'expired')",
            name="state_is_a_known_word",
        ),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("delivery_id"),
        sa.UniqueConstraint("public_id"),
    )
    op.create_index("ix_request_due", "request", ["state", "due_at"], unique=False)
    op.create_index("ix_request_requester", "request", ["requester", "seq"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("request_seq", BigInt, nullable=False),
        sa.Column("parent_id", BigInt, nullable=True),
        sa.Column("positions", sa.Text(), nullable=False),
        sa.Column("order_count", sa.Integer(), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Integer(), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.String(length=16), nullable=True),
        sa.Column("was_lost", sa.Boolean(), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.CheckConstraint("result IN ('ok', 'unacted', 'token', 'refused', 'lost')", name="result_is_a_known_word"),
        sa.ForeignKeyConstraint(
            ["request_seq"],
            ["request.seq"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attempt_request", "attempt", ["request_seq", "ended_at"], unique=False)
    op.create_table(
        "decision",
        sa.Column("request_seq", BigInt, nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("verdict IN ('approved', 'declined')", name="verdict_is_a_known_word"),
        sa.ForeignKeyConstraint(
            ["request_seq"],
            ["request.seq"],
        ),
        sa.PrimaryKeyConstraint("request_seq", "person"),
    )
    op.create_table(
        "in_flight",
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("request_seq", BigInt, nullable=False),
        sa.ForeignKeyConstraint(
            ["request_seq"],
            ["request.seq"],
        ),
        sa.PrimaryKeyConstraint("order_id"),
    )
    op.create_index("ix_in_flight_request", "in_flight", ["request_seq"], unique=False)
    op.create_table(
        "order_line",
        sa.Column("request_seq", BigInt, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("unlike_fincart", sa.Boolean(), nullable=False),
        sa.Column("seen_status", sa.String(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("doubt", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("proof", sa.String(length=16), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("log", sa.Text(), nullable=True),
        sa.CheckConstraint("doubt IN ('none', 'weak', 'strong')", name="doubt_is_a_known_word"),
        sa.CheckConstraint(
            "outcome IN ('cancelled', 'rejected', 'not_sent', 'unknown')", name="outcome_is_a_known_word"
        ),
        sa.CheckConstraint("proof IN ('answer', 'log')", name="proof_is_a_known_word"),
        sa.ForeignKeyConstraint(
            ["request_seq"],
            ["request.seq"],
        ),
        sa.PrimaryKeyConstraint("request_seq", "position"),
    )
    op.create_index(
        "ix_order_line_due",
        "order_line",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_order_line_order", "order_line", ["order_id", "request_seq"], unique=False)
    op.create_table(
        "slack_message",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("request_seq", BigInt, nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("thread_ts", sa.String(), nullable=True),
        sa.Column("ts", sa.String(), nullable=True),
        sa.Column("permalink", sa.Text(), nullable=True),
        sa.Column("response_url", sa.Text(), nullable=True),
        sa.Column("replace_original", sa.Boolean(), nullable=False),
        sa.Column("erase_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.Column("closed_channel", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mark", sa.String(length=16), nullable=True),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_seq"],
            ["request.seq"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("request_seq", "kind", "key"),
    )
    op.create_index(
        "ix_slack_message_closed",
        "slack_message",
        ["closed_at"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NOT NULL"),
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )
    op.create_index(
        "ix_slack_message_due",
        "slack_message",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_slack_message_url",
        "slack_message",
        ["erase_at"],
        unique=False,
        sqlite_where=sa.text("erase_at IS NOT NULL"),
        postgresql_where=sa.text("erase_at IS NOT NULL"),
    )
