"""Tables of what stays known of requests and orders whose rows are gone, as docs/data.md explains."""

from sqlalchemy import Column, String
from sqlmodel import Field, SQLModel

from storage.db.columns import BigInt


class ArchivedRequest(SQLModel, table=True):
    """A request whose rows and events are in the file of an archive, or about to be."""

    __tablename__ = "archived_request"

    public_id: str = Field(sa_column=Column(String(8), primary_key=True))
    archive: int = Field(sa_column=Column(BigInt, nullable=False))
    """The archive's number. Without its event, the request is not archived yet."""


class KnownOrder(SQLModel, table=True):
    """An order whose log was read, or that an archived request cancelled, although no request's row says so."""

    __tablename__ = "known_order"

    order_id: str = Field(sa_column=Column(String(64), primary_key=True))
    cancelled_by: str | None = Field(default=None, sa_column=Column(String(8)))
    """The archived request that cancelled it; null: none."""
