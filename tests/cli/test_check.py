"""`check`: each thing that may be wrong is told in one line, with its fix, in bounded time, and nothing is changed."""

import io
import logging
import os
import resource
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.cli.check import check, findings
from bot.sandbox.fincart.faults import Endpoint, Fault, FaultKind
from bot.sandbox.fincart.shells import FincartServer
from bot.sandbox.fincart.standin import FincartStandIn
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.http import SlackServer
from bot.sandbox.slack.socket import SlackSocket
from bot.sandbox.slack.workspace import SlackWorkspace
from bot.settings.model import Need, load_settings
from bot.slack.manifest import SCOPES
from storage.db.transactions import Database

FINCART_TOKEN = "fincart-token-of-the-tests"


class Town:
    """The stand-ins, and the settings under which all is well."""

    def __init__(self, database_url: str) -> None:
        self.slack = SlackWorkspace(lambda: datetime.now(UTC))
        self.slack.state.scopes = list(SCOPES)  # as installed from the manifest
        self.fincart = FincartStandIn(lambda: datetime.now(UTC))
        self.fincart.settings.token = FINCART_TOKEN
        self.slack_server = SlackServer(self.slack)
        self.slack_socket = SlackSocket(self.slack)
        self.fincart_server = FincartServer(self.fincart).start()
        self.settings = {
            "SLACK_API_URL": self.slack_server.api_url,
            "SLACK_BOT_TOKEN": self.slack.state.bot_token,
            "SLACK_APP_TOKEN": self.slack.state.app_token,
            "FINCART_TOKEN": FINCART_TOKEN,
            "FINCART_BASE_URL": self.fincart_server.url,
            "DATABASE_URL": database_url,
            "ALLOWED_USERS": "U0000001",
        }

    within_seconds = 10.0

    def found(self, **changed: str) -> list[str]:
        given = {name: value for name, value in (self.settings | changed).items() if value}
        return [str(each) for each in findings(load_settings(given, None, need=Need.CHECK), self.within_seconds)]

    def wrong(self, **changed: str) -> list[str]:
        return [line.removeprefix("wrong ") for line in self.found(**changed) if line[:5] != "ok   "]

    def stop(self) -> None:
        self.slack.heal()
        self.slack_socket.stop()
        self.slack_server.stop()
        self.fincart_server.stop()


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    town = Town(sqlite_url)
    yield town
    town.stop()


def test_where_all_is_well_every_line_says_so(town: Town) -> None:
    found = town.found()

    assert ["ok   "] * 7 == [line[:5] for line in found]
    assert ["settings", "database", "database", "Slack", "Slack", "Socket", "Fincart"] == [
        next(word for word in line.replace(":", " ").split()[1:] if word not in ("the",)) for line in found
    ]


def test_the_command_and_the_installation_are_named(town: Town) -> None:
    first = town.found(COMMAND_NAME="/cancel-staging", INSTALLATION_NAME="staging")[0]

    assert first.endswith("Slack delivers /cancel-staging of staging by Socket Mode")


def test_nothing_is_cancelled_and_nothing_is_changed(town: Town) -> None:
    before = Path(town.settings["DATABASE_URL"].removeprefix("sqlite:///")).read_bytes()

    town.found()

    assert ["GET"] == [call.method for call in town.fincart.calls]
    assert ["apps.connections.open", "auth.test"] == sorted(call.method for call in town.slack.calls())
    assert before == Path(town.settings["DATABASE_URL"].removeprefix("sqlite:///")).read_bytes()


def test_everything_missing_is_named_with_its_fix(town: Town) -> None:
    nothing = dict.fromkeys(("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "FINCART_TOKEN", "ALLOWED_USERS"), "")

    assert ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "FINCART_TOKEN", "ALLOWED_USERS"] == [
        line.split(": ")[1] for line in town.wrong(**nothing)
    ]


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_a_missing_scope_is_named_with_what_it_is_for(town: Town, scope: str) -> None:
    town.slack.state.scopes = [each for each in town.slack.state.scopes if each != scope]

    assert [
        f"Slack: the scope {scope} is missing, needed to {SCOPES[scope]}."
        " Add it under OAuth & Permissions and install the app again."
    ] == town.wrong()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, "Slack: refuses SLACK_BOT_TOKEN (invalid_auth). Copy it again from OAuth"),
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, "Socket Mode: refuses SLACK_APP_TOKEN (invalid_auth). Copy it again from"),
        ({"FINCART_TOKEN": "wrong-token"}, "refuses the token"),
    ],
)
def test_a_wrong_token_is_told_apart(town: Town, changed: dict[str, str], said: str) -> None:
    (wrong,) = town.wrong(**changed)

    assert said in wrong
    assert next(iter(changed.values())) not in wrong


