"""The tables of what comes from Slack and what it should show, as docs/data.md explains them."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, String, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.db.columns import BigInt, UtcDateTime, index_of_set


class SlackMessage(SQLModel, table=True):
    """A message that Slack should show: what it is about, where, and whether Slack shows it as it is now."""

    __tablename__ = "slack_message"
    __table_args__ = (
        UniqueConstraint("request_seq", "kind", "key"),
        index_of_set("ix_slack_message_due", "due_at"),
        index_of_set("ix_slack_message_url", "erase_at"),
        index_of_set("ix_slack_message_closed", "closed_at"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInt, primary_key=True, autoincrement=True))
    request_seq: int | None = Field(default=None, sa_column=Column(BigInt, ForeignKey("request.seq")))
    kind: str = Field(sa_column=Column(String(32), nullable=False))
    """Which builder renders it (bot/messages)."""
    key: str = Field(default="", sa_column=Column(String(64), nullable=False))
    """Tells two messages of one kind about one request apart."""
    facts: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    """What the builder needs besides the request, as JSON; never a secret."""
    person: str | None = None
    """Whom a private message is for."""
    channel: str | None = None
    """Where it is posted; a person's id for a direct message."""
    thread_ts: str | None = None
    ts: str | None = None
    """Slack's name of the posted message; null until Slack has it."""
    permalink: str | None = Field(default=None, sa_column=Column(Text))
    response_url: str | None = Field(default=None, sa_column=Column(Text))
    replace_original: bool = False
    erase_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """When the response URL has stopped working and is erased."""
    wanted: int = 1
    shown: int = 0
    """Revisions: the message is right when both are equal."""
    urgent: bool = True
    """A first post or a last edit: it waits for no pace of ours."""
    due_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    shown_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    tries: int = 0
    trouble: str | None = None
    """Slack's last error code."""
    closed_channel: str | None = None
    """The channel in which the bot may not post this, so that it became a direct message."""
    closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    closed_why: str | None = None
    """Slack's error code for it."""
    closed_ts: str | None = None
    """What Slack showed there until then, which the bot may not edit any more; null: nothing."""
    mark: str | None = Field(default=None, sa_column=Column(String(16)))
    """A hash of what Slack shows: an edit that changes nothing is not sent."""
    lease_owner: str | None = None


class Delivery(SQLModel, table=True):
    """What Slack delivered, kept before it is acknowledged: the inbox, and the memory against repeats."""

    __tablename__ = "delivery"
    __table_args__ = (
        index_of_set("ix_delivery_due", "due_at"),
        index_of_set("ix_delivery_url", "erase_at"),
    )

    id: str = Field(sa_column=Column(String(64), primary_key=True))
    """SHA-256 over the kind, the trigger and the action: the same for a repeat of the same delivery."""
    kind: str = Field(sa_column=Column(String(16), nullable=False))
    payload: str = Field(sa_column=Column(Text, nullable=False))
    """Who, where and what, as JSON; never a secret."""
    response_url: str | None = Field(default=None, sa_column=Column(Text))
    erase_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    received_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    due_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """When it is to be handled; null once it has been."""
    tries: int = 0
    lease_owner: str | None = None
    answer: str | None = Field(default=None, sa_column=Column(Text))
    """What became of it: a stable code, for whoever asks again."""
