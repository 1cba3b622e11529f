"""Slack over the network: slack_sdk for the Web API, httpx for response URLs and files.

The token leaves this module in one header, to Slack's own hosts or `SLACK_API_URL`'s, and is never carried along
a redirect. Errors are told by their kind, never by their text, which may quote a header or a URL.
"""

import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

import httpx
from pydantic import SecretStr
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.network import BoundedTransport, Fence, certificates, distrust, proxy_for
from bot.settings.addresses import is_loopback
from bot.slack.results import Answer, Failure, Ok, RateLimited, Refused, SlackReply, Unanswered

SLACK_API_URL = "https://slack.com/api/"

_LIMIT_OF_A_REPLY = 16 * 1024 * 1024  # beyond any answer of Slack's; bounds memory, not use
_CONNECTIONS = 100
_LONGEST_REST_SECONDS = 3600
_REST_WHEN_UNSAID_SECONDS = 10
_ERROR_CODE = re.compile(r"[a-z][a-z0-9_]{1,63}")
_HOST = re.compile(r"[a-z0-9.:-]+")  # parsers disagree about hosts of any other characters
# Hosts of Slack and of GovSlack. slack-files.com is missing on purpose: it serves public links, which need no token.
_SLACK_DOMAINS = ("slack.com", "slack-gov.com")
# Slack's own words for "some of it may have happened" in an answer that is a 200.
_ERRORS_THAT_LEAVE_DOUBT = frozenset({"fatal_error", "internal_error", "service_unavailable"})
_RATE_LIMIT_ERRORS = frozenset({"ratelimited", "rate_limited"})


