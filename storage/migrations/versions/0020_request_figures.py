"""Adds an index that has all that `status` counts, so that it reads no request."""

from collections.abc import Sequence

from alembic import op

revision: str = "0020"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the index."""
    columns = ["state", "cancelled", "rejected", "not_sent", "unknown"]
    op.create_index("ix_request_figures", "request", columns, if_not_exists=True)
