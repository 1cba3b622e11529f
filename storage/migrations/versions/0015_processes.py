"""Adds serving processes, the last verification of the history, and indexes for `status`."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BigInt = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "process",
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner"),
    )
    op.create_table(
        "verification",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("events", BigInt, nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    given_up, unknown = sa.text("due_at IS NULL AND shown < wanted"), sa.text("unknown > 0")
    op.create_index(
        "ix_slack_message_given_up", "slack_message", ["id"], sqlite_where=given_up, postgresql_where=given_up
    )
    op.create_index("ix_request_unknown", "request", ["unknown"], sqlite_where=unknown, postgresql_where=unknown)
