"""What the record knows of each order, over all its requests, for a comparison with Fincart."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.enums import OPEN_STATES, Outcome, RequestState
from storage.models import OrderLine, Request


class RecordedOrder(NamedTuple):
    """One order as one request has it."""

    order_id: str
    position: int
    outcome: Outcome | None
    settled_at: datetime | None
    previewed_status: str | None
    log: str | None
    request_seq: int
    public_id: str
    state: RequestState
    lease_until: datetime | None


_COLUMNS = [
    *(OrderLine.order_id, OrderLine.position, OrderLine.outcome, OrderLine.settled_at, OrderLine.seen_status),
    *(OrderLine.log, OrderLine.request_seq, Request.public_id, Request.state, Request.lease_until),
]


def order_ids(session: Session, since: datetime | None, after: str, most: int) -> Sequence[str]:
    """The next orders by id, each once; with `since`, those of requests made or finished since then, or still open."""
    query = select(col(OrderLine.order_id)).distinct().where(col(OrderLine.order_id) > after)
    if since is not None:
        lately = or_(
            col(Request.created_at) >= since, col(Request.finished_at) >= since, col(Request.state).in_(OPEN_STATES)
        )
        query = query.join(Request, col(Request.seq) == col(OrderLine.request_seq)).where(lately)
    return session.scalars(query.order_by(col(OrderLine.order_id)).limit(most)).all()


def recorded(session: Session, ids: Collection[str]) -> Mapping[str, list[RecordedOrder]]:
    """These orders as every request has them, oldest request first."""
    query = (
        select(*_COLUMNS)  # type: ignore[call-overload]
        .join(Request, col(Request.seq) == col(OrderLine.request_seq))
        .where(col(OrderLine.order_id).in_(ids))
        .order_by(col(OrderLine.request_seq))
    )
    found: dict[str, list[RecordedOrder]] = {order_id: [] for order_id in ids}
    for row in session.execute(query):
        found[row.order_id].append(RecordedOrder._make(row))
    return found
