"""Which orders' logs are due to be read."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlmodel import col

from storage import lines
from storage.database import Transaction
from storage.lines import Line
from storage.positions import as_ranges
from storage.states import Outcome
from storage.tables import OrderLine, Request

READ_WITHIN = timedelta(seconds=8)
"""Whoever takes orders to read their logs and dies loses them to another after this long."""


def take(transaction: Transaction, most: int) -> Sequence[OrderLine]:
    """At most so many orders, of one request, whose logs are due; they are not due again for `READ_WITHIN`."""
    now = transaction.now()
    due = col(OrderLine.due_at)
    query = select(OrderLine).where(due <= now).order_by(due).limit(1)
    first = transaction.session.scalars(query.with_for_update(skip_locked=True)).first()
    if first is None:
        return ()
    query = select(OrderLine).where(due <= now, col(OrderLine.request_seq) == first.request_seq).order_by(due)
    taken = transaction.session.scalars(query.limit(most).with_for_update(skip_locked=True)).all()
    for line in taken:
        line.due_at = now + READ_WITHIN
    return taken


def reload(transaction: Transaction, request: Request, taken: Sequence[OrderLine]) -> list[Line]:
    """The same orders as they stand now, in the same sequence."""
    positions = [line.position for line in taken]
    found = {line.position: line for line in lines.at(transaction, request, as_ranges(positions))}
    return [found[position] for position in positions]


def check_again(transaction: Transaction, request: Request) -> int:
    """Have the logs of every unknown order read now; returns how many there are."""
    query = select(OrderLine).where(
        col(OrderLine.request_seq) == request.seq, col(OrderLine.outcome) == Outcome.UNKNOWN
    )
    unknown = transaction.session.scalars(query).all()
    now = transaction.now()
    for line in unknown:
        line.due_at = now
    transaction.wake("logs")
    return len(unknown)
