"""Settings: what is read, what is refused and how, and that the documentation says the same."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from settings_docs import render_env_example, render_settings_markdown, settings_table

from bot.settings.fields import SECRET_NAMES
from bot.settings.model import NAMES, Need, Problem, Settings, SettingsError, load_settings, missing

ROOT = Path(__file__).parents[2]
BOT = "xoxb-1-secret-of-the-bot"
FINCART = "fincart-secret-token"
GOOD = {
    "SLACK_BOT_TOKEN": BOT,
    "SLACK_APP_TOKEN": "xapp-1-secret-of-the-app",
    "FINCART_TOKEN": FINCART,
    "ALLOWED_USERS": "U0ALICE,U0BOB",
}


def load(env_file: Path | None = None, *, need: Need = Need.SERVE, **settings: str) -> Settings:
    """Good settings with these over them, everything taken as built."""
    return load_settings(GOOD | settings, env_file, need=need)


def load_with(settings: dict[str, str]) -> Settings:
    return load_settings(GOOD | settings, None)


def problems(env: dict[str, str], env_file: Path | None = None, need: Need = Need.SERVE) -> tuple[Problem, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(env, env_file, need=need)
    return caught.value.problems


def problem(**settings: str) -> Problem:
    """The one problem that good settings have with these over them."""
    (found,) = problems(GOOD | settings)
    return found


# What is read


def test_good_settings_are_read() -> None:
    settings = load()

    assert ("U0ALICE", "U0BOB") == settings.allowed_users


def test_the_defaults_are_those_of_the_specification() -> None:
    defaults = {name: default for name, default, _ in settings_table() if default}

    assert {
        "SLACK_API_URL": "https://slack.com/api/",
        "FINCART_BASE_URL": "https://api.fincart.io",
        "FINCART_BATCH_SIZE": "100",
        "FINCART_MAX_CONCURRENCY": "4",
        "FINCART_TIMEOUT_SECONDS": "20",
        "FINCART_LOOKUP_CONCURRENCY": "8",
        "VERIFY_RESULTS": "true",
        "DATABASE_URL": "sqlite:///cancel-orders.db",
        "DATABASE_POOL_SIZE": "10",
        "HOST": "127.0.0.1",
        "PORT": "3000",
        "METRICS_HOST": "127.0.0.1",
        "ALLOW_EVERYONE": "false",
        "ALLOW_GUESTS": "false",
        "ALLOW_EXTERNAL": "false",
        "APPROVALS_NEEDED": "1",
        "MAX_ORDERS_PER_REQUEST": "1000",
        "REQUEST_TTL_SECONDS": "900",
        "APPROVAL_TTL_SECONDS": "14400",
        "APPROVAL_VALID_SECONDS": "3600",
        "UNDO_SECONDS": "0",
        "HOLD_AFTER_FAILED": "25",
        "REQUIRE_REASON": "false",
        "DIGEST_AT": "Mon 09:00",
        "TIMEZONE": "UTC",
        "CONTACT": "an administrator",
        "COMMAND_NAME": "/cancel-orders",
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "text",
    } == defaults


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=4000\nHOST=::1\n")

    settings = load(file, PORT="5000")

    assert (5000, "::1") == (settings.port, settings.host)


def test_an_empty_value_in_the_environment_lets_the_file_speak(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=4000\n")

    assert 4000 == load(file, PORT=" ").port


def test_an_empty_value_counts_as_unset() -> None:
    assert 3000 == load(PORT="").port


def test_a_file_that_is_not_there_is_no_problem(tmp_path: Path) -> None:
    assert 3000 == load(tmp_path / "none").port


def test_the_file_may_quote_comment_export_and_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("\ufeff# ours\nexport CONTACT='the team on duty'\n\nPORT=4000 # high\n", encoding="utf-8")

    settings = load(file)

    assert ("the team on duty", 4000) == (settings.contact, settings.port)


def test_a_dollar_sign_in_the_file_is_taken_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("CONTACT=the $HOME team\n")

    assert "the $HOME team" == load(file).contact


def test_settings_come_from_the_process_environment_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)

    assert ("U0ALICE", "U0BOB") == load_settings(env_file=None).allowed_users


def test_lists_tolerate_spaces_repeats_and_a_last_comma() -> None:
    assert ("U0BOB", "W0CAROL") == load(ALLOWED_USERS=" U0BOB , W0CAROL ,U0BOB, ").allowed_users


@pytest.mark.parametrize("word", ["true", "TRUE", "yes", "1", "on"])
def test_yes_in_its_usual_spellings(word: str) -> None:
    assert load(REQUIRE_REASON=word).require_reason is True


@pytest.mark.parametrize("word", ["false", "No", "0", "off"])
def test_no_in_its_usual_spellings(word: str) -> None:
    assert load(VERIFY_RESULTS=word).verify_results is False


def test_the_time_out_may_have_a_fraction() -> None:
    assert 2.5 == load(FINCART_TIMEOUT_SECONDS="2.5").fincart_timeout_seconds


def test_a_base_address_loses_its_last_slash_and_slacks_gains_one() -> None:
    settings = load(FINCART_BASE_URL="http://127.0.0.1:9/", SLACK_API_URL="http://[::1]:9/api")

    assert ("http://127.0.0.1:9", "http://[::1]:9/api/") == (settings.fincart_base_url, settings.slack_api_url)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "[::1]"])
def test_plain_http_is_accepted_on_this_machine(host: str) -> None:
    assert f"http://{host}:80" == load(FINCART_BASE_URL=f"http://{host}:80").fincart_base_url


@pytest.mark.parametrize(
    "url", ["sqlite:///cancel-orders.db", "sqlite:////var/lib/x.db", "postgresql+psycopg://u:p@h:5432/db"]
)
def test_databases_that_are_known(url: str) -> None:
    assert url == load(DATABASE_URL=url).database_url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:p%40ss%2Fw%23d@h/d",
        "postgresql+psycopg://u:a:b$[@h:5432/d?sslmode=require",
        "postgresql+psycopg://postgres:@/d?host=/run/postgresql",
        "postgresql+psycopg:///d?user=a@b&host=/run",
        "postgresql+psycopg://u@/d?host=a:5432&host=b:5432",
        "postgresql+psycopg://u@[::1]:5432/d",
    ],
)
def test_an_address_of_postgresql_that_says_what_it_means_is_taken(url: str) -> None:
    assert url == load(DATABASE_URL=url).database_url


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("u:p@a:1,b:2/d?sslmode=require", "u:p@/d?host=a,b&port=1,2&sslmode=require"),
        ("u@a,[::1]:2/d", "u@/d?host=a,::1&port=5432,2"),
        ("u@/d?host=a,b&port=1,2", "u@/d?host=a,b&port=1,2"),
    ],
)
def test_several_servers_are_taken_as_libpq_spells_them(url: str, spelled: str) -> None:
    assert f"postgresql+psycopg://{spelled}" == load(DATABASE_URL=f"postgresql+psycopg://{url}").database_url


@pytest.mark.parametrize("password", ["s3cr@t-pw", "s3cr/t-pw", "s3cr#t-pw", "s3cr?t-pw", "@s3cr/t#pw?", "5/s3cr@t-pw"])
def test_a_password_that_ends_too_early_is_refused_with_how_to_encode_it(password: str) -> None:
    found = problem(DATABASE_URL=f"postgresql+psycopg://u:{password}@h/d")

    assert "DATABASE_URL" == found.name
    assert "Percent-encode such characters: %40 for @" in found.fix
    assert "s3cr" not in str(found)


QUOTED = ['"{}"', "'{}'", "“{}”", "‘{}’", "„{}“", "«{}»", "`{}`", "'\"{}\"'", "'{}\""]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("marks", QUOTED)
def test_a_value_in_quotation_marks_is_refused_by_name(name: str, marks: str) -> None:
    found = _errors(GOOD | {name: marks.format(GOOD.get(name) or "1")})

    assert [(name, "is in quotation marks, which would be part of the value")] == [
        (each.name, each.what) for each in found if each.name == name
    ]


def test_an_empty_value_in_quotation_marks_is_refused_too() -> None:
    assert "is in quotation marks" in problem(AUDIT_CHANNEL='""').what


def test_quotation_marks_within_a_value_are_its_own() -> None:
    assert 'Ann "the boss"' == load(CONTACT='Ann "the boss"').contact


def test_with_an_app_token_it_is_socket_mode() -> None:
    assert load(SLACK_SIGNING_SECRET="f" * 32).socket_mode is True


def test_with_a_signing_secret_alone_it_is_http() -> None:
    assert load(SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="f" * 32).socket_mode is False


def test_log_levels_are_known_in_any_case() -> None:
    assert "WARNING" == load(LOG_LEVEL="warning").log_level


@pytest.mark.parametrize("name", ["/c", "/cancel-orders-staging", "/cancel_2", f"/{'c' * 31}"])
def test_a_command_that_slack_takes_is_taken(name: str) -> None:
    assert name == load(COMMAND_NAME=name).command_name


@pytest.mark.parametrize("name", ["cancel", "/", "//c", "/Cancel", "/cancel orders", "/größe", f"/{'c' * 32}", "/c;"])
def test_a_command_that_slack_would_refuse_is_refused_with_an_example(name: str) -> None:
    found = problem(COMMAND_NAME=name)

    assert "COMMAND_NAME" == found.name
    assert "/cancel-orders-staging" in found.fix


@pytest.mark.parametrize("name", ["staging", "EU · production", "<!channel> *b*", "x" * 40])
def test_an_installation_may_be_called_anything_short(name: str) -> None:
    assert name == load(INSTALLATION_NAME=name).installation_name


@pytest.mark.parametrize("name", ["x" * 41, "a\nb", "a\u202eb", "…"])
def test_a_name_that_small_print_could_not_show_is_refused(name: str) -> None:
    assert "INSTALLATION_NAME" == problem(INSTALLATION_NAME=name).name


def test_settings_are_frozen() -> None:
    settings = load()

    with pytest.raises(ValidationError):
        settings.__setattr__("port", 1)


# Secrets


def test_no_secret_is_in_the_repr() -> None:
    settings = load(SLACK_SIGNING_SECRET="5" * 32, DATABASE_URL="postgresql+psycopg://u:hunter22@h/d")

    told = repr(settings) + str(settings)

    assert [] == [secret for secret in (BOT, FINCART, "secret-of-the-app", "5" * 32, "hunter22") if secret in told]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("CONTACT", "HOST")])
def test_no_problem_repeats_a_secret_put_in_the_wrong_place(name: str) -> None:
    secrets = [BOT, FINCART, "postgres://u:hunter22@h/d"]

    said = [
        str(error)
        for secret in secrets
        for error in _errors(GOOD | {"DATABASE_URL": "postgres://u:hunter22@h/d", name: secret})
    ]

    assert [] == [text for text in said if any(secret in text for secret in [*secrets, "hunter22"])]


def _errors(env: dict[str, str]) -> tuple[Problem, ...]:
    try:
        load_settings(env, None)
    except SettingsError as error:
        return error.problems
    return ()


def test_a_secret_alone_on_a_line_of_the_file_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=1\n\nxoxb-999-slipped\n")

    (found,) = problems(GOOD, file)

    assert Problem("line 3 of .env", "not of the form NAME=value", found.fix) == found


@given(st.sampled_from(NAMES), st.text(alphabet=st.characters(exclude_characters="\0"), max_size=60))
def test_any_text_in_any_setting_is_read_or_named(name: str, text: str) -> None:
    assert all(found.name and found.what and found.fix for found in _errors(GOOD | {name: text}))


def test_bytes_in_the_environment_that_are_no_text_are_named() -> None:
    assert "is not text in UTF-8" == problem(CONTACT="the \udcff team").what


# What is wrong, one by one


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("SLACK_BOT_TOKEN", "xapp-1", "does not start with xoxb-"),
        ("SLACK_BOT_TOKEN", "xoxb-", "does not start with xoxb-"),
        ("SLACK_APP_TOKEN", "xoxb-1", "does not start with xapp-"),
        ("SLACK_BOT_TOKEN", "xoxb-1 2", "has a space, a line break or an unusual character in it"),
        ("SLACK_SIGNING_SECRET", "xoxb-1", "is a token, not the signing secret"),
        ("FINCART_TOKEN", "Bearer abc", "starts with “Bearer”"),
        ("FINCART_TOKEN", "abc\ndef", "has a space, a line break or an unusual character in it"),
        ("FINCART_BASE_URL", "http://api.fincart.io", "is plain http:// to another machine"),
        ("FINCART_BASE_URL", "http://127.0.0.1.example.com", "is plain http:// to another machine"),
        ("FINCART_BASE_URL", "api.fincart.io", "is not an address that starts with https://"),
        ("FINCART_BASE_URL", "https://api.fincart.io/v4/orders/cancel", "holds the version or the path of a call"),
        ("FINCART_BASE_URL", "https://u:p@api.fincart.io", "has a user name"),
        ("FINCART_BASE_URL", "https://h:99999", "is not an address"),
        ("SLACK_API_URL", "ftp://slack.com", "is not an address that starts with https://"),
        ("SLACK_API_URL", "https://slack.com/api?x=1", "has a user name, “?” or “#” in it"),
        ("DATABASE_URL", "postgres://u@h/d", "starts with postgres://"),
        ("DATABASE_URL", "postgresql://u@h/d", "starts with postgresql://"),
        ("DATABASE_URL", "mysql://u@h/d", "is not a database this bot knows"),
        ("DATABASE_URL", "cancel-orders.db", "is not a database this bot knows"),
        ("DATABASE_URL", "sqlite://", "names no file"),
        ("DATABASE_URL", "sqlite:///:memory:", "names no file"),
        ("DATABASE_URL", "postgresql+psycopg:///", "names no database"),
        ("DATABASE_URL", "postgresql+psycopg://u:p@h:port/d", "cannot be read as an address"),
        ("DATABASE_URL", "postgresql+psycopg://u:p@a:1,b:port/d", "cannot be read as an address"),
        (
            "DATABASE_URL",
            "postgresql+psycopg://u:p@/d?host=a,b&port=1",
            "names its servers so that they cannot be read",
        ),
        ("SLACK_SIGNING_SECRET", '"' + "f" * 32, "has a quotation mark at one end"),
        ("FINCART_TOKEN", "abcdefg’", "has a quotation mark at one end"),
        ("FINCART_BASE_URL", "https://api.fincart.io'", "has a quotation mark at one end"),
        ("SLACK_API_URL", "https://slack.com/api/”", "has a quotation mark at one end"),
        ("DATABASE_URL", 'sqlite:///cancel-orders.db"', "has a quotation mark at one end"),
        ("DATABASE_URL", "'postgresql+psycopg://u:p@h/d", "has a quotation mark at one end"),
        ("DATABASE_URL", "postgresql+psycopg://u:12?a=s3cret@h/d", "cannot be read as an address"),
        ("HOST", '127.0.0.1"', "has a quotation mark at one end"),
        ("HOST", '\\"127.0.0.1\\"', "has a quotation mark at one end"),
        ("HOST", "[::1]", "is not the name or the address of a machine"),
        ("ALLOWED_USERS", '"U0ALICE","U0BOB"', '“"U0ALICE"” is in quotation marks'),
        ("ALLOWED_USERS", "@alice", "“@alice” is a name, and names can change hands"),
        ("ALLOWED_USERS", "S0OPS", "“S0OPS” is a user group's id (S…), not a person's id"),
        ("ALLOWED_USERS", "u0alice", "“u0alice” has small letters"),
        ("ALLOWED_USERS", "U0ALICE U0BOB", "a value not shown here is more than one id"),
        ("ALLOWED_USERS", "<@U0ALICE>", "“<@U0ALICE>” is a mention or a link"),
        ("ALLOWED_USERS", ",", "holds no id"),
        ("ALLOWED_USERGROUPS", "U0ALICE", "“U0ALICE” is a person's id (U… or W…), not a user group's id"),
        ("ALLOWED_CHANNELS", "#ops", "“#ops” is a name, and names can change hands"),
        ("ALLOWED_CHANNELS", "https://x.slack.com/archives/C1", "a value not shown here is a mention or a link"),
        ("RESULTS_CHANNEL", "ops", "“ops” has small letters"),
        ("AUDIT_CHANNEL", "C0OPS,C0LOG", "“C0OPS,C0LOG” is not a channel's id"),
        ("AUDITOR_USERS", "C0OPS", "“C0OPS” is a channel's id (C…, G… or D…), not a person's id"),
        ("PORT", "65536", "65536 is out of range"),
        ("PORT", "http", "“http” is not a whole number"),
        ("FINCART_BATCH_SIZE", "0", "0 is out of range"),
        ("FINCART_TIMEOUT_SECONDS", "nan", "“nan” is not a number of seconds"),
        ("FINCART_TIMEOUT_SECONDS", "0", "0 is out of range"),
        ("SECOND_APPROVAL_ABOVE", "-1", "-1 is out of range"),
        ("SECOND_APPROVAL_ABOVE", "never", "“never” is not a whole number"),
        ("APPROVALS_NEEDED", "0", "0 is out of range"),
        ("MAX_ORDERS_PER_REQUEST", "1e3", "“1e3” is not a whole number"),
        ("UNDO_SECONDS", "²", "“²” is not a whole number"),
        ("REQUIRE_REASON", "maybe", "“maybe” is neither true nor false"),
        ("DIGEST_CHANNEL", "#ops", "“#ops” is a name, and names can change hands"),
        ("DIGEST_CHANNEL", "U0ALICE", "“U0ALICE” is a person's id (U… or W…), not a channel's id"),
        ("DIGEST_AT", "soon", "“soon” is no day and time"),
        ("DIGEST_AT", "Mon", "“Mon” is no day and time"),
        ("DIGEST_AT", "09:00", "“09:00” is no day and time"),
        ("DIGEST_AT", "Mo 09:00", "a value not shown here is no day and time"),
        ("DIGEST_AT", "Mond 09:00", "a value not shown here is no day and time"),
        ("DIGEST_AT", "Mon 9", "a value not shown here is no day and time"),
        ("DIGEST_AT", "Mon 09:00 PM", "a value not shown here is no day and time"),
        ("DIGEST_AT", "Mon 24:00", "24:00 is no time of the day"),
        ("DIGEST_AT", "Mon 09:60", "09:60 is no time of the day"),
        ("TIMEZONE", "Mars", "“Mars” is no time zone"),
        ("TIMEZONE", "Mars/Olympus", "“Mars/Olympus” is no time zone"),
        ("TIMEZONE", "../../etc/passwd", "“../../etc/passwd” is no time zone"),
        ("TIMEZONE", "Europe", "“Europe” is no time zone"),
        ("TIMEZONE", "+02:00", "“+02:00” is no time zone"),
        ("LOG_LEVEL", "LOUD", "“LOUD” is not known here"),
        ("CONTACT", "a" * 201, "is longer than 200 characters or more than one line"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_wrong(name: str, value: str, what: str) -> None:
    found = problem(**{name: value})

    assert (name, True) == (found.name, found.what.startswith(what)), found


def test_every_wrong_id_of_a_list_is_named() -> None:
    found = problem(ALLOWED_USERS="U0ALICE, @bob, S0OPS")

    assert ["“@bob”", "“S0OPS”"] == re.findall("“.*?”", found.what)


def test_the_fix_of_an_old_postgres_address_says_what_to_write() -> None:
    fix = "Write postgresql+psycopg:// in its place; the rest stays as it is."

    assert Problem("DATABASE_URL", "starts with postgres://", fix) == problem(DATABASE_URL="postgres://u:pw@h/d")


def test_all_problems_are_told_at_once() -> None:
    found = problems({"PORT": "x", "FINCART_TOKEN": "Bearer a", "ALLOWED_USERS": "@a", "SLACK_BOT_TOKEN": "y"})

    assert ["SLACK_BOT_TOKEN", "FINCART_TOKEN", "PORT", "ALLOWED_USERS", "SLACK_APP_TOKEN"] == [
        each.name for each in found
    ]


def test_the_error_reads_as_one_line_a_problem() -> None:
    with pytest.raises(SettingsError) as caught:
        load(PORT="x", REQUIRE_REASON="x")

    assert (
        "PORT: “x” is not a whole number. Give a number from 0 to 65535, in digits.\n"
        "REQUIRE_REASON: “x” is neither true nor false. Write true or false."
    ) == str(caught.value)


# What is missing


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "FINCART_TOKEN"])
def test_a_missing_token_is_named(name: str) -> None:
    found = problem(**{name: ""})

    assert (name, "missing") == (found.name, found.what)


def test_a_way_to_reach_slack_is_needed_and_both_are_told() -> None:
    fix = (
        "For Socket Mode set SLACK_APP_TOKEN (xapp-…; needs no public address); "
        "for HTTP set SLACK_SIGNING_SECRET instead."
    )

    assert fix == problem(SLACK_APP_TOKEN="").fix


def test_it_does_not_start_until_somebody_is_allowed() -> None:
    what = "nobody may ask: this and ALLOWED_USERGROUPS are empty"

    assert what == problem(ALLOWED_USERS="").what


def test_allowed_channels_alone_allow_nobody() -> None:
    what = "nobody may ask: this and ALLOWED_USERGROUPS are empty (ALLOWED_CHANNELS alone allows nobody)"

    assert what == problem(ALLOWED_USERS="", ALLOWED_CHANNELS="C0OPS").what


@pytest.mark.parametrize("name", ["ALLOWED_USERGROUPS", "ALLOW_EVERYONE"])
def test_a_group_or_everyone_is_somebody(name: str) -> None:
    value = {"ALLOWED_USERGROUPS": "S0OPS", "ALLOW_EVERYONE": "true"}[name]

    assert () == load_with({"ALLOWED_USERS": "", name: value}).allowed_users


def test_checking_misses_nothing_but_tells_it() -> None:
    settings = load_settings({}, None, need=Need.CHECK)

    assert ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "FINCART_TOKEN", "ALLOWED_USERS"] == [
        each.name for each in missing(settings)
    ]


def test_checking_refuses_what_is_wrong() -> None:
    assert ["PORT"] == [found.name for found in problems({"PORT": "x"}, need=Need.CHECK)]


def test_the_history_opens_whatever_else_is_wrong() -> None:
    env = {"DATABASE_URL": "sqlite:///a.db", "PORT": "x", "SECOND_APROVAL_ABOVE": "1", "UNDO_SECONDS": "9"}

    assert "sqlite:///a.db" == load_settings(env, None, need=Need.AUDIT).database_url


def test_the_history_does_not_open_on_a_wrong_or_misspelt_database() -> None:
    found = problems({"DATABASE_URL": "x", "DATABASE_URI": "sqlite:///a.db"}, need=Need.AUDIT)

    assert ["DATABASE_URI", "DATABASE_URL"] == [each.name for each in found]


# Names nobody knows


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("SECOND_APROVAL_ABOVE", "SECOND_APPROVAL_ABOVE"),
        ("ALLOWED_CHANNEL", "ALLOWED_CHANNELS"),
        ("ALLOWED_GROUPS", "ALLOWED_USERGROUPS"),
        ("APPROVERS_USERS", "APPROVER_USERS"),
        ("APPROVER_GROUPS", "APPROVER_USERGROUPS"),
        ("REQUIRE_REASONS", "REQUIRE_REASON"),
        ("require_reason", "REQUIRE_REASON"),
        ("MAX_ORDERS", "MAX_ORDERS_PER_REQUEST"),
        ("FINCART_URL", "FINCART_BASE_URL"),
        ("DATABASE_URI", "DATABASE_URL"),
    ],
)
@pytest.mark.parametrize("place", ["file", "environment"])
def test_a_misspelt_setting_is_refused_with_the_nearest(name: str, nearest: str, place: str, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{name}=3\n" if place == "file" else "")
    env = GOOD | ({name: "3"} if place == "environment" else {})

    (found,) = problems(env, file)

    assert (name, f"Write {nearest}, if that is meant, or remove it.") == (found.name, found.fix)


def test_a_misspelt_setting_in_both_places_is_told_once(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("REQUIRE_REASONS=true\n")

    assert 1 == len(problems(GOOD | {"REQUIRE_REASONS": "true"}, file))


def test_in_the_file_any_unknown_name_is_refused(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("ZZZ=3\n")

    assert (Problem("ZZZ", "in .env, not a setting of this bot", "Remove it."),) == problems(GOOD, file)


@pytest.mark.parametrize(
    "name", ["HOSTNAME", "HOME", "PORTS", "PATH", "ALLOWED_HOSTS", "SLACK_WEBHOOK_URL", "DATABASE_HOST", "CONTACTS"]
)
def test_in_the_environment_what_other_programs_use_is_left_alone(name: str) -> None:
    assert 3000 == load_with({name: "3"}).port


@pytest.mark.parametrize("line", ["SECOND_APPROVAL_ABOVE: 3", "SECOND_APPROVAL_ABOVE", "CONTACT='open", "A-B=1"])
def test_a_line_of_the_file_that_says_nothing_is_refused(line: str, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"PORT=1\n{line}\n")

    (found,) = problems(GOOD, file)

    assert ("line 2 of .env", "not of the form NAME=value") == (found.name, found.what)


def test_a_name_given_twice_in_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("SECOND_APPROVAL_ABOVE=0\nSECOND_APPROVAL_ABOVE=\n")

    (found,) = problems(GOOD, file)

    assert "given a second time in line 2 of .env" == found.what


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"PORT=\xff\xfe1")

    (found,) = problems(GOOD, file)

    assert "cannot be read as text" == found.what


# What contradicts itself


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("ALLOW_EVERYONE", {"ALLOW_EVERYONE": "true"}),
        ("ALLOW_EVERYONE", {"ALLOW_EVERYONE": "true", "ALLOWED_USERS": "", "ALLOWED_USERGROUPS": "S0OPS"}),
        ("SECOND_APPROVAL_ABOVE", {"SECOND_APPROVAL_ABOVE": "0", "ALLOWED_USERS": "U0ALICE"}),
        ("SECOND_APPROVAL_ABOVE", {"SECOND_APPROVAL_ABOVE": "0", "APPROVALS_NEEDED": "2"}),
        ("SECOND_APPROVAL_ABOVE", {"SECOND_APPROVAL_ABOVE": "0", "APPROVER_USERS": "U0ALICE"}),
        ("SECOND_APPROVAL_ABOVE", {"SECOND_APPROVAL_ABOVE": "9", "APPROVER_USERS": "U0EVE", "APPROVALS_NEEDED": "2"}),
        (
            "SECOND_APPROVAL_ABOVE",
            {"SECOND_APPROVAL_ABOVE": "0", "APPROVER_USERS": "U0EVE", "ALLOWED_USERS": "", "ALLOW_EVERYONE": "true"},
        ),
        ("APPROVALS_NEEDED", {"APPROVALS_NEEDED": "2"}),
        ("EMERGENCY_USERS", {"EMERGENCY_USERS": "U0ALICE"}),
        ("EMERGENCY_USERS", {"EMERGENCY_USERS": "U0EVE", "AUDIT_CHANNEL": "C0AUDIT"}),
        ("UNDO_SECONDS", {"UNDO_SECONDS": "60", "APPROVAL_VALID_SECONDS": "60"}),
    ],
)
def test_contradictory_settings_are_refused(name: str, settings: dict[str, str]) -> None:
    assert name == problem(**settings).name


@pytest.mark.parametrize(
    "settings",
    [
        {"SECOND_APPROVAL_ABOVE": "0"},
        {"SECOND_APPROVAL_ABOVE": "0", "APPROVER_USERS": "U0EVE"},
        {"SECOND_APPROVAL_ABOVE": "0", "APPROVER_USERS": "U0EVE,U0ALICE"},
        {"SECOND_APPROVAL_ABOVE": "0", "APPROVER_USERGROUPS": "S0BOSS", "APPROVALS_NEEDED": "5"},
        {"SECOND_APPROVAL_ABOVE": "0", "ALLOWED_USERS": "", "ALLOWED_USERGROUPS": "S0OPS"},
        {"SECOND_APPROVAL_ABOVE": "0", "ALLOWED_USERS": "", "ALLOW_EVERYONE": "true"},
        {"SECOND_APPROVAL_ABOVE": "0", "ALLOWED_USERS": "", "ALLOWED_USERGROUPS": "S0OPS", "APPROVER_USERS": "U0EVE"},
        {"EMERGENCY_USERS": "U0ALICE", "AUDIT_CHANNEL": "C0AUDIT"},
        {"ALLOW_EVERYONE": "true", "ALLOWED_USERS": "", "ALLOWED_CHANNELS": "C0OPS"},
        {"UNDO_SECONDS": "59", "APPROVAL_VALID_SECONDS": "60"},
    ],
)
def test_settings_that_go_together_are_accepted(settings: dict[str, str]) -> None:
    assert settings.items() <= _texts(load_with(settings)).items()


def _texts(settings: Settings) -> dict[str, str]:
    """The settings as they would be written."""
    plain = settings.model_dump()
    return {
        name.upper(): ",".join(value)
        if isinstance(value, tuple)
        else str(value).lower()
        if value is True
        else str(value)
        for name, value in plain.items()
    }


def test_a_contradiction_with_a_setting_that_is_itself_wrong_is_not_told() -> None:
    assert "AUDIT_CHANNEL" == problem(EMERGENCY_USERS="U0ALICE", AUDIT_CHANNEL="#audit").name


# The documentation


def test_the_example_file_says_what_the_settings_say() -> None:
    assert render_env_example() == (ROOT / ".env.example").read_text(encoding="utf-8")


def test_the_documentation_says_what_the_settings_say() -> None:
    assert render_settings_markdown() == (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def test_every_setting_has_a_meaning_of_one_sentence() -> None:
    assert [] == [name for name, _, meaning in settings_table() if not re.fullmatch(r"[A-Z].*\.", meaning)]


def test_the_example_file_as_it_stands_lacks_only_what_stands_open_in_it() -> None:
    found = problems({}, ROOT / ".env.example")

    assert ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "FINCART_TOKEN", "ALLOWED_USERS"] == [each.name for each in found]


def test_every_default_of_the_example_file_can_be_written_out(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(re.sub(r"^# ([A-Z_]+=)", r"\1", render_env_example(), flags=re.MULTILINE), encoding="utf-8")

    assert load() == load(file)


def test_the_names_that_are_told_apart_are_settings() -> None:
    assert frozenset() == SECRET_NAMES - set(NAMES)
