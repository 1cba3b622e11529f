"""Network access: proxies from the environment, the system's certificates, and a deadline for each whole call.

It is httpcore's pool with its documented network backend. httpx limits each read but not their sum, and takes no
backend: a server that drips headers would hold a call for ever. httpcore's own tunnels stay in the pool for ever if TLS
fails within them, so the backend makes the proxy tunnel itself.
"""

import base64
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.request import getproxies, proxy_bypass

import h11
import httpcore
import httpx

CONNECT_SECONDS = 5.0
_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError)


class UnusableProxyError(ValueError):
    """The environment names an unusable proxy. The text says the fix, and holds no part of its URL."""


def proxy_for(address: httpx.URL) -> httpx.URL | None:
    """The proxy for a URL by `HTTPS_PROXY` or `ALL_PROXY`; None for none, or if `NO_PROXY` names the host.

    Plain `http://` is for this machine only (`bot.settings.values.checked_url`) and needs no proxy. Raises
    `UnusableProxyError`.
    """
    proxies = getproxies()
    named = proxies.get("https") or proxies.get("all")
    if address.scheme != "https" or not named:
        return None
    if any(proxy_bypass(host) for host in (address.host, address.netloc.decode("ascii"))):
        return None
    fix = "Write HTTPS_PROXY (or ALL_PROXY) as http://host:port, with / : @ # of a password in their %-form."
    try:
        proxy = httpx.URL(named if "://" in named else f"http://{named}")
    except httpx.InvalidURL:
        # Drops the cause, which could quote part of the password.
        raise UnusableProxyError(f"the proxy of the environment is not an address. {fix}") from None
    if proxy.scheme not in ("http", "https") or not proxy.host:
        raise UnusableProxyError(f"the proxy of the environment is not one over HTTP. {fix}")
    return proxy


def certificates() -> ssl.SSLContext:
    """TLS that trusts the operating system's certificates, or those in `SSL_CERT_FILE` and `SSL_CERT_DIR`."""
    return ssl.create_default_context()


def distrust(error: BaseException | None) -> str | None:
    """Why the other side's certificate was rejected; None if the error has another cause."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return None if error is None else error.verify_message.strip().rstrip(".")


class FenceClosedError(Exception):
    """The fence is closed: not one byte of the request was sent."""


class Fence:
    """Checked once connected, just before the first byte of a call is sent. `passed` says whether a byte may have been
    sent: an error before that has sent nothing.
    """

    def __init__(self, is_open: Callable[[], bool] | None = None) -> None:
        self._is_open = is_open
        self.passed = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """httpcore's trace extension."""
        if event == "http11.send_request_headers.started":
            self.pass_through()

    def pass_through(self) -> None:
        """Raises FenceClosedError if it is closed."""
        if self._is_open is not None and not self._is_open():
            raise FenceClosedError
        self.passed = True


class BoundedTransport(httpx.BaseTransport):
    """Sends to `address` over a bounded pool of real connections.

    A request's read time-out is the deadline of the whole call: connecting, sending and reading to the last byte. Never
    follows redirects or retries. Raises `UnusableProxyError`.
    """

    def __init__(self, address: httpx.URL, max_connections: int) -> None:
        self._pool = httpcore.ConnectionPool(
            # Reading the system's certificates takes longer than all else here, and a stand-in speaks plain HTTP.
            ssl_context=certificates() if address.scheme == "https" else None,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=5.0,
            retries=0,
            network_backend=_Backend(proxy_for(address)),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx's errors, and FenceClosedError."""
        timeout = request.extensions["timeout"]
        ends_at = time.monotonic() + timeout["read"]
        instants = dict.fromkeys(("connect", "read", "write"), ends_at) | {"pool": timeout["pool"]}
        url = request.url
        with _httpx_errors():
            response = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.read(),
                    extensions=request.extensions | {"timeout": instants},
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
    except _ERRORS as error:
        raise getattr(httpx, type(error).__name__)(str(error)) from error  # httpx gives them the same names


class _Backend(httpcore.NetworkBackend):
    """Connects, through the proxy if there is one. Time-outs are instants of the monotonic clock."""

    def __init__(self, proxy: httpx.URL | None) -> None:
        self._proxy = proxy
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *more: Any, **named: Any
    ) -> httpcore.NetworkStream:
        proxy = self._proxy
        if proxy is None:
            return _BoundedStream(self._inner.connect_tcp(host, port, _left_to_connect(timeout), *more, **named))
        to_proxy = proxy.port or (443 if proxy.scheme == "https" else 80)
        try:
            stream: httpcore.NetworkStream = _BoundedStream(
                self._inner.connect_tcp(proxy.host, to_proxy, _left_to_connect(timeout), *more, **named)
            )
            if proxy.scheme == "https":
                stream = stream.start_tls(certificates(), proxy.host, timeout)
        except httpcore.ConnectError as error:
            raise httpcore.ProxyError(f"it cannot be reached ({distrust(error) or error})") from error
        try:
            _tunnel(stream, f"[{host}]:{port}" if ":" in host else f"{host}:{port}", proxy, timeout)
        except BaseException:
            stream.close()
            raise
        return stream


def _tunnel(stream: httpcore.NetworkStream, target: str, proxy: httpx.URL, ends_at: float | None) -> None:
    """Have the proxy connect to the target. The proxy's own words are not repeated: they could quote the password."""
    headers = [("Host", target)]
    if proxy.userinfo:
        credentials = f"{proxy.username}:{proxy.password}".encode()
        headers.append(("Proxy-Authorization", f"Basic {base64.b64encode(credentials).decode()}"))
    http = h11.Connection(h11.CLIENT)
    asked = http.send(h11.Request(method="CONNECT", target=target, headers=headers))
    assert asked is not None
    stream.write(asked, ends_at)
    http.send(h11.EndOfMessage())
    try:
        while (answer := http.next_event()) is h11.NEED_DATA or isinstance(answer, h11.InformationalResponse):
            if answer is h11.NEED_DATA:
                http.receive_data(stream.read(65536, ends_at))
    except h11.RemoteProtocolError:
        raise httpcore.ProxyError("it does not answer as a proxy") from None
    if not isinstance(answer, h11.Response):
        raise httpcore.ProxyError("it broke off")
    if not 200 <= answer.status_code <= 299:
        raise httpcore.ProxyError(f"it answers HTTP {answer.status_code}")


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            return _BoundedStream(self._inner.start_tls(ssl_context, server_hostname, _left_to_connect(timeout)))
        except BaseException:
            self.close()
            raise

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


def _left_to_connect(ends_at: float | None) -> float:
    return min(_left(ends_at, httpcore.ConnectTimeout), CONNECT_SECONDS)


def _left(ends_at: float | None, over: type[httpcore.TimeoutException]) -> float:
    """Seconds until then. Raises `over` when none are left."""
    assert ends_at is not None
    left = ends_at - time.monotonic()
    if left <= 0:
        raise over("the call has taken its time")
    return left
