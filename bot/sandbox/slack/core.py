"""The state, clock, lock and shared acts of the stand-in Slack."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from bot.sandbox.slack.blocks import MOST_IN_A_MESSAGE, Surface, block_problems, characters, numbered
from bot.sandbox.slack.faults import CallLog, Faults, SlackError
from bot.sandbox.slack.state import Channel, ChannelKind, Person, Post, ResponseUrl, State, Trigger

Json = dict[str, Any]

MOST_TEXT = 4_000
"""Longer text is refused. (Slack refuses it in `chat.update`; when posting it would split the message.)"""


class Core:
    """State, clock and lock. `base_url` is where the HTTP shell listens, if there is one."""

    def __init__(self, clock: Callable[[], datetime], state: State) -> None:
        self.clock = clock
        self.state = state
        self.faults = Faults()
        self.log = CallLog()
        self.base_url = "http://slack.invalid"
        self.socket_url: Callable[[], str] | None = None
        self.condition = threading.Condition(threading.RLock())
        if state.bot_user not in state.people:
            state.people[state.bot_user] = Person(state.bot_user, "orders", "Order Cancel Bot", is_bot=True)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock, then notify waiters of the change."""
        with self.condition:
            try:
                yield
            finally:
                self.condition.notify_all()

    def now(self) -> float:
        """The injected clock in seconds since 1970."""
        return self.clock().timestamp()

    def visible_channel(self, channel_id: object) -> Channel:
        """The channel, where the bot can see that it exists; raises `channel_not_found`."""
        channel = self.state.channels.get(str(channel_id))
        if channel is None or channel.kind is ChannelKind.BETWEEN_PEOPLE:
            raise SlackError("channel_not_found")
        if channel.kind is not ChannelKind.PUBLIC and self.state.bot_user not in channel.members:
            raise SlackError("channel_not_found")
        return channel

    def postable_channel(self, channel_id: object) -> Channel:
        """The channel the bot may post to; a person's id opens the direct message. Raises as Slack answers."""
        target = str(channel_id)
        if target in self.state.people and target != self.state.bot_user:
            return self.direct_message(target)
        channel = self.visible_channel(target)
        if channel.is_archived:
            raise SlackError("is_archived")
        if self.state.bot_user not in channel.members and "chat:write.public" not in self.state.scopes:
            raise SlackError("not_in_channel")
        if channel.restricted:
            raise SlackError("restricted_action")
        return channel

    def direct_message(self, user_id: str) -> Channel:
        """The bot's direct message with this person, made if need be."""
        person = self.state.people[user_id]
        if person.deleted or person.is_bot:
            raise SlackError("cannot_dm_bot" if person.is_bot else "channel_not_found")
        name = direct_id(user_id)
        members = [self.state.bot_user, user_id]
        return self.state.channels.setdefault(name, Channel(name, "", ChannelKind.DIRECT, members))

    def checked_content(self, params: Json) -> tuple[str, list[Json] | None]:
        """The text and blocks of a message; raises as Slack answers for what it would refuse."""
        text, blocks = params.get("text") or "", params.get("blocks")
        if blocks is not None and not isinstance(blocks, list):
            raise SlackError("invalid_blocks_format")
        if not isinstance(text, str):
            raise SlackError("invalid_arguments")
        if not text and not blocks:
            raise SlackError("no_text")
        if len(text) > MOST_TEXT:
            raise SlackError("msg_too_long")
        problems = block_problems(blocks or [], Surface.MESSAGE) or self._not_drawn_here(blocks or [])
        if problems:
            raise SlackError("invalid_blocks", response_metadata={"messages": problems}, errors=problems)
        if characters(blocks or []) > MOST_IN_A_MESSAGE:
            raise SlackError("msg_blocks_too_long")
        return text, blocks

    def _not_drawn_here(self, blocks: list[Json]) -> list[str]:
        return [
            f"[ERROR] unsupported type: {block['type']} [json-pointer:/blocks/{number}/type]"
            for number, block in enumerate(blocks)
            if block["type"] in self.state.refused_blocks
        ]

    def add_post(self, channel: str, author: str, text: str, blocks: list[Json] | None, **more: Any) -> Post:
        """Add a message with a fresh timestamp."""
        ts = self.state.new_ts(self.now())
        post = Post(ts, channel, author, text, numbered(blocks or [], f"b{ts[-4:]}"), **more)
        self.state.posts[ts] = post
        return post

    def change_post(self, post: Post, text: str, blocks: list[Json] | None) -> None:
        """Replace what a message says; text without blocks removes them."""
        post.revisions += 1
        post.text, post.blocks = text, numbered(blocks or [], f"b{post.ts[-4:]}r{post.revisions}")
        post.edited = post.edited or not post.blocks

    def new_trigger(self, user: str, view_id: str = "") -> str:
        """A trigger id: good once, for 3 seconds."""
        trigger = Trigger(self.state.new_id("1") + ".trigger", user, self.now(), view_id)
        _forget_old(self.state.triggers, trigger.created - 3600)
        self.state.triggers[trigger.id] = trigger
        return trigger.id

    def new_response_url(self, user: str, channel: str, ts: str = "", thread_ts: str = "") -> str:
        """A URL for answers: good five times within 30 minutes."""
        entry = ResponseUrl(self.state.new_id("R"), user, channel, self.now(), ts, thread_ts)
        _forget_old(self.state.response_urls, entry.created - 86_400)
        self.state.response_urls[entry.id] = entry
        return f"{self.base_url}/response/{entry.id}"


def direct_id(user_id: str) -> str:
    """The id of the bot's direct message with this person, at least as long as Slack's ids are."""
    return "D" + user_id[1:].rjust(8, "0")


def _forget_old(entries: dict[str, Trigger] | dict[str, ResponseUrl], before: float) -> None:
    for name in [name for name, entry in entries.items() if entry.created < before]:
        del entries[name]


def message_json(core: Core, post: Post) -> Json:
    """A message as the Web API and the payloads show it."""
    message: Json = {"type": "message", "user": post.author, "text": post.text, "ts": post.ts}
    if post.alert:
        message = {"type": "message", "subtype": "bot_message", "bot_id": post.author, "ts": post.ts, **post.alert}
    if post.author == core.state.bot_user:
        message |= {"bot_id": core.state.bot_id, "app_id": core.state.app_id}
    message["team"] = core.state.team_id
    for name, value in (("blocks", post.blocks), ("thread_ts", post.thread_ts)):
        if value:
            message[name] = value
    if post.edited:
        message["edited"] = {"user": post.author, "ts": post.ts}
    return message
