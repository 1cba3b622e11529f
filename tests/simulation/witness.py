"""Looks at every call on its way to Fincart, and holds it to what was committed before."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.sandbox.fincart.standin import FincartStandIn

from . import threads
from .clock import SimulatedClock
from .rows import Row, Rows, moment

MAY_BE_LATE = timedelta(seconds=6)
"""A call may leave so long after it was planned: as long as its lease."""

GIVEN_UP_AFTER = timedelta(seconds=20)
"""Whoever waits for an answer gives up then; one that sleeps meanwhile has nothing on the wire either."""

GO_AHEADS = ("went_ahead", "approved", "emergency")


class WrongEnding(Exception):
    """Something that must never be."""


@dataclass
class Sent:
    """One cancel call: whose it was, what it carried, and whether its sender learned what it came to."""

    request: str
    ids: tuple[str, ...]
    at: datetime
    number: int
    """Of the call, as Fincart counts them, if it got there."""
    planned_at: datetime | None = None
    is_open: bool = True
    lost: bool = False
    reached: bool = True

    def is_on_the_wire(self, now: datetime) -> bool:
        """Whether its sender could still have an answer to it."""
        return self.is_open and now < self.at + GIVEN_UP_AFTER

    def applied(self, fincart: FincartStandIn) -> tuple[str, ...]:
        """The orders that this call cancelled."""
        return fincart.calls[self.number - 1].applied if self.reached else ()


def is_cancelled(fincart: FincartStandIn, order: str) -> bool:
    """Whether its log shows it cancelled, so that no call can do anything to it any more."""
    if order not in fincart.order_ids():
        return False
    return any(line.title.casefold() in ("cancelled", "canceled") for line in fincart.lines(order))


class FincartWitness:
    """Knows every cancel call, and says what was wrong with it at once."""

    def __init__(
        self, rows: Rows, clock: SimulatedClock, fincart: FincartStandIn, undo_seconds: int, met: Counter[str]
    ) -> None:
        self._met = met
        self._rows = rows
        self._clock = clock
        self._fincart = fincart
        self._undoable = timedelta(seconds=undo_seconds)
        self.sent: list[Sent] = []
        self.wrong: list[str] = []
        self._not_kept: dict[Any, list[int]] = {}
        """By thread, the log reads since its last commit, numbered as Fincart counts calls."""

    def reading(self) -> None:
        """See `Witness`."""
        self._not_kept.setdefault(threads.current(), []).append(len(self._fincart.calls) + 1)

    def committed(self) -> None:
        """Whatever the thread that runs had read until now, it could keep."""
        self._not_kept.pop(threads.current(), None)

    def could_be_kept(self, read: int) -> bool:
        """Whether whoever read this log came to commit anything after it; if not, nobody knows what it said."""
        return not any(read in numbers for numbers in self._not_kept.values())

    def sending(self, ids: tuple[str, ...]) -> int:
        """See `Witness`."""
        holders = self._holders(ids)
        request = holders[0]["public_id"] if holders else "nobody"
        sent = Sent(request, ids, self._clock(), len(self._fincart.calls) + 1)
        if len(holders) != 1:
            self._wrong(sent, f"{len(holders)} attempts were written ahead for it")
        else:
            self._check(sent, holders[0])
        self.sent.append(sent)
        return len(self.sent) - 1

    def ended(self, call: int, *, lost: bool, reached: bool) -> None:
        """See `Witness`."""
        self.sent[call].reached = reached
        self.sent[call].is_open = False
        self.sent[call].lost = lost

    def _holders(self, ids: tuple[str, ...]) -> list[Row]:
        """The attempts that are written ahead, have not ended, and carry just these orders."""
        query = """SELECT a.*, r.public_id, r.state, r.stopped_at, r.valid_until, r.not_before, r.held_at
                   FROM attempt a JOIN request r ON r.seq = a.request_seq
                   WHERE a.planned_at IS NOT NULL AND a.ended_at IS NULL"""
        return [row for row in self._rows.all(query) if self._ids(row) == list(ids)]

    def _ids(self, attempt: Row) -> list[str]:
        query = "SELECT position, order_id FROM order_line WHERE request_seq = ? ORDER BY position"
        carried = set()
        for part in attempt["positions"].split(","):
            first, _, last = part.partition("-")
            carried |= set(range(int(first), int(last or first) + 1))
        return [row["order_id"] for row in self._rows.all(query, attempt["request_seq"]) if row["position"] in carried]

    def _check(self, sent: Sent, row: Row) -> None:
        planned_at = sent.planned_at = moment(row["planned_at"])
        if row["state"] != "executing":
            self._wrong(sent, f"its request is {row['state']}")
        if row["valid_until"] is None or moment(row["valid_until"]) <= planned_at:
            self._wrong(sent, "the approval had run out when it was planned")
        if sent.at > moment(row["valid_until"]) + MAY_BE_LATE:
            self._wrong(sent, "the approval ran out long ago")
        if sent.at < moment(row["not_before"]):
            self._wrong(sent, "it could still be undone")
        for column, why in (("stopped_at", "stopped"), ("held_at", "held")):
            if row[column] is not None and moment(row[column]) < planned_at:
                self._wrong(sent, f"its request was {why} when it was planned")
        self._check_audit(sent)
        self._check_holds(sent, planned_at)
        self._check_probe(sent, planned_at)
        for order in sent.ids:
            self._check_order(sent, order)

    def _check_audit(self, sent: Sent) -> None:
        events = [
            json.loads(row["payload"])
            for row in self._rows.all("SELECT payload FROM audit_event WHERE request = ? ORDER BY seq", sent.request)
        ]
        asked = [event["details"]["orders"] for event in events if event["kind"] == "request_made"]
        included = {order for event in events if event["kind"] == "included" for order in event["details"]["orders"]}
        if not asked or not set(sent.ids) <= set(asked[0]) | included:
            self._wrong(sent, "the audit knows nobody who asked for these orders")
        self._check_go_ahead(sent, events)
        told = [entry[0] for event in events for entry in _listed(event) if isinstance(entry, list)]
        if set(told) & set(sent.ids):
            self._wrong(sent, "the audit has an outcome of some of them already")

    def _check_go_ahead(self, sent: Sent, events: list[dict[str, Any]]) -> None:
        """Somebody let just these orders go, long enough ago to have thought better of it, and nobody did."""
        went = [datetime.fromisoformat(event["at"]) for event in events if event["kind"] in GO_AHEADS]
        if not went:
            self._wrong(sent, "the audit knows nobody who let them go ahead")
        elif sent.at < went[-1] + self._undoable:
            self._wrong(sent, f"the last go-ahead, of {went[-1]:%H:%M:%S}, could still be undone")
        ended = [event["kind"] for event in events if event["kind"] in ("withdrawn", "declined", "expired")]
        if ended:
            self._wrong(sent, f"the audit says that the request was {ended[0]}")
        left_out = [event["details"]["orders"] for event in events if event["kind"] == "left_out"]
        if set(sent.ids) & {order for orders in left_out for order in orders}:
            self._wrong(sent, "some of them had been left out")

    def _check_holds(self, sent: Sent, planned_at: datetime) -> None:
        for row in self._rows.all("SELECT * FROM hold WHERE kind <> 'down'"):
            until = row["until"]
            if moment(row["since"]) < planned_at and (until is None or moment(until) > planned_at):
                self._wrong(sent, f"everything was on hold ({row['kind']}) when it was planned")

    def _check_probe(self, sent: Sent, planned_at: datetime) -> None:
        """While Fincart counts as down, one call at a time sees whether it still is."""
        query = "SELECT at, payload FROM audit_event WHERE kind IN ('held', 'hold_ended') ORDER BY seq DESC"
        told = (json.loads(row["payload"]) for row in self._rows.all(query))
        last = next((event for event in told if event["details"].get("hold") == "down"), None)
        if last is None or last["kind"] != "held" or datetime.fromisoformat(last["at"]) >= planned_at:
            return
        self._met["probe"] += 1
        others = [
            each for each in self.sent
            if each.is_on_the_wire(sent.at) and each.planned_at and each.planned_at > datetime.fromisoformat(last["at"])
        ]  # fmt: skip
        if others:
            self._wrong(sent, "Fincart is down, and another call probes it already")

    def _check_order(self, sent: Sent, order: str) -> None:
        hand = self._rows.value(
            "SELECT r.public_id FROM in_flight f JOIN request r ON r.seq = f.request_seq WHERE f.order_id = ?", order
        )
        if hand != sent.request:
            self._wrong(sent, f"{order} is in the hand of {hand}")
        earlier = [each for each in self.sent if order in each.ids]
        others = [each for each in earlier if each.is_on_the_wire(sent.at) and each.request != sent.request]
        if others and not is_cancelled(self._fincart, order):
            self._wrong(sent, f"{order} is in flight for another request")
        own = [each for each in earlier if each.request == sent.request]
        if own and own[-1].lost and not self._was_read_since(order, own[-1].number):
            self._wrong(sent, f"{order} is sent again on a guess: its log was not read since it was lost")

    def _was_read_since(self, order: str, number: int) -> bool:
        return any(
            call.method == "GET" and call.ids == (order,) and call.answer == "200" and call.number > number
            for call in self._fincart.calls[number:]
        )

    def _wrong(self, sent: Sent, why: str) -> None:
        self.wrong.append(f"a call of {sent.request} for {', '.join(sent.ids)} at {sent.at:%H:%M:%S}: {why}")


def _listed(event: dict[str, Any]) -> list[Any]:
    orders = event["details"].get("orders")
    return orders if isinstance(orders, list) else []
