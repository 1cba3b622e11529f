"""Adds orders whose logs Fincart has shown although no request's row says so."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "known_order", sa.Column("order_id", sa.String(64), nullable=False), sa.PrimaryKeyConstraint("order_id")
    )
