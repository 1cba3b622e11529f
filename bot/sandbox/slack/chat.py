"""The stand-in's `chat.*` methods."""

from typing import Any

from bot.sandbox.slack.core import Core, message_json
from bot.sandbox.slack.faults import SlackError
from bot.sandbox.slack.state import Post, Source

Json = dict[str, Any]


def post_message(core: Core, params: Json) -> Json:
    """`chat.postMessage`, to a channel or to a person's id."""
    channel = core.postable_channel(params.get("channel"))
    text, blocks = core.checked_content(params)
    thread = _thread(core, channel.id, params)
    post = core.add_post(channel.id, core.state.bot_user, text, blocks, thread_ts=thread)
    return {"channel": channel.id, "ts": post.ts, "message": message_json(core, post)}


def update(core: Core, params: Json) -> Json:
    """`chat.update`: only messages that the bot posted through the Web API, and never ephemerals."""
    channel = core.visible_channel(params.get("channel"))
    post = _public_post(core, channel.id, params.get("ts"))
    if post.author != core.state.bot_user or post.source is not Source.API:
        raise SlackError("cant_update_message")
    if channel.is_archived:
        raise SlackError("is_inactive")
    text, blocks = core.checked_content(params)
    core.change_post(post, text, blocks)
    return {"channel": channel.id, "ts": post.ts, "text": text, "message": message_json(core, post)}


def post_ephemeral(core: Core, params: Json) -> Json:
    """`chat.postEphemeral`: answers ok even where the person is away and will never see it."""
    channel = core.postable_channel(params.get("channel"))
    if core.state.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    person = core.state.people.get(str(params.get("user")))
    if person is None or person.id not in channel.members:
        raise SlackError("user_not_in_channel")
    text, blocks = core.checked_content(params)
    post = core.add_post(
        channel.id,
        core.state.bot_user,
        text,
        blocks,
        only_for=person.id,
        thread_ts=_thread(core, channel.id, params),
        deleted=not person.is_active,
    )
    return {"message_ts": post.ts}


def get_permalink(core: Core, params: Json) -> Json:
    """`chat.getPermalink`."""
    channel = core.visible_channel(params.get("channel"))
    post = _public_post(core, channel.id, params.get("message_ts"))
    link = f"https://{core.state.team_domain}.slack.com/archives/{channel.id}/p{post.ts.replace('.', '')}"
    if post.thread_ts:
        link += f"?thread_ts={post.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _public_post(core: Core, channel: str, ts: object) -> Post:
    post = core.state.posts.get(str(ts))
    if post is None or post.channel != channel or post.deleted or post.only_for:
        raise SlackError("message_not_found")
    return post


def _thread(core: Core, channel: str, params: Json) -> str:
    thread = params.get("thread_ts")
    if not thread:
        return ""
    parent = core.state.posts.get(str(thread))
    if parent is None or parent.channel != channel or parent.only_for:
        raise SlackError("thread_not_found")
    return parent.thread_ts or parent.ts