def test_an_address_where_nobody_listens_is_told(town: Town) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"

    slack, app, fincart = town.wrong(SLACK_API_URL=f"{nowhere}/api/", FINCART_BASE_URL=nowhere)

    assert "Slack: cannot be reached" in slack
    assert "Socket Mode: cannot be reached" in app
    assert f"Fincart at {nowhere}: cannot be reached" in fincart


def test_an_address_that_is_not_fincarts_is_told(town: Town) -> None:
    (wrong,) = town.wrong(FINCART_BASE_URL=town.slack_server.api_url.rstrip("/"))

    assert "Correct FINCART_BASE_URL" in wrong


def test_what_hangs_is_wrong_in_bounded_time(town: Town) -> None:
    town.slack.fail("*", SlackFault(SlackFaultKind.HANG), times=None)
    town.within_seconds = 2.0  # The database, which does not hang, needs a while on a busy machine.
    began = time.monotonic()

    wrong = town.wrong()

    assert time.monotonic() - began < 5
    assert ["Slack: did not answer within 2 seconds", "Socket Mode: did not answer within 2 seconds"] == [
        line.partition(". Look")[0] for line in wrong
    ]


# --- the database


def test_a_database_that_does_not_exist_yet_is_no_fault_and_is_not_made(town: Town, tmp_path: Path) -> None:
    assert [] == town.wrong(DATABASE_URL=f"sqlite:///{tmp_path}/later.db")
    assert not (tmp_path / "later.db").exists()


