"""Slack over the network: slack_sdk for the Web API, httpx for response URLs and files.

The token leaves this module in one header, only to Slack's hosts or `SLACK_API_URL`'s, and never follows a redirect.
Errors are named by their type, never their text, which may quote a header or a URL.
"""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.request import Request

import httpx
from pydantic import SecretStr
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.network import BoundedTransport, Fence, distrust
from bot.settings.logging import SDK_LOGGER, quiet_libraries
from bot.slack.results import Answer, Failure, Ok, RateLimited, Refused, SlackReply, Unanswered
from storage.db.servers import is_loopback

SLACK_API_URL = "https://slack.com/api/"

_LIMIT_OF_A_REPLY = 16 * 1024 * 1024  # larger than any answer of Slack's; bounds memory only
_CONNECTIONS = 100
_LONGEST_REST_SECONDS = 3600
_REST_WHEN_UNSAID_SECONDS = 10
_ERROR_CODE = re.compile(r"[a-z][a-z0-9_]{1,63}")
_HOST = re.compile(r"[a-z0-9.:-]+")  # parsers disagree about hosts of any other characters
# Hosts of Slack and of GovSlack. slack-files.com is missing on purpose: it serves public links, which need no token.
_SLACK_DOMAINS = ("slack.com", "slack-gov.com")
# Error codes in a 200 by which Slack may have done part of the work.
_ERRORS_THAT_LEAVE_DOUBT = frozenset({"fatal_error", "internal_error", "service_unavailable"})
_RATE_LIMIT_ERRORS = frozenset({"ratelimited", "rate_limited"})


