"""Adds to which database the record was moved, so that nobody resumes the one that it has left."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("database_place", sa.Column("moved_to", sa.Text(), nullable=True))
