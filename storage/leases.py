"""Leases: which process may send for a request, until when, and which attempts an earlier owner left behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from storage import attempts
from storage.db.columns import UtcDateTime
from storage.db.transactions import Ago, Transaction
from storage.enums import RUNNING
from storage.models import Attempt, Request
from storage.place import IS_RESTORED


@dataclass(frozen=True, slots=True)
class Leased:
    """A request that this owner may send for, until the lease runs out."""

    request: Request
    orphans: Sequence[Attempt]
    """Attempts of an earlier owner that have no answer."""
    sent_until: datetime
    """When the earlier owner's last bytes can have left: without a lease an owner sends nothing."""


def _is_due(now: ColumnElement[datetime], owner: str | ColumnElement[str]) -> ColumnElement[bool]:
    is_leased = and_(col(Request.lease_until).is_not(None), col(Request.lease_until) > now)
    may_be_taken = and_(col(Request.due_at) <= now, or_(~is_leased, col(Request.lease_owner) == owner))
    return and_(~IS_RESTORED, col(Request.state).in_(RUNNING), or_(may_be_taken, col(Request.lease_until) <= now))


_IS_DUE = _is_due(bindparam("now", type_=UtcDateTime()), bindparam("owner"))
_DUE = (
    select(Request)
    .where(_IS_DUE)
    .order_by(col(Request.due_at))
    .limit(1)
    .with_for_update(skip_locked=True, key_share=True)
)
_ANY = select(col(Request.seq)).where(_IS_DUE, col(Request.seq) != bindparam("besides")).limit(1)


def any_due(ago: Ago, owner: str) -> ColumnElement[bool]:
    """The condition that any request is due for this owner."""
    return exists().where(_is_due(ago(0), owner))


def are_due(session: Session, now: datetime, owner: str, besides: int = 0) -> bool:
    """Whether any request but `besides` is due for this owner. A read: it never takes the write lock."""
    return session.connection().execute(_ANY, {"now": now, "owner": owner, "besides": besides}).first() is not None


def lease(transaction: Transaction, owner: str, seconds: float) -> Leased | None:
    """Lease the next request that is due and has no other living owner. Returns None when there is none.

    Its fencing token grows under the row lock. A request that this owner already leases keeps its token: several
    threads send its batches.
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
    """Extend this owner's leases by so many seconds. Returns request and token of each; an expired lease stays lost."""
    now = transaction.now()
    query = update(Request).where(col(Request.lease_owner) == owner, col(Request.lease_until) > now)
    until = now + timedelta(seconds=seconds)
    # One that another thread has taken since may last longer already.
    later = case((col(Request.lease_until) > until, col(Request.lease_until)), else_=until)
    renewed = query.values(lease_until=later).returning(col(Request.seq), col(Request.lease_token))
    return {(seq, token) for seq, token in transaction.session.execute(renewed) if seq is not None}


def give_up(transaction: Transaction, owner: str) -> None:
    """End this owner's leases at once, for another process to take."""
    now = transaction.now()
    transaction.session.execute(
        update(Request)
        .where(col(Request.lease_owner) == owner, col(Request.lease_until) > now)
        .values(lease_until=now)
        .execution_options(synchronize_session=False)
    )


def is_ours(transaction: Transaction, request: Request, token: int) -> bool:
    """Whether the lease with this token still holds. The caller has locked the request's row."""
    alive = request.lease_until is not None and request.lease_until > transaction.now()
    return alive and request.lease_token == token


def put_off(transaction: Transaction, seq: int, seconds: float) -> None:
    """Release the lease of this request and keep it from being taken for so many seconds."""
    request = transaction.session.get_one(Request, seq, with_for_update=True)
    let_go(request, transaction.now() + timedelta(seconds=seconds))


def let_go(request: Request, due_at: datetime | None) -> None:
    """Release the lease; the request is due at `due_at` for any owner."""
    request.lease_until = None
    request.due_at = due_at
