"""Serving processes, and the result of the last verification of the history."""

import os
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage import ops_notices
from storage.db.transactions import Transaction
from storage.enums import OpsEvent
from storage.operation_models import LastVerification, ServingProcess

_RETENTION = timedelta(days=1)
PRESENT = timedelta(seconds=60)
"""A process that records that it is alive every 20 seconds is, if it was seen since."""


def installed_version() -> str:
    """The installed version of the bot; `unknown` if it runs from a folder without installation."""
    try:
        return version("cancel-orders-bot")
    except PackageNotFoundError:
        return "unknown"


def record_alive(transaction: Transaction, owner: str) -> ServingProcess:
    """Record that this process is alive, and delete those that were not for a day."""
    now = transaction.now()
    row = transaction.session.get(ServingProcess, owner)
    if row is None:
        row = ServingProcess(owner=owner, pid=os.getpid(), version=installed_version(), started_at=now, seen_at=now)
        transaction.session.add(row)
        transaction.session.execute(delete(ServingProcess).where(col(ServingProcess.seen_at) < now - _RETENTION))
    else:
        row.seen_at = now
    return row


def record_connected(transaction: Transaction, owner: str) -> None:
    """Record that Slack has just said hello to this process."""
    record_alive(transaction, owner).connected_at = transaction.now()


def record_others(transaction: Transaction, owner: str, connections: int) -> None:
    """Record how many connections to Slack are another installation's. The first process that knows of any, and the
    last that knows of none, has whoever runs the bot told."""
    row = record_alive(transaction, owner)
    before, row.other_connections = row.other_connections or 0, connections
    since = transaction.now() - PRESENT
    others = (each for each in all_alive(transaction.session) if each.owner != owner and each.seen_at >= since)
    if bool(before) != bool(connections) and not any(each.other_connections for each in others):
        ops_notices.add(transaction, OpsEvent.NOT_ALONE if connections else OpsEvent.ALONE, "connections")


def gone(transaction: Transaction, owner: str) -> None:
    """Record that this process has ended."""
    record_alive(transaction, owner).ended_at = transaction.now()


def all_alive(session: Session) -> Sequence[ServingProcess]:
    """Processes that were alive within a day and have not ended, oldest first."""
    return [each for each in all_recent(session) if each.ended_at is None]


def all_recent(session: Session) -> Sequence[ServingProcess]:
    """Those that have ended too."""
    return session.scalars(select(ServingProcess).order_by(col(ServingProcess.started_at))).all()


def verified(transaction: Transaction, events: int, trouble: str | None) -> None:
    """Record the result of a verification of the whole history."""
    row = transaction.session.get(LastVerification, 1)
    if trouble is not None:
        # What is wrong with it may quote what a person typed.
        ops_notices.add(transaction, OpsEvent.UNVERIFIED, why=trouble.partition(": ")[0])
    elif row is not None and row.trouble is not None:
        ops_notices.add(transaction, OpsEvent.VERIFIED)
    if row is None:
        row = LastVerification(id=1, at=transaction.now(), events=events)
        transaction.session.add(row)
    row.at, row.events, row.trouble = transaction.now(), events, trouble


def last_verification(session: Session) -> LastVerification | None:
    """The last verification; None before the first."""
    return session.get(LastVerification, 1)
