"""The app manifest: Slack's own schema accepts it, the file is what the code says, HTTP differs only where it must."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.names import Names
from bot.settings.values import Wrong
from bot.slack.manifest import SCOPES, manifest, manifest_text

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "slack-manifest.schema.2.0.0.json").read_text())
BASE = "https://bot.example.com"
ENDPOINT = "https://bot.example.com/slack/events"


def made(url: str | None = None) -> dict[str, Any]:
    return manifest(url)


def test_the_file_is_the_socket_mode_manifest() -> None:
    assert manifest_text() == (ROOT / "manifest.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("url", [None, BASE], ids=["Socket Mode", "HTTP"])
def test_slacks_schema_accepts_it(url: str | None) -> None:
    assert [] == list(jsonschema.Draft7Validator(SCHEMA).iter_errors(manifest(url)))


@pytest.mark.parametrize("url", [None, BASE], ids=["Socket Mode", "HTTP"])
def test_its_text_is_yaml_of_itself(url: str | None) -> None:
    assert manifest(url) == yaml.safe_load(manifest_text(url))


@given(
    st.from_regex(
        r"https://[a-z]{1,20}\.example(:[1-9][0-9]{0,3})?(/([a-z~%:'!-]{0,19}[a-z~%:!-])?){0,3}", fullmatch=True
    )
)
def test_its_text_is_yaml_of_itself_whatever_the_address(url: str) -> None:
    assert manifest(url) == yaml.safe_load(manifest_text(url))


def test_the_command_gets_its_mentions_escaped() -> None:
    (command,) = made()["features"]["slash_commands"]

    assert ("/cancel-orders", True) == (command["command"], command["should_escape"])


def test_commands_can_be_typed_in_the_bots_direct_messages() -> None:
    home = made()["features"]["app_home"]

    assert (True, False) == (home["messages_tab_enabled"], home["messages_tab_read_only_enabled"])


def test_it_asks_for_the_scopes_that_have_a_reason() -> None:
    assert list(SCOPES) == made()["oauth_config"]["scopes"]["bot"]


def test_it_asks_for_these_scopes_and_no_more() -> None:
    assert {
        "commands",
        "chat:write",
        "chat:write.public",
        "files:read",
        "files:write",
        "im:write",
        "users:read",
        "usergroups:read",
        "channels:read",
        "groups:read",
    } == set(SCOPES)


def test_http_differs_only_in_the_addresses_and_the_mode() -> None:
    expected = copy.deepcopy(made())
    expected["features"]["slash_commands"][0]["url"] = ENDPOINT
    expected["settings"]["interactivity"]["request_url"] = ENDPOINT
    expected["settings"]["event_subscriptions"]["request_url"] = ENDPOINT
    expected["settings"]["socket_mode_enabled"] = False

    assert expected == manifest(BASE)


@pytest.mark.parametrize("url", [BASE, f"{BASE}/", f"{BASE}//", ENDPOINT, f"{ENDPOINT}/"])
def test_the_path_is_added_once(url: str) -> None:
    assert ENDPOINT == made(url)["settings"]["interactivity"]["request_url"]


def test_an_address_below_a_path_keeps_it() -> None:
    assert f"{BASE}/bots/slack/events" == made(f"{BASE}/bots/")["settings"]["interactivity"]["request_url"]


def test_plain_http_is_for_this_machine() -> None:
    url = "http://127.0.0.1:3000/slack/events"

    assert url == made("http://127.0.0.1:3000")["settings"]["interactivity"]["request_url"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "bot.example.com",
        "http://bot.example.com",
        "ftp://bot.example.com",
        "https://",
        f"{BASE}?x=1",
        f"{BASE}#top",
        "https://u:p@bot.example.com",
        f"{BASE}/a b",
        f"{BASE}/\n",
        f"{BASE}/" + "a" * 3000,
    ],
)
def test_an_address_slack_could_not_use_is_refused(url: str) -> None:
    with pytest.raises(Wrong) as caught:
        manifest(url)

    assert caught.value.fix.startswith(("Write", "Give"))


def test_the_longest_address_slack_takes_is_taken() -> None:
    url = f"{BASE}/" + "a" * (3000 - len(ENDPOINT) - 1)

    assert 3000 == len(made(url)["settings"]["interactivity"]["request_url"])


NAMES = [
    Names("/cancel-staging", "staging"),
    Names("/x"),
    Names(f"/{'c' * 31}", "EU production & co"),
    Names("/cancel_2", "\U0001f600" * 39 + "e"),
]


@pytest.mark.parametrize("url", [None, BASE], ids=["Socket Mode", "HTTP"])
@pytest.mark.parametrize("names", NAMES, ids=["staging", "no name", "longer", "longest"])
def test_slacks_schema_accepts_it_under_every_name(names: Names, url: str | None) -> None:
    assert [] == list(jsonschema.Draft7Validator(SCHEMA).iter_errors(manifest(url, names)))
    assert manifest(url, names) == yaml.safe_load(manifest_text(url, names))


def test_a_second_installation_has_names_of_its_own_and_the_same_ids() -> None:
    staging: Any = manifest(None, NAMES[0])
    default: Any = manifest()
    app = staging["features"]

    assert "Cancel orders (staging)" == staging["display_information"]["name"]
    assert "cancel-staging" == app["bot_user"]["display_name"]
    assert "/cancel-staging" == app["slash_commands"][0]["command"]
    assert "Cancel orders (staging)" == app["shortcuts"][0]["name"]
    assert default["features"]["shortcuts"][0]["callback_id"] == app["shortcuts"][0]["callback_id"]
