"""The bodies Slack sends: commands, clicks, submitted forms, shortcuts and events, signed as Slack signs."""

import hashlib
import hmac
import json
import re
from typing import Any
from urllib.parse import urlencode

from bot.sandbox.slack.core import Core, message_json
from bot.sandbox.slack.state import Channel, ChannelKind, Post, View
from bot.sandbox.slack.views import view_json

Json = dict[str, Any]
FORM = "application/x-www-form-urlencoded"


def command_fields(core: Core, user: str, channel: Channel, typed: str, team_id: str) -> dict[str, str]:
    """The form fields of a slash command as it was typed."""
    command, _, text = typed.partition(" ")
    fields = {
        "token": "deprecated",
        "team_id": team_id or core.state.team_id,
        "team_domain": core.state.team_domain,
        "channel_id": channel.id,
        "channel_name": _channel_name(channel),
        "user_id": user,
        "user_name": core.state.people[user].name,
        "command": command,
        "text": escape_typed(core, text) if core.state.should_escape else text,
        "api_app_id": core.state.app_id,
        "is_enterprise_install": "false",
        "response_url": core.new_response_url(user, channel.id),
        "trigger_id": core.new_trigger(user),
    }
    if core.state.enterprise_id:
        fields |= {"enterprise_id": core.state.enterprise_id, "enterprise_name": core.state.team_domain}
    return fields


def escape_typed(core: Core, text: str) -> str:
    """What `should_escape` makes of typed text: mentions and links as control sequences, `&<>` escaped; on a phone
    digits become telephone links besides (https://github.com/vercel/chat/issues/955)."""

    def replace(found: re.Match[str]) -> str:
        word = found.group()
        if word in ("&", "<", ">"):
            return {"&": "&amp;", "<": "&lt;", ">": "&gt;"}[word]
        if word.startswith("http"):
            return f"<{word.replace('&', '&amp;')}>"
        if word[0].isdigit():
            return f"<tel:{word.replace('-', '')}|{word}>"
        return _mention(core, word) if word[0] == "@" else _channel_link(core, word)

    links = r"https?://[^\s<>]+|(?<!\w)@[\w.-]+|(?<!\w)#[\w-]+|[&<>]"
    numbers = r"|(?<![\w-])[0-9](?:-?[0-9]){6,14}(?![\w-])" if core.state.phone_links else ""
    return re.sub(links + numbers, replace, text)


def _mention(core: Core, word: str) -> str:
    name = word[1:]
    if name in ("here", "channel", "everyone"):
        return f"<!{name}>"
    for person in core.state.people.values():
        if name == person.name:
            return f"<@{person.id}>"
    for group in core.state.usergroups.values():
        if name == group.handle:
            return f"<!subteam^{group.id}|@{group.handle}>"
    return word


def _channel_link(core: Core, word: str) -> str:
    for channel in core.state.channels.values():
        if channel.name and word[1:] == channel.name:
            return f"<#{channel.id}|{channel.name if channel.kind is ChannelKind.PUBLIC else ''}>"
    return word


def interaction(core: Core, kind: str, user: str, trigger: str, team_id: str, user_team_id: str) -> Json:
    """What all interactive payloads have in common."""
    person = core.state.people[user]
    state = core.state
    payload: Json = {
        "type": kind,
        "token": "deprecated",
        "api_app_id": state.app_id,
        "team": {"id": team_id or state.team_id, "domain": state.team_domain},
        "user": {
            "id": user,
            "username": person.name,
            "name": person.name,
            "team_id": user_team_id or person.team_id or state.team_id,
        },
        "enterprise": {"id": state.enterprise_id, "name": state.team_domain} if state.enterprise_id else None,
        "is_enterprise_install": False,
    }
    return payload | ({"trigger_id": trigger} if trigger else {})


def message_click(core: Core, payload: Json, post: Post, action: Json, values: Json) -> Json:
    """A press in a message; one in an ephemeral carries no `message`."""
    container: Json = {
        "type": "message",
        "message_ts": post.ts,
        "channel_id": post.channel,
        "is_ephemeral": bool(post.only_for),
    }
    if post.thread_ts:
        container["thread_ts"] = post.thread_ts
    payload |= {
        "container": container,
        "channel": {"id": post.channel, "name": _channel_name(core.state.channels[post.channel])},
        "state": {"values": values},
        "response_url": core.new_response_url(payload["user"]["id"], post.channel, post.ts, post.thread_ts),
        "actions": [action],
    }
    return payload if post.only_for else payload | {"message": message_json(core, post)}


def view_click(core: Core, payload: Json, view: View, action: Json, values: Json) -> Json:
    """A press in a modal or on the Home tab; there is no channel and no `response_url`."""
    return payload | {
        "container": {"type": "view", "view_id": view.id},
        "view": view_json(core, view, values),
        "actions": [action],
    }


def event(core: Core, inner: Json, team_id: str) -> Json:
    """An Events API envelope around one event."""
    now = core.now()
    return {
        "token": "deprecated",
        "team_id": team_id or core.state.team_id,
        "api_app_id": core.state.app_id,
        "event": inner,
        "type": "event_callback",
        "event_id": core.state.new_id("Ev"),
        "event_time": int(now),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": core.state.team_id,
                "user_id": core.state.bot_user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


def encoded(kind: str, payload: Json) -> tuple[str, bytes]:
    """Content type and body: commands are forms, interactions `payload=` JSON in a form, events JSON."""
    if kind == "event":
        return "application/json", json.dumps(payload).encode()
    form = payload if kind == "command" else {"payload": json.dumps(payload)}
    return FORM, urlencode(form).encode()


def signed(core: Core, content_type: str, body: bytes) -> dict[str, str]:
    """The headers of a delivery: content type, timestamp and `v0` signature."""
    stamp = str(int(core.now()))
    base = f"v0:{stamp}:".encode() + body
    digest = hmac.new(core.state.signing_secret.encode(), base, hashlib.sha256).hexdigest()
    return {
        "Content-Type": content_type,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
    }


def _channel_name(channel: Channel) -> str:
    if channel.kind is ChannelKind.PUBLIC:
        return channel.name
    return "privategroup" if channel.kind is ChannelKind.PRIVATE else "directmessage"
