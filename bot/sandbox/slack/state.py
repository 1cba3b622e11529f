"""The stand-in Slack workspace's state: plain data that can be saved as JSON and restored."""

import json
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from bot.sandbox.slack.render import ShownButton, buttons_of, render

Json = dict[str, Any]


class ChannelKind(StrEnum):
    """What sort of conversation it is; `BETWEEN_PEOPLE` is a direct message which the bot cannot see."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"
    GROUP_DIRECT = "group_direct"
    BETWEEN_PEOPLE = "between_people"


class Source(StrEnum):
    """How a message came about: only `API` messages can be updated by the bot."""

    API = "api"
    RESPONSE_URL = "response_url"
    ACK = "ack"
    PERSON = "person"


@dataclass(slots=True)
class Person:
    """A member, guest, bot or outsider. `team_id` is the home of an outsider; empty means this workspace."""

    id: str
    name: str
    real_name: str = ""
    team_id: str = ""
    tz: str = "Europe/Berlin"
    tz_offset: int = 3600
    deleted: bool = False
    is_bot: bool = False
    is_admin: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    enterprise_user: str = ""
    """The person's id in an Enterprise Grid; several people here with the same are one person with several ids."""
    answered_as: str = ""
    """`users.info` asked for this id answers with that of another of the person's; empty: with its own."""
    is_active: bool = True


@dataclass(slots=True)
class Usergroup:
    """A user group; a disabled one keeps its members."""

    id: str
    handle: str
    members: list[str] = field(default_factory=list)
    disabled: bool = False


@dataclass(slots=True)
class Channel:
    """A conversation. The bot is a member when its user id is among `members`."""

    id: str
    name: str
    kind: ChannelKind = ChannelKind.PUBLIC
    members: list[str] = field(default_factory=list)
    is_archived: bool = False
    is_ext_shared: bool = False
    restricted: bool = False

    def __post_init__(self) -> None:
        self.kind = ChannelKind(self.kind)


@dataclass(slots=True)
class Post:
    """A message. `only_for` holds the one person who sees an ephemeral, and is empty otherwise."""

    ts: str
    channel: str
    author: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str = ""
    edited: bool = False
    deleted: bool = False
    only_for: str = ""
    source: Source = Source.API
    files: list[str] = field(default_factory=list)
    revisions: int = 0
    alert: Json = field(default_factory=dict)
    """What another app's message holds, as that app sent it: its blocks, attachments, files."""

    def __post_init__(self) -> None:
        self.source = Source(self.source)

    def buttons(self) -> list[ShownButton]:
        """The buttons a person sees, in reading order."""
        return buttons_of(self.blocks)

    def rendered(self) -> str:
        """What a person reads: the blocks as plain text, or `text` where there are none."""
        return render(self.blocks) if self.blocks else self.text


@dataclass(slots=True)
class View:
    """A modal or Home view. `content` is what the bot sent; `errors` what the bot's answer showed by its inputs."""

    id: str
    user: str
    content: Json
    hash: str
    root_id: str = ""
    previous_id: str = ""
    external_id: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> list[Json]:
        """The blocks of the view."""
        blocks: list[Json] = self.content["blocks"]
        return blocks

    @property
    def private_metadata(self) -> str:
        """What the bot stored with the view."""
        return str(self.content.get("private_metadata", ""))

    def buttons(self) -> list[ShownButton]:
        """The buttons inside the view, without its submit and close."""
        return buttons_of(self.blocks)

    def rendered(self) -> str:
        """The view as plain text: title, blocks, errors and submit."""
        lines = [str(self.content[part]["text"]) for part in ("title",) if part in self.content]
        lines.append(render(self.blocks))
        lines += [f"! {block}: {words}" for block, words in self.errors.items()]
        lines += [f"[{self.content['submit']['text']}]"] if "submit" in self.content else []
        return "\n".join(lines)


