"""The transport under the Fincart client: httpx's, with two promises httpx alone cannot make.

A call ends by its deadline however slowly the server drips, headers included (httpx bounds each read, not
their sum), and a fence is asked at the last moment, when a connection is there and the first byte is about to
be handed over. Both belong to the call that runs in the current thread.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import httpcore
import httpx

_SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class FenceClosedError(Exception):
    """The fence said no: not one byte of the request was handed over."""


class Call:
    """The bounds of one call: its deadline on the monotonic clock and the fence still to be asked."""

    def __init__(self, seconds: float, fence: Callable[[], bool] | None) -> None:
        self._deadline = time.monotonic() + seconds
        self._fence = fence

    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._deadline - time.monotonic())

    def pass_fence(self) -> None:
        """Ask the fence, once in the life of the call. Raises FenceClosedError."""
        fence, self._fence = self._fence, None
        if fence is not None and not fence():
            raise FenceClosedError


class Calls:
    """The call each thread is in."""

    def __init__(self) -> None:
        self._local = threading.local()

    @contextmanager
    def bounded(self, call: Call) -> Iterator[None]:
        """Everything the transport does for this thread inside the block is bounded by `call`."""
        self._local.call = call
        try:
            yield
        finally:
            self._local.call = None

    def current(self) -> Call | None:
        """The call of this thread, or None."""
        call: Call | None = getattr(self._local, "call", None)
        return call


class BoundedTransport(httpx.BaseTransport):
    """Sends over a bounded pool of real connections, within the bounds of the thread's call. It never
    follows proxies, redirects or retries."""

    def __init__(self, calls: Calls, max_connections: int) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=5.0,
            retries=0,
            network_backend=_Backend(calls),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with _httpx_errors():
            response = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.read(),
                    extensions=request.extensions,
                )
            )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _httpx_errors():
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


@contextmanager
def _httpx_errors() -> Iterator[None]:
    try:
        yield
    except httpcore.ConnectTimeout as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except httpcore.PoolTimeout as error:
        raise httpx.PoolTimeout(str(error)) from error
    except httpcore.ConnectError as error:
        raise httpx.ConnectError(str(error)) from error
    except httpcore.TimeoutException as error:
        raise httpx.ReadTimeout(str(error)) from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise httpx.ReadError(str(error)) from error


class _Backend(httpcore.NetworkBackend):
    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        left = _least(self._calls, timeout)
        if left == 0:
            raise httpcore.ConnectTimeout("no time left to connect")
        stream = self._inner.connect_tcp(host, port, left, local_address, socket_options)
        return _Stream(self._calls, stream)


class _Stream(httpcore.NetworkStream):
    def __init__(self, calls: Calls, inner: httpcore.NetworkStream) -> None:
        self._calls = calls
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = _least(self._calls, timeout)
        if left == 0:
            raise httpcore.ReadTimeout("no time left to read the answer")
        return self._inner.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        call = self._calls.current()
        if call is not None:
            call.pass_fence()
        left = _least(self._calls, timeout)
        if left == 0:
            raise httpcore.WriteTimeout("no time left to send the call")
        self._inner.write(buffer, left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _least(self._calls, timeout)
        if left == 0:
            self.close()
            raise httpcore.ConnectTimeout("no time left to connect")
        return _Stream(self._calls, self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


def _least(calls: Calls, timeout: float | None) -> float | None:
    call = calls.current()
    if call is None:
        return timeout
    return call.left() if timeout is None else min(timeout, call.left())
