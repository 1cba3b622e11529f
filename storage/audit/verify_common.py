"""Checks quotas and holds, which belong to no single request, against the events."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.audit.checkpoint import checkpoints
from storage.audit.replay import STATES, Disagreement
from storage.audit.texts import of_requests
from storage.audit.verify_texts import CheckedTexts
from storage.db.columns import PayloadField
from storage.enums import EventKind, HoldKind, RequestState
from storage.models import AuditEvent, Hold, Quota
from storage.quotas import day_of
from storage.send_gate import in_force

_LET_RUN = tuple(kind.value for kind, state in STATES.items() if state is RequestState.APPROVED)


class _Held(NamedTuple):
    """A hold on everything as events describe it."""

    since: datetime
    until: datetime | None
    who: str | None
    why: str | None
    seq: int


def common_disagreements(session: Session, head: int) -> Iterator[Disagreement]:
    """Every quota and hold that disagrees with the events. `head` is the chain's last number."""
    yield from _quotas(session, head)
    yield from _holds(session, head)


def _quotas(session: Session, head: int) -> Iterator[Disagreement]:
    """Compare each person's quota of a day with the orders that events let run on it.

    What was archived on the day itself goes on counting, and its events are in the file.
    """
    archived_on = {day_of(each.at) for each in checkpoints(session.connection())}
    replayed = {(row.person, row.day): row for row in session.execute(orders_by_day()) if row.day is not None}
    stored = {(row.person, row.day): row.orders for row in session.execute(select(*map(col, _QUOTA)))}
    for key in sorted(replayed.keys() | stored.keys()):
        row, has, name = replayed.get(key), stored.get(key), f"quota of {key[0]} on {key[1]}"
        if key[1] in archived_on and has is not None and has >= (row.orders if row else 0):
            continue
        if row is None:
            yield Disagreement(head, name, f"it is {has}, and no event says so")
        elif has != row.orders:
            yield Disagreement(row.seq, name, f"it is {has}, not {row.orders}")


def orders_by_day() -> Any:
    """Orders that events let run, by person and day. An approval that left others still needed counts to no day."""
    person, day = PayloadField("details.counted_to").label("person"), PayloadField("details.day").label("day")
    orders = func.sum(cast(PayloadField("details.order_count"), Integer)).label("orders")
    let_run = select(person, day, orders, func.max(AuditEvent.seq).label("seq"))
    return let_run.where(col(AuditEvent.kind).in_(_LET_RUN)).group_by(person, day)


_QUOTA = (Quota.person, Quota.day, Quota.orders)


def _holds(session: Session, head: int) -> Iterator[Disagreement]:
    """Compare each hold with the last event of its kind."""
    replayed: dict[HoldKind, _Held] = {}
    ended: dict[HoldKind, int] = {}
    texts = CheckedTexts(of_requests(session, [None]).get(None, {}))
    of_all = (
        select(col(AuditEvent.seq), col(AuditEvent.payload))
        .where(col(AuditEvent.kind).in_([EventKind.HELD.value, EventKind.HOLD_ENDED.value, EventKind.ERASED.value]))
        .where(col(AuditEvent.request).is_(None))
        .order_by(col(AuditEvent.seq))
    )
    for seq, payload in session.execute(of_all):
        try:
            event = json.loads(payload)
            texts.read(seq, event["kind"], event["details"])
            _take(replayed, ended, seq, event)
        except (KeyError, TypeError, ValueError) as error:
            yield Disagreement(seq, "hold", f"its event is of a shape that the bot never wrote ({error!r})")
    if wrong_text := texts.wrong(head):
        yield Disagreement(wrong_text.seq, "event_text", wrong_text.why)
    stored = {row.kind: row for row in in_force(session)}
    for kind in sorted(replayed.keys() | stored.keys()):
        held, row = replayed.get(kind), stored.get(kind)
        if held is None:
            yield Disagreement(ended.get(kind, head), f"hold {kind}", "no event tells of it")
        elif row is None:
            yield Disagreement(held.seq, f"hold {kind}", "it is missing")
        elif why := _wrong(row, held):
            yield Disagreement(held.seq, f"hold {kind}", why)


def _take(replayed: dict[HoldKind, _Held], ended: dict[HoldKind, int], seq: int, payload: Mapping[str, Any]) -> None:
    details, at = payload["details"], datetime.fromisoformat(payload["at"])
    if payload["kind"] == EventKind.ERASED.value:
        return
    kind = HoldKind(details["hold"])
    if payload["kind"] == EventKind.HOLD_ENDED.value:
        replayed.pop(kind, None)
        ended[kind] = seq
        return
    since = replayed[kind].since if kind in replayed else at
    until = datetime.fromisoformat(details["until"]) if details["until"] else None
    replayed[kind] = _Held(since, until, payload["who"], details["why"], seq)


def _wrong(row: Hold, held: _Held) -> str | None:
    # A Fincart that is down is probed repeatedly, and no event records each try.
    columns = () if row.kind is HoldKind.DOWN else ("since", "until", "who", "why")
    for column in columns:
        if (has := getattr(row, column)) != (value := getattr(held, column)):
            if column == "why":
                return "its why is not the one that was told"
            return f"its {column} is {str(has)[:60]!r}, not {str(value)[:60]!r}"
    return None
