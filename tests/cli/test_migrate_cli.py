"""`migrate` and `serve --no-migrate`: the tables are brought up, and a process starts only where they fit."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from cli_runs import CommandLine
from sqlalchemy import text
from town import CliTown, run

from storage.db.migrate import migrate, upgrade
from storage.db.transactions import Database


def database_at(folder: Path, revision: str, *changes: str) -> str:
    """A database as the version with this newest migration made it, then changed; its address."""
    database = Database(f"sqlite:///{folder}/bot.db")
    with database.write() as transaction:
        upgrade(transaction.session.connection(), revision)
        for change in changes:
            transaction.session.execute(text(change))
    database.close()
    return f"sqlite:///{folder}/bot.db"


def newest(folder: Path) -> str:
    """The newest migration of this version."""
    database = Database(f"sqlite:///{folder}/another.db")
    _, after = migrate(database)
    database.close()
    return str(after)


NEWER = "UPDATE alembic_version SET version_num = '9999'"
ADDED = "ALTER TABLE request ADD COLUMN later TEXT"
TAKEN = "ALTER TABLE commit_mark RENAME COLUMN left_at TO at"


def test_migrate_says_from_what_to_what(command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_at(tmp_path, "0014"))
    head = newest(tmp_path)

    assert (0, f"The database is migrated from 0014 to {head}.\n", "") == command("migrate")
    assert (0, f"The database is at {head} already: nothing to do.\n", "") == command("migrate")


@pytest.mark.long
def test_two_that_migrate_at_once_a_new_database_both_end_well(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: run(tmp_path, "migrate"), range(2)))
    head = newest(tmp_path)

    assert [0, 0] == [each.returncode for each in both]
    assert {f"The database is migrated from nothing to {head}.\n"} <= {each.stdout for each in both}


def test_a_newer_database_is_left_alone_in_words(
    command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_at(tmp_path, "head", ADDED, NEWER))
    code, _, words = command("migrate")

    assert 1 == code
    assert (
        "made by a newer version of the bot: start that version instead; or this one with serve --no-migrate" in words
    )


def test_what_a_newer_version_may_have_recorded_is_not_called_false(
    command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_at(tmp_path, "head", ADDED, NEWER))
    code, printed, words = command("audit", "verify")

    assert (1, "") == (code, printed)
    assert "of a newer version, whose events this one may not know: verify with that one" in words


@pytest.mark.parametrize(
    ("revision", "changes", "words"),
    [
        ("0014", (), "the database is of an earlier version: run migrate"),
        pytest.param("", (), "there is no database", marks=pytest.mark.long),
        pytest.param(
            "head",
            (TAKEN, NEWER),
            "a newer version, which has changed the table commit_mark: start that version",
            marks=pytest.mark.long,
        ),
    ],
    ids=["earlier", "none", "newer"],
)
def test_with_no_migrate_nothing_starts_where_the_tables_do_not_fit(
    town: CliTown, tmp_path: Path, revision: str, changes: tuple[str, ...], words: str
) -> None:
    url = database_at(tmp_path, revision, *changes) if revision else f"sqlite:///{tmp_path}/bot.db"
    files = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = run(tmp_path, "serve", "--no-migrate", **town.settings(DATABASE_URL=url))

    assert 2 == done.returncode
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert files == {path: path.read_bytes() for path in tmp_path.iterdir()}


@pytest.mark.long
def test_with_no_migrate_it_works_on_what_a_newer_version_only_added_to(town: CliTown, tmp_path: Path) -> None:
    url = database_at(tmp_path, "head", ADDED, NEWER)
    serving = town.serve(tmp_path, "--no-migrate", DATABASE_URL=url)
    ready = httpx.get(f"{serving.url()}/readyz").status_code
    code, _ = serving.terminate()
    refused = run(tmp_path, "serve", **town.settings(DATABASE_URL=url))

    assert 200 == ready
    assert 0 == code
    assert 1 == refused.returncode
    assert "start that version instead" in refused.stderr
