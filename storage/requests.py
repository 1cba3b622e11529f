"""Requests and their orders: made once, moved only forward, by compare-and-set."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from storage import known_orders
from storage.audit.log import EventKind
from storage.db.transactions import Transaction
from storage.enums import MOVES, OPEN_STATES, Doubt, Origin, Outcome, RequestState
from storage.models import OrderLine, Request
from storage.order_lines import was_read


@dataclass(frozen=True, slots=True)
class NewOrder:
    """One order as asked for."""

    order_id: str
    label: str | None = None
    unlike_fincart: bool = False


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request as asked for, before anybody has judged it."""

    public_id: str
    delivery_id: str
    team_id: str
    requester: str
    channel_id: str
    origin: Origin
    reason: str | None
    orders: Sequence[NewOrder]
    order_count: int
    """How many were asked for; with more than policy could ever allow, `orders` is empty."""
    source: Mapping[str, Any]
    retry_of: str | None = None
    set_aside: Sequence[NewOrder] = ()
    """Words read beside its orders and unlike them: no orders of it, unless its requester says so."""
    reason_listed: str | None = None
    """The reason of the list that `reason` carries, as the list spells it."""


def make(transaction: Transaction, new: NewRequest, expires_at: datetime) -> Request:
    """Keep a request in `preparing` with its orders, and tell history. IntegrityError if its id is taken."""
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
        source=json.dumps(_source(new), ensure_ascii=False),
        state=RequestState.PREPARING,
        created_at=now,
        expires_at=expires_at,
        due_at=expires_at,
    )
    transaction.session.add(request)
    transaction.session.flush()
    if new.orders:
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
                for position, order in enumerate(new.orders)
            ],
        )
    transaction.record(
        EventKind.REQUEST_MADE,
        who=new.requester,
        request=new.public_id,
        details={
            "team": new.team_id,
            "channel": new.channel_id,
            "origin": new.origin.value,
            "retry_of": new.retry_of,
            "reason": new.reason,
            "reason_listed": new.reason_listed,
            "order_count": new.order_count,
            "expires_at": expires_at.isoformat(),
            "orders": [order.order_id for order in new.orders],
            "set_aside": [order.order_id for order in new.set_aside],
        },
        at=now,
    )
    return request


def _source(new: NewRequest) -> dict[str, Any]:
    aside = [[order.order_id, order.label] for order in new.set_aside]
    return {**new.source, **({"set_aside": aside} if aside else {})}


_BY_ID = select(Request).where(col(Request.public_id) == bindparam("its_id"))
_LOCKED_BY_ID = _BY_ID.with_for_update(key_share=True).execution_options(populate_existing=True)


def lock(transaction: Transaction, public_id: str) -> Request | None:
    """The request's row, held until the transaction ends: read the clock and judge only after this."""
    return transaction.session.scalars(_LOCKED_BY_ID, {"its_id": public_id}).first()


def lock_by_seq(transaction: Transaction, seq: int) -> Request:
    """The same, by the request's number."""
    query = select(Request).where(col(Request.seq) == seq)
    return transaction.session.scalars(
        query.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).one()


def find(session: Session, public_id: str) -> Request | None:
    """The request with this id, as it stands."""
    return session.scalars(_BY_ID, {"its_id": public_id}).first()


def of_delivery(session: Session, delivery_id: str) -> Request | None:
    """The request that this delivery made, if it got so far before."""
    return session.scalars(select(Request).where(col(Request.delivery_id) == delivery_id)).first()