def test_a_database_in_a_folder_that_does_not_exist_is_wrong(town: Town, tmp_path: Path) -> None:
    (wrong,) = town.wrong(DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/bot.db")

    assert "its folder does not exist" in wrong


def test_an_empty_database_is_left_unmigrated(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    sqlite3.connect(path).close()
    path.touch()

    found = town.found(DATABASE_URL=f"sqlite:///{path}")

    assert [
        f"ok    the database {path}: can be read; migrate brings it to this version, as serve does when it starts"
    ] == [line for line in found if "version" in line]
    with sqlite3.connect(path) as file:
        assert [] == file.execute("SELECT name FROM sqlite_master").fetchall()
    file.close()


def test_a_database_of_a_newer_version_is_wrong(town: Town) -> None:
    database = Database(town.settings["DATABASE_URL"])
    with database.write() as transaction:
        transaction.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()

    (wrong,) = town.wrong()

    assert "made by a newer version of the bot" in wrong


def test_a_file_that_is_no_database_is_wrong(town: Town, tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("these are notes, and there are many of them" * 100)

    (wrong,) = town.wrong(DATABASE_URL=f"sqlite:///{tmp_path}/notes.db")

    assert "file is not a database" in wrong


def test_a_database_that_somebody_keeps_locked_cannot_be_written(town: Town) -> None:
    other = sqlite3.connect(town.settings["DATABASE_URL"].removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    (wrong,) = town.wrong()
    other.execute("ROLLBACK")
    other.close()

    assert "database is locked" in wrong


def test_a_database_whose_disk_takes_no_more_cannot_be_written(town: Town) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))
    try:
        (wrong,) = town.wrong()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert "disk I/O error" in wrong


def test_a_witness_of_the_head_is_tried_and_gets_no_line(town: Town, tmp_path: Path) -> None:
    there, new, taken = tmp_path / "heads", tmp_path / "new", tmp_path / "socket"
    there.write_text("a line\n")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(taken))
        lines = [line for each in (there, new, taken) for line in town.found(AUDIT_HEAD_FILE=str(each))]
    about = [line for line in lines if "AUDIT_HEAD_FILE" in line]

    assert ["ok", "ok", "wrong"] == [line.split()[0] for line in about]
    assert "cannot be written (No such device or address)" in about[2]
    assert ("a line\n", False) == (there.read_text(), new.exists())


def test_a_fincart_that_has_trouble_is_not_taken_for_another_address(town: Town) -> None:
    town.fincart.inject(Fault(FaultKind.SERVER_ERROR, endpoint=Endpoint.LOGS))

    (wrong,) = town.wrong()

    assert "has trouble of its own (Internal server error). Try again later" in wrong


def test_a_database_of_either_kind_can_be_checked(town: Town, database_url: str) -> None:
    assert [] == town.wrong(DATABASE_URL=database_url)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_answers_before_it_has_stored_is_wrong(town: Town, database_url: str) -> None:
    (wrong,) = town.wrong(DATABASE_URL=f"{database_url}&options=-c%20synchronous_commit%3Doff")

    assert "synchronous_commit is off, so a crash or a failover loses what was sent" in wrong


def test_servers_of_postgresql_that_are_not_there_are_wrong_and_their_password_hidden(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    (wrong,) = town.wrong(DATABASE_URL=f"postgresql+psycopg://bot:pass-word@127.0.0.1:{port},localhost:1/bot")

    assert f"the database bot on 127.0.0.1:{port}, localhost:1: " in wrong
    assert "refused" in wrong
    assert "pass-word" not in wrong


# --- who is there to approve

APPROVING = {"SECOND_APPROVAL_ABOVE": "0", "APPROVER_USERS": "U0000002"}


def test_an_approver_who_is_there_is_enough(town: Town) -> None:
    town.slack.add_person("U0000001", "ann")
    town.slack.add_person("U0000002", "bo")

    assert [] == town.wrong(**APPROVING)


@pytest.mark.parametrize(
    ("person", "why"), [({"deleted": True}, "deactivated"), ({"is_bot": True}, "bot"), (None, "unknown")]
)
def test_an_only_approver_who_is_not_there_is_named(town: Town, person: dict[str, bool] | None, why: str) -> None:
    if person is not None:
        town.slack.add_person("U0000002", "bo", **person)

    (wrong,) = town.wrong(**APPROVING)

    assert f"1 must approve, and only 0 of those who may approve can; U0000002 is {why}." in wrong


def test_an_empty_group_of_approvers_is_named(town: Town) -> None:
    town.slack.add_usergroup("S0000001", "approvers")

    (wrong,) = town.wrong(SECOND_APPROVAL_ABOVE="0", APPROVER_USERGROUPS="S0000001")

    assert "S0000001 is empty" in wrong


def test_a_group_that_the_bot_may_not_look_into_is_named(town: Town) -> None:
    town.slack.add_usergroup("S0000001", "approvers", "U0000002")
    town.slack.state.scopes.remove("usergroups:read")

    scope, approvers = town.wrong(SECOND_APPROVAL_ABOVE="0", APPROVER_USERGROUPS="S0000001")

    assert "Slack: the scope usergroups:read is missing" in scope
    assert "S0000001 cannot be looked into without the scope usergroups:read" in approvers


def test_a_large_group_of_approvers_is_not_asked_about_to_its_end(town: Town) -> None:
    crowd = [f"U1{number:06d}" for number in range(60)]
    for each in crowd:
        town.slack.add_person(each, each.lower())
    town.slack.add_usergroup("S0000001", "approvers", *crowd)

    assert [] == town.wrong(SECOND_APPROVAL_ABOVE="0", APPROVER_USERGROUPS="S0000001")
    assert town.slack.count("users.info") < 5


def test_two_ids_of_one_person_are_one_approver(town: Town) -> None:
    for user in ("U0000001", "W0000001"):
        town.slack.add_person(user, user, enterprise_user="W0000001")

    (wrong,) = town.wrong(SECOND_APPROVAL_ABOVE="0", ALLOWED_USERS="U0000001,W0000001")

    assert "only 1 of those who may approve can, who may ask too" in wrong


def test_where_slack_cannot_say_who_is_there_nothing_is_wrong(town: Town) -> None:
    town.slack.fail("users.info", SlackFault(SlackFaultKind.SERVER_ERROR), times=None)

    assert [] == town.wrong(**APPROVING)


# --- the command


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """An environment without settings, and logging put back at the end."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    for name in list(os.environ):
        if name.startswith(("SLACK_", "FINCART_", "ALLOW", "DATABASE_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    yield monkeypatch
    logging.captureWarnings(False)
    root.handlers[:], root.level, sys.excepthook, threading.excepthook = before


def test_the_command_succeeds_where_all_is_well(town: Town, only: pytest.MonkeyPatch) -> None:
    for name, value in town.settings.items():
        only.setenv(name, value)
    out = io.StringIO()

    assert 0 == check(out)
    assert {"ok"} == {line.split()[0] for line in out.getvalue().splitlines()}


def test_the_command_fails_where_something_is_wrong(town: Town, only: pytest.MonkeyPatch) -> None:
    for name, value in town.settings.items():
        only.setenv(name, value)
    only.setenv("FINCART_TOKEN", "wrong-token")
    out = io.StringIO()

    assert 1 == check(out)
    assert {"ok", "wrong"} == {line.split()[0] for line in out.getvalue().splitlines()}


def test_settings_that_cannot_be_read_are_named_one_a_line(only: pytest.MonkeyPatch) -> None:
    only.setenv("FINCART_BATCH_SIZE", "many")
    only.setenv("ALLOWED_USERS", "@ann")
    out = io.StringIO()

    assert 1 == check(out)
    assert {"wrong settings: FINCART_BATCH_SIZE", "wrong settings: ALLOWED_USERS"} == {
        ":".join(line.split(":")[:2]) for line in out.getvalue().splitlines()
    }
