"""What the page shows one person, as JSON: their Slack, and the panels of Fincart and the audit history."""

from collections import deque
from typing import Any

from bot.messages.event_words import event_line
from bot.messages.render import rich_text
from bot.sandbox.demo.audit import audit_events, audit_verdict
from bot.sandbox.demo.guide import guide
from bot.sandbox.demo.orders import demo_orders
from bot.sandbox.demo.people import ROLES
from bot.sandbox.demo.world import DemoWorld
from bot.sandbox.fincart.standin import FincartStandIn
from bot.sandbox.slack.core import direct_id
from bot.sandbox.slack.state import Channel, ChannelKind, Post, State, View
from bot.sandbox.slack.workspace import SlackWorkspace
from bot.slack.manifest import HOME_TAB, SHORTCUTS, manifest

Json = dict[str, Any]

MOST_POSTS = 200
"""Older messages are not sent to the page."""
MOST_CALLS = 60


def snapshot(world: DemoWorld, person: str) -> dict[str, Json]:
    """Every part of the page as it is for this person. Raises KeyError for nobody of the demo."""
    return {
        "slack": slack_part(world.slack, person),
        "fincart": fincart_part(world.fincart) | {"switches": world.fincart.switches()},
        "audit": _audit_part(world),
        "guide": {"steps": guide(world)},
    }


def slack_part(slack: SlackWorkspace, person: str) -> Json:
    """What this person's Slack shows."""
    with slack.core.condition:
        state = slack.state
        me = state.people[person]
        channels = [each for each in state.channels.values() if sees(each, person)]
        return {
            "me": me.id,
            "app": {**_command(), "shortcuts": list(SHORTCUTS), "home": HOME_TAB},
            "bot": {"id": state.bot_user, "name": state.people[state.bot_user].real_name},
            "roles": [{"id": r.id, "name": r.name, "full": r.full_name, "role": r.role} for r in ROLES],
            "people": {each.id: each.name for each in state.people.values()},
            "groups": {each.id: each.handle for each in state.usergroups.values()},
            "channels": [_channel(each, state) for each in channels],
            "direct": direct_id(person),
            "posts": _posts(state, person, {each.id for each in channels}),
            "modals": [_view(state.views[view]) for view in state.stacks.get(person, [])],
            "home": _view(state.views[state.homes[person]]) if person in state.homes else None,
            "notices": [
                {"id": each.id, "channel": each.channel, "text": each.text, "at": each.at}
                for each in state.notices.values()
                if each.user == person
            ],
        }


def _command() -> Json:
    features: Any = manifest()["features"]
    command = features["slash_commands"][0]
    return {"command": command["command"], "hint": command["usage_hint"]}


def sees(channel: Channel, person: str) -> bool:
    """Whether the channel is on this person's list."""
    if channel.kind is ChannelKind.DIRECT:
        return person in channel.members
    return channel.kind is ChannelKind.PUBLIC or person in channel.members


def _channel(channel: Channel, state: State) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind.value,
        "members": len(channel.members),
        "hasBot": state.bot_user in channel.members,
    }


def _posts(state: State, person: str, channels: set[str]) -> list[Json]:
    shown = (
        post
        for post in state.posts.values()
        if post.channel in channels and not post.deleted and post.only_for in ("", person)
    )
    return [_post(post, state) for post in deque(shown, maxlen=MOST_POSTS)]


def _post(post: Post, state: State) -> Json:
    files = [state.files[each] for each in post.files if each in state.files]
    return {
        "ts": post.ts,
        "channel": post.channel,
        "author": post.author,
        "text": post.text,
        "blocks": post.blocks,
        "thread": post.thread_ts,
        "edited": post.edited,
        "revision": post.revisions,
        "private": bool(post.only_for),
        "files": [{"id": each.id, "name": each.name, "size": each.length} for each in files],
    }


def _view(view: View) -> Json:
    return {"id": view.id, "hash": view.hash, "errors": view.errors, "content": view.content}


def fincart_part(fincart: FincartStandIn) -> Json:
    """The orders with their true logs, and the calls received, newest first."""
    known = {order.id: order for order in demo_orders()}
    orders = []
    for order_id in fincart.order_ids():
        order = known.get(order_id)
        lines = fincart.lines(order_id)
        orders.append(
            {
                "id": order_id,
                "reference": order.reference if order else "",
                "what": order.what if order else "",
                "status": lines[-1].title,
                "log": [
                    {
                        "title": line.title,
                        "description": line.description,
                        "at": line.created_at.isoformat(),
                        "by": line.by,
                    }
                    for line in reversed(lines)
                ],
            }
        )
    calls = [
        {
            "number": call.number,
            "at": call.at,
            "method": call.method,
            "path": call.path,
            "orders": len(call.ids),
            "answer": call.answer,
            "applied": len(call.applied),
            "wrong": call.wrong,
        }
        for call in reversed(fincart.calls[-MOST_CALLS:])
    ]
    return {"orders": orders, "calls": calls}


def _audit_part(world: DemoWorld) -> Json:
    database = world.bot.context.database
    verdict = audit_verdict(database)
    return {
        "holds": verdict.holds,
        "words": verdict.words,
        "events": [
            {
                "seq": event.facts.seq,
                "request": event.request,
                "hash": event.hash[:16],
                "block": rich_text((event_line(event.facts),)),
            }
            for event in reversed(audit_events(database, 200))
        ],
    }
