"""The ways from a process to the stand-ins: what goes over them is a boundary, and is looked at on its way."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import httpx

from bot.sandbox.fincart.bodies import ids_of
from bot.sandbox.fincart.shells import StandInTransport
from bot.sandbox.slack.transport import WorkspaceTransport
from bot.slack.results import Answer, SlackReply, SlackTransport


class Witness(Protocol):
    """Whoever looks at the calls to Fincart on their way."""

    def reading(self) -> None:
        """A log is about to be read."""
        ...

    def sending(self, ids: tuple[str, ...]) -> int:
        """A call is about to reach Fincart; the number is the call's."""
        ...

    def ended(self, call: int, *, lost: bool, reached: bool) -> None:
        """Its sender knows as much as it ever will."""
        ...


class FincartWire(httpx.BaseTransport):
    """Calls Fincart for one process."""

    def __init__(self, inner: StandInTransport, boundary: Callable[[str], None], witness: Witness) -> None:
        self._inner = inner
        self._boundary = boundary
        self._witness = witness

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            self._boundary("reading")
            self._witness.reading()
            try:
                return self._inner.handle_request(request)
            finally:
                self._boundary("read")
        self._boundary("sending")
        call = self._witness.sending(ids_of(request.read()) or ())
        lost, reached = True, True
        try:
            response = self._inner.handle_request(request)
            lost = _is_lost(response)
        except httpx.ConnectError:
            lost, reached = False, False
            raise
        finally:
            try:
                self._boundary("sent")
            except BaseException:
                lost = True
                raise
            finally:
                self._witness.ended(call, lost=lost and reached, reached=reached)
        return response


def _is_lost(response: httpx.Response) -> bool:
    """Whether nobody could tell from the answer what was done; written anew, not read from the bot's own rules."""
    if response.status_code >= 500 or 300 <= response.status_code < 400 or response.status_code == 408:
        return True
    try:
        body = response.json()
    except ValueError:
        return True
    return not isinstance(body, dict) or "statusCode" not in body


class SlackWire:
    """Calls Slack for one process; posting is a boundary, asking is not (look-ups hold what others wait for)."""

    def __init__(self, inner: WorkspaceTransport, boundary: Callable[[str], None], asking: WorkspaceTransport) -> None:
        self._inner = inner
        self._boundary = boundary
        self._asking = asking

    def call(self, method: str, params: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        if not method.startswith("chat.post") and method != "chat.update":
            return self._asking.call(method, params, deadline_seconds)
        self._boundary("posting")
        answer = self._inner.call(method, params, deadline_seconds)
        self._boundary("posted")
        return answer

    def post(self, url: str, body: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        self._boundary("posting")
        answer = self._inner.post(url, body, deadline_seconds)
        self._boundary("posted")
        return answer

    def upload(self, url: str, content: bytes, deadline_seconds: float) -> Answer[SlackReply]:
        return self._inner.upload(url, content, deadline_seconds)

    def download(self, url: str, limit_bytes: int, deadline_seconds: float) -> Answer[bytes]:
        answer = self._inner.download(url, limit_bytes, deadline_seconds)
        self._boundary("fetched")
        return answer


_: type[SlackTransport] = SlackWire
