"""The arguments that Slack's methods accept and require, by their own pages (docs.slack.dev/reference/methods).

Slack ignores an unknown argument, so that a misspelt one has no effect; the stand-in refuses it.
"""

from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.faults import SlackError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Arguments:
    """Those that a method cannot do without, and the others."""

    needed: frozenset[str]
    known: frozenset[str]


def _of(needed: str = "", more: str = "") -> Arguments:
    return Arguments(frozenset(needed.split()), frozenset(f"{needed} {more}".split()))


_OF_ORG_TOKENS = "team_id"
"""Slack's own libraries give it to any method."""

_CONTENT = "as_user attachments blocks link_names markdown_text parse text"
_LOOK = "icon_emoji icon_url thread_ts username"
ARGUMENTS = {
    "auth.test": _of(),
    "users.info": _of("user", "include_locale"),
    "usergroups.list": _of("", "include_count include_disabled include_users team_id"),
    "usergroups.users.list": _of("usergroup", "include_disabled team_id"),
    "conversations.info": _of("channel", "include_locale include_num_members"),
    "conversations.members": _of("channel", "cursor limit"),
    "conversations.open": _of("", "channel prevent_creation return_im users"),
    "chat.postMessage": _of("channel", f"{_CONTENT} {_LOOK} metadata mrkdwn reply_broadcast unfurl_links unfurl_media"),
    "chat.update": _of("channel ts", f"{_CONTENT} file_ids metadata reply_broadcast"),
    "chat.postEphemeral": _of("channel user", f"{_CONTENT} {_LOOK}"),
    "chat.getPermalink": _of("channel message_ts"),
    "views.open": _of("view", "interactivity_pointer trigger_id"),
    "views.push": _of("view", "interactivity_pointer trigger_id"),
    "views.update": _of("view", "external_id hash view_id"),
    "views.publish": _of("user_id view", "hash"),
    "files.getUploadURLExternal": _of("filename length", "alt_txt snippet_type"),
    "files.completeUploadExternal": _of("files", "blocks channel_id channels initial_comment thread_ts"),
    "files.info": _of("file", "count cursor limit page"),
    "apps.connections.open": _of(),
}


def check_arguments(method: str, params: Json) -> None:
    """Raises `invalid_arguments` for one that is missing or not known, as Slack's page of the method has them."""
    arguments = ARGUMENTS[method]
    problems = [f"missing required field: {name}" for name in sorted(arguments.needed - params.keys())]
    problems += [f"unknown argument: {name}" for name in sorted(params.keys() - arguments.known - {_OF_ORG_TOKENS})]
    if problems:
        raise SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {each}" for each in problems]})
