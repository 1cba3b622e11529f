"""Adds the texts of audit events, which hold their hashes from now on."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "event_text",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("request", sa.String(length=8), nullable=True),
        sa.Column("who", sa.String(length=80), nullable=True),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("ix_event_text_request", "event_text", ["request"], unique=False)
    op.create_index("ix_event_text_who", "event_text", ["who"], unique=False)
