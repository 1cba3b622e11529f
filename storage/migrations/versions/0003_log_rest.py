"""Log reads rest while Fincart does not answer them, and orders in doubt wait."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage.db.columns import UtcDateTime

revision: str = "0003"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "log_rest",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("order_line", sa.Column("waits_since", UtcDateTime(), nullable=True))
