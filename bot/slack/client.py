"""The Slack calls the bot makes, typed.

Nothing here raises for what Slack does: every call returns an `Answer`. Slack neither formats top-level text nor links
names or addresses in it. The message builder still escapes what people typed, because Slack reads explicit `<…>`
sequences whatever `parse` says.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.messages.message import Message
from bot.slack.failure_log import FailureLog
from bot.slack.results import NO_ACCESS, Answer, Ok, Refused, SlackReply, SlackTransport, Unanswered
from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)

T = TypeVar("T")
JsonObject = Mapping[str, Any]

POST_SECONDS = 6.0  # less than a message's lease (storage.slack_messages.SENT_WITHIN)
READ_SECONDS = 5.0
TRIGGER_SECONDS = 3.0  # a trigger_id's lifetime: a later answer is useless
FILE_SECONDS = 20.0

# Sent with every call, because chat.update falls back to parse=client without them.
_PLAIN = {"parse": "none", "link_names": False}
_PLAIN_POST = _PLAIN | {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """The place of a posted message: `channel` is the conversation Slack chose (a `D…` for a post to `U…`)."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Identity:
    """The bot's identity, by auth.test; `enterprise_id` is None outside Enterprise Grid."""

    team_id: str
    enterprise_id: str | None
    user_id: str
    bot_id: str | None
    team_name: str
    scopes: frozenset[str]


class SlackClient:
    """The calls the bot needs, over any transport. Thread-safe if its transport is."""

    def __init__(self, transport: SlackTransport) -> None:
        self._transport = transport
        self._tell = FailureLog().tell
        self.on_no_access: Callable[[], None] = lambda: None
        """Called when Slack has refused a call because of its token."""

    # Messages

    def post_message(
        self, channel_or_user: str, message: Message, thread_ts: str | None = None
    ) -> Answer[PostedMessage | None]:
        """Post to a channel, or to a person's direct message with the bot (a `U…` id). Returns Ok with None if Slack
        posted it without giving its `ts`."""
        params = _content(message) | _PLAIN_POST | {"channel": channel_or_user}
        if thread_ts is not None:
            params["thread_ts"] = thread_ts
        return _value(self._call("chat.postMessage", params, POST_SECONDS), lambda data: _posted(data, channel_or_user))

    def update_message(self, channel: str, ts: str, message: Message) -> Answer[PostedMessage]:
        """Replace one of the bot's own messages, its blocks included."""
        params = _content(message) | _PLAIN | {"channel": channel, "ts": ts}
        return _value(self._call("chat.update", params, POST_SECONDS), lambda _: PostedMessage(channel, ts))

    def post_ephemeral(
        self, channel: str, user_id: str, message: Message, thread_ts: str | None = None
    ) -> Answer[None]:
        """Show a message to one person. `Ok` does not prove that they saw it: Slack delivers it only to
        someone active, and only until they reload."""
        params = _content(message) | _PLAIN | {"channel": channel, "user": user_id}
        if thread_ts is not None:
            params["thread_ts"] = thread_ts
        return _value(self._call("chat.postEphemeral", params, POST_SECONDS), _nothing)

    def open_direct_message(self, user_id: str) -> Answer[str]:
        """Return the id (`D…`) of the bot's direct message with a person; opens it if needed."""
        answer = self._call("conversations.open", {"users": user_id}, READ_SECONDS)
        return _value(answer, lambda data: _text(_object(data, "channel"), "id"))

    def permalink(self, channel: str, ts: str) -> Answer[str]:
        """Return the URL of a message."""
        answer = self._call("chat.getPermalink", {"channel": channel, "message_ts": ts}, READ_SECONDS)
        return _value(answer, lambda data: _text(data, "permalink"))

    # response_url

    def respond(
        self, response_url: str, message: Message, replace_original: bool = False, in_channel: bool = False
    ) -> Answer[None]:
        """Answer a command or click, privately unless `in_channel`. Five uses within 30 minutes.

        `replace_original` edits the message that was clicked; a command's own reply cannot be replaced."""
        body = _content(message) | _PLAIN_POST
        body["response_type"] = "in_channel" if in_channel else "ephemeral"
        body["replace_original"] = replace_original
        return self._respond(response_url, body)

    # Views

    def open_view(self, trigger_id: str, view: JsonObject) -> Answer[str]:
        """Open a modal; returns its view id, empty if Slack does not give it."""
        params = {"trigger_id": trigger_id, "view": dict(view)}
        return _value(self._call("views.open", params, TRIGGER_SECONDS), _view_id)

    def publish_home(self, user_id: str, view: JsonObject) -> Answer[str]:
        """Publish a person's Home tab; returns its view id."""
        params = {"user_id": user_id, "view": dict(view)}
        return _value(self._call("views.publish", params, POST_SECONDS), _view_id)

    # Look-ups

    def auth_test(self, deadline_seconds: float = READ_SECONDS) -> Answer[Identity]:
        """Return who the bot is and, by the header `x-oauth-scopes`, its token's scopes."""
        answer = self._call("auth.test", {}, deadline_seconds)
        if not isinstance(answer, Ok):
            return answer
        scopes = answer.value.headers.get("x-oauth-scopes", "")
        granted = frozenset(scope.strip() for scope in scopes.split(",") if scope.strip())
        return _value(answer, lambda data: _identity(data, granted))

    def user_info(self, user_id: str, deadline_seconds: float = READ_SECONDS) -> Answer[JsonObject]:
        """Return the `user` object of users.info."""
        answer = self._call("users.info", {"user": user_id}, deadline_seconds)
        return _value(answer, lambda data: _object(data, "user"))

    def usergroup_members(self, usergroup_id: str, deadline_seconds: float = READ_SECONDS) -> Answer[frozenset[str]]:
        """Return the user ids of a group's members; a disabled group has none."""
        params = {"usergroup": usergroup_id, "include_disabled": False}
        return _value(self._call("usergroups.users.list", params, deadline_seconds), _members)

    def conversation_info(self, channel_id: str, deadline_seconds: float = READ_SECONDS) -> Answer[JsonObject]:
        """Return the `channel` object of conversations.info."""
        answer = self._call("conversations.info", {"channel": channel_id}, deadline_seconds)
        return _value(answer, lambda data: _object(data, "channel"))

    # Files

    def file_info(self, file_id: str) -> Answer[JsonObject]:
        """Return the `file` object of files.info; for a Slack Connect file, the form has only its id."""
        answer = self._call("files.info", {"file": file_id}, READ_SECONDS)
        return _value(answer, lambda data: _object(data, "file"))

    def download_file(self, url: str, limit_bytes: int) -> Answer[bytes]:
        """Download a submitted file. Check the size Slack declares before calling this.

        Returns Refused with `missing_scope` (detail `files:read`) if Slack sends its login page."""
        answer = self._transport.download(url, limit_bytes, FILE_SECONDS)
        self._tell("file download", answer)
        return answer

    def upload_file(self, user_id: str, filename: str, content: bytes, title: str, comment: str = "") -> Answer[str]:
        """Send a file to one person in their direct message with the bot; returns the file id.

        Slack does not accept a person's id here, so their direct message is opened first. Slack formats `comment`:
        never put typed text in it."""
        direct = self.open_direct_message(user_id)
        if not isinstance(direct, Ok):
            return direct
        params: dict[str, Any] = {"filename": filename, "length": len(content)}
        place = _value(self._call("files.getUploadURLExternal", params, POST_SECONDS), _upload_place)
        if not isinstance(place, Ok):
            return place
        url, file_id = place.value
        sent = self._transport.upload(url, content, FILE_SECONDS)
        self._tell("file upload", sent)
        if not isinstance(sent, Ok):
            return sent
        params = {"files": [{"id": file_id, "title": title}], "channel_id": direct.value}
        if comment:
            params["initial_comment"] = comment
        done = self._call("files.completeUploadExternal", params, POST_SECONDS)
        return _value(done, lambda _: file_id)

    def _call(self, method: str, params: JsonObject, deadline_seconds: float) -> Answer[SlackReply]:
        answer = self._transport.call(method, params, deadline_seconds)
        self._tell(method, answer)
        if isinstance(answer, Refused) and answer.code in NO_ACCESS and method != "auth.test":
            self.on_no_access()
        return answer

    def _respond(self, response_url: str, body: JsonObject) -> Answer[None]:
        answer = self._transport.post(response_url, body, POST_SECONDS)
        self._tell("response_url", answer)
        return _value(answer, _nothing)


