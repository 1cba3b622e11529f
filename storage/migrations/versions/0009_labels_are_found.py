"""Adds an index to find an order by its label."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the index."""
    is_set = sa.text("label IS NOT NULL")
    op.create_index(
        "ix_order_line_label",
        "order_line",
        [sa.text("lower(label)")],
        sqlite_where=is_set,
        postgresql_where=is_set,
    )