@dataclass(slots=True)
class File:
    """An uploaded file; `content` is base64, and `uploaded` and `complete` follow the two steps of an upload."""

    id: str
    name: str
    user: str
    content: str = ""
    mimetype: str = "text/plain"
    title: str = ""
    length: int = 0
    uploaded: bool = False
    complete: bool = False
    external_type: str = ""
    """Which other service keeps it; empty for a file of Slack's own."""
    connected: bool = False
    """Shared through Slack Connect: payloads tell nothing of it but its id."""


@dataclass(slots=True)
class ResponseUrl:
    """Where one payload may be answered: five times within 30 minutes. `ts` is the message clicked, if any."""

    id: str
    user: str
    channel: str
    created: float
    ts: str = ""
    thread_ts: str = ""
    uses: int = 0


@dataclass(slots=True)
class Trigger:
    """Lets a view be opened once, within 3 seconds. `view_id` is the modal it came from, if any."""

    id: str
    user: str
    created: float
    view_id: str = ""
    used: bool = False


@dataclass(slots=True)
class Notice:
    """Slack's own complaint to a person because the bot did not answer as it must."""

    id: str
    user: str
    channel: str
    text: str
    at: float


TABLES: dict[str, type[Any]] = {
    "people": Person,
    "usergroups": Usergroup,
    "channels": Channel,
    "posts": Post,
    "views": View,
    "files": File,
    "response_urls": ResponseUrl,
    "triggers": Trigger,
    "notices": Notice,
}

ALL_SCOPES = (
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:read",
    "files:write",
    "groups:read",
    "im:write",
    "usergroups:read",
    "users:read",
)


def _plain(record: Any) -> Json:
    return {each.name: getattr(record, each.name) for each in fields(record)}


@dataclass(slots=True)
class State:
    """All of the workspace. Tables map an id (of posts: the ts) to its record."""

    team_id: str = "T0SANDBOX"
    team_domain: str = "sandbox"
    enterprise_id: str = ""
    app_id: str = "A0SANDBOX"
    bot_id: str = "B0SANDBOX"
    bot_user: str = "U0BOT"
    bot_token: str = field(default_factory=lambda: "xoxb-sandbox", repr=False)
    app_token: str = field(default_factory=lambda: "xapp-sandbox", repr=False)
    signing_secret: str = field(default_factory=lambda: "sandbox-signing-secret", repr=False)
    scopes: list[str] = field(default_factory=lambda: list(ALL_SCOPES))
    should_escape: bool = True
    phone_links: bool = False
    """People type on phones, which make telephone links of digits."""
    refuses_token: str = ""
    """What every call with the bot's token is answered: `token_revoked` once it is, `account_inactive` once the app is
    uninstalled."""
    refused_blocks: list[str] = field(default_factory=list)
    """Types of blocks that this workspace does not take, as some do not while Slack brings them in."""
    people: dict[str, Person] = field(default_factory=dict)
    usergroups: dict[str, Usergroup] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    stacks: dict[str, list[str]] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    last_id: int = 0
    last_us: int = 0

    def to_json(self) -> str:
        """The whole state, secrets of the stand-in included."""
        return json.dumps(_plain(self), default=_plain)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The state that `to_json` wrote."""
        raw: Json = json.loads(text)
        for name, record in TABLES.items():
            raw[name] = {key: record(**value) for key, value in raw[name].items()}
        return cls(**raw)

    def same_person(self, one: str, other: str) -> bool:
        """Whether two ids are one person's."""
        first, second = self.people.get(one), self.people.get(other)
        if one == other or first is None or second is None:
            return one == other
        return bool(first.enterprise_user) and first.enterprise_user == second.enterprise_user

    def new_id(self, prefix: str) -> str:
        """A fresh id in Slack's style, such as `V00000001F`."""
        self.last_id += 1
        return f"{prefix}{self.last_id:09X}"

    def new_ts(self, now: float) -> str:
        """A message timestamp, greater than any before it even when the clock stands still."""
        self.last_us = max(self.last_us + 1, round(now * 1_000_000))
        return f"{self.last_us // 1_000_000}.{self.last_us % 1_000_000:06d}"
