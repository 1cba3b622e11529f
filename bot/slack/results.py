"""The closed set of results of a call to Slack, and the transport that returns them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

NO_ACCESS = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
        "user_removed_from_team",
    }
)
"""Error codes by which Slack refuses the token itself."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Ok(Generic[T_co]):
    """Slack did it; `value` is its answer."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Refused:
    """Slack, or a rule of ours before sending, refused, and nothing was done.

    `code` is Slack's error code, such as `channel_not_found`, or one of the transport's own:
    `not_slacks_host`, `redirected`, `too_large`, `http_404` and the like where Slack named none.
    `detail` is the missing scope of a `missing_scope`, or Slack's explanation of an `invalid_blocks`.
    """

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Slack did nothing; retry after so many seconds (at least 1, at most an hour)."""

    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No trustworthy answer: 5xx, a time-out, a dropped connection, an invalid body; `why` says which."""

    why: str


Failure = Refused | RateLimited | Unanswered
Answer = Ok[T] | Failure


@dataclass(frozen=True, slots=True)
class SlackReply:
    """The body of an answer that says `ok`, and its headers with lower-case names."""

    data: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class SlackTransport(Protocol):
    """Carries calls to Slack, one send each, and never raises for what Slack or the network does."""

    def call(self, method: str, params: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        """Call a Web API method, such as `chat.postMessage`, as the bot."""
        ...

    def post(self, url: str, body: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        """POST JSON to a `response_url`. Refused with `not_slacks_host` if it is not Slack's."""
        ...

    def upload(self, url: str, content: bytes, deadline_seconds: float) -> Answer[SlackReply]:
        """POST the bytes of a file to the URL that `files.getUploadURLExternal` gave."""
        ...

    def download(self, url: str, limit_bytes: int, deadline_seconds: float) -> Answer[bytes]:
        """Fetch a file shared with the bot; Refused with `too_large` as soon as it exceeds the limit."""
        ...
