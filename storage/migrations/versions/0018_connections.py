"""Adds when Slack said hello to a process, when it ended, and how many connections were another installation's."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("process", sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("process", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("process", sa.Column("other_connections", sa.Integer(), nullable=True))
