"""A request's orders in the sequence that people see: first those that need somebody."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, case, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.enums import Outcome
from storage.models import OrderLine, Request

WORST_FIRST = (Outcome.UNKNOWN, Outcome.REJECTED, Outcome.NOT_SENT, None, Outcome.CANCELLED)
"""Orders that somebody must check come first; None: no outcome yet."""


def first_ended(session: Session, request: Request, count: int) -> Sequence[OrderLine]:
    """The first orders of each outcome, `count` of each at most, worst first."""
    found: list[OrderLine] = []
    for outcome in WORST_FIRST:
        if outcome is not None and getattr(request, outcome.value):
            query = _of(request).where(col(OrderLine.outcome) == outcome)
            found += session.scalars(query.order_by(col(OrderLine.position)).limit(count)).all()
    return found


def page(session: Session, request: Request, skip: int, count: int) -> Sequence[OrderLine]:
    """`count` orders from the `skip`th on, worst first, and as they were typed among their like."""
    places = {outcome: place for place, outcome in enumerate(WORST_FIRST) if outcome is not None}
    worst = case(places, value=col(OrderLine.outcome), else_=WORST_FIRST.index(None))
    query = _of(request).order_by(worst, col(OrderLine.position))
    return session.scalars(query.offset(skip).limit(count)).all()


def at(session: Session, request: Request, positions: Collection[int]) -> Sequence[OrderLine]:
    """The orders at these positions."""
    query = _of(request).where(col(OrderLine.position).in_(positions))
    return session.scalars(query.order_by(col(OrderLine.position))).all()


def _of(request: Request) -> Select[Any]:
    return select(OrderLine).where(col(OrderLine.request_seq) == request.seq)
