"""Adds the person whom an id stands for: one person of an Enterprise Grid may act under several ids.

Rows of an earlier version have no person: there each id stands for itself.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the columns, and the constraint that one person decides once, under whichever id."""
    for column in ("requester_person", "decided_by_person", "stopped_by_person"):
        op.add_column("request", sa.Column(column, sa.String(32), nullable=True))
    op.add_column("decision", sa.Column("stands_for", sa.String(32), nullable=True))
    op.create_index("ix_request_requester_person", "request", ["requester_person", "seq"])
    op.create_index("uq_decision_stands_for", "decision", ["request_seq", "stands_for"], unique=True)
