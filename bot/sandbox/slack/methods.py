"""The stand-in's Web API as one pure call: token, scopes, faults, then the method."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack import chat, files, lookups, views
from bot.sandbox.slack.arguments import check_arguments
from bot.sandbox.slack.core import Core
from bot.sandbox.slack.faults import Call, SlackError, SlackFault, SlackFaultKind

Json = dict[str, Any]
Answer = tuple[int, dict[str, str], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """A method with the bot scope it needs; `app_token` methods take the app-level token instead."""

    run: Callable[[Core, Json], Json]
    scope: str = ""
    app_token: bool = False


def open_socket(core: Core, params: Json) -> Json:
    """`apps.connections.open`."""
    if core.socket_url is None:
        raise SlackError("socket_mode_not_enabled")
    return {"url": core.socket_url()}


METHODS = {
    "auth.test": Method(lookups.auth_test),
    "users.info": Method(lookups.users_info, "users:read"),
    "usergroups.list": Method(lookups.usergroups_list, "usergroups:read"),
    "usergroups.users.list": Method(lookups.usergroups_users_list, "usergroups:read"),
    "conversations.info": Method(lookups.conversations_info),
    "conversations.members": Method(lookups.conversations_members),
    "conversations.open": Method(lookups.conversations_open, "im:write"),
    "chat.postMessage": Method(chat.post_message, "chat:write"),
    "chat.update": Method(chat.update, "chat:write"),
    "chat.postEphemeral": Method(chat.post_ephemeral, "chat:write"),
    "chat.getPermalink": Method(chat.get_permalink),
    "views.open": Method(views.views_open),
    "views.push": Method(views.views_push),
    "views.update": Method(views.views_update),
    "views.publish": Method(views.views_publish),
    "files.getUploadURLExternal": Method(files.get_upload_url, "files:write"),
    "files.completeUploadExternal": Method(files.complete_upload, "files:write"),
    "files.info": Method(files.files_info, "files:read"),
    "apps.connections.open": Method(open_socket, app_token=True),
}
JSON_PARAMS = ("blocks", "view", "files", "attachments", "metadata")


def call(core: Core, method: str, params: Json, token: str | None) -> Answer:
    """Answer one call as (HTTP status, headers, body). Raises `ConnectionDropped` or `NoAnswer` on such a fault."""
    params = {key: value for key, value in params.items() if key != "token" and value is not None}
    with core.changing():
        fault = core.faults.take(method)
        headers = {"x-oauth-scopes": ",".join(core.state.scopes)}
        body = None if fault and not fault.applied else _body(core, method, params, token)
        status, outcome = 200, "ok"
        if fault:
            status, outcome, more, body = struck(fault)
            headers |= more
        elif body and not body["ok"]:
            outcome = body["error"]
        core.log.add(Call(method, params, core.now(), status, outcome))
        core.faults.interrupt(fault)
    return status, headers, body or {}


def struck(fault: SlackFault) -> tuple[int, str, dict[str, str], Json]:
    """Status, outcome, headers and body of the answer that a fault makes."""
    match fault.kind:
        case SlackFaultKind.RATE_LIMITED:
            return 429, fault.kind, {"Retry-After": str(fault.retry_after)}, {"ok": False, "error": "ratelimited"}
        case SlackFaultKind.SERVER_ERROR:
            return 500, fault.kind, {}, {"ok": False, "error": "internal_error"}
        case SlackFaultKind.NOT_FOUND:
            return 404, fault.kind, {}, {"ok": False, "error": "not_found"}
        case SlackFaultKind.ERROR:
            return 200, fault.error, {}, {"ok": False, "error": fault.error}
        case SlackFaultKind.HANG | SlackFaultKind.DROP:
            return 0, fault.kind, {}, {}


def _body(core: Core, name: str, params: Json, token: str | None) -> Json:
    try:
        method = METHODS.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        _authorise(core, method, token)
        check_arguments(name, params)
        return {"ok": True, **method.run(core, _decoded(params))}
    except SlackError as error:
        return {"ok": False, "error": error.code, **error.extra}


def _authorise(core: Core, method: Method, token: str | None) -> None:
    if not token:
        raise SlackError("not_authed")
    if token not in (core.state.bot_token, core.state.app_token):
        raise SlackError("invalid_auth")
    if (token == core.state.app_token) != method.app_token:
        raise SlackError("not_allowed_token_type")
    if core.state.refuses_token and token == core.state.bot_token:
        raise SlackError(core.state.refuses_token)
    if method.scope and method.scope not in core.state.scopes:
        raise SlackError("missing_scope", needed=method.scope, provided=",".join(core.state.scopes))


def _decoded(params: Json) -> Json:
    decoded = dict(params)
    for name in JSON_PARAMS:
        if isinstance(decoded.get(name), str):
            try:
                decoded[name] = json.loads(decoded[name])
            except ValueError:
                raise SlackError("invalid_blocks_format" if name == "blocks" else "invalid_arguments") from None
    return decoded
