"""The stand-in's methods about people, groups and conversations."""

from typing import Any

from bot.sandbox.slack.core import Core
from bot.sandbox.slack.faults import SlackError
from bot.sandbox.slack.state import Channel, ChannelKind, Person, Usergroup

Json = dict[str, Any]


def auth_test(core: Core, params: Json) -> Json:
    """`auth.test`."""
    state = core.state
    return {
        "url": f"https://{state.team_domain}.slack.com/",
        "team": state.team_domain,
        "user": state.people[state.bot_user].name,
        "team_id": state.team_id,
        "user_id": state.bot_user,
        "bot_id": state.bot_id,
        "is_enterprise_install": False,
        **({"enterprise_id": state.enterprise_id} if state.enterprise_id else {}),
    }


def users_info(core: Core, params: Json) -> Json:
    """`users.info`; on an Enterprise Grid the answer may carry another id of the same person."""
    person = core.state.people.get(str(params.get("user")))
    if person is None:
        raise SlackError("user_not_found")
    return {"user": user_json(core, person) | ({"id": person.answered_as} if person.answered_as else {})}


def usergroups_list(core: Core, params: Json) -> Json:
    """`usergroups.list`, with members where `include_users` is set."""
    groups = [
        group for group in core.state.usergroups.values() if not group.disabled or yes(params, "include_disabled")
    ]
    return {"usergroups": [_group_json(core, group, yes(params, "include_users")) for group in groups]}


def usergroups_users_list(core: Core, params: Json) -> Json:
    """`usergroups.users.list`; a disabled group is found only with `include_disabled`."""
    group = core.state.usergroups.get(str(params.get("usergroup")))
    if group is None or (group.disabled and not yes(params, "include_disabled")):
        raise SlackError("no_such_subteam")
    return {"users": list(group.members)}


def conversations_info(core: Core, params: Json) -> Json:
    """`conversations.info`."""
    channel = readable_channel(core, params)
    return {"channel": _channel_json(core, channel, yes(params, "include_num_members"))}


def conversations_members(core: Core, params: Json) -> Json:
    """`conversations.members`, 100 at a time unless `limit` says otherwise."""
    members = readable_channel(core, params).members
    try:
        start, limit = int(params.get("cursor") or 0), int(params.get("limit") or 100)
    except ValueError:
        raise SlackError("invalid_cursor") from None
    after = start + limit
    cursor = str(after) if after < len(members) else ""
    return {"members": members[start:after], "response_metadata": {"next_cursor": cursor}}


def conversations_open(core: Core, params: Json) -> Json:
    """`conversations.open` with one person."""
    user = str(params.get("users") or "")
    if not user:
        raise SlackError("users_list_not_supplied")
    if user not in core.state.people:
        raise SlackError("user_not_found")
    if core.state.people[user].deleted:
        raise SlackError("user_disabled")
    return {"channel": {"id": core.direct_message(user).id}}


def readable_channel(core: Core, params: Json) -> Channel:
    """The channel, if the bot sees it and holds the read scope of its kind."""
    channel = core.visible_channel(params.get("channel"))
    needed = {
        ChannelKind.PUBLIC: "channels:read",
        ChannelKind.PRIVATE: "groups:read",
        ChannelKind.DIRECT: "im:read",
        ChannelKind.GROUP_DIRECT: "mpim:read",
    }[channel.kind]
    if needed not in core.state.scopes:
        raise SlackError("missing_scope", needed=needed, provided=",".join(core.state.scopes))
    return channel


def yes(params: Json, name: str) -> bool:
    """A boolean parameter in any of the forms clients send."""
    return str(params.get(name, "")).lower() in ("1", "true")


def user_json(core: Core, person: Person) -> Json:
    """A person as `users.info` shows them; those who left have no flags of membership."""
    user: Json = {
        "id": person.id,
        "team_id": person.team_id or core.state.team_id,
        "name": person.name,
        "deleted": person.deleted,
        "is_bot": person.is_bot,
        "profile": {
            "real_name": person.real_name or person.name,
            "display_name": person.name,
            "team": person.team_id or core.state.team_id,
        },
    }
    if person.enterprise_user:
        user["enterprise_user"] = {
            "id": person.enterprise_user,
            "enterprise_id": core.state.enterprise_id,
            "enterprise_name": core.state.team_domain,
            "is_admin": False,
            "is_owner": False,
            "teams": [core.state.team_id],
        }
    if person.team_id and person.team_id != core.state.team_id:
        user["is_stranger"] = True
    if not person.deleted:
        user |= {
            "real_name": person.real_name or person.name,
            "tz": person.tz,
            "tz_label": person.tz,
            "tz_offset": person.tz_offset,
            "is_admin": person.is_admin,
            "is_owner": False,
            "is_restricted": person.is_restricted,
            "is_ultra_restricted": person.is_ultra_restricted,
            "is_app_user": False,
        }
    return user


def _group_json(core: Core, group: Usergroup, with_users: bool) -> Json:
    shown: Json = {
        "id": group.id,
        "team_id": core.state.team_id,
        "is_usergroup": True,
        "name": group.handle,
        "handle": group.handle,
        "date_delete": 1 if group.disabled else 0,
        "user_count": len(group.members),
    }
    return shown | ({"users": list(group.members)} if with_users else {})


def _channel_json(core: Core, channel: Channel, with_count: bool) -> Json:
    shown: Json = {"id": channel.id, "is_archived": channel.is_archived, "context_team_id": core.state.team_id}
    if channel.kind is ChannelKind.DIRECT:
        other = next(member for member in channel.members if member != core.state.bot_user)
        return shown | {"is_im": True, "user": other}
    shown |= {
        "name": channel.name,
        "is_channel": channel.kind is ChannelKind.PUBLIC,
        "is_group": False,
        "is_im": False,
        "is_mpim": channel.kind is ChannelKind.GROUP_DIRECT,
        "is_private": channel.kind is not ChannelKind.PUBLIC,
        "is_member": core.state.bot_user in channel.members,
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
    }
    return shown | ({"num_members": len(channel.members)} if with_count else {})