def quiet_libraries() -> None:
    """Keep libraries from logging URLs, headers and bodies, whatever `LOG_LEVEL` says.

    httpx logs each URL at INFO (a `response_url` is a secret), httpcore and slack_sdk log headers and bodies."""
    for name in ("httpx", "httpcore", "slack_sdk"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # The client's own logger: at ERROR it quotes bodies and exceptions, and what it knows is in the answer anyway.
    _sdk_logger().setLevel(logging.CRITICAL)


def _sdk_logger() -> logging.Logger:
    return logging.getLogger("slack_sdk.web.quiet")


class SdkTransport:
    """`SlackTransport` over the network. One send per call, thread-safe; `close()` when done.

    `deadline_seconds` bounds connecting and every wait for bytes, and reading as a whole.
    Raises `bot.network.UnusableProxyError`."""

    def __init__(self, token: SecretStr, api_url: str = SLACK_API_URL) -> None:
        quiet_libraries()
        self._token = token
        self._api_url = httpx.URL(api_url)
        self._opener = _opener(self._api_url)
        self._http = httpx.Client(
            transport=BoundedTransport(self._api_url, _CONNECTIONS),
            follow_redirects=False,
            headers={"accept-encoding": "identity"},
        )

    def close(self) -> None:
        """Give back the connections."""
        self._http.close()

    def call(self, method: str, params: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        """See `SlackTransport.call`."""
        client = _OneSendClient(self._opener, self._token.get_secret_value(), str(self._api_url), deadline_seconds)
        named_method = getattr(client, method.replace(".", "_"))
        try:
            response = named_method(**params)
        except SlackApiError as refused:
            response = refused.response
        except URLError as unsent:
            # urllib wraps only what fails before the last byte of the request has been handed over.
            why = distrust(unsent.reason if isinstance(unsent.reason, OSError) else None)
            return Unanswered(f"not sent ({why or type(unsent.reason).__name__})", may_have_been_applied=False)
        except Exception as lost:  # the SDK lets through whatever the socket or the JSON made it trip over
            return Unanswered(type(lost).__name__, may_have_been_applied=True)
        return answer_of(response.status_code, response.headers, response.data)

    def post(self, url: str, body: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        """See `SlackTransport.post`."""
        return self._send(url, deadline_seconds, json=dict(body))

    def upload(self, url: str, content: bytes, deadline_seconds: float) -> Answer[SlackReply]:
        """See `SlackTransport.upload`. The address is its own permission: no token goes with it."""
        return self._send(url, deadline_seconds, content=content)

    def download(self, url: str, limit_bytes: int, deadline_seconds: float) -> Answer[bytes]:
        """See `SlackTransport.download`.

        Without the scope `files:read` Slack answers 200 with its login page: that is Refused as
        `missing_scope`, detail `files:read`. A redirect is Refused as `redirected`: it could lead the token away."""
        if not self.may_have_token(url):
            return Refused("not_slacks_host")
        authorization = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        answer = self._exchange("GET", url, deadline_seconds, limit_bytes, headers=authorization)
        if not isinstance(answer, _Received):
            return answer
        if answer.status != httpx.codes.OK:
            return _failure(answer.status, answer.headers, _json(answer.body))
        if _is_login_page(answer):
            return Refused("missing_scope", "files:read")
        return Ok(answer.body)

    def may_have_token(self, url: str) -> bool:
        """Whether the token may go to an address: Slack's own (https only), or of the very origin of
        `SLACK_API_URL`. Another port of this machine is another program's."""
        address = _address(url)
        if address is None:
            return False
        ours = any(address.host == name or address.host.endswith(f".{name}") for name in _SLACK_DOMAINS)
        if ours and address.scheme == "https" and address.port is None:
            return True
        return _origin(address) == _origin(self._api_url)

    def is_slacks(self, url: str) -> bool:
        """Whether an address may be sent what needs no token: where the token may go, and, where the Web API itself is
        a stand-in on this machine, all of this machine."""
        if self.may_have_token(url):
            return True
        address = _address(url)
        return address is not None and is_loopback(self._api_url.host) and is_loopback(address.host)

    def _send(self, url: str, deadline_seconds: float, **request: Any) -> Answer[SlackReply]:
        if not self.is_slacks(url):
            return Refused("not_slacks_host")
        answer = self._exchange("POST", url, deadline_seconds, _LIMIT_OF_A_REPLY, **request)
        if not isinstance(answer, _Received):
            return answer
        data = _json(answer.body)
        if not httpx.codes.is_success(answer.status) or (isinstance(data, Mapping) and data.get("ok") is False):
            words = answer.body[:64].decode("ascii", "replace").strip()
            return _failure(answer.status, answer.headers, data if isinstance(data, Mapping) else {"error": words})
        return Ok(SlackReply(data if isinstance(data, Mapping) else {}, answer.headers))

    def _exchange(
        self, verb: str, url: str, deadline_seconds: float, limit_bytes: int, **request: Any
    ) -> "_Received | Failure":
        """One request, read to its end, the limit or the deadline."""
        sent = Fence()
        extensions = {"trace": sent.trace}
        try:
            with self._http.stream(verb, url, timeout=deadline_seconds, extensions=extensions, **request) as response:
                body = bytearray()
                for chunk in response.iter_raw():
                    body += chunk
                    if len(body) > limit_bytes:
                        return Refused("too_large")
                return _Received(response.status_code, _lower(response.headers), bytes(body))
        except Exception as error:  # httpx's errors, and a token that no header can carry: never shown, it is quoted
            if sent.passed:
                return Unanswered(type(error).__name__, may_have_been_applied=True)
            return Unanswered(f"not sent ({distrust(error) or type(error).__name__})", may_have_been_applied=False)


@dataclass(frozen=True, slots=True)
class _Received:
    status: int
    headers: Mapping[str, str]
    body: bytes


class _NoRedirect(HTTPRedirectHandler):
    """urllib would follow a redirect with the Authorization header; unfollowed, it is an HTTPError."""

    def redirect_request(self, *_: Any) -> None:
        return None


class _OneSendClient(WebClient):
    """slack_sdk's client for one call: no retry (its default re-sends chat.postMessage after a lost answer),
    no redirect, a deadline over the reading, connections closed."""

    def __init__(self, opener: OpenerDirector, token: str | None, api_url: str, deadline_seconds: float) -> None:
        super().__init__(token=token, base_url=api_url, retry_handlers=[], logger=_sdk_logger())
        self._opener = opener
        self._deadline_seconds = deadline_seconds

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        ends_at = time.monotonic() + self._deadline_seconds
        try:
            response = self._opener.open(req, timeout=self._deadline_seconds)
        except HTTPError as answered:
            response = answered
        with response:
            body = bytearray()
            while chunk := response.read1(65536):
                body += chunk
                if time.monotonic() > ends_at or len(body) > _LIMIT_OF_A_REPLY:
                    raise TimeoutError
            return {"status": response.code, "headers": response.headers, "body": body.decode("utf-8", "replace")}


def web_client(api_url: str, deadline_seconds: float) -> WebClient:
    """A client without a token of its own, for a library that brings one: it does not carry it along a redirect."""
    return _OneSendClient(_opener(httpx.URL(api_url)), None, api_url, deadline_seconds)


def _opener(api_url: httpx.URL) -> OpenerDirector:
    """What opens the Web API: without redirects, and by the same proxy and certificates as everything else."""
    proxy = proxy_for(api_url)
    way = ProxyHandler({} if proxy is None else {"https": str(proxy)})
    tls = (HTTPSHandler(context=certificates()),) if api_url.scheme == "https" else ()
    return build_opener(_NoRedirect(), *tls, way)


def answer_of(status: int, headers: Mapping[str, str], data: object) -> Answer[SlackReply]:
    """What an answer of the Web API means; `data` is its parsed JSON, anything else where it was none."""
    if status == httpx.codes.OK and isinstance(data, Mapping) and data.get("ok") is True:
        return Ok(SlackReply(data, _lower(headers)))
    return _failure(status, headers, data)


def _failure(status: int, headers: Mapping[str, str], data: object) -> Failure:
    """What an answer that is not `ok` means."""
    error = data.get("error") if isinstance(data, Mapping) else None
    code = error if isinstance(error, str) and _ERROR_CODE.fullmatch(error) else None
    if status == httpx.codes.TOO_MANY_REQUESTS or code in _RATE_LIMIT_ERRORS:
        return RateLimited(_rest(_lower(headers).get("retry-after", "")))
    if httpx.codes.is_server_error(status) or code in _ERRORS_THAT_LEAVE_DOUBT:
        return Unanswered(code or f"HTTP {status}", may_have_been_applied=True)
    if httpx.codes.is_redirect(status):
        return Refused("redirected")
    if code is not None:
        return Refused(code, _detail(data))
    if httpx.codes.is_client_error(status):
        return Refused(f"http_{status}")
    return Unanswered("nonsense", may_have_been_applied=True)


def _detail(data: object) -> str:
    if not isinstance(data, Mapping):
        return ""
    if isinstance(needed := data.get("needed"), str):
        return needed[:300]
    metadata = data.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, Mapping) else None
    return "; ".join(map(str, messages))[:300] if isinstance(messages, list) else ""


def _rest(retry_after: str) -> int:
    seconds = int(retry_after) if re.fullmatch("[0-9]{1,9}", retry_after) else _REST_WHEN_UNSAID_SECONDS
    return min(max(seconds, 1), _LONGEST_REST_SECONDS)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _is_login_page(answer: _Received) -> bool:
    start = answer.body[:256].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    html = start.startswith((b"<!doctype html", b"<html"))
    return html or answer.headers.get("content-type", "").lower().startswith("text/html")


def _address(url: str) -> httpx.URL | None:
    """The address; None for what is none, and for one that parsers disagree about."""
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        return None
    return None if address.userinfo or not _HOST.fullmatch(address.host) else address


def _origin(address: httpx.URL) -> tuple[str, str, int | None]:
    return address.scheme, address.host, address.port
