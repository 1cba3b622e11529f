"""Tables about running the bot, as docs/data.md explains."""

from datetime import datetime

from sqlalchemy import Column, Integer, String, Text
from sqlmodel import Field, SQLModel

from storage.db.columns import BigInt, UtcDateTime, index_where


class ServingProcess(SQLModel, table=True):
    """A process that serves, or served within a day."""

    __tablename__ = "process"

    owner: str = Field(sa_column=Column(String(64), primary_key=True))
    """The name of the process in leases: its host and a random word."""
    pid: int
    version: str = Field(sa_column=Column(String(32), nullable=False))
    started_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    seen_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    connected_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """When Slack last said hello to it in Socket Mode; null: never."""
    other_connections: int | None = Field(default=None, sa_column=Column(Integer, nullable=True))
    """Connections with the same app token that no process of this database held then; null: not known yet."""
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """When it ended; null: it has not, or died."""


class LastVerification(SQLModel, table=True):
    """The last verification of the whole history. One row at most."""

    __tablename__ = "verification"

    id: int = Field(default=1, sa_column=Column(Integer, primary_key=True, autoincrement=False))
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    events: int = Field(sa_column=Column(BigInt, nullable=False))
    trouble: str | None = Field(default=None, sa_column=Column(Text))
    """What is wrong; null: nothing."""


class DatabasePlace(SQLModel, table=True):
    """Where this database is and when it was last served. One row at most."""

    __tablename__ = "database_place"

    id: int = Field(default=1, sa_column=Column(Integer, primary_key=True, autoincrement=False))
    place: str = Field(sa_column=Column(Text, nullable=False))
    """What a copy does not share: the file's inode on SQLite; the server, database and table on PostgreSQL."""
    served_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    copied_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """When `backup` made it; null: it is no such copy, or has been served since."""
    restored_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """Since when it is served as a restored copy, which does nothing by itself; null: it is none, or was resumed."""
    moved_to: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    """The place of the database to which `copy` has moved the record; null: it goes on here."""


class OpsNotice(SQLModel, table=True):
    """A line for whoever runs the bot (`OPS_CHANNEL`), written in the transaction that it tells of."""

    __tablename__ = "ops_notice"
    __table_args__ = (index_where("ix_ops_notice_waiting", "id", "posted_at IS NULL"),)

    id: int | None = Field(default=None, sa_column=Column(BigInt, primary_key=True, autoincrement=True))
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    what: str = Field(sa_column=Column(String(16), nullable=False))
    """An `OpsEvent`."""
    subject: str = Field(sa_column=Column(String(32), nullable=False))
    """Lines with the same subject are throttled together."""
    about: str = Field(sa_column=Column(Text, nullable=False))
    """What its words need, as JSON; never an order's reason or a secret."""
    posted_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """When it was put into a message; null: not yet."""
