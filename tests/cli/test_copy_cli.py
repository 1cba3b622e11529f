"""`copy`: the record is moved from SQLite to PostgreSQL, and neither acts until somebody resumes."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from cli_runs import CommandLine
from plain_rows import rows_of_file, rows_of_server
from world import ANN, FIRST, SECOND, THIRD, StartWorld, World, of_sqlalchemy

from bot.requests.global_pause import pause_to_move


@pytest.fixture
def world(start_sqlite_world: StartWorld, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """A bot on a file, and a command line that works on it."""
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    return start_sqlite_world(SECOND_APPROVAL_ABOVE="1")


def execute(world: World, statement: str) -> None:
    """Change the file beside the bot."""
    with closing(sqlite3.connect(world.database_file)) as file, file:
        file.execute(statement)


@pytest.fixture
def ended(world: World) -> World:
    """A bot that has cancelled an order and shown a preview, and ended."""
    world.cancelled(ANN, FIRST)
    world.type(ANN, f"{SECOND} {THIRD}")
    world.until_all_is_shown()
    world.stop()
    return world


def test_a_copy_that_broke_off_is_finished_and_has_every_row_as_here(
    ended: World, command: CommandLine, empty_postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(ended, "UPDATE slack_message SET permalink = char(65, 0, 66)")
    broken = command("copy", "--to", empty_postgresql)
    with monkeypatch.context() as there:
        there.setenv("DATABASE_URL", empty_postgresql)
        unfinished = command("audit", "verify")
    execute(ended, "UPDATE slack_message SET permalink = NULL")
    execute(ended, "DELETE FROM process")
    execute(ended, "UPDATE request SET failed_since_go_on = 1")
    code, printed, err = command("copy", "--to", empty_postgresql)
    again = command("copy", "--to", empty_postgresql)

    assert 1 == broken[0]
    assert "table slack_message: PostgreSQL text fields cannot contain NUL (0x00) bytes" in broken[2]
    assert (1, "the database is an unfinished copy: run copy again, as before.\n") == (unfinished[0], unfinished[2])
    assert (0, "") == (code, err)
    assert rows_of_file(ended.database_file) == rows_of_server(empty_postgresql)
    assert (0, printed, "") == again
    assert 1 == ended.kinds().count("held")


def test_neither_address_nor_target_that_does_not_do_changes_anything(
    ended: World, command: CommandLine, postgresql: str, tmp_path: Path
) -> None:
    before = rows_of_file(ended.database_file)
    (tmp_path / "address").write_text("postgresql://bot:hunter2@db/bot")
    foreign = of_sqlalchemy(postgresql, "postgres")
    with psycopg.connect(foreign.replace("+psycopg", "")) as server:
        server.execute("CREATE TABLE IF NOT EXISTS of_somebody_else (x TEXT)")
    said = [
        command("copy", "--to", foreign),
        command("copy", "--to", "sqlite:///other.db"),
        command("copy", "--to-file", "address"),
        command("copy", "--to", "postgresql+psycopg://bot:hunter2@127.0.0.1:1/bot"),
    ]

    assert [1, 1, 2, 1] == [code for code, _, _ in said]
    assert "it is not empty: there is of_somebody_else. Name a new database" in said[0][2]
    assert said[1][2].startswith("copy moves a SQLite database to PostgreSQL")
    assert "starts with postgresql://" in said[2][2]
    assert "hunter2" not in str(said)
    assert before == rows_of_file(ended.database_file)


def test_what_the_record_has_left_goes_on_only_where_somebody_insists(world: World, command: CommandLine) -> None:
    with world.bot.context.database.write() as transaction:
        pause_to_move(transaction, "operator:op", "elsewhere", "moved to elsewhere")
    answered = world.answer(ANN, "resume").text
    refused = command("resume")
    waits = world.answer(ANN, "resume").text
    insisted = command("resume", "--here")

    assert "Nothing goes on here" in answered
    assert "Nothing goes on here" in waits
    assert 1 == refused[0]
    assert "moved from this database to another" in refused[2]
    assert (0, "Ended: pause.\nSending goes on.\n", "") == insisted