def move(
    transaction: Transaction,
    request: Request,
    to: RequestState,
    *,
    before: datetime | None = None,
    **changes: Any,
) -> bool:
    """Move a request along the drawing by compare-and-set; False: somebody was faster, and nothing has changed.

    With `before`, the move also loses once the request's own deadline, `expires_at`, is not after that time.
    The row given is brought up to date either way.
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


def are_due(session: Session, now: datetime, states: Collection[RequestState]) -> bool:
    """Whether there is any that is `due`. A read: it never takes the write lock."""
    query = select(col(Request.seq)).where(col(Request.state).in_(states), col(Request.due_at) <= now)
    return session.execute(query.limit(1)).first() is not None


def due(transaction: Transaction, states: Collection[RequestState]) -> Request | None:
    """One request in such a state whose time has come, locked; None when there is none."""
    query = (
        select(Request)
        .where(col(Request.state).in_(states), col(Request.due_at) <= transaction.now())
        .order_by(col(Request.due_at))
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return transaction.session.scalars(query).first()


def waiting(session: Session, ids: Collection[str], count: int) -> tuple[Sequence[Request], int]:
    """What waits for other people, for the one with these ids to confirm, or on hold until somebody lets it go on: the
    first `count`, soonest over first, of how many."""
    waits = or_(
        col(Request.state) == RequestState.WAITING,
        and_(
            col(Request.state) == RequestState.CONFIRMING,
            or_(col(Request.requester).in_(ids), col(Request.requester_person).in_(ids)),
        ),
        and_(
            col(Request.state).in_((RequestState.APPROVED, RequestState.EXECUTING)),
            col(Request.held_at).is_not(None),
            col(Request.stopped_at).is_(None),
        ),
    )
    query = select(Request).where(waits).order_by(col(Request.expires_at), col(Request.seq))
    total = session.scalars(select(func.count()).select_from(Request).where(waits)).one()
    return session.scalars(query.limit(count)).all(), total


def orders(session: Session, request: Request, first: int, count: int) -> Sequence[OrderLine]:
    """`count` orders of a request from position `first` on, in the order they were typed."""
    query = (
        select(OrderLine)
        .where(col(OrderLine.request_seq) == request.seq, col(OrderLine.position) >= first)
        .order_by(col(OrderLine.position))
        .limit(count)
    )
    return session.scalars(query).all()


def keep_seen(transaction: Transaction, request: Request, seen: Mapping[str, tuple[str, datetime]]) -> None:
    """Keep how orders stood at Fincart when they were looked at for the preview."""
    if not seen:
        return
    transaction.session.connection().execute(
        update(OrderLine)
        .where(col(OrderLine.request_seq) == bindparam("seq"), col(OrderLine.order_id) == bindparam("its_id"))
        .values(seen_status=bindparam("its_status"), seen_at=bindparam("its_time")),
        [
            {"seq": request.seq, "its_id": order_id, "its_status": status, "its_time": at}
            for order_id, (status, at) in seen.items()
        ],
    )


def seen(session: Session, request: Request) -> Sequence[OrderLine]:
    """The orders that were looked at for the preview."""
    query = select(OrderLine).where(col(OrderLine.request_seq) == request.seq, col(OrderLine.seen_status).is_not(None))
    return session.scalars(query.order_by(col(OrderLine.position))).all()


def leave_out(transaction: Transaction, request: Request, order_ids: Collection[str]) -> None:
    """Take orders out of a request that nobody has decided yet: it is another one then, by its revision."""
    lines = orders(transaction.session, request, 0, request.order_count)
    kept = [line.model_dump() for line in lines if line.order_id not in order_ids]
    out = [line for line in lines if line.order_id in order_ids]
    known_orders.remember(transaction, [each.order_id for each in out if was_read(each.seen_status, each.log)])
    for line in lines:
        transaction.session.expunge(line)
    transaction.session.execute(delete(OrderLine).where(col(OrderLine.request_seq) == request.seq))
    transaction.session.execute(insert(OrderLine), [line | {"position": at} for at, line in enumerate(kept)])
    request.order_count = len(kept)
    request.revision += 1


def first_ended(session: Session, request: Request, count: int) -> Sequence[OrderLine]:
    """The first orders of each outcome, `count` of each at most: unknown ones first, cancelled ones last."""
    ended = (
        (Outcome.UNKNOWN, request.unknown),
        (Outcome.REJECTED, request.rejected),
        (Outcome.NOT_SENT, request.not_sent),
        (Outcome.CANCELLED, request.cancelled),
    )
    found: list[OrderLine] = []
    for outcome, there_are in ended:
        if there_are:
            query = select(OrderLine).where(
                col(OrderLine.request_seq) == request.seq, col(OrderLine.outcome) == outcome
            )
            found += session.scalars(query.order_by(col(OrderLine.position)).limit(count)).all()
    return found


def unlike_count(session: Session, request: Request) -> int:
    """How many of its orders are unlike a Fincart order id."""
    query = select(col(OrderLine.position)).where(
        col(OrderLine.request_seq) == request.seq, col(OrderLine.unlike_fincart).is_(True)
    )
    return len(session.scalars(query).all())


def open_elsewhere(session: Session, order_ids: Collection[str], besides: int) -> dict[str, str]:
    """Which of these orders are in another open request already, and in which (always the same one of several)."""
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
