"""The stand-in Slack workspace: one object with an injected clock, no sockets, and a state that can be saved."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Self, TypeVar

from bot.sandbox.slack import files, methods, response_url
from bot.sandbox.slack.core import Core, direct_id
from bot.sandbox.slack.deliveries import Deliver
from bot.sandbox.slack.faults import Call, SlackFault
from bot.sandbox.slack.people import People
from bot.sandbox.slack.state import Channel, ChannelKind, File, Notice, Person, Post, Source, State, Usergroup, View

Json = dict[str, Any]
T = TypeVar("T")


class SlackWorkspace(People):
    """A workspace with its bot. Build people, groups and channels; pass `deliver`, which reaches the bot; then act and
    read.

    Thread-safe. `messages` and similar methods return copies, which never change.
    """

    def __init__(
        self, clock: Callable[[], datetime], deliver: Deliver | None = None, state: State | None = None
    ) -> None:
        super().__init__(Core(clock, state or State()), deliver)

    def to_json(self) -> str:
        """The whole workspace; plans of faults and the log of calls are not part of it."""
        with self.core.condition:
            return self.core.state.to_json()

    @classmethod
    def from_json(cls, text: str, clock: Callable[[], datetime], deliver: Deliver | None = None) -> Self:
        """The workspace that `to_json` wrote."""
        return cls(clock, deliver, State.from_json(text))

    @property
    def state(self) -> State:
        """The live state. Tests may change people, groups, channels and scopes in it directly."""
        return self.core.state

    # --- building

    def add_person(self, id: str, name: str, **more: Any) -> Person:
        """Add a person; keywords are the fields of `Person`."""
        with self.core.changing():
            return self.state.people.setdefault(id, Person(id, name, **more))

    def add_usergroup(self, id: str, handle: str, *members: str, disabled: bool = False) -> Usergroup:
        """Add a user group."""
        with self.core.changing():
            return self.state.usergroups.setdefault(id, Usergroup(id, handle, list(members), disabled))

    def add_channel(
        self,
        id: str,
        name: str,
        *members: str,
        kind: ChannelKind = ChannelKind.PUBLIC,
        with_bot: bool = True,
        **more: Any,
    ) -> Channel:
        """Add a conversation of these people; keywords are the fields of `Channel`."""
        with self.core.changing():
            everyone = [self.state.bot_user, *members] if with_bot else list(members)
            return self.state.channels.setdefault(id, Channel(id, name, kind, everyone, **more))

    def archive(self, channel: str) -> None:
        """Archive a channel, which takes bots out of it."""
        with self.core.changing():
            self.state.channels[channel].is_archived = True
            self.remove_bot(channel)

    def unarchive(self, channel: str) -> None:
        """Open an archived channel again; bots stay out of it until they are invited."""
        with self.core.changing():
            self.state.channels[channel].is_archived = False

    def remove_bot(self, channel: str) -> None:
        """Take the bot out of a channel."""
        with self.core.changing():
            members = self.state.channels[channel].members
            if self.state.bot_user in members:
                members.remove(self.state.bot_user)

    def add_file(self, user: str, name: str, content: bytes, mimetype: str = "text/csv", **more: Any) -> str:
        """A file that a person attached to a form; keywords are the fields of `File`. Returns its id."""
        with self.core.changing():
            file = File(self.state.new_id("F"), name, user, base64.b64encode(content).decode(), mimetype, **more)
            file.length, file.uploaded, file.complete = len(content), True, True
            self.state.files[file.id] = file
            return file.id

    def say(self, user: str, channel: str, text: str, thread_ts: str = "") -> Post:
        """A person writes a message."""
        with self.core.changing():
            post = self.core.add_post(channel, user, text, None, thread_ts=thread_ts, source=Source.PERSON)
            return replace(post)

    def alert(self, channel: str, **content: Any) -> Post:
        """Another app writes a message: `text`, `blocks`, `attachments`, `files`. It has no user, and often no text."""
        with self.core.changing():
            return replace(self.core.add_post(channel, "B0OTHERAPP", content.get("text", ""), None, alert=content))

    # --- the bot's side

    def call(self, method: str, params: Json, token: str | None) -> methods.Answer:
        """One Web API call: (HTTP status, headers, body). Raises `ConnectionDropped`, `NoAnswer` on such faults."""
        return methods.call(self.core, method, params, token)

    def post_response_url(self, url: str, body: Json) -> methods.Answer:
        """One post to a `response_url`: (HTTP status, headers, body). Raises like `call`."""
        return response_url.post(self.core, url, body)

    def upload(self, url: str, content: bytes) -> tuple[int, bytes]:
        """The bytes of an upload begun with `files.getUploadURLExternal`. Raises like `call`."""
        with self.core.changing():
            fault = self.core.faults.take("upload")
            status, answer = (0, b"") if fault and not fault.applied else files.upload(self.core, url, content)
            self.core.log.add(Call("upload", {"url": url}, self.core.now(), status, fault.kind if fault else "ok"))
            self.core.faults.interrupt(fault)
        if fault:
            return methods.struck(fault)[0], b"fault"
        return status, answer

    def download(self, url: str, token: str | None) -> files.Download:
        """A file's (HTTP status, headers, bytes); without the right token an HTML page. Raises like `call`."""
        with self.core.changing():
            fault = self.core.faults.take("download")
            status, headers, content = files.download(self.core, url, token)
            self.core.log.add(Call("download", {"url": url}, self.core.now(), status, fault.kind if fault else "ok"))
            self.core.faults.interrupt(fault)
        if fault:
            status, _, headers, _ = methods.struck(fault)
            return status, {"Content-Type": "text/html", **headers}, b"fault"
        return status, headers, content

    def fail(self, method: str, fault: SlackFault, times: int | None = 1) -> None:
        """Let the next `times` calls of a method fail (None: until `heal`); `*` is every method."""
        with self.core.changing():
            self.core.faults.add(method, fault, times)

    def heal(self, method: str | None = None) -> None:
        """End the planned faults of a method, or all; over HTTP also let hanging calls go."""
        with self.core.changing():
            self.core.faults.clear(method)

    def calls(self, method: str | None = None) -> list[Call]:
        """The calls received, oldest first (the last 20,000)."""
        with self.core.condition:
            return [call for call in self.core.log.calls if method in (None, call.method)]

    def count(self, method: str) -> int:
        """How many calls of the method were ever received."""
        with self.core.condition:
            return self.core.log.counts[method]

    # --- what people see

    def messages(self, channel: str, thread_ts: str | None = None) -> list[Post]:
        """What everybody sees in a channel, oldest first; with `thread_ts` only that thread's replies."""
        with self.core.condition:
            return [
                replace(post)
                for post in self.state.posts.values()
                if post.channel == channel and not post.only_for and not post.deleted
                if thread_ts is None or post.thread_ts == thread_ts
            ]

    def ephemerals(self, user: str, channel: str | None = None) -> list[Post]:
        """What only this person sees, under any of their ids, oldest first."""
        with self.core.condition:
            return [
                replace(post)
                for post in self.state.posts.values()
                if post.only_for
                and self.state.same_person(post.only_for, user)
                and not post.deleted
                and channel in (None, post.channel)
            ]

    def dms(self, user: str) -> list[Post]:
        """The direct messages between the bot and this person, oldest first."""
        return self.messages(direct_id(user))

    def open_view(self, user: str) -> View | None:
        """The modal on top of the person's screen."""
        with self.core.condition:
            stack = self.state.stacks.get(user)
            return replace(self.state.views[stack[-1]]) if stack else None

    def home(self, user: str) -> View | None:
        """The person's Home tab as last published."""
        with self.core.condition:
            view = self.state.views.get(self.state.homes.get(user, ""))
            return replace(view) if view else None

    def notices(self, user: str) -> list[Notice]:
        """Slack's own complaints shown to this person, oldest first."""
        with self.core.condition:
            return [notice for notice in self.state.notices.values() if notice.user == user]

    def reload(self, user: str) -> None:
        """The person restarts their Slack: ephemerals are gone."""
        with self.core.changing():
            for post in self.state.posts.values():
                post.deleted = post.deleted or post.only_for == user

    def wait_for(self, predicate: Callable[[], T], timeout: float = 20.0) -> T:
        """Wait, in real time, until the predicate is true of the workspace; raises `TimeoutError`. For threads only."""
        with self.core.condition:
            if not self.core.condition.wait_for(lambda: bool(predicate()), timeout):
                raise TimeoutError("the workspace did not become so in time")
            return predicate()
