"""A stand-in Fincart without sockets: orders, their logs, the documented answers, and faults on demand.

It is strict: a call that Fincart's documentation does not describe is refused, and recorded as wrong. Time
comes from the injected clock alone and the whole state can be saved as JSON, so that the same object serves
real HTTP (`fincart_shells.FincartServer`) and a simulation in one thread (`fincart_shells.StandInTransport`).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Self
from urllib.parse import unquote

from bot.sandbox.fincart.bodies import (
    SUCCESS,
    chosen,
    error_response,
    fault_response,
    ids_of,
    iso,
    json_response,
    log_response,
)
from bot.sandbox.fincart.faults import (
    AnswerDelivery,
    Applied,
    Endpoint,
    Fault,
    FaultKind,
    FaultReply,
    IdPolicy,
    IncomingCall,
    ReceivedCall,
    Response,
)
from bot.sandbox.fincart.orders import MALFORMED, LogLine, Orders, StandInSettings, log_line

__all__ = ["FincartStandIn", "LogLine", "StandInSettings"]

CANCEL_PATH = "/v4/orders/cancel"


@dataclass(slots=True)
class _State:
    faults: list[Fault] = field(default_factory=list)
    calls: list[ReceivedCall] = field(default_factory=list)
    faults_met: dict[str, int] = field(default_factory=dict)


class FincartStandIn:
    """The orders of one merchant account. Every method is safe to call from any thread."""

    def __init__(self, clock: Callable[[], datetime], settings: StandInSettings | None = None) -> None:
        self.settings = settings or StandInSettings()
        self._clock = clock
        self._state = _State()
        self._orders = Orders()
        self._changed = threading.Condition(threading.RLock())
        self._releases = 0

    # What a test or the demo does with it

    def add(self, *order_ids: str, title: str = "Pending", description: str | None = None, age: float = 60.0) -> None:
        """Create orders, each with one log entry that is `age` seconds old; any but a new order's gets the entry of
        a new order before it. Without a description it is the first that is documented for the title."""
        with self._changed:
            for order_id in order_ids:
                self._orders.add(order_id, title, description, self._now() - timedelta(seconds=age))
            self._changed.notify_all()

    def move(self, order_id: str, title: str, description: str | None = None, by: str = "Fincart") -> None:
        """Somebody else changes the order now: the courier, or a merchant in the portal."""
        with self._changed:
            self._orders.lines[order_id].append(log_line(title, description, self._now(), by))
            self._changed.notify_all()

    def inject(self, *faults: Fault) -> None:
        """Queue faults. A call meets the first queued fault that is for it; a one-shot fault is then gone."""
        with self._changed:
            self._state.faults.extend(faults)

    def clear_faults(self) -> None:
        """Forget the queued and standing faults and let go of every hanging call; settings stay."""
        with self._changed:
            self._state.faults.clear()
            self.release()

    def release(self) -> None:
        """Release every hanging call with its answer."""
        with self._changed:
            self._releases += 1
            self._changed.notify_all()

    def status(self, order_id: str) -> str:
        """The order's true status, whatever its log shows. Raises KeyError for an unknown order."""
        with self._changed:
            return self._orders.lines[order_id][-1].title

    def lines(self, order_id: str) -> tuple[LogLine, ...]:
        """The order's true log, oldest first."""
        with self._changed:
            return tuple(self._orders.lines[order_id])

    def order_ids(self) -> tuple[str, ...]:
        """Every order there is, in the order of its creation."""
        with self._changed:
            return tuple(self._orders.lines)

    @property
    def calls(self) -> tuple[ReceivedCall, ...]:
        """Every call received, oldest first."""
        with self._changed:
            return tuple(self._state.calls)

    @property
    def cancel_calls(self) -> tuple[ReceivedCall, ...]:
        """The cancel calls among them."""
        return tuple(call for call in self.calls if call.path == CANCEL_PATH)

    @property
    def wrong_calls(self) -> tuple[ReceivedCall, ...]:
        """The calls that were not as the documentation wants them."""
        return tuple(call for call in self.calls if call.wrong is not None)

    @property
    def faults_met(self) -> Mapping[str, int]:
        """How often each kind of fault happened."""
        with self._changed:
            return dict(self._state.faults_met)

    def times_cancelled(self, order_id: str) -> int:
        """In how many cancel calls this order was received, applied or not."""
        return sum(order_id in call.ids for call in self.cancel_calls)

    def wait_for(self, predicate: Callable[[FincartStandIn], bool], timeout: float = 20.0) -> bool:
        """Wait until the predicate holds; it is asked again after every call and change. False at `timeout`."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self), timeout)

    def wait_for_release(self, release: int, stopped: Callable[[], bool]) -> None:
        """For shells: wait until the hang of that number is released, or `stopped` (announced by
        `notify`)."""
        with self._changed:
            self._changed.wait_for(lambda: self._releases > release or stopped())

    def notify(self) -> None:
        """For shells: wake every waiter to check its condition again."""
        with self._changed:
            self._changed.notify_all()

    # What Fincart does

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> FaultReply:
        """Answer one HTTP call. Header names may be in any case; `path` is still percent-encoded."""
        with self._changed:
            reply = self._handle(method, path, {k.lower(): v for k, v in headers.items()}, body)
            self._changed.notify_all()
            return replace(reply, delay=reply.delay + self.settings.latency)

    def _handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> FaultReply:
        parts = path.split("/")
        is_log = len(parts) == 5 and parts[:3] == ["", "v4", "orders"] and parts[4] == "logs"
        if (method, path) != ("POST", CANCEL_PATH) and (method != "GET" or not is_log):
            answer = self._error(404, f"Cannot {method} {path}", path)
            return self._record(IncomingCall(method, path), answer, wrong="route")
        ids = (unquote(parts[3]),) if is_log else ids_of(body)
        call = IncomingCall(method, path, ids or ())
        endpoint = Endpoint.LOGS if is_log else Endpoint.CANCEL
        wrong = self._wrong(headers, body, ids, is_log)
        if wrong is not None or ids is None:
            why = (403, "User is not authorized") if wrong in {"token", "Bearer"} else (400, f"Bad {wrong}")
            return self._record(call, self._error(*why, path), wrong=wrong)
        if self.settings.forbids(endpoint, ids):
            return self._record(call, self._error(403, "User is not authorized", path))
        fault = self._take_fault(endpoint, ids)
        if fault is not None:
            return self._fail(fault, call)
        response, applied = (self._log(ids[0], path), ()) if is_log else self._cancel(ids, path)
        return self._record(call, response, applied)

    def _wrong(self, headers: Mapping[str, str], body: bytes, ids: tuple[str, ...] | None, is_log: bool) -> str | None:
        given = headers.get("authorization", "")
        if given != self.settings.token:
            return "Bearer" if given.lower().startswith("bearer") else "token"
        if headers.get("content-type") != "application/json":
            return "Content-Type"
        if ids is None or len(set(ids)) != len(ids) or (is_log and body):
            return "body"
        return None

    def _cancel(self, ids: tuple[str, ...], path: str) -> tuple[Response, tuple[str, ...]]:
        if self.settings.max_ids is not None and len(ids) > self.settings.max_ids:
            return self._error(413, "Request entity too large", path), ()
        refusal, applied = self._orders.cancel(ids, self.settings, self._now())
        if refusal is not None:
            return self._error(400, refusal, path), applied
        return json_response(200, SUCCESS), applied

    def _log(self, order_id: str, path: str) -> Response:
        if self._orders.is_malformed(order_id):
            return self._error(400, MALFORMED, path)
        lines = self._orders.visible(order_id, self._now() - timedelta(seconds=self.settings.log_lag))
        if lines is None:
            return self._error(404, "Order not found", path)
        return log_response(lines)

    # What goes wrong

    def _take_fault(self, endpoint: Endpoint, ids: tuple[str, ...]) -> Fault | None:
        faults = self._state.faults
        for place, fault in enumerate(faults):
            if fault.meets(endpoint, ids):
                if fault.times is not None and fault.times <= 1:
                    del faults[place]
                elif fault.times is not None:
                    faults[place] = replace(fault, times=fault.times - 1)
                met = self._state.faults_met
                met[fault.kind.value] = met.get(fault.kind.value, 0) + 1
                return fault
        return None

    def _fail(self, fault: Fault, call: IncomingCall) -> FaultReply:
        if fault.kind is FaultKind.NO_CONNECTION:
            return FaultReply(json_response(502, {}), AnswerDelivery.NO_CONNECTION)
        cancels, ids, path = fault.endpoint is Endpoint.CANCEL, call.ids, call.path
        if fault.kind is FaultKind.SLOW:
            response, applied = self._cancel(ids, path) if cancels else (self._log(ids[0], path), ())
        else:
            ordinary = json_response(200, SUCCESS) if cancels else self._log(ids[0], path)
            response = fault_response(fault, path, ids, self._now()) or ordinary
            title = self.settings.cancelled_title
            applied = self._orders.apply(chosen(fault, ids), title, self._now()) if cancels else ()
        if fault.retry_after is not None:
            response = replace(response, headers={**response.headers, "Retry-After": fault.retry_after})
        unsent = {FaultKind.HANG: AnswerDelivery.HANG, FaultKind.DROP: AnswerDelivery.DROP}
        delivery = unsent.get(fault.kind, AnswerDelivery.SEND)
        said = fault.kind.value if fault.kind in (FaultKind.GARBAGE, FaultKind.GATEWAY_PAGE) else None
        reply = self._record(call, response, applied, delivery, said=said)
        return replace(reply, delay=fault.seconds, release=self._releases)

    def _record(
        self,
        call: IncomingCall,
        response: Response,
        applied: tuple[str, ...] = (),
        delivery: AnswerDelivery = AnswerDelivery.SEND,
        *,
        wrong: str | None = None,
        said: str | None = None,
    ) -> FaultReply:
        answer = (said or str(response.status)) if delivery is AnswerDelivery.SEND else delivery.value
        number = len(self._state.calls) + 1
        received = ReceivedCall(number, iso(self._now()), call.method, call.path, call.ids, answer, applied, wrong)
        self._state.calls.append(received)
        dated = {**response.headers, "Date": format_datetime(self._now(), usegmt=True)}
        return FaultReply(replace(response, headers=dated), delivery)

    def _error(self, status: int, message: str, path: str) -> Response:
        return error_response(status, message, path, self._now())

    def _now(self) -> datetime:
        return self._clock() + timedelta(seconds=self.settings.clock_offset)

    # Saving

    def to_json(self) -> str:
        """The whole state: orders, settings, faults and calls received. Hanging calls are not part of it."""
        with self._changed:
            orders = {
                order_id: [{**asdict(line), "created_at": line.created_at.isoformat()} for line in lines]
                for order_id, lines in self._orders.lines.items()
            }
            return json.dumps({"settings": asdict(self.settings), "orders": orders, **asdict(self._state)})

    @classmethod
    def from_json(cls, saved: str, clock: Callable[[], datetime]) -> Self:
        """A stand-in with the saved state. Raises ValueError, KeyError or TypeError for anything else."""
        data = json.loads(saved)
        settings = data["settings"]
        for name in ("unknown_ids", "not_pending"):
            settings[name] = IdPolicy(settings[name])
        standin = cls(clock, StandInSettings(**settings))
        for order_id, lines in data["orders"].items():
            standin._orders.lines[order_id] = [
                LogLine(**{**line, "created_at": datetime.fromisoformat(line["created_at"])}) for line in lines
            ]
        enums = {"kind": FaultKind, "endpoint": Endpoint, "applied": Applied}
        for fault in data["faults"]:
            standin._state.faults.append(Fault(**{**fault, **{name: of(fault[name]) for name, of in enums.items()}}))
        for call in data["calls"]:
            tuples = {"ids": tuple(call["ids"]), "applied": tuple(call["applied"])}
            standin._state.calls.append(ReceivedCall(**{**call, **tuples}))
        standin._state.faults_met.update(data["faults_met"])
        return standin
