"""Writes the Slack app's manifest: its name, scopes and addresses.

`manifest.yml` holds the Socket Mode manifest; HTTP needs another one, with the bot's address in it. Strings are quoted
as in JSON, so that twenty lines write the YAML and running the bot needs no YAML library.
"""

import json
from collections.abc import Iterator, Mapping

from bot.messages.inline import cut, width
from bot.messages.names import DEFAULT, Names
from bot.settings.addresses import checked_url
from bot.settings.values import Wrong

EVENTS_PATH = "/slack/events"
"""Where commands, interactivity and events arrive over HTTP."""

SCOPES: dict[str, str] = {
    "commands": "receive the slash command",
    "chat:write": "post and edit the live messages, answer privately, write direct messages",
    "chat:write.public": "post where the command was typed in a public channel the bot has not joined",
    "files:write": "send an export of the history to whoever asked for it",
    "im:write": "open the direct message that an export is sent in",
    "files:read": "download the CSV or text file put into the form",
    "users:read": "tell members from guests, outsiders, bots and deactivated people; each reader's time zone",
    "usergroups:read": "see who is in the user groups named in the settings",
    "channels:read": "see whether a public channel is shared with another organisation",
    "groups:read": "see whether a private channel is shared with another organisation",
}
"""Every bot scope asked for, with what it is used for. A direct message is never looked up, so no `im:read`."""

BOT_EVENTS: tuple[str, ...] = ("app_home_opened",)
"""The events subscribed to."""

SHORTCUT = "cancel_orders_in_message"
"""The `callback_id` of the message shortcut."""

SHORTCUTS: tuple[dict[str, str], ...] = (
    {
        "name": "Cancel orders in it",
        "type": "message",
        "callback_id": SHORTCUT,
        "description": "Cancel the orders whose ids are in this message",
    },
)
"""The message shortcuts, as the manifest spells them."""

HOME_TAB = True
"""Whether the app has a Home tab."""

_LONGEST_NAME, _LONGEST_SHORTCUT = 35, 24  # characters, by Slack's limits
_URL_AT_MOST = 3000  # Slack's limit for a command's URL; the other URLs may be longer


def manifest(url: str | None = None, names: Names = DEFAULT) -> dict[str, object]:
    """Return the manifest for Socket Mode, or for HTTP if `url` is the base of the bot's public address.

    `names` are the installation's: two apps in one workspace need different ones.
    `url` may end in a slash or already in `/slack/events`. Raises `Wrong` (a `ValueError` with `what` and `fix`) if it
    is no `https://` address (`http://` for loopback only) or too long for Slack.
    """
    endpoint = None if url is None else _endpoint(url)
    settings: dict[str, object] = {"interactivity": {"is_enabled": True} | _at("request_url", endpoint)}
    if BOT_EVENTS:
        settings["event_subscriptions"] = _at("request_url", endpoint) | {"bot_events": list(BOT_EVENTS)}
    settings |= {
        "org_deploy_enabled": False,
        "socket_mode_enabled": endpoint is None,
        "token_rotation_enabled": False,
    }
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": _called(names, _LONGEST_NAME, "Cancel orders", "Cancel"),
            "description": "Cancel Fincart orders: previewed, confirmed by a person, told truthfully, recorded.",
        },
        "features": _features(endpoint, names),
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": settings,
    }


def manifest_text(url: str | None = None, names: Names = DEFAULT) -> str:
    """Return the manifest as YAML with a reason beside each scope. Raises `Wrong` as `manifest` does."""
    return "\n".join(_yaml(manifest(url, names), "")) + "\n"


def _features(endpoint: str | None, names: Names) -> dict[str, object]:
    features: dict[str, object] = {
        "app_home": {
            "home_tab_enabled": HOME_TAB,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,  # this switch also allows commands there
        },
        "bot_user": {"display_name": names.command.removeprefix("/"), "always_online": False},
        "slash_commands": [
            {
                "command": names.command,
                "description": "Cancel orders, or look up who cancelled what",
                "usage_hint": "ID [ID …] because WHY | history | show R-… | help",
                "should_escape": True,
            }
            | _at("url", endpoint)
        ],
    }
    if SHORTCUTS:
        features["shortcuts"] = [_shortcut(shortcut, names) for shortcut in SHORTCUTS]
    return features


def _shortcut(shortcut: Mapping[str, str], names: Names) -> dict[str, str]:
    return {**shortcut, "name": _called(names, _LONGEST_SHORTCUT, shortcut["name"], "Cancel orders", "Cancel")}


def _called(names: Names, most: int, *what: str) -> str:
    """Return the first of these with the installation's name behind it that fits; the last is cut to fit."""
    if not names.installation:
        return what[0]
    signed = [f"{each} ({names.installation})" for each in what]
    return next((each for each in signed if width(each) <= most), cut(signed[-1], most))


def _endpoint(url: str) -> str:
    checked_url(url)
    endpoint = url.rstrip("/").removesuffix(EVENTS_PATH).rstrip("/") + EVENTS_PATH
    if len(endpoint) > _URL_AT_MOST:
        raise Wrong(f"is longer than {_URL_AT_MOST} characters", "Give a shorter address.")
    return endpoint


def _at(key: str, endpoint: str | None) -> dict[str, str]:
    return {} if endpoint is None else {key: endpoint}


def _yaml(value: object, indent: str) -> Iterator[str]:
    """Return the YAML lines of a value of non-empty dicts and lists, strings, numbers and booleans."""
    match value:
        case dict():
            for key, held in value.items():
                if isinstance(held, dict | list):
                    yield f"{indent}{key}:"
                    yield from _yaml(held, indent + "  ")
                else:
                    yield f"{indent}{key}: {_scalar(held)}"
        case list():
            for held in value:
                first, *rest = _yaml(held, indent + "  ")
                yield f"{indent}- {first.removeprefix(indent + '  ')}"
                yield from rest
        case _:
            reason = SCOPES.get(value) if isinstance(value, str) else None
            yield f"{indent}{_scalar(value)}" + (f"  # {reason}" if reason else "")


def _scalar(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
