"""Requests and their orders: created once, and moved forward only, by compare-and-set."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

from storage import known_orders
from storage.archive_models import ArchivedRequest
from storage.audit.texts import typed, typed_words
from storage.db.transactions import Ago, Transaction
from storage.enums import MOVES, OPEN_STATES, RUNNING, Doubt, EventKind, Origin, RequestState
from storage.id_source import IdSource
from storage.models import OrderLine, Request
from storage.order_lines import was_read
from storage.place import IS_RESTORED


@dataclass(frozen=True, slots=True)
class NewOrder:
    """One order as asked for."""

    order_id: str
    label: str | None = None
    unlike_fincart: bool = False


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request as asked for, before any policy check."""

    public_id: str
    delivery_id: str
    team_id: str
    requester: str
    channel_id: str
    origin: Origin
    reason: str | None
    orders: Sequence[NewOrder]
    order_count: int
    """How many were asked for; above what any policy allows, `orders` is empty."""
    source: IdSource
    retry_of: str | None = None
    set_aside: Sequence[NewOrder] = ()
    """Words read beside its orders that are unlike ids: sent only if the requester includes them."""
    reason_listed: str | None = None
    """The listed reason that `reason` carries, as the list spells it."""


def make(transaction: Transaction, new: NewRequest, expires_at: datetime) -> Request:
    """Create a request in `preparing` with its orders, and record it. Raises IntegrityError if its id is taken."""
    if transaction.session.get(ArchivedRequest, new.public_id) is not None:
        raise IntegrityError(f"{new.public_id} is archived", None, ValueError(new.public_id))
    now = transaction.now()
    request = Request(
        public_id=new.public_id,
        delivery_id=new.delivery_id,
        team_id=new.team_id,
        requester=new.requester,
        channel_id=new.channel_id,
        origin=new.origin,
        retry_of=new.retry_of,
        reason=new.reason,
        reason_listed=new.reason_listed,
        order_count=new.order_count,
        source=_source(new).to_json(),
        state=RequestState.PREPARING,
        created_at=now,
        expires_at=expires_at,
        due_at=expires_at,
    )
    transaction.session.add(request)
    transaction.session.flush()
    if new.orders:
        add_orders(transaction, request, new.orders, 0)
    transaction.record(
        EventKind.REQUEST_MADE,
        who=new.requester,
        request=new.public_id,
        details={
            "team": new.team_id,
            "channel": new.channel_id,
            "origin": new.origin.value,
            "retry_of": new.retry_of,
            "reason": typed(new.reason),
            "reason_listed": new.reason_listed,
            "order_count": new.order_count,
            "expires_at": expires_at.isoformat(),
            "orders": [order.order_id for order in new.orders],
            "set_aside": typed_words([order.order_id for order in new.set_aside]),
        },
        at=now,
    )
    return request


def add_orders(transaction: Transaction, request: Request, orders: Sequence[NewOrder], first: int) -> None:
    """Insert these orders from position `first` on."""
    transaction.session.execute(
        insert(OrderLine),
        [
            {
                "request_seq": request.seq,
                "position": position,
                "order_id": order.order_id,
                "label": order.label,
                "unlike_fincart": order.unlike_fincart,
                "doubt": Doubt.NONE,
            }
            for position, order in enumerate(orders, first)
        ],
    )


def _source(new: NewRequest) -> IdSource:
    aside = tuple((order.order_id, order.label) for order in new.set_aside)
    return new.source.model_copy(update={"set_aside": aside})


_BY_ID = select(Request).where(col(Request.public_id) == bindparam("its_id"))
_LOCKED_BY_ID = _BY_ID.with_for_update(key_share=True).execution_options(populate_existing=True)


def lock(transaction: Transaction, public_id: str) -> Request | None:
    """Lock the request's row until the transaction ends. Read the clock and decide only after this."""
    return transaction.session.scalars(_LOCKED_BY_ID, {"its_id": public_id}).first()


def lock_by_seq(transaction: Transaction, seq: int) -> Request:
    """Lock the request's row, found by its number."""
    query = select(Request).where(col(Request.seq) == seq)
    return transaction.session.scalars(
        query.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).one()


def find(session: Session, public_id: str) -> Request | None:
    """The request with this id."""
    return session.scalars(_BY_ID, {"its_id": public_id}).first()


def of_delivery(session: Session, delivery_id: str) -> Request | None:
    """The request that this delivery created, if an earlier try got that far."""
    return session.scalars(select(Request).where(col(Request.delivery_id) == delivery_id)).first()


def move(
    transaction: Transaction,
    request: Request,
    to: RequestState,
    *,
    before: datetime | None = None,
    **changes: Any,
) -> bool:
    """Move a request to another state by compare-and-set. Returns False, without a change, if somebody was faster.

    With `before`, it also fails once the request's deadline, `expires_at`, is not after that time. The given row is
    refreshed either way.
    """
    if to not in MOVES[request.state]:
        raise ValueError(f"no request moves from {request.state} to {to}")
    query = update(Request).where(col(Request.seq) == request.seq, col(Request.state) == request.state)
    if before is not None:
        query = query.where(col(Request.expires_at) > before)
    moved = transaction.session.execute(
        query.values(state=to, **changes).returning(col(Request.seq)).execution_options(synchronize_session=False)
    ).first()
    transaction.session.refresh(request)
    return moved is not None


