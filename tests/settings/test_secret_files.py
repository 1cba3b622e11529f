"""Secrets from files: read at the start, refused where they cannot be, and read anew while the bot serves."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from world import ANN, FINCART_TOKEN, FIRST, SECOND, StartWorld, World

from bot.settings import values
from bot.settings.model import Need, SettingsError, load_settings
from bot.settings.secret_files import BOTH_HOLD_FOR, FileSecret, accepted

OTHERS = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "ALLOWED_USERS": "U0ALICE"}


def problem(**settings: str) -> str:
    """The one problem that these settings have, beside good others."""
    with pytest.raises(SettingsError) as refused:
        load_settings(OTHERS | settings, None)
    (found,) = refused.value.problems
    return str(found)


def written(folder: Path, text: str, name: str = "secret") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_secret_is_read_from_its_file_without_the_line_end(tmp_path: Path) -> None:
    settings = load_settings(OTHERS | {"FINCART_TOKEN_FILE": str(written(tmp_path, "from-a-file\n"))}, None)

    assert settings.fincart_token is not None
    assert "from-a-file" == settings.fincart_token.get_secret_value()
    assert "from-a-file" not in repr(settings)


def test_the_database_s_address_is_read_from_its_file(tmp_path: Path) -> None:
    path = written(tmp_path, "sqlite:////var/lib/bot/bot.db\n")

    assert (
        "sqlite:////var/lib/bot/bot.db"
        == load_settings({"DATABASE_URL_FILE": str(path)}, None, need=Need.AUDIT).database_url
    )


def test_both_forms_are_refused(tmp_path: Path) -> None:
    given = {"FINCART_TOKEN": "one", "FINCART_TOKEN_FILE": str(written(tmp_path, "another"))}

    assert "FINCART_TOKEN_FILE: set beside FINCART_TOKEN. Keep one of the two." == problem(**given)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "FINCART_TOKEN_FILE: names a file that is empty"),
        ("x" * 70_000, "FINCART_TOKEN_FILE: names a file that is far too large for a secret"),
        ("two words", "FINCART_TOKEN: has a space, a line break or an unusual character in it"),
        ("'quoted'", "FINCART_TOKEN: is in quotation marks"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, text: str, says: str) -> None:
    found = problem(FINCART_TOKEN_FILE=str(written(tmp_path, text)))

    assert found.startswith(says)
    assert "two words" not in found


@pytest.mark.parametrize("name", ["FINCART_TOKEN_FILE", "DATABASE_URL_FILE"])
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path, name: str) -> None:
    found = problem(FINCART_TOKEN="" if name == "FINCART_TOKEN_FILE" else "f", **{name: str(tmp_path / "none")})

    assert found.startswith(f"{name}: names a file that cannot be read (No such file or directory)")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("MAX_ORDERS_PER_REQUEST_FILE", "only secrets are read from files. Give MAX_ORDERS_PER_REQUEST itself."),
        ("HOST_FILE", "only secrets are read from files. Give HOST itself."),
        ("FINCART_TOKENS_FILE", "not a setting of this bot"),
        ("SLACK_BOT_TOKENS_FILE", "not a setting of this bot"),
    ],
)
def test_an_unknown_file_setting_is_refused_by_name(name: str, says: str) -> None:
    found = problem(FINCART_TOKEN="f", **{name: "/run/secrets/x"})

    assert found.startswith(f"{name}: ")
    assert says in found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FINCART_MOCK_SERVICE_HOST", "10.0.0.7"),
        ("FINCART_MOCK_SERVICE_PORT", "80"),
        ("FINCART_MOCK_SERVICE_PORT_HTTP", "80"),
        ("FINCART_MOCK_PORT", "tcp://10.0.0.7:80"),
        ("FINCART_MOCK_PORT_80_TCP", "tcp://10.0.0.7:80"),
        ("FINCART_MOCK_PORT_80_TCP_ADDR", "10.0.0.7"),
    ],
)
def test_what_kubernetes_sets_for_its_services_is_no_misspelt_setting(name: str, value: str) -> None:
    assert ("U0ALICE",) == load_settings(OTHERS | {"FINCART_TOKEN": "f", name: value}, None).allowed_users


def test_a_setting_that_only_looks_like_a_service_s_is_refused() -> None:
    assert problem(FINCART_TOKEN="f", FINCART_PORT="3000").startswith("FINCART_PORT: not a setting of this bot")


def test_for_a_while_after_a_change_both_secrets_hold(tmp_path: Path) -> None:
    path, seconds = written(tmp_path, "first"), [0.0]
    secret = FileSecret("SLACK_SIGNING_SECRET", path, values.signing_secret, lambda: seconds[0])
    found = []
    for at, text in ((5.0, "second"), (5.0 + BOTH_HOLD_FOR - 1, "second"), (5.0 + BOTH_HOLD_FOR, "second")):
        path.write_text(text, encoding="utf-8")
        seconds[0] = at
        found.append(accepted(secret))

    assert [("second", "first"), ("second", "first"), ("second",)] == found


@pytest.mark.parametrize("text", ["", "two words", "xoxb-a-token"])
def test_what_cannot_be_used_leaves_the_secret_of_before_in_force(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    path, seconds = written(tmp_path, "first"), [0.0]
    secret = FileSecret("SLACK_SIGNING_SECRET", path, values.signing_secret, lambda: seconds[0])
    path.write_text(text, encoding="utf-8")
    for at in (5.0, 10.0, 15.0):
        seconds[0] = at
        secret.get_secret_value()

    assert ("first",) == accepted(secret)
    assert 1 == caplog.text.count("the secret of before stays in force")
    assert "xoxb-a-token" not in caplog.text


def test_a_secret_without_a_file_stays_as_it_is() -> None:
    assert ("one",) == accepted(SecretStr("one"))


def from_files(start: StartWorld, folder: Path) -> tuple[World, dict[str, Path]]:
    """A bot that is given its secrets as files."""
    given = {
        "FINCART_TOKEN": FINCART_TOKEN,
        "SLACK_BOT_TOKEN": "xoxb-sandbox",
        "SLACK_SIGNING_SECRET": "sandbox-signing-secret",
    }
    files = {name: written(folder, text, name) for name, text in given.items()}
    return start(**dict.fromkeys(given, ""), **{f"{name}_FILE": str(path) for name, path in files.items()}), files


def test_every_secret_can_be_changed_while_the_bot_serves(start_sqlite_world: StartWorld, tmp_path: Path) -> None:
    world, files = from_files(start_sqlite_world, tmp_path)
    world.cancelled(ANN, FIRST)
    state = world.slack.state
    files["SLACK_SIGNING_SECRET"].write_text("another-signing-secret", encoding="utf-8")
    files["SLACK_BOT_TOKEN"].write_text("xoxb-another", encoding="utf-8")
    files["FINCART_TOKEN"].write_text("another-fincart-token", encoding="utf-8")
    settings = world.bot.context.settings
    given = (settings.slack_signing_secret, settings.slack_bot_token, settings.fincart_token)
    world.until(
        lambda: (
            ["another-signing-secret", "xoxb-another", "another-fincart-token"]
            == [secret.get_secret_value() for secret in given if secret]
        )
    )
    old = world.slack.type_command(ANN, "C0000001", "/cancel-orders help")
    state.signing_secret, state.bot_token = "another-signing-secret", "xoxb-another"
    world.fincart.settings.token = "another-fincart-token"
    world.cancelled(ANN, SECOND)

    assert old.ok
    assert ["Cancelled", "Cancelled"] == world.statuses(FIRST, SECOND)
