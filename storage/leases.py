"""Leases: which process may send for a request, until when, and what an earlier owner has left behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from storage import attempts
from storage.db.columns import UtcDateTime
from storage.db.transactions import Transaction
from storage.enums import RequestState
from storage.models import Attempt, Request


@dataclass(frozen=True, slots=True)
class Leased:
    """A request that this owner may send for, until the lease runs out."""

    request: Request
    orphans: Sequence[Attempt]
    """Attempts of an earlier owner, whose answers never came."""
    sent_until: datetime
    """When the bytes of the last of them can have left: an owner without a lease sends nothing."""


_NOW = bindparam("now", type_=UtcDateTime())
_IS_LEASED = and_(col(Request.lease_until).is_not(None), col(Request.lease_until) > _NOW)
_IS_DUE = and_(
    col(Request.state).in_((RequestState.APPROVED, RequestState.EXECUTING)),
    or_(
        and_(col(Request.due_at) <= _NOW, or_(~_IS_LEASED, col(Request.lease_owner) == bindparam("owner"))),
        col(Request.lease_until) <= _NOW,
    ),
)
_DUE = (
    select(Request)
    .where(_IS_DUE)
    .order_by(col(Request.due_at))
    .limit(1)
    .with_for_update(skip_locked=True, key_share=True)
)
_ANY = select(col(Request.seq)).where(_IS_DUE, col(Request.seq) != bindparam("besides")).limit(1)


def are_due(session: Session, now: datetime, owner: str, besides: int = 0) -> bool:
    """Whether there is any for this owner to `lease`, besides that one. A read: it never takes the write lock."""
    return session.connection().execute(_ANY, {"now": now, "owner": owner, "besides": besides}).first() is not None


def lease(transaction: Transaction, owner: str, seconds: float) -> Leased | None:
    """The next request that is due and has no other living owner; None when there is none.

    The token that tells a later owner from an earlier one is taken under the row's lock. A request that this owner
    has already keeps its token: its threads send batches of it side by side.
    """
    now = transaction.now()
    request = transaction.session.scalars(_DUE, {"now": now, "owner": owner}).first()
    if request is None:
        return None
    if request.lease_until is not None and request.lease_until > now and request.lease_owner == owner:
        return Leased(request, (), now)
    sent_until = request.lease_until or now
    request.lease_owner = owner
    request.lease_token += 1
    request.lease_until = now + timedelta(seconds=seconds)
    return Leased(request, attempts.under_way(transaction, request), sent_until)


def renew(transaction: Transaction, owner: str, seconds: float) -> set[tuple[int, int]]:
    """Keep this owner's leases for so many seconds more; returns request and token of each. What ran out stays lost."""
    now = transaction.now()
    query = update(Request).where(col(Request.lease_owner) == owner, col(Request.lease_until) > now)
    until = now + timedelta(seconds=seconds)
    renewed = query.values(lease_until=until).returning(col(Request.seq), col(Request.lease_token))
    return {(seq, token) for seq, token in transaction.session.execute(renewed) if seq is not None}


def give_up(transaction: Transaction, owner: str) -> None:
    """Leave this owner's requests to whoever comes next, at once."""
    now = transaction.now()
    transaction.session.execute(
        update(Request)
        .where(col(Request.lease_owner) == owner, col(Request.lease_until) > now)
        .values(lease_until=now)
        .execution_options(synchronize_session=False)
    )


def is_ours(transaction: Transaction, request: Request, token: int) -> bool:
    """Whether the lease with this token still holds; the request's row is locked."""
    alive = request.lease_until is not None and request.lease_until > transaction.now()
    return alive and request.lease_token == token


def put_off(transaction: Transaction, seq: int, seconds: float) -> None:
    """Give the lease of this request up, and have nobody take it for so long."""
    request = transaction.session.get_one(Request, seq, with_for_update=True)
    let_go(request, transaction.now() + timedelta(seconds=seconds))


def let_go(request: Request, due_at: datetime | None) -> None:
    """Give the lease up; the request is due for anybody then."""
    request.lease_until = None
    request.due_at = due_at
