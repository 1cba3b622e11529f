"""Rows of no one request, quotas and holds, held to what the events tell."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.audit.log import EventKind
from storage.audit.replay import STATES, Disagreement
from storage.db.columns import PayloadField
from storage.enums import HoldKind, RequestState
from storage.models import AuditEvent, Hold, Quota
from storage.send_gate import in_force

_LET_RUN = tuple(kind.value for kind, state in STATES.items() if state is RequestState.APPROVED)


class _Held(NamedTuple):
    """A hold on everything as events tell of it."""

    since: datetime
    until: datetime | None
    who: str | None
    why: str | None
    seq: int


def common_disagreements(session: Session, head: int) -> Iterator[Disagreement]:
    """Every quota and every hold that is not as the events tell. `head` is the chain's last number."""
    yield from _quotas(session, head)
    yield from _holds(session, head)


def _quotas(session: Session, head: int) -> Iterator[Disagreement]:
    """What a person used up of a day is what their requests were let run with on it."""
    person, day = PayloadField("details.counted_to").label("person"), PayloadField("details.day").label("day")
    orders = func.sum(cast(PayloadField("details.order_count"), Integer)).label("orders")
    let_run = (
        select(person, day, orders, func.max(AuditEvent.seq).label("seq"))
        .where(col(AuditEvent.kind).in_(_LET_RUN))
        .group_by(person, day)
    )
    # An approval after which others were still needed counts to no day.
    told = {(row.person, row.day): row for row in session.execute(let_run) if row.day is not None}
    kept = {(row.person, row.day): row.orders for row in session.execute(select(*map(col, _QUOTA)))}
    for key in sorted(told.keys() | kept.keys()):
        row, has, name = told.get(key), kept.get(key), f"quota of {key[0]} on {key[1]}"
        if row is None:
            yield Disagreement(head, name, f"it is {has}, and no event says so")
        elif has != row.orders:
            yield Disagreement(row.seq, name, f"it is {has}, not {row.orders}")


_QUOTA = (Quota.person, Quota.day, Quota.orders)


def _holds(session: Session, head: int) -> Iterator[Disagreement]:
    """What keeps everything from being sent is what was told last of each kind of hold."""
    told: dict[HoldKind, _Held] = {}
    ended: dict[HoldKind, int] = {}
    of_all = (
        select(col(AuditEvent.seq), col(AuditEvent.payload))
        .where(col(AuditEvent.kind).in_((EventKind.HELD.value, EventKind.HOLD_ENDED.value)))
        .where(col(AuditEvent.request).is_(None))
        .order_by(col(AuditEvent.seq))
    )
    for seq, payload in session.execute(of_all):
        try:
            _take(told, ended, seq, json.loads(payload))
        except (KeyError, TypeError, ValueError) as error:
            yield Disagreement(seq, "hold", f"its event is of a shape that the bot never wrote ({error!r})")
    kept = {row.kind: row for row in in_force(session)}
    for kind in sorted(told.keys() | kept.keys()):
        held, row = told.get(kind), kept.get(kind)
        if held is None:
            yield Disagreement(ended.get(kind, head), f"hold {kind}", "no event tells of it")
        elif row is None:
            yield Disagreement(held.seq, f"hold {kind}", "it is missing")
        elif why := _wrong(row, held):
            yield Disagreement(held.seq, f"hold {kind}", why)


def _take(told: dict[HoldKind, _Held], ended: dict[HoldKind, int], seq: int, payload: Mapping[str, Any]) -> None:
    details, at = payload["details"], datetime.fromisoformat(payload["at"])
    kind = HoldKind(details["hold"])
    if payload["kind"] == EventKind.HOLD_ENDED.value:
        told.pop(kind, None)
        ended[kind] = seq
        return
    since = told[kind].since if kind in told else at
    until = datetime.fromisoformat(details["until"]) if details["until"] else None
    told[kind] = _Held(since, until, payload["who"], details["why"], seq)


def _wrong(row: Hold, held: _Held) -> str | None:
    # A Fincart that is down is probed again and again, and no event tells of each try.
    columns = () if row.kind is HoldKind.DOWN else ("since", "until", "who", "why")
    for column in columns:
        if (has := getattr(row, column)) != (value := getattr(held, column)):
            return f"its {column} is {str(has)[:60]!r}, not {str(value)[:60]!r}"
    return None
