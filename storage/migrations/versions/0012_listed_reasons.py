"""Adds a request's listed reason, as the list spelled it then."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the column, and what finds by it."""
    op.add_column("request", sa.Column("reason_listed", sa.Text(), nullable=True))
    is_set = sa.text("reason_listed IS NOT NULL")
    op.create_index(
        "ix_request_reason_listed", "request", ["reason_listed"], sqlite_where=is_set, postgresql_where=is_set
    )
