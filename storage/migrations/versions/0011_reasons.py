"""Adds enums for why a run ended early or is on hold, beside the words that people read."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the columns, and fill them from the words that the versions before this one wrote."""
    op.add_column("request", sa.Column("stop_reason", sa.String(16), nullable=True))
    op.add_column("request", sa.Column("hold_reason", sa.String(16), nullable=True))
    op.execute(
        "UPDATE request SET stop_reason = CASE"
        " WHEN stop_why LIKE 'Fincart rejected the bot''s token%' THEN 'token_rejected'"
        " WHEN stop_why = 'the approval ran out' THEN 'approval_expired'"
        " ELSE 'stopped' END WHERE stopped_at IS NOT NULL"
    )
    op.execute(
        "UPDATE request SET hold_reason = CASE WHEN held_why = 'paused' THEN 'paused' ELSE 'failures' END"
        " WHERE held_at IS NOT NULL"
    )
