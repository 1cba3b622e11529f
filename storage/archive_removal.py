"""Removes from the database what an archive's file holds, a few requests a transaction."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import bindparam, delete, func, select, text, update
from sqlmodel import SQLModel, col

from storage.archive_models import ArchivedRequest, KnownOrder
from storage.audit.archive_file import Archive
from storage.audit.checkpoint import Checkpoint
from storage.audit.texts import EventText
from storage.audit.verify_common import orders_by_day
from storage.db.insert_ignore import insert_into
from storage.db.transactions import Database, Transaction
from storage.enums import Outcome
from storage.models import Attempt, AuditEvent, Decision, InFlight, OrderLine, Quota, Request
from storage.order_lines import was_read
from storage.quotas import day_of
from storage.slack_models import SlackMessage

_LINES_AT_A_TIME = 2000
_REQUESTS_AT_A_TIME = 50
_WITHIN = 10.0


def note(database: Database, found: Archive) -> None:
    """Note which requests the file holds, and what stays known of its orders. Forgets what a file that came to nothing
    was to hold.
    """
    with database.write(within_seconds=_WITHIN) as transaction:
        unfinished = delete(ArchivedRequest).where(col(ArchivedRequest.archive) >= found.number)
        transaction.session.execute(unfinished)
    rows: list[Mapping[str, Any]] = []
    for line in found.lines():
        if line.get("table") in ("request", "order_line"):
            rows.append(line)
        if len(rows) >= _LINES_AT_A_TIME:
            with _half_the_time(database):
                _note(database, rows, found.number)
            rows.clear()
    _note(database, rows, found.number)


def _note(database: Database, lines: Sequence[Mapping[str, Any]], number: int) -> None:
    ids = {line["row"]["seq"]: line["row"]["public_id"] for line in lines if line["table"] == "request"}
    orders = [line["row"] for line in lines if line["table"] == "order_line"]
    with database.write(within_seconds=_WITHIN) as transaction:
        connection = transaction.connection
        if ids:
            new = [{"public_id": public_id, "archive": number} for public_id in ids.values()]
            connection.execute(insert_into(connection, ArchivedRequest), new)
        whose = select(col(Request.seq), col(Request.public_id)).where(
            col(Request.seq).in_({row["request_seq"] for row in orders})
        )
        public_ids = {row.seq: row.public_id for row in connection.execute(whose)}
        known: dict[str, str | None] = {}
        for row in orders:
            if row["outcome"] == Outcome.CANCELLED.value:
                known[row["order_id"]] = public_ids[row["request_seq"]]
            elif was_read(row["seen_status"], row["log"]):
                known.setdefault(row["order_id"], None)
        if known:
            insert = insert_into(connection, KnownOrder)
            by = func.coalesce(insert.excluded.cancelled_by, KnownOrder.cancelled_by)
            insert = insert.on_conflict_do_update(index_elements=["order_id"], set_={"cancelled_by": by})
            # Always in the same order, so that two transactions with the same orders never deadlock.
            connection.execute(insert, [{"order_id": each, "cancelled_by": known[each]} for each in sorted(known)])


def remove(database: Database, archived: Checkpoint) -> None:
    """Remove the rows and events that this archive holds and the database still has."""
    after = 0
    while True:
        with _half_the_time(database), database.write(within_seconds=_WITHIN) as transaction:
            removed = _remove_some(transaction, archived, after)
        if not removed:
            break
        after = removed[-1]
    while True:
        with database.write(within_seconds=_WITHIN) as transaction:
            if not transaction.connection.execute(_REST, {"last": archived.last, "number": archived.number}).rowcount:
                return


@contextmanager
def _half_the_time(database: Database) -> Iterator[None]:
    """Leave the bot half of the time: SQLite lets writers of two processes wait unfairly."""
    began = time.monotonic()
    yield
    database.wait(time.monotonic() - began)


_REST = text(
    "DELETE FROM audit_event WHERE seq IN (SELECT e.seq FROM audit_event e JOIN archived_request a"
    " ON a.public_id = e.request WHERE e.seq <= :last AND a.archive <= :number ORDER BY e.seq LIMIT 2000)"
)
"""Events that were recorded after their request's archive was written, and that a later one has in its chain."""


def _remove_some(transaction: Transaction, archived: Checkpoint, after: int) -> list[int]:
    session = transaction.session
    query = (
        select(col(Request.seq), col(Request.public_id), col(Request.order_count))
        .join(ArchivedRequest, col(ArchivedRequest.public_id) == col(Request.public_id))
        .where(col(Request.seq) > after, col(ArchivedRequest.archive) <= archived.number)
        .order_by(col(Request.seq))
        .limit(_REQUESTS_AT_A_TIME)
        .with_for_update(of=Request)
    )
    seqs: list[int] = []
    public_ids: list[str] = []
    orders = 0
    for row in session.execute(query).all():
        if seqs and orders + row.order_count > _LINES_AT_A_TIME:
            break
        seqs.append(row.seq)
        public_ids.append(row.public_id)
        orders += row.order_count
    if not seqs:
        return []
    _return_quotas(transaction, public_ids, day_of(archived.at))
    tables: tuple[tuple[type[SQLModel], Any], ...] = (
        *((table, table.request_seq) for table in (SlackMessage, InFlight, Attempt, Decision, OrderLine)),
        (Request, Request.seq),
    )
    for table, number in tables:
        session.execute(delete(table).where(col(number).in_(seqs)).execution_options(synchronize_session=False))
    session.execute(delete(EventText).where(col(EventText.request).in_(public_ids)))
    events = delete(AuditEvent).where(col(AuditEvent.request).in_(public_ids), col(AuditEvent.seq) <= archived.last)
    session.execute(events.execution_options(synchronize_session=False))
    return seqs


def _return_quotas(transaction: Transaction, public_ids: Sequence[str], today: str) -> None:
    """Take these requests' orders out of the quotas of days that are over: the events that counted go, too."""
    let_run = orders_by_day().where(col(AuditEvent.request).in_(public_ids))
    used = [
        {"its_person": row.person, "its_day": row.day, "less": row.orders}
        for row in transaction.session.execute(let_run)
        if row.day is not None and row.day < today
    ]
    if used:
        its = (col(Quota.person) == bindparam("its_person"), col(Quota.day) == bindparam("its_day"))
        connection = transaction.session.connection()
        connection.execute(update(Quota).where(*its).values(orders=col(Quota.orders) - bindparam("less")), used)
        transaction.session.execute(delete(Quota).where(col(Quota.orders) <= 0))
