"""A request's orders as settlement reads them: what was seen of each, and its outcome now.

Plain tuples: a run reads every order at least once, and a session's object costs four times as much.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, bindparam, exists, select, update
from sqlmodel import col

from storage.db.transactions import Transaction
from storage.enums import ABSENT, Doubt, Outcome, Proof
from storage.models import InFlight, OrderLine, Request
from storage.ranges import bounds, within


class OrderRow(NamedTuple):
    """One order as read from its row."""

    position: int
    order_id: str
    unlike_fincart: bool
    seen_status: str | None
    first_sent_at: datetime | None
    doubt: Doubt
    outcome: Outcome | None
    proof: Proof | None
    words: str | None
    settled_at: datetime | None
    log: str | None
    waits_since: datetime | None


COLUMNS = [OrderLine.__table__.c[name] for name in OrderRow._fields]  # type: ignore[attr-defined]

_AT: Select[Any] = (
    select(*COLUMNS)
    .where(
        col(OrderLine.request_seq) == bindparam("seq"),
        col(OrderLine.position).between(bindparam("first"), bindparam("last")),
    )
    .order_by(col(OrderLine.position))
)
_UNSETTLED: Select[Any] = (
    select(*COLUMNS)
    .where(col(OrderLine.request_seq) == bindparam("seq"), col(OrderLine.outcome).is_(None))
    .order_by(col(OrderLine.position))
)


def at(transaction: Transaction, request: Request, positions: str) -> list[OrderRow]:
    """The orders at these positions."""
    return [
        line
        for first, last in bounds(positions)
        for line in _lines(transaction.connection.execute(_AT, {"seq": request.seq, "first": first, "last": last}))
    ]


def unsettled(transaction: Transaction, request: Request) -> list[OrderRow]:
    """Orders without an outcome."""
    return _lines(transaction.connection.execute(_UNSETTLED, {"seq": request.seq}))


_NEXT = (
    select(col(OrderLine.position))
    .where(
        col(OrderLine.request_seq) == bindparam("seq"),
        col(OrderLine.position) >= bindparam("first"),
        col(OrderLine.unlike_fincart).is_(False),
        col(OrderLine.outcome).is_(None),
    )
    .order_by(col(OrderLine.position))
    .limit(bindparam("most"))
)
_UNLIKE = (
    select(col(OrderLine.position))
    .where(
        col(OrderLine.request_seq) == bindparam("seq"),
        col(OrderLine.unlike_fincart).is_(True),
        col(OrderLine.outcome).is_(None),
        ~exists().where(
            col(InFlight.order_id) == col(OrderLine.order_id), col(InFlight.request_seq) == bindparam("seq")
        ),
    )
    .order_by(col(OrderLine.position))
)


def next_like(transaction: Transaction, request: Request, first: int, most: int) -> list[int]:
    """Up to `most` positions, from `first` on, of orders whose ids are like Fincart's."""
    given = {"seq": request.seq, "first": first, "most": most}
    return list(transaction.connection.execute(_NEXT, given).scalars())


def untaken_unlike(transaction: Transaction, request: Request) -> list[int]:
    """Positions of orders with other ids that no call has carried."""
    return list(transaction.connection.execute(_UNLIKE, {"seq": request.seq}).scalars())


def was_read(seen_status: str | None, log: str | None) -> bool:
    """Whether the order's log was ever read, by the preview too: Fincart knows the order, whatever it says later."""
    by_the_preview = seen_status is not None and seen_status != ABSENT
    return by_the_preview or (log is not None and bool(json.loads(log).get("log_was_read")))


def read_by_others(transaction: Transaction, request: Request, order_ids: Sequence[str]) -> set[str]:
    """Which of these orders' logs other requests have read."""
    query = select(col(OrderLine.order_id), col(OrderLine.seen_status), col(OrderLine.log)).where(
        col(OrderLine.order_id).in_(order_ids), col(OrderLine.request_seq) != request.seq
    )
    rows = transaction.connection.execute(query)
    return {order_id for order_id, seen_status, log in rows if was_read(seen_status, log)}


def first_sent(transaction: Transaction, request: Request, positions: str, first_sent_at: datetime | None) -> None:
    """Store when the orders at these positions were first sent, in Fincart's time; None: unknown, to be read again."""
    transaction.connection.execute(
        update(OrderLine)
        .where(col(OrderLine.request_seq) == request.seq, within(positions))
        .values(first_sent_at=first_sent_at)
    )


def _lines(rows: Iterable[Row[Any]]) -> list[OrderRow]:
    return list(map(OrderRow._make, rows))
