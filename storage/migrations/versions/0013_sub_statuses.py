"""Adds the sub-status that a preview saw of an order, beside its main status."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the column. What earlier previews saw is unknown."""
    op.add_column("order_line", sa.Column("seen_sub_status", sa.Text(), nullable=True))
