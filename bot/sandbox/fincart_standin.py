"""A stand-in Fincart without sockets: orders, their logs, the documented answers, and faults on demand.

It is strict: a call that Fincart's documentation does not describe is refused, and recorded as wrong. Time
comes from the injected clock alone and the whole state can be saved as JSON, so that the same object serves
real HTTP (`fincart_shells.FincartServer`) and a simulation in one thread (`fincart_shells.StandInTransport`).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import unquote

from bot.sandbox.fincart_faults import (
    Applied,
    Delivery,
    Endpoint,
    Fault,
    FaultKind,
    IdPolicy,
    ReceivedCall,
    Reply,
    Response,
)

CANCEL_PATH = "/v4/orders/cancel"
SUCCESS = {
    "statusCode": 200,
    "message": "Bulk Orders cancelled successfully",
    "data": {"status": "success", "msg": "Orders have been successfully canceled."},
}
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_HTML = {"Content-Type": "text/html"}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of an order's log."""

    title: str
    description: str
    created_at: datetime
    by: str


@dataclass(slots=True)
class Settings:
    """How this Fincart behaves where the documentation is silent, and what is wrong with it for good.

    `log_lag` and `latency` are seconds; `clock_offset` is Fincart's clock minus the injected one, in seconds;
    `max_ids` makes larger calls a 413.
    """

    token: str = "fincart-token"
    unknown_ids: IdPolicy = IdPolicy.REFUSE_CALL
    not_pending: IdPolicy = IdPolicy.REFUSE_CALL
    token_rejected: bool = False
    log_lag: float = 0.0
    latency: float = 0.0
    clock_offset: float = 0.0
    max_ids: int | None = None
    cancelled_title: str = "Cancelled"


