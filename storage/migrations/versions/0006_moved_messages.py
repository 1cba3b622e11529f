"""Adds what a message left in the channel it had to leave, and why; and a hold while Slack rejects the bot's token."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the columns, and the word."""
    op.add_column("slack_message", sa.Column("closed_why", sa.String(), nullable=True))
    op.add_column("slack_message", sa.Column("closed_ts", sa.String(), nullable=True))
    kinds = "kind IN ('pause', 'rate_limit', 'down', 'token', 'slack')"
    with op.batch_alter_table("hold") as hold:
        hold.drop_constraint("kind_is_a_known_word", type_="check")
        hold.create_check_constraint("kind_is_a_known_word", kinds)
