"""Adds the indexes by which what people look at stays quick over a very long past."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_INDEXES = (
    ("ix_request_state", "request", ["state", "seq"]),
    ("ix_request_ids", "request", ["requester", "requester_person"]),
    ("ix_request_persons", "request", ["requester_person", "requester"]),
    ("ix_decision_ids", "decision", ["person", "stands_for"]),
    ("ix_decision_persons", "decision", ["stands_for", "person"]),
)


def upgrade() -> None:
    """Add the indexes, and those of the few requests that hold an order that was rejected, not sent or unknown."""
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns, if_not_exists=True)
    for outcome in ("rejected", "not_sent", "unknown"):
        some = sa.text(f"{outcome} > 0")
        name = f"ix_request_has_{outcome}"
        op.create_index(name, "request", ["seq"], sqlite_where=some, postgresql_where=some, if_not_exists=True)
