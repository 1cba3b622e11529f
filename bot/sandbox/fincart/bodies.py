"""Fincart's documented bodies, written and read for the stand-in, and the answers of its faults."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.sandbox.fincart.faults import Applied, Fault, FaultKind, Response
from bot.sandbox.fincart.orders import LogLine

SUCCESS = {
    "statusCode": 200,
    "message": "Bulk Orders cancelled successfully",
    "data": {"status": "success", "msg": "Orders have been successfully canceled."},
}
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_HTML = {"Content-Type": "text/html"}


def error_response(status: int, message: str, path: str, at: datetime) -> Response:
    """Fincart's error body."""
    return json_response(
        status,
        {
            "statusCode": status,
            "timestamp": iso(at),
            "path": path,
            "message": message,
            "errors": [message],
        },
    )


def fault_response(fault: Fault, path: str, ids: tuple[str, ...], at: datetime) -> Response | None:
    """The answer of a fault; None where it is the ordinary one."""
    if fault.kind is FaultKind.BAD_ID:
        return error_response(400, f"Order {fault.order_id or ids[0]} cannot be cancelled", path, at)
    if fault.kind in _ERRORS:
        return error_response(*_ERRORS[fault.kind], path, at)
    return _ODD_RESPONSES.get(fault.kind)


def chosen(fault: Fault, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The orders of the call that the fault applies all the same."""
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


def ids_of(body: bytes) -> tuple[str, ...] | None:
    """The order ids of a cancel call's body; None where it is not exactly as documented."""
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


def log_response(lines: Sequence[LogLine]) -> Response:
    """An order's log, newest first as Fincart lists it; `lines` are oldest first."""
    logs = [
        {"title": it.title, "description": it.description, "createdAt": iso(it.created_at), "by": it.by}
        for it in reversed(lines)
    ]
    return json_response(200, {"statusCode": 200, "data": {"logs": logs}})


def json_response(status: int, value: object) -> Response:
    """An answer with a JSON body."""
    return Response(status, _JSON, json.dumps(value).encode())


def iso(at: datetime) -> str:
    """A time as Fincart writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_ERRORS = {
    FaultKind.FORBIDDEN: (403, "User is not authorized"),
    FaultKind.RATE_LIMITED: (429, "Too Many Requests"),
    FaultKind.SERVER_ERROR: (500, "Internal server error"),
    FaultKind.NOT_FOUND: (404, "Order not found"),
}

_ODD_RESPONSES = {
    FaultKind.GARBAGE: Response(200, _JSON, b'{"statusCode":200,"mess\x00\xff'),
    FaultKind.GATEWAY_PAGE: Response(200, _HTML, b"<html><body><h1>Welcome to nginx</h1></body></html>"),
    FaultKind.REDIRECT: Response(302, {**_HTML, "Location": "/login"}, b""),
    FaultKind.SAYS_FAILURE: json_response(
        200, {**SUCCESS, "data": {"status": "failed", "msg": "Orders could not be canceled."}}
    ),
}