def _content(message: Message) -> dict[str, Any]:
    # Sent even if empty: chat.update then clears the message's blocks.
    return {"text": message.text, "blocks": [dict(block) for block in message.blocks]}


def _value(answer: Answer[SlackReply], read: Callable[[JsonObject], T]) -> Answer[T]:
    """Apply `read` to an `Ok`; an `Ok` without the value is Unanswered, and Slack may have done anything."""
    if not isinstance(answer, Ok):
        return answer
    try:
        return Ok(read(answer.value.data))
    except (KeyError, TypeError, ValueError):
        log.warning("Slack's answer says ok and lacks what was asked for", extra=about(LogEvent.SLACK_CALL_FAILED))
        return Unanswered("an answer without what was asked for")


def _nothing(_: JsonObject) -> None:
    return None


def _text(data: JsonObject, key: str) -> str:
    if not isinstance(value := data[key], str) or not value:
        raise ValueError(key)
    return value


def _optional_text(data: JsonObject, key: str) -> str | None:
    return _text(data, key) if data.get(key) else None


def _object(data: JsonObject, key: str) -> JsonObject:
    if not isinstance(value := data[key], Mapping):
        raise TypeError(key)
    return value


def _posted(data: JsonObject, asked: str) -> PostedMessage | None:
    """Read a posted message. An ok without details stays an ok: treated as a failure, the message would be posted
    repeatedly."""
    channel, ts = data.get("channel"), data.get("ts")
    if not isinstance(ts, str) or not ts:
        log.warning("Slack has posted a message without saying as what", extra=about(LogEvent.SLACK_CALL_FAILED))
        return None
    return PostedMessage(channel if isinstance(channel, str) and channel else asked, ts)


def _view_id(data: JsonObject) -> str:
    view = data.get("view")
    found = view.get("id") if isinstance(view, Mapping) else None
    return found if isinstance(found, str) else ""


def _members(data: JsonObject) -> frozenset[str]:
    if not isinstance(users := data["users"], list):
        raise TypeError("users")
    return frozenset(str(user) for user in users)


def _upload_place(data: JsonObject) -> tuple[str, str]:
    return _text(data, "upload_url"), _text(data, "file_id")


def _identity(data: JsonObject, scopes: frozenset[str]) -> Identity:
    return Identity(
        team_id=_text(data, "team_id"),
        enterprise_id=_optional_text(data, "enterprise_id"),
        user_id=_text(data, "user_id"),
        bot_id=_optional_text(data, "bot_id"),
        team_name=str(data.get("team") or ""),
        scopes=scopes,
    )
