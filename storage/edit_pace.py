"""The pace of progress edits: Slack limits an app's edits, however many processes it has, so all share one row."""

import json
from collections.abc import Sequence

from sqlalchemy import select

from storage.db.insert_ignore import insert_into
from storage.db.transactions import Transaction
from storage.slack_models import EditPace

EDITS_A_MINUTE = 40

_ROW = select(EditPace).with_for_update()


def reserve(transaction: Transaction) -> float:
    """Reserve a progress edit for now, and return 0; else return the seconds until one is free."""
    row = transaction.session.scalars(_ROW).first()
    if row is None:
        new = insert_into(transaction.connection, EditPace).values(id=1, edits="[]")
        transaction.session.execute(new.on_conflict_do_nothing())
        row = transaction.session.scalars(_ROW).one()
    now = transaction.now().timestamp()
    # A clock that was set back has left times that are still to come.
    edits = [at for at in json.loads(row.edits) if now - 60 < at <= now]
    wait = seconds_until_free(edits, now)
    if not wait:
        row.edits = json.dumps([*edits, now])
    return wait


def seconds_until_free(edits: Sequence[float], now: float) -> float:
    """Seconds until the next edit may go, after those of the last minute.

    Half of a minute's edits go at once; the rest are spread over the remaining time, so that no message stands still
    for long.
    """
    left = EDITS_A_MINUTE - len(edits)
    if left > EDITS_A_MINUTE // 2:
        return 0.0
    first, last = edits[0], edits[-1]
    return max(0.0, last + (first + 60 - last) / max(1, left) - now)