@dataclass(slots=True)
class _State:
    orders: dict[str, list[Line]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: list[ReceivedCall] = field(default_factory=list)
    faults_met: dict[str, int] = field(default_factory=dict)


class FincartStandIn:
    """The orders of one merchant account. Every method is safe to call from any thread."""

    def __init__(self, clock: Callable[[], datetime], settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._clock = clock
        self._state = _State()
        self._changed = threading.Condition(threading.RLock())
        self._releases = 0

    # What a test or the demo does with it

    def add(self, *order_ids: str, title: str = "Pending", description: str = "New", age: float = 60.0) -> None:
        """Create orders, each with one log entry that is `age` seconds old; any but a pending title gets the
        pending entry before it."""
        with self._changed:
            for order_id in order_ids:
                at = self._now() - timedelta(seconds=age)
                lines = [Line("Pending", "New", at - timedelta(seconds=60), "Merchant")]
                if title.casefold() != "pending":
                    lines.append(Line(title, description, at, "Fincart"))
                self._state.orders[order_id] = lines
            self._changed.notify_all()

    def move(self, order_id: str, title: str, description: str = "", by: str = "Fincart") -> None:
        """Somebody else changes the order now: the courier, or a merchant in the portal."""
        with self._changed:
            self._state.orders[order_id].append(Line(title, description, self._now(), by))
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
        """Let every call that hangs now have its answer."""
        with self._changed:
            self._releases += 1
            self._changed.notify_all()

    def status(self, order_id: str) -> str:
        """The order's true status, whatever its log shows. Raises KeyError for an unknown order."""
        with self._changed:
            return self._state.orders[order_id][-1].title

    def lines(self, order_id: str) -> tuple[Line, ...]:
        """The order's true log, oldest first."""
        with self._changed:
            return tuple(self._state.orders[order_id])

    def order_ids(self) -> tuple[str, ...]:
        """Every order there is, in the order of its creation."""
        with self._changed:
            return tuple(self._state.orders)

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

    def wait_for(self, predicate: Callable[[FincartStandIn], bool], timeout: float = 5.0) -> bool:
        """Wait until the predicate holds; it is asked again after every call and change. False at `timeout`."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self), timeout)

    def wait_for_release(self, release: int, stopped: Callable[[], bool]) -> None:
        """For shells: wait until the hang of that number is released, or `stopped` (announced by
        `notify`)."""
        with self._changed:
            self._changed.wait_for(lambda: self._releases > release or stopped())

    def notify(self) -> None:
        """For shells: make everybody who waits look again."""
        with self._changed:
            self._changed.notify_all()

    # What Fincart does

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one HTTP call. Header names may be in any case; `path` is still percent-encoded."""
        with self._changed:
            self._received = self._now()
            reply = self._handle(method, path, {k.lower(): v for k, v in headers.items()}, body)
            self._changed.notify_all()
            return replace(reply, delay=reply.delay + self.settings.latency)

    def _handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        parts = path.split("/")
        is_log = len(parts) == 5 and parts[:3] == ["", "v4", "orders"] and parts[4] == "logs"
        if (method, path) != ("POST", CANCEL_PATH) and (method != "GET" or not is_log):
            return self._record(method, path, (), self._error(404, f"Cannot {method} {path}", path), wrong="route")
        ids = (unquote(parts[3]),) if is_log else _ids_of(body)
        endpoint = Endpoint.LOGS if is_log else Endpoint.CANCEL
        wrong = self._wrong(headers, body, ids, endpoint)
        if wrong in {"token", "Bearer"}:
            answer = self._error(403, "User is not authorized", path)
            return self._record(method, path, ids or (), answer, wrong=wrong)
        if wrong is not None or ids is None:
            return self._record(method, path, ids or (), self._error(400, f"Bad {wrong}", path), wrong=wrong)
        if self.settings.token_rejected:
            return self._record(method, path, ids, self._error(403, "User is not authorized", path))
        fault = self._take_fault(endpoint, ids)
        if fault is not None:
            return self._fail(fault, method, path, ids)
        if is_log:
            return self._record(method, path, ids, self._log(ids[0], path))
        response, applied = self._cancel(ids, path)
        return self._record(method, path, ids, response, applied)

    def _wrong(
        self, headers: Mapping[str, str], body: bytes, ids: tuple[str, ...] | None, endpoint: Endpoint
    ) -> str | None:
        given = headers.get("authorization", "")
        if given != self.settings.token:
            return "Bearer" if given.lower().startswith("bearer") else "token"
        if headers.get("content-type") != "application/json":
            return "Content-Type"
        if ids is None or len(set(ids)) != len(ids) or (endpoint is Endpoint.LOGS and body):
            return "body"
        return None

    def _cancel(self, ids: tuple[str, ...], path: str) -> tuple[Response, tuple[str, ...]]:
        if self.settings.max_ids is not None and len(ids) > self.settings.max_ids:
            return self._error(413, "Request entity too large", path), ()
        unknown = [i for i in ids if i not in self._state.orders]
        stuck = [i for i in ids if i not in unknown and not self._is_pending(i)]
        policies = ((unknown, self.settings.unknown_ids), (stuck, self.settings.not_pending))
        blamed = [i for bad, policy in policies for i in bad if policy is not IdPolicy.SKIP]
        refuses_all = any(bad and policy is IdPolicy.REFUSE_CALL for bad, policy in policies)
        applied = () if refuses_all else self._apply(ids)
        if blamed:
            what = "not found" if blamed[0] in unknown else "not pending"
            return self._error(400, f"Order {blamed[0]} is {what}", path), applied
        return _json(200, SUCCESS), applied

    def _apply(self, ids: Iterable[str]) -> tuple[str, ...]:
        applied = tuple(i for i in ids if i in self._state.orders and self._is_pending(i))
        for order_id in applied:
            line = Line(self.settings.cancelled_title, "Cancelled by merchant", self._now(), "Merchant")
            self._state.orders[order_id].append(line)
        return applied

    def _is_pending(self, order_id: str) -> bool:
        return self._state.orders[order_id][-1].title.casefold() == "pending"

    def _log(self, order_id: str, path: str) -> Response:
        lines = self._state.orders.get(order_id)
        if lines is None:
            return self._error(404, "Order not found", path)
        newest = self._now() - timedelta(seconds=self.settings.log_lag)
        seen = [line for line in lines if line.created_at <= newest] or lines[:1]
        logs = [
            {
                "title": line.title,
                "description": line.description,
                "createdAt": _iso(line.created_at),
                "by": line.by,
            }
            for line in reversed(seen)
        ]
        return _json(200, {"statusCode": 200, "data": {"logs": logs}})

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

    def _fail(self, fault: Fault, method: str, path: str, ids: tuple[str, ...]) -> Reply:
        if fault.kind is FaultKind.NO_CONNECTION:
            return Reply(_json(502, {}), Delivery.NO_CONNECTION)
        cancels = fault.endpoint is Endpoint.CANCEL
        if fault.kind is FaultKind.SLOW:
            response, applied = self._cancel(ids, path) if cancels else (self._log(ids[0], path), ())
        else:
            response = self._fault_response(fault, path, ids)
            applied = self._apply(_chosen(fault, ids)) if cancels else ()
        delivery = {FaultKind.HANG: Delivery.HANG, FaultKind.DROP: Delivery.DROP}.get(fault.kind, Delivery.SEND)
        reply = self._record(method, path, ids, response, applied, delivery)
        return replace(reply, delay=fault.seconds, release=self._releases)

    def _fault_response(self, fault: Fault, path: str, ids: tuple[str, ...]) -> Response:
        match fault.kind:
            case FaultKind.FORBIDDEN:
                response = self._error(403, "User is not authorized", path)
            case FaultKind.BAD_ID:
                response = self._error(400, f"Order {fault.order_id or ids[0]} cannot be cancelled", path)
            case FaultKind.RATE_LIMITED:
                response = self._error(429, "Too Many Requests", path)
            case FaultKind.SERVER_ERROR:
                response = self._error(500, "Internal server error", path)
            case FaultKind.GARBAGE:
                response = Response(200, _JSON, b'{"statusCode":200,"mess\x00\xff')
            case FaultKind.GATEWAY_PAGE:
                response = Response(200, _HTML, b"<html><body><h1>Welcome to nginx</h1></body></html>")
            case FaultKind.REDIRECT:
                response = Response(302, {**_HTML, "Location": "/login"}, b"")
            case FaultKind.SAYS_FAILURE:
                response = _json(200, {**SUCCESS, "data": {"status": "failed", "msg": "Orders could not be canceled."}})
            case _ if fault.endpoint is Endpoint.LOGS:
                response = self._log(ids[0], path)
            case _:
                response = _json(200, SUCCESS)
        if fault.retry_after is not None:
            response = replace(response, headers={**response.headers, "Retry-After": fault.retry_after})
        return response

    def _record(
        self,
        method: str,
        path: str,
        ids: tuple[str, ...],
        response: Response,
        applied: tuple[str, ...] = (),
        delivery: Delivery = Delivery.SEND,
        *,
        wrong: str | None = None,
    ) -> Reply:
        answer = str(response.status) if delivery is Delivery.SEND else delivery.value
        number = len(self._state.calls) + 1
        call = ReceivedCall(number, _iso(self._now()), method, path, ids, answer, applied, wrong)
        self._state.calls.append(call)
        dated = {**response.headers, "Date": format_datetime(self._now(), usegmt=True)}
        return Reply(replace(response, headers=dated), delivery)

    def _error(self, status: int, message: str, path: str) -> Response:
        return _json(
            status,
            {
                "statusCode": status,
                "timestamp": _iso(self._now()),
                "path": path,
                "message": message,
                "errors": [message],
            },
        )

    def _now(self) -> datetime:
        return self._clock() + timedelta(seconds=self.settings.clock_offset)

    # Saving

    def to_json(self) -> str:
        """The whole state: orders, settings, faults and calls received. Hanging calls are not part of it."""
        with self._changed:
            state = asdict(self._state)
            for lines in state["orders"].values():
                for line in lines:
                    line["created_at"] = line["created_at"].isoformat()
            return json.dumps({"settings": asdict(self.settings), **state})

    @classmethod
    def from_json(cls, saved: str, clock: Callable[[], datetime]) -> FincartStandIn:
        """A stand-in with the saved state. Raises ValueError, KeyError or TypeError for anything else."""
        data = json.loads(saved)
        settings = data["settings"]
        for name in ("unknown_ids", "not_pending"):
            settings[name] = IdPolicy(settings[name])
        standin = cls(clock, Settings(**settings))
        for order_id, lines in data["orders"].items():
            standin._state.orders[order_id] = [
                Line(**{**line, "created_at": datetime.fromisoformat(line["created_at"])}) for line in lines
            ]
        for fault in data["faults"]:
            kinds = {
                "kind": FaultKind(fault["kind"]),
                "endpoint": Endpoint(fault["endpoint"]),
                "applied": Applied(fault["applied"]),
            }
            standin._state.faults.append(Fault(**{**fault, **kinds}))
        for call in data["calls"]:
            tuples = {"ids": tuple(call["ids"]), "applied": tuple(call["applied"])}
            standin._state.calls.append(ReceivedCall(**{**call, **tuples}))
        standin._state.faults_met.update(data["faults_met"])
        return standin


def _chosen(fault: Fault, ids: tuple[str, ...]) -> tuple[str, ...]:
    match fault.applied:
        case Applied.NONE:
            return ()
        case Applied.ALL:
            return ids
        case Applied.REST:
            spared = fault.order_id or ids[0]
            return tuple(i for i in ids if i != spared)
        case Applied.FIRST_HALF:
            return ids[: len(ids) // 2]


def _ids_of(body: bytes) -> tuple[str, ...] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    if not isinstance(value, dict) or set(value) != {"filters"}:
        return None
    filters = value["filters"]
    if not isinstance(filters, dict) or set(filters) != {"ids"} or not isinstance(filters["ids"], list):
        return None
    ids = filters["ids"]
    if not ids or not all(isinstance(i, str) and i for i in ids):
        return None
    return tuple(ids)


def _json(status: int, value: object) -> Response:
    return Response(status, _JSON, json.dumps(value).encode())


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