class SdkTransport:
    """`SlackTransport` over the network: one send a call, thread-safe. Call `close()` when done.

    `deadline_seconds` bounds connecting, each wait for bytes, and the whole reading.
    Raises `bot.network.UnusableProxyError`."""

    def __init__(self, token: SecretStr, api_url: str = SLACK_API_URL) -> None:
        quiet_libraries()
        self._token = token
        self._api_url = httpx.URL(api_url)
        self._http = _http(self._api_url)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def call(self, method: str, params: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        """See `SlackTransport.call`."""
        client = OneSendClient(self._http, self._token.get_secret_value(), str(self._api_url), deadline_seconds)
        named_method = getattr(client, method.replace(".", "_"))
        try:
            response = named_method(**params)
        except SlackApiError as refused:
            response = refused.response
        except _NotAnsweredError as failed:
            return failed.failure
        except Exception as lost:  # the SDK raises whatever its JSON parser raises
            return Unanswered(type(lost).__name__)
        return answer_of(response.status_code, response.headers, response.data)

    def post(self, url: str, body: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        """See `SlackTransport.post`."""
        return self._send(url, deadline_seconds, json=dict(body))

    def upload(self, url: str, content: bytes, deadline_seconds: float) -> Answer[SlackReply]:
        """See `SlackTransport.upload`. Sends no token: the URL itself is the permission."""
        return self._send(url, deadline_seconds, content=content)

    def download(self, url: str, limit_bytes: int, deadline_seconds: float) -> Answer[bytes]:
        """See `SlackTransport.download`.

        Without the scope `files:read` Slack answers 200 with its login page, which is Refused as `missing_scope`,
        detail `files:read`. A redirect is Refused as `redirected`: it could leak the token."""
        if not self.may_have_token(url):
            return Refused("not_slacks_host")
        authorization = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        answer = _exchange(self._http, "GET", url, deadline_seconds, limit_bytes, headers=authorization)
        if not isinstance(answer, _Received):
            return answer
        if answer.status != httpx.codes.OK:
            return _failure(answer.status, answer.headers, _json(answer.body))
        if _is_login_page(answer):
            return Refused("missing_scope", "files:read")
        return Ok(answer.body)

    def may_have_token(self, url: str) -> bool:
        """Tell whether the token may go to an address: Slack's own (https only), or one with exactly `SLACK_API_URL`'s
        origin. Another port of this machine belongs to another program."""
        address = _address(url)
        if address is None:
            return False
        ours = any(address.host == name or address.host.endswith(f".{name}") for name in _SLACK_DOMAINS)
        if ours and address.scheme == "https" and address.port is None:
            return True
        return _origin(address) == _origin(self._api_url)

    def is_slacks(self, url: str) -> bool:
        """Tell whether requests without a token may go to an address: wherever the token may go and, if the Web API is
        a stand-in on this machine, any port of it."""
        if self.may_have_token(url):
            return True
        address = _address(url)
        return address is not None and is_loopback(self._api_url.host) and is_loopback(address.host)

    def _send(self, url: str, deadline_seconds: float, **request: Any) -> Answer[SlackReply]:
        if not self.is_slacks(url):
            return Refused("not_slacks_host")
        answer = _exchange(self._http, "POST", url, deadline_seconds, _LIMIT_OF_A_REPLY, **request)
        if not isinstance(answer, _Received):
            return answer
        data = _json(answer.body)
        if not httpx.codes.is_success(answer.status) or (isinstance(data, Mapping) and data.get("ok") is False):
            words = answer.body[:64].decode("ascii", "replace").strip()
            return _failure(answer.status, answer.headers, data if isinstance(data, Mapping) else {"error": words})
        return Ok(SlackReply(data if isinstance(data, Mapping) else {}, answer.headers))


@dataclass(frozen=True, slots=True)
class _Received:
    status: int
    headers: Mapping[str, str]
    body: bytes


class _NotAnsweredError(Exception):
    """Why Slack's answer to a call could not be had."""

    def __init__(self, failure: Failure) -> None:
        super().__init__()
        self.failure = failure


class OneSendClient(WebClient):
    """slack_sdk's client over our own connections: no retry (its default re-sends chat.postMessage after a lost
    answer), no redirect, and a deadline for the whole call."""

    def __init__(self, http: httpx.Client, token: str | None, api_url: str, deadline_seconds: float) -> None:
        super().__init__(token=token, base_url=api_url, retry_handlers=[], logger=logging.getLogger(SDK_LOGGER))
        self._http = http
        self._deadline_seconds = deadline_seconds

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        body = req.data if isinstance(req.data, bytes) else None
        headers = dict(req.header_items())
        answer = _exchange(
            self._http, req.get_method(), url, self._deadline_seconds, _LIMIT_OF_A_REPLY, headers=headers, content=body
        )
        if not isinstance(answer, _Received):
            raise _NotAnsweredError(answer)
        return {"status": answer.status, "headers": answer.headers, "body": answer.body.decode("utf-8", "replace")}


def web_client(api_url: str, deadline_seconds: float) -> OneSendClient:
    """A client without a token of its own, for a library that brings one. It follows no redirect with that token."""
    return OneSendClient(_http(httpx.URL(api_url)), None, api_url, deadline_seconds)


def _http(api_url: httpx.URL) -> httpx.Client:
    return httpx.Client(
        transport=BoundedTransport(api_url, _CONNECTIONS),
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
    )


def _exchange(
    http: httpx.Client, verb: str, url: str, deadline_seconds: float, limit_bytes: int, **request: Any
) -> "_Received | Failure":
    """One request, read to its end, the limit or the deadline."""
    sent = Fence()
    extensions = {"trace": sent.trace}
    try:
        with http.stream(verb, url, timeout=deadline_seconds, extensions=extensions, **request) as response:
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > limit_bytes:
                    return Refused("too_large")
            return _Received(response.status_code, _lower(response.headers), bytes(body))
    except Exception as error:  # httpx's errors, and a token that no header can carry: never shown, it is quoted
        if sent.passed:
            return Unanswered(type(error).__name__)
        return Unanswered(f"not sent ({distrust(error) or type(error).__name__})")


def answer_of(status: int, headers: Mapping[str, str], data: object) -> Answer[SlackReply]:
    """Classify an answer of the Web API; `data` is its parsed JSON, or anything else if it was not JSON."""
    if status == httpx.codes.OK and isinstance(data, Mapping) and data.get("ok") is True:
        return Ok(SlackReply(data, _lower(headers)))
    return _failure(status, headers, data)


def _failure(status: int, headers: Mapping[str, str], data: object) -> Failure:
    """Classify an answer that is not `ok`."""
    error = data.get("error") if isinstance(data, Mapping) else None
    code = error if isinstance(error, str) and _ERROR_CODE.fullmatch(error) else None
    if status == httpx.codes.TOO_MANY_REQUESTS or code in _RATE_LIMIT_ERRORS:
        return RateLimited(_rest(_lower(headers).get("retry-after", "")))
    if httpx.codes.is_server_error(status) or code in _ERRORS_THAT_LEAVE_DOUBT:
        return Unanswered(code or f"HTTP {status}")
    if httpx.codes.is_redirect(status):
        return Refused("redirected")
    if code is not None:
        return Refused(code, _detail(data))
    if httpx.codes.is_client_error(status):
        return Refused(f"http_{status}")
    return Unanswered("nonsense")


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
    """Parse the address; None if it is invalid or if parsers disagree about it."""
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        return None
    return None if address.userinfo or not _HOST.fullmatch(address.host) else address


def _origin(address: httpx.URL) -> tuple[str, str, int | None]:
    return address.scheme, address.host, address.port
