"""Adds which requests an archive holds, lets go of their events alone, and finds what is old."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_NOT_ARCHIVED = "NOT EXISTS (SELECT 1 FROM archived_request a WHERE a.public_id = OLD.request)"

SQLITE = (
    "DROP TRIGGER IF EXISTS audit_event_is_never_deleted",
    f"""CREATE TRIGGER audit_event_is_never_deleted BEFORE DELETE ON audit_event WHEN {_NOT_ARCHIVED}
    BEGIN SELECT RAISE(ABORT, 'an audit event cannot be deleted'); END""",
)

POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION audit_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF NOT ({_NOT_ARCHIVED}) THEN RETURN OLD; END IF;
        END IF;
        RAISE EXCEPTION 'an audit event cannot be changed or deleted';
    END $$""",
)


def upgrade() -> None:
    """Make the table, the column and the indexes, then the trigger."""
    op.create_table(
        "archived_request",
        sa.Column("public_id", sa.String(length=8), nullable=False),
        sa.Column("archive", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("public_id"),
    )
    op.add_column("known_order", sa.Column("cancelled_by", sa.String(length=8), nullable=True))
    op.create_index("ix_delivery_received", "delivery", ["received_at"], if_not_exists=True)
    op.create_index("ix_slack_message_kind", "slack_message", ["kind", "shown_at"], if_not_exists=True)
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)