def any_due(ago: Ago, states: Collection[RequestState]) -> ColumnElement[bool]:
    """The condition that any request is `due`."""
    return exists().where(~IS_RESTORED, col(Request.state).in_(states), col(Request.due_at) <= ago(0))


def due(transaction: Transaction, states: Collection[RequestState]) -> Request | None:
    """Lock and return one due request in one of these states. Returns None when none is due."""
    query = (
        select(Request)
        .where(~IS_RESTORED, col(Request.state).in_(states), col(Request.due_at) <= transaction.now())
        .order_by(col(Request.due_at))
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return transaction.session.scalars(query).first()


def waiting(session: Session, ids: Collection[str], count: int) -> tuple[Sequence[Request], int]:
    """Requests that wait for approval, for the confirmation of the person with these ids, or on hold.

    Returns the first `count`, earliest deadline first, and the total.
    """
    waits = or_(
        col(Request.state) == RequestState.WAITING,
        and_(
            col(Request.state) == RequestState.CONFIRMING,
            or_(col(Request.requester).in_(ids), col(Request.requester_person).in_(ids)),
        ),
        and_(
            col(Request.state).in_(RUNNING),
            col(Request.held_at).is_not(None),
            col(Request.stopped_at).is_(None),
        ),
    )
    query = select(Request).where(waits).order_by(col(Request.expires_at), col(Request.seq))
    total = session.scalars(select(func.count()).select_from(Request).where(waits)).one()
    return session.scalars(query.limit(count)).all(), total


def orders(session: Session, request: Request, first: int, count: int) -> Sequence[OrderLine]:
    """`count` orders of a request from position `first` on, as typed."""
    query = (
        select(OrderLine)
        .where(col(OrderLine.request_seq) == request.seq, col(OrderLine.position) >= first)
        .order_by(col(OrderLine.position))
        .limit(count)
    )
    return session.scalars(query).all()


def store_statuses(
    transaction: Transaction, request: Request, statuses: Mapping[str, tuple[str, str | None, datetime]]
) -> None:
    """Store the status of each order that Fincart gave for the preview."""
    if not statuses:
        return
    transaction.session.connection().execute(
        update(OrderLine)
        .where(col(OrderLine.request_seq) == bindparam("seq"), col(OrderLine.order_id) == bindparam("its_id"))
        .values(
            seen_status=bindparam("its_status"), seen_sub_status=bindparam("its_sub"), seen_at=bindparam("its_time")
        ),
        [
            {"seq": request.seq, "its_id": order_id, "its_status": status, "its_sub": sub_status, "its_time": at}
            for order_id, (status, sub_status, at) in statuses.items()
        ],
    )


def previewed(session: Session, request: Request) -> Sequence[OrderLine]:
    """Orders whose status was read for the preview."""
    query = select(OrderLine).where(col(OrderLine.request_seq) == request.seq, col(OrderLine.seen_status).is_not(None))
    return session.scalars(query.order_by(col(OrderLine.position))).all()


def leave_out(transaction: Transaction, request: Request, order_ids: Collection[str]) -> None:
    """Remove orders from an undecided request. Its revision grows, so older buttons no longer apply."""
    lines = orders(transaction.session, request, 0, request.order_count)
    remaining = [line.model_dump() for line in lines if line.order_id not in order_ids]
    out = [line for line in lines if line.order_id in order_ids]
    known_orders.remember(transaction, [each.order_id for each in out if was_read(each.seen_status, each.log)])
    for line in lines:
        transaction.session.expunge(line)
    transaction.session.execute(delete(OrderLine).where(col(OrderLine.request_seq) == request.seq))
    transaction.session.execute(insert(OrderLine), [line | {"position": at} for at, line in enumerate(remaining)])
    request.order_count = len(remaining)
    request.revision += 1


def unlike_count(session: Session, request: Request) -> int:
    """How many of its orders have ids unlike Fincart's."""
    query = select(col(OrderLine.position)).where(
        col(OrderLine.request_seq) == request.seq, col(OrderLine.unlike_fincart).is_(True)
    )
    return len(session.scalars(query).all())


def in_other_requests(session: Session, order_ids: Collection[str], besides: int) -> dict[str, str]:
    """Which of these orders are in another open request, and in which (always the same one of several)."""
    query = (
        select(col(OrderLine.order_id), func.min(col(Request.public_id)).label("public_id"))
        .join(Request, col(Request.seq) == col(OrderLine.request_seq))
        .where(
            col(OrderLine.order_id).in_(order_ids),
            col(OrderLine.request_seq) != besides,
            col(OrderLine.outcome).is_(None),
            col(Request.state).in_(OPEN_STATES),
        )
        .group_by(col(OrderLine.order_id))
    )
    return {row.order_id: row.public_id for row in session.execute(query)}
