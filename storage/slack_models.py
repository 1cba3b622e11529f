"""Tables of deliveries from Slack and messages to it, as docs/data.md explains."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.db.columns import BigInt, UtcDateTime, index_of_set, index_where


class SlackMessage(SQLModel, table=True):
    """A message for Slack: what it is about, its channel, and whether Slack shows it as it is now."""

    __tablename__ = "slack_message"
    __table_args__ = (
        UniqueConstraint("request_seq", "kind", "key"),
        index_of_set("ix_slack_message_due", "due_at"),
        Index("ix_slack_message_kind", "kind", "shown_at"),
        index_of_set("ix_slack_message_url", "erase_at"),
        index_of_set("ix_slack_message_closed", "closed_at"),
        index_where("ix_slack_message_given_up", "id", "due_at IS NULL AND shown < wanted"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInt, primary_key=True, autoincrement=True))
    request_seq: int | None = Field(default=None, sa_column=Column(BigInt, ForeignKey("request.seq")))
    kind: str = Field(sa_column=Column(String(32), nullable=False))
    """Which builder renders it (bot/messages)."""
    key: str = Field(default="", sa_column=Column(String(64), nullable=False))
    """Distinguishes messages of one kind about one request."""
    facts: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    """What the builder needs besides the request, as JSON; never a secret."""
    person: str | None = None
    """Whom a private message is for."""
    channel: str | None = None
    """Where it is posted; a person's id for a direct message."""
    thread_ts: str | None = None
    ts: str | None = None
    """Slack's timestamp id of the posted message; null until Slack returns it."""
    permalink: str | None = Field(default=None, sa_column=Column(Text))
    response_url: str | None = Field(default=None, sa_column=Column(Text))
    replace_original: bool = False
    erase_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """When the response URL expires and is erased."""
    wanted: int = 1
    shown: int = 0
    """Revisions: Slack is up to date when both are equal."""
    urgent: bool = True
    """A first post or a last edit: our own rate limit does not delay it."""
    due_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    shown_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    tries: int = 0
    trouble: str | None = None
    """Slack's last error code."""
    closed_channel: str | None = None
    """The channel where the bot may not post this, so that it became a direct message."""
    closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    closed_why: str | None = None
    """Slack's error code for it."""
    closed_ts: str | None = None
    """Timestamp id of the message left there, which the bot may not edit any more; null: none."""
    mark: str | None = Field(default=None, sa_column=Column(String(16)))
    """A hash of what Slack shows, to skip an edit that changes nothing."""
    lease_owner: str | None = None


class EditPace(SQLModel, table=True):
    """The last minute's progress edits of all processes. One row at most."""

    __tablename__ = "edit_pace"

    id: int = Field(default=1, sa_column=Column(Integer, primary_key=True, autoincrement=False))
    edits: str = Field(sa_column=Column(Text, nullable=False))
    """When each was made, in seconds since 1970, as JSON."""


class Delivery(SQLModel, table=True):
    """A delivery from Slack, stored before it is acknowledged: the inbox, and the deduplication record."""

    __tablename__ = "delivery"
    __table_args__ = (
        index_of_set("ix_delivery_due", "due_at"),
        index_of_set("ix_delivery_url", "erase_at"),
        Index("ix_delivery_received", "received_at"),
    )

    id: str = Field(sa_column=Column(String(64), primary_key=True))
    """SHA-256 over the kind, the trigger and the action: a repeat has the same one."""
    kind: str = Field(sa_column=Column(String(16), nullable=False))
    payload: str = Field(sa_column=Column(Text, nullable=False))
    """Who, where and what, as JSON; never a secret."""
    response_url: str | None = Field(default=None, sa_column=Column(Text))
    erase_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    received_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    due_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """When to handle it; null once handled."""
    tries: int = 0
    lease_owner: str | None = None
    answer: str | None = Field(default=None, sa_column=Column(Text))
    """What became of it: a stable code, for repeats."""
